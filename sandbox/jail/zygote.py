"""The process that native jobs are forked from: it has imported what modules need, and never runs a module."""

import json
import os
import select
import signal
import socket
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sandbox.jail import enclosure, kernel, pages, preload
from sandbox.jail.enclosure import View
from sandbox.jail.job import FIRST, TEMPORARY, Ground, run
from sandbox.jail.preload import Seeder
from sandbox.jail.profiles import PROFILES
from sandbox.jail.walls import Wall

KILL = b"kill"
"""The message that ends the running job; none if it has ended already."""

UP, BEGUN = b"up", b"begun"
"""What a zygote says once it is ready, and before it forks a job."""

_MESSAGE, _DESCRIPTORS = 4096, 3
_ZONES = Path("/usr/share/zoneinfo")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is made ready outside the namespaces.

    Attributes:
        view: the files that it will see.
        seeders: of the packages that it has imported.
        groups: opened entries of the groups that it will join.
    """

    view: View
    seeders: tuple[Seeder, ...]
    groups: Sequence[int]


def prepare(packages: Sequence[str], groups: Sequence[int]) -> Prepared:
    """Imports packages.

    Raises:
        RuntimeError: that started threads.
    """
    seeders = preload.load(packages)
    pages.close()
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError(f"importing {', '.join(packages) or 'numpy'} started threads, which no fork survives")
    return Prepared(View(readable=_folders(), folders=(TEMPORARY,)), seeders, groups)


def serve(host: socket.socket, walls: frozenset[Wall], prepared: Prepared, *, staged: bool) -> NoReturn:
    """Has jobs run until the host is gone.

    Args:
        staged: whether `enclosure.stage` has built the view.
    """
    for group in prepared.groups:
        os.write(group, b"0")  # what it has written so far is counted elsewhere: the group's memory is its jobs'
        os.close(group)
    proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC) if prepared.groups else None
    data, space = _size()
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    enclosure.see(walls, prepared.view, staged=staged)
    filters = {name: enclosure.program(profile, FIRST) for name, profile in PROFILES.items()}
    ground = Ground(walls, prepared.view, data, space, prepared.seeders, filters, proc)
    waits = _spare(ground, host, own)
    host.send(UP)
    while True:
        message, descriptors, _, _ = socket.recv_fds(host, _MESSAGE, _DESCRIPTORS)
        if not message:
            os._exit(0)
        if message == KILL:  # its job has ended by itself
            continue
        host.send(BEGUN)
        job = waits
        try:
            socket.send_fds(job.channel, [message], descriptors)
        except OSError:  # somebody ended it while it waited
            os.waitpid(job.pid, 0)
            job = _spare(ground, host, own)
            socket.send_fds(job.channel, [message], descriptors)
        job.channel.close()
        for descriptor in descriptors:
            os.close(descriptor)
        waits = _spare(ground, host, own)
        host.send(json.dumps({"status": _watched(host, job.pid)}).encode())


@dataclass(frozen=True, slots=True)
class _Spare:
    """A process that waits for a job.

    Attributes:
        channel: what gives it the job.
    """

    pid: int
    channel: socket.socket


def _spare(ground: Ground, host: socket.socket, own: int) -> _Spare:
    """Forks a process that locks itself in while another job runs, and then waits for its own.

    Args:
        own: this process's pid namespace, opened.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if Wall.PID in ground.walls:
        kernel.setns(own, kernel.NEWPID)  # from the namespace that the last one is the first process of
        kernel.unshare(kernel.NEWPID)
    child = enclosure.fork()
    if child == 0:
        ours.close()
        run(ground, host, theirs)
    theirs.close()
    return _Spare(child, ours)


def _watched(host: socket.socket, child: int) -> int:
    """The wait status of a job, which is ended when the host says so or is gone."""
    ended = os.pidfd_open(child)
    events = select.poll()
    events.register(ended, select.POLLIN)
    events.register(host, select.POLLIN)
    ready = {descriptor for descriptor, _ in events.poll()}
    if ended not in ready:
        host.recv(_MESSAGE)  # it has but one thing to say
        os.kill(child, signal.SIGKILL)
    os.close(ended)
    return os.waitpid(child, 0)[1]


def _folders() -> tuple[Path, ...]:
    """Where Python's own modules and the installed packages are."""
    paths = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths.add(_ZONES.resolve())
    return tuple(path for path in sorted(paths) if path.is_dir() and not paths & set(path.parents))


def _size() -> tuple[int, int]:
    """Bytes that this process may write to, and bytes of addresses that it has."""
    rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(rows["VmData"].split()[0]) << 10, int(rows["VmSize"].split()[0]) << 10
