"""The process that native jobs are forked from: it has imported what modules need, and never runs a module.

    host ── guard ── launcher ── zygote ── job, one at a time
              │          │          └ first process of the outer pid namespace, in a root of Python's folders
              │          └ built the outer namespaces; ends with the zygote
              └ small and outside; ends the others once the host is gone, and removes their groups

Each ends with the one before it. The zygote holds no secret: it was started with an environment made for it, and has
but the one socket to the host, on which a job and its descriptors come and the way it ended goes back.
"""

import json
import os
import select
import signal
import socket
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

from sandbox.jail import cgroup, enclosure, kernel
from sandbox.jail.enclosure import View
from sandbox.jail.profiles import PROFILES
from sandbox.jail.walls import Wall

KILL = b"kill"
"""The message that ends the running job; none if it has ended already."""

UP, BEGUN = b"up", b"begun"
"""What a zygote says once it is ready, and before it forks a job."""

_MESSAGE, _DESCRIPTORS = 4096, 16
_ZONES = Path("/usr/share/zoneinfo")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a zygote is started with.

    Attributes:
        host: descriptor of the socket to the host.
        group: controller -> folder of the group that it and its jobs join; empty for none.
        walls: those that it and they are put behind.
        packages: what it imports.
    """

    host: int
    group: Mapping[str, str]
    walls: frozenset[Wall]
    packages: tuple[str, ...]

    def joined(self) -> cgroup.Group:
        return cgroup.Group({controller: Path(folder) for controller, folder in self.group.items()})

    def encode(self) -> str:
        return json.dumps([self.host, dict(self.group), sorted(self.walls), self.packages])

    @classmethod
    def decode(cls, text: str) -> Self:
        host, group, walls, packages = json.loads(text)
        return cls(host, group, frozenset(map(Wall, walls)), tuple(packages))


def main() -> None:
    """The argument is a plan as JSON."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan = Plan.decode(sys.argv[1])
    host = socket.socket(fileno=plan.host)
    kernel.adopt_orphans()
    launcher = enclosure.fork()
    if launcher == 0:
        _launch(host, plan)
    _guard(host, launcher)
    plan.joined().remove()


def _guard(host: socket.socket, launcher: int) -> None:
    """Waits until the zygote or the host has ended, and sees to it that nothing is left."""
    ended = os.pidfd_open(launcher)
    events = select.poll()
    events.register(ended, select.POLLIN)
    events.register(host, 0)  # only that the other end is gone
    events.poll()
    os.kill(launcher, signal.SIGKILL)
    try:
        while True:
            os.wait()  # for the zygote too, which is this process's child once the launcher is gone
    except ChildProcessError:
        return


def _launch(host: socket.socket, plan: Plan) -> NoReturn:
    walls = plan.walls
    try:
        from sandbox.jail.preload import load  # noqa: PLC0415 - the guard stays small

        seeders = load(plan.packages)
        if len(list(Path("/proc/self/task").iterdir())) > 1:
            raise RuntimeError(f"importing {', '.join(plan.packages)} started threads, which no fork survives")
        view = View(readable=_folders(), folders=(Path("/tmp"),))  # noqa: S108 - mounted over by each job
        entries = [os.open(entry, os.O_WRONLY | os.O_CLOEXEC) for entry in plan.joined().entries]  # with root's rights
        staged = os.geteuid() == 0 and walls >= {Wall.USER, Wall.MOUNT, Wall.ROOT}
        if staged:
            enclosure.stage(view)
        enclosure.enter(walls)
        zygote = enclosure.fork()
        if zygote == 0:
            _serve(host, plan, view, seeders, entries, staged=staged)
        host.close()
        os.waitpid(zygote, 0)
    except BaseException as error:  # noqa: BLE001 - told to the host, which has no other way to see it
        host.send(json.dumps({"failed": f"{type(error).__name__}: {error}"[:400]}).encode())
    finally:
        os._exit(0)


def _folders() -> tuple[Path, ...]:
    """Where Python's own modules and the installed packages are."""
    paths = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths.add(_ZONES.resolve())
    return tuple(path for path in sorted(paths) if path.is_dir() and not paths & set(path.parents))


def _size() -> tuple[int, int]:
    """Bytes that this process may write to, and bytes of addresses that it has."""
    rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(rows["VmData"].split()[0]) << 10, int(rows["VmSize"].split()[0]) << 10


def _serve(
    host: socket.socket,
    plan: Plan,
    view: View,
    seeders: Sequence[Callable[[int], None]],
    entries: list[int],
    *,
    staged: bool,
) -> NoReturn:
    from sandbox.jail import job as jobs  # noqa: PLC0415

    for entry in entries:
        os.write(entry, b"0")  # what it has written so far is counted elsewhere: the group's memory is its jobs'
        os.close(entry)
    proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC) if plan.group else None
    data, space = _size()
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    enclosure.see(plan.walls, view, staged=staged)
    filters = {name: enclosure.program(profile, jobs.FIRST) for name, profile in PROFILES.items()}
    ground = jobs.Ground(plan.walls, view, data, space, seeders, filters, proc)
    host.send(UP)
    while True:
        message, descriptors = _received(host)
        if not message:
            os._exit(0)
        if message == KILL:  # its job has ended by itself
            continue
        if Wall.PID in plan.walls:
            kernel.setns(own, kernel.NEWPID)  # from the namespace that the last job was the first process of
            kernel.unshare(kernel.NEWPID)
        host.send(BEGUN)
        child = enclosure.fork()
        if child == 0:
            jobs.run(jobs.Job.decode(message), ground, host, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        host.send(json.dumps({"status": _watched(host, child)}).encode())


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


def _received(host: socket.socket) -> tuple[bytes, list[int]]:
    """A message and the descriptors that came with it; empty when the host is gone."""
    message, descriptors, _, _ = socket.recv_fds(host, _MESSAGE, _DESCRIPTORS)
    return message, descriptors
