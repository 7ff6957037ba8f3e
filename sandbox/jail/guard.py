"""The processes around a zygote, which end it and are ended with it.

    host ── guard ── launcher ── zygote ── jobs: one that runs, one that waits
              │          │          └ first process of the outer pid namespace, in a root of Python's folders
              │          └ imports the packages, builds the outer namespaces, and ends with the zygote
              └ small and outside; ends the others once the host is gone, and removes their groups

Each ends with the one before it. None holds a secret: the guard is started with an environment made for it, and has
but the one socket to the host, on which jobs and their descriptors come and the ways they ended go back.
"""

import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

from sandbox.jail import cgroup, enclosure, kernel
from sandbox.jail.walls import Wall

_JOIN = os.O_WRONLY | os.O_CLOEXEC


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
    try:
        from sandbox.jail import zygote  # noqa: PLC0415 - the guard stays small

        prepared = zygote.prepare(plan.packages, [os.open(entry, _JOIN) for entry in plan.joined().entries])
        staged = os.geteuid() == 0 and plan.walls >= {Wall.USER, Wall.MOUNT, Wall.ROOT}
        if staged:
            enclosure.stage(prepared.view)
        enclosure.enter(plan.walls)
        child = enclosure.fork()
        if child == 0:
            zygote.serve(host, plan.walls, prepared, staged=staged)
        host.close()
        os.waitpid(child, 0)
    except BaseException as error:  # noqa: BLE001 - told to the host, which has no other way to see it
        host.send(json.dumps({"failed": f"{type(error).__name__}: {error}"[:400]}).encode())
    finally:
        os._exit(0)
