"""A process that locks itself in: what it can still do, and that each wall can be left out."""

import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.jail.walls import WALLS, Wall, closed, usable

ROOT = Path(__file__).parents[4]

LOCKED = """
import ctypes, os, sys
from pathlib import Path
from sandbox.jail import enclosure, kernel
from sandbox.jail.enclosure import Bounds, View
from sandbox.jail.profiles import PROFILES
from sandbox.jail.walls import Wall

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p

def tried(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return error.errno

def written(path):
    Path(path).write_text("x")
    return Path(path).read_text()

walls = frozenset(map(Wall, sys.argv[1].split(",")))
view = eval(sys.argv[2])
enclosure.enter(walls)
child = enclosure.fork()
if child:
    status = os.waitpid(child, 0)[1]
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status))
enclosure.see(walls, view)
if view.folders:
    enclosure.scratch(view.folders[0], 1 << 20)
bounds = Bounds(memory=1 << 30, written=1 << 20)
enclosure.lock(walls, PROFILES[sys.argv[3]], bounds, readable=view.readable, writable=view.folders)
print({}, flush=True)
os._exit(0)
"""


def _inside(
    expression: str, walls: frozenset[Wall], view: str = "enclosure.EMPTY", profile: str = "wasm-host"
) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-c", LOCKED.format(expression), ",".join(walls), view, profile],
        capture_output=True,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
        text=True,
    )
    return ended.returncode, ended.stdout.strip() or ended.stderr


@pytest.mark.parametrize(
    ("expression", "status", "said"),
    [
        ("os.getpid()", 0, "1"),
        ("tried(os.listdir, '/')", 0, "1"),
        ("tried(open, '/etc/passwd')", 0, "1"),
        ("kernel.has_no_new_privileges()", 1, ""),
        ("tried(os.kill, 2, 9)", 0, "1"),
        ("tried(os.kill, 1, 0)", 0, "None"),
        ("tried(os.fork)", 0, "1"),
        ("kernel.unshare(kernel.NEWUSER)", 128 + 31, ""),
        ("os.setuid(0)", 128 + 31, ""),
        ("os.execv('/bin/sh', ['sh'])", 128 + 31, ""),
    ],
)
def test_a_locked_process_can_do_little(expression: str, status: int, said: str) -> None:
    found, told = _inside(expression, usable() - {Wall.MEMORY, Wall.PIDS})
    assert found == status, told
    if status == 0:
        assert told == said


@pytest.mark.parametrize("wall", sorted(WALLS - {Wall.MEMORY, Wall.PIDS}))
def test_any_wall_can_be_left_out(wall: Wall) -> None:

    walls = closed(usable() - {wall, Wall.MEMORY, Wall.PIDS}, root=os.geteuid() == 0)
    assert _inside("'in'", walls) == (0, "in")


@pytest.mark.parametrize("without", [frozenset(), frozenset({Wall.LANDLOCK}), frozenset({Wall.ROOT, Wall.MOUNT})])
def test_a_view_is_all_that_is_read_and_a_scratch_all_that_is_written(without: frozenset[Wall]) -> None:
    walls = usable() - {Wall.MEMORY, Wall.PIDS} - without
    docs, scratch = ROOT / "docs/decisions", "/tmp"
    tries = {
        "read": f"'CPython' in Path('{docs}/0003-wasi-python.md').read_text()",
        "listed": f"'0003-wasi-python.md' in os.listdir('{docs}')",
        "above": f"tried(os.listdir, '{docs}/..')",
        "elsewhere": "tried(open, '/etc/passwd')",
        "changed": f"tried(written, '{docs}/0003-wasi-python.md')",
        "added": f"tried(written, '{docs}/new')",
        "noted": f"tried(written, '{scratch}/new')",
        "linked": f"tried(os.symlink, '/etc', '{scratch}/link')",
    }
    view = f"View(readable=(Path('{docs}'),), folders=(Path('{scratch}'),))"
    if Wall.ROOT in without:  # then there is no folder of its own to write to, and Landlock alone keeps the rest away
        tries.pop("noted")
        tries.pop("linked")
        view = f"View(readable=(Path('{docs}'),))"
    status, told = _inside(
        "{" + ",".join(f"'{name}': {call}" for name, call in tries.items()) + "}", walls, view, "python"
    )
    assert status == 0, told
    found = ast.literal_eval(told)
    assert found.pop("read")
    assert found.pop("listed")
    assert found.pop("noted", "x") == "x"
    hidden, refused = {errno.ENOENT, errno.EACCES}, {errno.EROFS, errno.EACCES, errno.EPERM}
    if Wall.LANDLOCK in without:
        assert found.pop("above") == ["decisions"]  # the bare path to what is bound, and nothing beside it
    else:
        assert found.pop("above") in hidden
    assert found.pop("elsewhere") in hidden
    assert all(error in refused for error in found.values())


@pytest.mark.parametrize(("profile", "made"), [("python", "[-1, -1]"), ("jit", "[-1, 0]")])
def test_only_jit_makes_code_and_never_where_it_can_be_written(profile: str, made: str) -> None:
    page = "libc.mmap(None, 4096, 3, 0x22, -1, 0)"
    change = f"[libc.mprotect(ctypes.c_void_p(page), 4096, how) for page in [{page}] for how in (7, 5)]"
    assert _inside(change, usable() - {Wall.MEMORY, Wall.PIDS}, profile=profile) == (0, made)
