"""Who broke out of a module and runs machine code in the locked process gets no more memory, and makes no new code."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fusion.content.unixfs import directory_cid
from sandbox.code import ModuleCode
from sandbox.image import Image
from sandbox.jail.walls import Wall, usable
from sandbox.native import NativeRuntime
from sandbox.outcome import Result
from sandbox.worker import Worker
from tests.unit.sandbox.walled import DOUBLE, children, task

ROOT = Path(__file__).parents[4]

pytestmark = pytest.mark.skipif(Wall.SECCOMP not in usable(), reason="the wasm host is locked in on Linux")
root = pytest.mark.skipif(os.geteuid() != 0, reason="looks into a process that is closed to its own user")

BOUND, TAKEN = 128 << 20, 1 << 30
PIECE = 16 << 20

TAKES = """
import ctypes, os, sys, threading
from sandbox.jail import enclosure
from sandbox.jail.enclosure import Bounds
from sandbox.jail.walls import Wall
from sandbox.process import profile

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.mremap.argtypes = [*(ctypes.c_void_p, ctypes.c_size_t), ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p]
stack = [line for line in open("/proc/self/maps") if "[stack]" in line][0].split()[0]
begins, ends = (int(each, 16) for each in stack.split("-"))

def moved(begins, size):  # and each time a mapping stays behind
    for turn in range({taken} // size):
        at = 0x100000000000 + turn * size
        if libc.mremap(begins, size, size, 7, at) != at:
            return
        ctypes.memset(at, 1, size)

def around():  # what a kernel from 6.17 on moves with its neighbours
    reach, deep = 64 << 20, 6 << 20
    libc.mmap(ends - reach, 4096, 3, 0x32, -1, 0)
    for turn in range({taken} // deep):
        at = 0x100000000000 + turn * reach
        if libc.mremap(ends - reach, reach, reach, 7, at) != at:
            return
        for page in range(4096, deep, 4096):  # as far down as a stack grows
            ctypes.memset(at + reach - page, 1, 1)

def in_thread(work):  # whose own stack is another
    thread = threading.Thread(target=lambda: (work(), os._exit(0)))
    thread.start()
    thread.join()

def taken(rights, flags, then=None):
    for _ in range({taken} // {piece}):
        at = libc.mmap(None, {piece}, rights, flags, -1, 0)
        if at == ctypes.c_void_p(-1).value:
            return
        if rights != 3 and libc.mprotect(at, {piece}, 3):
            return
        ctypes.memset(at, 1, {piece})
        if then is not None and libc.mprotect(at, {piece}, then):
            return

child = os.fork()
if child == 0:
    walls = frozenset({{Wall.RLIMITS, Wall.NO_NEW_PRIVS, Wall.SECCOMP}})
    enclosure.lock(walls, profile(), Bounds(memory={bound}, stack=8 << 20))
    {trick}
    os._exit(0)
_, status, used = os.wait4(child, 0)
print(status, used.ru_maxrss << 10)
"""


@pytest.mark.parametrize(
    "trick",
    [
        "taken(3, 0x22)",
        "taken(3, 0x122)  # as a stack",
        "taken(3, 0x21)  # shared",
        "taken(0, 0x22)",
        "taken(3, 0x22, then=1)  # written, then only to be read",
        "taken(3, 0x22, then=0)",
        "taken(1, 0x22)",
        "moved(begins, ends - begins)",
        "in_thread(around)",
        "moved(libc.mmap(None, 64 << 20, 3, 0x22, -1, 0), 64 << 20)",
    ],
)
def test_memory_is_bounded_by_whatever_way_it_is_taken(trick: str) -> None:
    script = TAKES.format(trick=trick, bound=BOUND, taken=TAKEN, piece=PIECE)
    ended = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, env={"PYTHONPATH": str(ROOT)}, timeout=60, check=True
    )
    status, most = map(int, ended.stdout.split())
    assert status == 0, ended.stderr.decode()
    assert most < BOUND + (96 << 20)  # what Python has of its own


COPIES = """
import ctypes, os
from sandbox.jail import enclosure
from sandbox.jail.enclosure import Bounds
from sandbox.jail.profiles import PROFILES
from sandbox.jail.walls import Wall

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mremap.argtypes = [*(ctypes.c_void_p, ctypes.c_size_t), ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p]
size = 64 << 20
at = libc.mmap(None, size, 1, 0x22, -1, 0)
walls = frozenset({Wall.RLIMITS, Wall.NO_NEW_PRIVS, Wall.SECCOMP})
enclosure.lock(walls, PROFILES["wasm-host"], Bounds(memory=1 << 30, space=8 << 30))
copies = 0
while copies < 1000 and libc.mremap(at, size, size, 7, 0x100000000000 + copies * size) is not None:
    if ctypes.get_errno():
        break
    copies += 1
print(copies)
"""


def test_what_can_only_be_read_is_multiplied_as_far_as_addresses_last() -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-c", COPIES], capture_output=True, env={"PYTHONPATH": str(ROOT)}, timeout=60, check=True
    )
    assert 0 < int(ended.stdout) < 8 << 30 >> 26


def _written_and_run(pid: int) -> list[str]:
    """What a process could write machine code into, and then run: at one address, or at two that share it."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return [line for line in lines if "x" in (rights := line.split()[1]) and ("w" in rights or "s" in rights)]


@root
def test_the_locked_process_has_no_memory_to_write_code_into(image: Image) -> None:
    with Worker(image) as worker:
        for _ in range(2):
            assert isinstance(worker.run(task(DOUBLE)), Result)
            assert worker.pid is not None
            (locked,) = children(worker.pid)
            assert not _written_and_run(locked)


@root
def test_a_native_job_has_no_memory_to_write_code_into() -> None:
    files = {"module.py": DOUBLE}
    with NativeRuntime() as native:
        outcome = native.run(ModuleCode(directory_cid(files), files, "run"), {"price": np.arange(2.0)}, {})
        assert isinstance(outcome, Result)
        assert native.pid is not None
        (launcher,) = children(native.pid)
        (zygote,) = children(launcher)
        (waits,) = children(zygote)
        for pid in (launcher, zygote, waits):
            assert not _written_and_run(pid)
