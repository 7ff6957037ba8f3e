"""The steps by which a process locks itself in, in the order they have to be taken.

    enter(walls)      namespaces of its own; the next child that it forks is the first process of the pid namespace
    see(walls, view)  an empty root, or one with a few folders to read; in that child
    lock(walls, ...)  rlimits, no capabilities, no new privileges, Landlock, system calls

Each step builds the walls that it is given and no others, so that a test can leave one out. What a step cannot build
is an OSError that names the call that failed.
"""

import os
import platform
import resource
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sandbox.jail import kernel, landlock, numbers
from sandbox.jail.seccomp import Profile, assemble
from sandbox.jail.walls import Wall

NOBODY = 65534
"""User and group that root's processes become, and that every process in a user namespace is called there."""

_FLAGS = {
    Wall.USER: kernel.NEWUSER,
    Wall.MOUNT: kernel.NEWNS,
    Wall.PID: kernel.NEWPID,
    Wall.NET: kernel.NEWNET,
    Wall.IPC: kernel.NEWIPC,
    Wall.UTS: kernel.NEWUTS,
    Wall.CGROUP: kernel.NEWCGROUP,
}
_STAGE = "/tmp"  # noqa: S108 - a folder to mount the new root over, in this process's own mount namespace
_NAME = "sandbox"
_CLOSED = kernel.MS_NOSUID | kernel.MS_NODEV


@dataclass(frozen=True, slots=True)
class View:
    """What a process sees of files.

    Attributes:
        readable: absolute paths of folders and files of the machine; nothing of them can be changed.
        folders: absolute paths of empty ones, to mount something over.
    """

    readable: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()


EMPTY = View()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one process may take of the machine.

    Attributes:
        memory: bytes that it may write to, resident or not.
        processes: it and its threads and children; counts where it has a user namespace of its own.
        files: descriptors.
        written: bytes of one file.
        seconds: of processor time, None for no bound.
        space: bytes of addresses, None for no bound; of code that a process maps and of memory that it shares, too.
        stack: bytes of the first thread's stack, None for no bound.
    """

    memory: int
    processes: int = 32
    files: int = 64
    written: int = 0
    seconds: int | None = None
    space: int | None = None
    stack: int | None = None


def enter(walls: frozenset[Wall]) -> None:
    """Moves this process into namespaces of its own; root first becomes nobody.

    The process must have one thread. Its next child is the first process of the new pid namespace; without the wall
    `user`, root stays root until `lock`.
    """
    if Wall.USER in walls:
        become_nobody()
    user, group = os.geteuid(), os.getegid()
    flags = sum(flag for wall, flag in _FLAGS.items() if wall in walls)
    if flags:
        kernel.unshare(flags)
    if Wall.USER in walls:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{NOBODY} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{NOBODY} {group} 1")
    if Wall.MOUNT in walls:
        kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    if Wall.UTS in walls:
        kernel.set_hostname(_NAME)  # not the machine's


def become_nobody() -> None:
    """Gives up root, if this process is root's."""
    if os.geteuid() == 0:
        ending = kernel.ending_with_parent()
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        kernel.set_dumpable(True)  # a change of user makes /proc/self root's, and forgets the parent
        kernel.die_with_parent(ending)


def stage(view: View) -> None:
    """Builds what `see` will show with root's rights, before `enter`: where only root may reach Python's folders."""
    kernel.unshare(kernel.NEWNS)
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    _build(view)


