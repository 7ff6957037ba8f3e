"""The walls that a process can be put behind, and which of them stand on this machine.

Each wall is there for an attacker who is past all others. Which walls stand is found by building each in a child, never
by reading a version or a setting: containers, hardened kernels and old ones refuse in many ways.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from fusion import log

_TRIAL = 60.0  # seconds that trying all walls may take; it takes a tenth of one


class Wall(StrEnum):
    """One wall, by the word that `fusion doctor` and the docs use."""

    USER = "user"
    MOUNT = "mount"
    PID = "pid"
    NET = "net"
    IPC = "ipc"
    UTS = "uts"
    CGROUP = "cgroup"
    ROOT = "root"
    LANDLOCK = "landlock"
    SECCOMP = "seccomp"
    CAPABILITIES = "capabilities"
    NO_NEW_PRIVS = "no-new-privs"
    RLIMITS = "rlimits"
    MEMORY = "memory"
    PIDS = "pids"


WALLS = frozenset(Wall)

NAMESPACES = frozenset({Wall.USER, Wall.MOUNT, Wall.PID, Wall.NET, Wall.IPC, Wall.UTS, Wall.CGROUP})

ESSENTIAL = frozenset({Wall.SECCOMP, Wall.MOUNT, Wall.ROOT, Wall.LANDLOCK})
"""Those that `enough` looks at; the others make a second line behind them, and an ordinary user may lack some."""


def closed(walls: frozenset[Wall], *, root: bool) -> frozenset[Wall]:
    """The walls of a set that can stand without the others.

    Args:
        root: whether this process is root's, which needs no user namespace for the other walls.
    """
    if Wall.USER not in walls and not root:
        walls -= NAMESPACES
    if Wall.MOUNT not in walls:
        walls -= {Wall.ROOT}
    if Wall.NO_NEW_PRIVS not in walls:
        walls -= {Wall.LANDLOCK, Wall.SECCOMP}
    return walls


def enough(missing: frozenset[Wall]) -> bool:
    """Whether a process may run strangers' code without these walls: calls are filtered and files are out of reach."""
    shut = not missing & {Wall.MOUNT, Wall.ROOT} or Wall.LANDLOCK not in missing
    return shut and Wall.SECCOMP not in missing


@cache
def standing() -> Mapping[Wall, str]:
    """Every wall: empty where it stands, else why it does not and what to do. Found once a process, in a child."""
    return _tried()


@cache
def usable() -> frozenset[Wall]:
    """The walls that stand; says once of the others that they do not."""
    for wall, why in standing().items():
        if why:
            log.get().warning("a wall of the sandbox does not stand", wall=wall.value, why=why)
    return frozenset(wall for wall, why in standing().items() if not why)


def _tried() -> dict[Wall, str]:
    if sys.platform != "linux":
        return dict.fromkeys(Wall, f"{sys.platform} has none: run operators on Linux")
    paths = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)  # and with -P not the folder it is run in
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-c", "from sandbox.jail.trial import main; main()"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"PYTHONPATH": paths},
            timeout=_TRIAL,
            check=True,
        )
        said: dict[str, str] = json.loads(ended.stdout)
        return {wall: said[wall.value] for wall in Wall}
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        return dict.fromkeys(Wall, f"trying the walls failed: {error}")
