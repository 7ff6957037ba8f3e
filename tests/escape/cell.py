"""Runs payloads where module code never comes: in the process that hosts the wasm runtime, once it is locked in.

An attacker who broke out of the wasm instance would be there. The product's own start is taken (`sandbox.process`),
with a payload in the place of what serves runs, so that all its walls are the product's. Each payload has a process of
its own, forked from this one, which was started as the product starts its: with a clean environment and no secret.
"""

import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterable
from multiprocessing.connection import Connection
from typing import NoReturn

from sandbox import process
from sandbox.channel import Channel
from sandbox.guest import runner
from sandbox.jail import cgroup
from sandbox.jail.walls import Wall, closed
from sandbox.snapshot import page_map

TOOLS = [
    "ctypes",
    "encodings.idna",
    "mmap",
    "pickle",
    "re",
    "signal",
    "socket",
    "struct",
    "subprocess",
    "threading",
    "time",
    "zlib",
]
"""What payloads use, loaded before the walls are up: an attacker brings its own."""

MEMORY = 256 << 20
_PROCESSES = 32
_SAID = 1 << 16
_DESCRIPTORS = 1 << 12


Ended = tuple[str, str]
"""How a payload ended, and what it said: "Result", "ModuleError <type>", "LimitHit deadline", "LimitHit memory",
"Killed <signal>" or "Ended <status>"."""


def main() -> None:
    """Serves over the descriptor that is its argument until the other end is closed."""
    end = Connection(int(sys.argv[1]))
    for name in TOOLS:
        importlib.import_module(name)
    process.load = lambda image: None  # type: ignore[assignment]  # the image is no wall, and takes a second to load
    process.warm = lambda runtime: None
    try:
        while True:
            walls, payload, deadline = end.recv()
            end.send(_ended(frozenset(map(Wall, walls)), payload, deadline))
    except EOFError:
        return


def _ended(walls: frozenset[Wall], payload: str, deadline: float) -> Ended:
    walls = closed(walls, root=os.geteuid() == 0)
    group = _group(walls)
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        _start(theirs, walls, payload, [str(entry) for entry in group.entries] if group else [])
    theirs.close()
    said = _said(ours, deadline)
    ours.close()
    if said is None:
        os.kill(child, signal.SIGTERM)  # as the operator does
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    short = group is not None and group.out_of_memory()
    if group is not None:
        group.remove()
    if said is None:
        return "LimitHit deadline", ""
    if said:
        how, told = json.loads(said)
        return how, told
    if short:
        return "LimitHit memory", ""
    return f"Killed {status - 128}" if status > 128 else f"Ended {status}", ""


def _group(walls: frozenset[Wall]) -> cgroup.Group | None:
    wanted = {wall.value for wall in walls & {Wall.MEMORY, Wall.PIDS}}
    if not wanted:
        return None
    return cgroup.make(cgroup.hierarchy().only(wanted), memory=MEMORY, processes=_PROCESSES)


def _said(end: socket.socket, deadline: float) -> bytes | None:
    """All that a payload said; None when it did not end in time."""
    said = b""
    until = time.monotonic() + deadline
    while True:
        if not select.select([end], [], [], max(0.0, until - time.monotonic()))[0]:
            return None
        got = end.recv(_SAID)
        if not got:
            return said
        said += got


def _start(end: socket.socket, walls: frozenset[Wall], payload: str, groups: Iterable[str]) -> NoReturn:
    """Locks this process in as the product does, and then runs the payload."""
    try:
        page_map.close()
        os.closerange(3, end.fileno())  # as in a process that was started anew
        os.closerange(end.fileno() + 1, _DESCRIPTORS)
        setup = process.Setup(os.getppid(), "", "/", tuple(sorted(walls)), MEMORY, tuple(groups))

        def attack(channel: Channel, _runtime: object) -> NoReturn:
            _attack(end, payload)

        process.serve = attack
        sys.argv = ["", str(end.fileno()), setup.encode()]
        process.main()
    except BaseException:  # noqa: BLE001 - it goes to stderr
        traceback.print_exc()
    finally:
        os._exit(99)


def _attack(end: socket.socket, payload: str) -> NoReturn:
    runner.ANSWER = end.fileno()  # which payloads leave alone, as module code does
    names: dict[str, object] = {}
    try:
        exec(payload, names)
        names["attack"]()  # type: ignore[operator]
        said = "Result", ""
    except BaseException as error:  # noqa: BLE001 - whatever a payload raises is how it ended
        said = f"ModuleError {type(error).__name__}", str(error)[:2000]
    os.write(end.fileno(), json.dumps(said).encode())
    os._exit(0)
