"""What a native job is told, and what the process that the zygote forks for it does: lock itself in, wait, run."""

import json
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn, Self

from sandbox.guest.runner import ANSWER, serve
from sandbox.jail import enclosure, kernel
from sandbox.jail.enclosure import Bounds, View
from sandbox.jail.preload import Seeder
from sandbox.jail.profiles import PROFILES
from sandbox.jail.walls import Wall

FIRST = 1
"""Number of the first process of a pid namespace, which a job is where there are such."""

TEMPORARY = Path("/tmp")  # noqa: S108 - a folder of the job's own is mounted there

_SCRATCH, _SCRATCH_FILES = 16 << 20, 64  # bytes, files and folders
_FILES = 32
_STACK = 8 << 20
_LAST = 1 << 16  # descriptors beyond are none of ours
_MESSAGE, _DESCRIPTORS = 4096, 3
_BY_JOB = frozenset({Wall.RLIMITS, Wall.SECCOMP})
"""Walls that are built for a job when it comes; the others stand by then."""
_NONE = Bounds(memory=0)


@dataclass(frozen=True, slots=True)
class Job:
    """What the zygote is sent, with the descriptors of the request, of what is printed and of the result.

    Attributes:
        memory: bytes that it may use beyond what the zygote has.
        seconds: of processor time.
        profile: of system calls, "python" or "jit".
        seed: what its random numbers follow from.
    """

    memory: int
    seconds: int
    profile: str
    seed: int

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> Self:
        return cls(**json.loads(message))


@dataclass(frozen=True, slots=True)
class Ground:
    """What a zygote knows of itself.

    Attributes:
        walls: those that it and its jobs stand behind.
        view: the files that it sees.
        data: bytes it may write to.
        space: bytes of addresses it has.
        seeders: of the packages that it has imported.
        filters: profile -> its program for the first process of a namespace.
        proc: the opened /proc, which it does not see; None where it shares no group with its jobs.
    """

    walls: frozenset[Wall]
    view: View
    data: int
    space: int
    seeders: Sequence[Seeder]
    filters: Mapping[str, bytes]
    proc: int | None


def run(ground: Ground, host: socket.socket, zygote: socket.socket) -> NoReturn:
    """Locks this process in as far as it can, waits for a job, runs the module that its request holds, and ends.

    Args:
        host: told what failed before the module ran.
        zygote: gives the job, with the descriptors of its request, of what is printed and of its result.
    """
    try:
        failed = _attempt(lambda: _prepare(ground))
        message, descriptors, _, _ = socket.recv_fds(zygote, _MESSAGE, _DESCRIPTORS)
        if not message:
            os._exit(0)  # the zygote is gone
        job = Job.decode(message)
        failed = failed or _attempt(lambda: _lock(job, ground, host, descriptors))
        if failed:
            host.send(json.dumps({"failed": failed}).encode())
            os._exit(1)
        host.close()
        for seed in ground.seeders:
            seed(job.seed)
        serve()
        _flush()
    finally:
        os._exit(0)  # the interpreter is not wound up: what a module left to be run at the end is not run


def _attempt(step: Callable[[], None]) -> str:
    """What a step failed with; empty if it did not."""
    try:
        step()
    except Exception as error:  # noqa: BLE001 - told to the host, which has no other way to see it
        return f"{type(error).__name__}: {error}"[:400]
    return ""


def _prepare(ground: Ground) -> None:
    """All that is the same for every job."""
    if ground.proc is not None:
        _offer(ground.proc)
    flags = {Wall.MOUNT: kernel.NEWNS, Wall.IPC: kernel.NEWIPC}
    kernel.unshare(sum(flag for wall, flag in flags.items() if wall in ground.walls))
    writable: tuple[Path, ...] = ()
    if Wall.MOUNT in ground.walls:
        enclosure.scratch(TEMPORARY, _SCRATCH, _SCRATCH_FILES)
        writable = (TEMPORARY,)
        os.chdir(TEMPORARY)
    readable = [path for path in ground.view.readable if os.access(path, os.R_OK)]  # not all are without a root
    enclosure.lock(ground.walls - _BY_JOB, PROFILES["python"], _NONE, readable=readable, writable=writable)


def _lock(job: Job, ground: Ground, host: socket.socket, descriptors: Sequence[int]) -> None:
    request, printed, result = descriptors
    for source, target in ((request, 0), (printed, 1), (printed, 2), (result, ANSWER)):
        os.dup2(source, target)
    kept = sorted({host.fileno(), ANSWER})
    for first, last in zip([2, *kept], [*kept, _LAST], strict=True):
        os.closerange(first + 1, last)
    bounds = Bounds(
        memory=ground.data + job.memory,
        space=ground.space + job.memory,
        processes=0,
        files=_FILES,
        written=_SCRATCH,
        seconds=job.seconds,
        stack=_STACK,
    )
    profile = ground.filters[job.profile] if os.getpid() == FIRST else PROFILES[job.profile]
    enclosure.lock(ground.walls & (_BY_JOB | {Wall.USER}), profile, bounds)


def _offer(proc: int) -> None:
    """Has the kernel, short of the group's memory, end this process and not the zygote."""
    opened = os.open("self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
    os.write(opened, b"1000")
    os.close(opened)


def _flush() -> None:
    """What a module printed and then raised."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