def see(walls: frozenset[Wall], view: View = EMPTY, *, staged: bool = False) -> None:
    """Makes `view` all that there is of files; the machine's own are out of reach even by a descriptor's `..`.

    Args:
        staged: whether `stage` has built it.
    """
    if Wall.ROOT not in walls:
        return
    if staged:
        kernel.mount(_STAGE, _STAGE, None, kernel.MS_BIND | kernel.MS_REC)  # a mount of this namespace's own can move
    else:
        _build(view)
    os.chdir(_STAGE)
    kernel.pivot_root(".", ".")
    kernel.umount(".", kernel.MNT_DETACH)
    os.chdir("/")
    kernel.mount(None, "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | _CLOSED | kernel.MS_NOEXEC)


def scratch(path: Path, size: int, files: int = 1024) -> None:
    """Mounts an empty folder of this process's own, that nothing can be run from.

    Args:
        size: bytes that it takes.
    """
    options = f"size={size},nr_inodes={files},mode=700"
    kernel.mount("none", str(path), "tmpfs", _CLOSED | kernel.MS_NOEXEC, options)


def lock(
    walls: frozenset[Wall],
    profile: Profile | bytes,
    bounds: Bounds,
    *,
    readable: Iterable[Path] = (),
    writable: Iterable[Path] = (),
) -> None:
    """Gives up for good what is not needed any more. After this, nothing may be imported, opened or mapped to run.

    Args:
        profile: or what `program` gave for it.
        readable, writable: what Landlock leaves, with all below.
    """
    if Wall.RLIMITS in walls:
        _limit(bounds, counted=Wall.USER in walls)
    become_nobody()
    kernel.set_dumpable(False)  # other processes of this user have no business here
    if Wall.CAPABILITIES in walls:
        kernel.drop_capabilities()
    if Wall.NO_NEW_PRIVS in walls:
        kernel.no_new_privileges()
    if Wall.LANDLOCK in walls:
        landlock.restrict(map(str, readable), map(str, writable))
    if Wall.SECCOMP in walls:
        kernel.seccomp(profile if isinstance(profile, bytes) else program(profile, os.getpid()))


def program(profile: Profile, pid: int) -> bytes:
    """A profile for the process that has this number where it runs, made before it is there."""
    return assemble(profile, platform.machine(), numbers.here(), pid)


def fork() -> int:
    """As `os.fork`, with a child that is killed when this process's thread ends, from its first moment on."""
    reads, writes = os.pipe()
    child = os.fork()
    if child:
        os.close(writes)
        os.read(reads, 1)  # nothing where the child has died
        os.close(reads)
        return child
    os.close(reads)
    try:
        kernel.die_with_parent(signal.SIGKILL)
        os.write(writes, b".")  # fails where the parent died before the line above
        os.close(writes)
    except OSError:
        os._exit(1)
    return 0


def _build(view: View) -> None:
    opened = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in view.readable}  # the stage may hide them
    kernel.mount("none", _STAGE, "tmpfs", _CLOSED, "size=1m,nr_inodes=4096,mode=755")
    for path, descriptor in opened.items():
        _bind(path, descriptor)
        os.close(descriptor)
    for path in view.folders:
        _under(path).mkdir(parents=True, exist_ok=True)


def _under(path: Path) -> Path:
    return Path(_STAGE) / path.relative_to("/")


def _bind(path: Path, opened: int) -> None:
    target, source = _under(path), f"/proc/self/fd/{opened}"
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    kernel.mount(source, str(target), None, kernel.MS_BIND | kernel.MS_REC)
    kernel.mount_read_only(str(target))


def _limit(bounds: Bounds, *, counted: bool) -> None:
    limits = {
        resource.RLIMIT_DATA: bounds.memory,
        resource.RLIMIT_NOFILE: bounds.files,
        resource.RLIMIT_FSIZE: bounds.written,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if counted:  # else it would count what else this user runs
        limits[resource.RLIMIT_NPROC] = bounds.processes
    further = {
        resource.RLIMIT_CPU: bounds.seconds,
        resource.RLIMIT_AS: bounds.space,
        resource.RLIMIT_STACK: bounds.stack,
    }
    limits |= {limit: bound for limit, bound in further.items() if bound is not None}
    for limit, value in limits.items():
        most = resource.getrlimit(limit)[1]
        allowed = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(limit, (allowed, allowed))
