"""Memory and process counters of the kernel, for one process and all that it starts.

A group's name says which process made it, so that the next start removes what a killed one left. Both versions of the
kernel's interface are used: a folder a controller in the first, one folder in the second.
"""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

_PREFIX = "fusion"
_MAIN = f"{_PREFIX}-main"  # the group into which a process moves out of the folder that it was given
_CONTROLLERS = ("memory", "pids")
_STATE, _PARENT, _START = 0, 1, 19  # fields of /proc/<pid>/stat after the name
_LEAVE = 2.0  # seconds within which killed processes have left a group
_serial = count()


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Where this process can make groups.

    Attributes:
        folders: controller -> the folder in which its groups are made; without what cannot be had.
        unified: whether it is the second version, in which all are one folder.
    """

    folders: Mapping[str, Path]
    unified: bool

    def only(self, controllers: Collection[str]) -> "Hierarchy":
        """With no others than these."""
        return Hierarchy({name: self.folders[name] for name in controllers if name in self.folders}, self.unified)


@dataclass(frozen=True, slots=True)
class Group:
    """One group.

    Attributes:
        folders: controller -> its folder.
    """

    folders: Mapping[str, Path]

    @property
    def entries(self) -> tuple[Path, ...]:
        """The files into which a process writes 0 to join."""
        return tuple(dict.fromkeys(folder / "cgroup.procs" for folder in self.folders.values()))

    def bound(self, memory: int) -> None:
        """Changes how many bytes may be resident.

        Raises:
            OSError: the group is gone.
        """
        folder = self.folders.get("memory")
        if folder is None:
            return
        unified = (folder / "memory.max").exists()
        names = ["memory.max"] if unified else ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
        before = (folder / names[0]).read_text().strip()
        if before != "max" and memory > int(before):
            names.reverse()  # what counts swap too may never be below the other
        for name in names:
            if (folder / name).exists():
                (folder / name).write_text(str(memory))

    def out_of_memory(self) -> bool:
        """Whether the kernel has ended a process of the group for want of memory."""
        return self.kills() > 0

    def kills(self) -> int:
        """How many processes of the group the kernel has ended for want of memory."""
        folder = self.folders.get("memory")
        if folder is None:
            return 0
        for name in ("memory.events", "memory.oom_control"):
            if (folder / name).exists():
                rows = dict(line.split() for line in (folder / name).read_text().splitlines())
                return int(rows.get("oom_kill", 0))
        return 0

    def remove(self) -> None:
        """Removes the group once its processes, which the caller has killed, have left it."""
        until = time.monotonic() + _LEAVE
        for folder in dict.fromkeys(self.folders.values()):
            while not _removed(folder) and time.monotonic() < until:
                time.sleep(0.002)


def make(hierarchy: Hierarchy, *, memory: int, processes: int, together: bool = True) -> Group:
    """A new group with these bounds; what dead processes left is removed.

    Args:
        memory: bytes resident, without swap.
        processes: processes and threads.
        together: whether the kernel, short of memory, ends the whole group, where it can, and not one process.

    Raises:
        OSError: this user may not.
    """
    name = f"{_PREFIX}-{os.getpid()}-{_started(os.getpid())}-{next(_serial)}"
    group = Group({controller: parent / name for controller, parent in hierarchy.folders.items()})
    for parent in dict.fromkeys(hierarchy.folders.values()):
        _sweep(parent)
        (parent / name).mkdir()
    try:
        for controller, folder in group.folders.items():
            for file, value, needed in _bounds(
                controller, memory, processes, together=together, unified=hierarchy.unified
            ):
                if needed or (folder / file).exists():
                    (folder / file).write_text(str(value))
    except OSError:
        group.remove()
        raise
    return group


def hierarchy(process: int | None = None, proc: Path = Path("/proc")) -> Hierarchy:
    """Where this process can make groups; of the second version only folders that were delegated to it are found.

    Args:
        process: whose children may be moved with it into a group of their own; None for this one.
        proc: the kernel's view of processes.
    """
    family = process or os.getpid()
    mounts = list(_mounts(proc / "self/mountinfo"))
    own = dict(_own(proc / "self/cgroup"))
    first: dict[str, Path] = {}
    for kind, options, root, point in mounts:
        if kind == "cgroup":
            for controller in _CONTROLLERS:
                if controller in options and controller in own:
                    first[controller] = _folder(point, root, own[controller])
    if first:
        return Hierarchy({name: folder for name, folder in first.items() if os.access(folder, os.W_OK)}, unified=False)
    for kind, _options, root, point in mounts:
        if kind == "cgroup2" and "" in own:
            folder = _delegated(_folder(point, root, own[""]), point, family)
            if folder is not None:
                has = (folder / "cgroup.subtree_control").read_text().split()
                return Hierarchy({name: folder for name in _CONTROLLERS if name in has}, unified=True)
    return Hierarchy({}, unified=True)


def _bounds(
    controller: str, memory: int, processes: int, *, together: bool, unified: bool
) -> list[tuple[str, int, bool]]:
    """File, value, and whether it has to be there."""
    if controller == "pids":
        return [("pids.max", processes, True)]
    if unified:
        swap, whole = ("memory.swap.max", 0, False), ("memory.oom.group", int(together), False)
        return [("memory.max", memory, True), swap, whole]
    return [("memory.limit_in_bytes", memory, True), ("memory.memsw.limit_in_bytes", memory, False)]


def _delegated(found: Path, top: Path, family: int) -> Path | None:
    """The folder whose controllers this user may hand on: its own or, as systemd's `DelegateSubgroup` has it, the next.

    A folder with processes cannot hand controllers on, so a process that is in the delegated folder itself first moves
    into one below; unless others than its own children are there too, who were not asked.

    Args:
        found: the folder that this process is in.
        top: the hierarchy's first.
    """
    own = found.parent if found.name == _MAIN else found
    if own == top:
        return None
    if _open(own) and (_hands_on(own) or (_alone(own, family) and _hands_on(own, moving=True))):
        return own
    above = own.parent
    return above if _open(above) and _hands_on(above) else None


def _open(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _hands_on(folder: Path, *, moving: bool = False) -> bool:
    """Whether the folder hands on what it has, which is tried."""
    control = folder / "cgroup.subtree_control"
    has = (folder / "cgroup.controllers").read_text().split()
    wanted = [name for name in _CONTROLLERS if name in has]
    if not wanted:
        return False
    try:
        if moving:
            leaf = folder / _MAIN
            leaf.mkdir(exist_ok=True)
            for pid in (folder / "cgroup.procs").read_text().split():
                (leaf / "cgroup.procs").write_text(pid)
        if not set(wanted) <= set(control.read_text().split()):
            control.write_text(" ".join(f"+{name}" for name in wanted))
    except OSError:
        return False
    return True


def _alone(folder: Path, family: int) -> bool:
    """Whether all processes of a folder are this one or came from it."""
    for word in (folder / "cgroup.procs").read_text().split():
        pid = int(word)
        while pid not in {0, family}:
            pid = int(_stat(pid, _PARENT) or 0)
        if pid != family:
            return False
    return True


def _folder(point: Path, root: str, path: str) -> Path:
    """Where a group lies under a mount that shows the hierarchy from `root` on."""
    below = path.removeprefix(root) if root != "/" else path
    folder = point / below.lstrip("/")
    return folder if folder.is_dir() else point


def _mounts(table: Path) -> Iterator[tuple[str, list[str], str, Path]]:
    """Kind, options, root and mount point of every mount."""
    for line in table.read_text().splitlines():
        left, _, right = line.partition(" - ")
        fields, (kind, _, options) = left.split(), right.split(" ", 2)
        yield kind, options.split(","), fields[3], Path(fields[4].encode().decode("unicode_escape"))


def _own(table: Path) -> Iterator[tuple[str, str]]:
    """Controller, empty for the second version, and this process's group."""
    for line in table.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _sweep(parent: Path) -> None:
    """Removes the groups of processes that are no more."""
    for folder in parent.glob(f"{_PREFIX}-*-*-*"):
        words = folder.name.split("-")
        if words[1].isdigit() and _started(int(words[1])) != words[2]:
            _removed(folder)


def _removed(folder: Path) -> bool:
    """Whether it is gone; not while its last process has not ended. Then the next start removes it."""
    try:
        folder.rmdir()
    except OSError:
        return not folder.exists()
    return True


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks: with its number it names it for good. Empty for none.

    One that has ended is none, however long its parent leaves it unlooked at.
    """
    return "" if _stat(pid, _STATE) in {"Z", "X"} else _stat(pid, _START)


def _stat(pid: int, field: int) -> str:
    """A field of what the kernel says of a process, empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[field]
    except OSError:
        return ""
