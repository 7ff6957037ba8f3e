"""Tries to build each wall in a child of its own, and prints as JSON which stand and why the others do not."""

import errno
import json
import os
import sys
from collections.abc import Callable

from sandbox.jail import cgroup, enclosure, kernel, landlock
from sandbox.jail.seccomp import Action, Profile
from sandbox.jail.walls import NAMESPACES, Wall

_FORBIDDEN = Profile("trial", {"getppid": Action.EPERM}, otherwise=Action.ALLOW)

_WHAT_TO_DO = {
    Wall.USER: "allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0; in a container: --security-opt seccomp=unconfined)",
    Wall.LANDLOCK: "use a kernel from 5.13 on, started with landlock in its list of security modules",
    Wall.SECCOMP: "use a kernel with seccomp filters, on x86-64 or aarch64",
    Wall.MEMORY: "run the operator in a service with Delegate=yes, or as root where cgroups can be written",
    Wall.PIDS: "run the operator in a service with Delegate=yes, or as root where cgroups can be written",
}


def main() -> None:
    asked_by = os.getppid()
    said = {wall.value: _why(wall, asked_by) for wall in Wall}
    sys.stdout.write(json.dumps(said))


def _why(wall: Wall, asked_by: int) -> str:
    """Why a wall does not stand and what to do; empty where it does."""
    failed = _in_child(lambda: _build(wall, asked_by))
    if not failed:
        return ""
    needs_user = wall in NAMESPACES or wall is Wall.ROOT
    advice = _WHAT_TO_DO.get(wall, _WHAT_TO_DO[Wall.USER] if needs_user else "use a kernel that has it")
    return f"{failed}: {advice}"


def _build(wall: Wall, asked_by: int) -> None:
    """Builds a wall, with what it needs, as a worker does.

    Raises:
        OSError: it cannot be built.
    """
    if wall in {Wall.MEMORY, Wall.PIDS}:
        found = cgroup.hierarchy(asked_by)
        if wall.value not in found.folders:
            raise OSError(errno.EACCES, f"this user may not make {wall} cgroups")
        cgroup.make(found, memory=1 << 30, processes=64).remove()
        return
    if wall in NAMESPACES or wall is Wall.ROOT:
        enclosure.enter(frozenset({Wall.USER, Wall.MOUNT if wall is Wall.ROOT else wall}))
        if wall in {Wall.ROOT, Wall.PID, Wall.MOUNT}:
            failed = _in_child(lambda: _below(wall))
            if failed:
                raise OSError(errno.EPERM, failed)
        return
    enclosure.become_nobody()
    match wall:
        case Wall.LANDLOCK:
            kernel.no_new_privileges()
            landlock.restrict()
            _refused(lambda: os.listdir("/"))  # noqa: PTH208 - the call itself is what is tried
        case Wall.SECCOMP:
            enclosure.lock(frozenset({Wall.NO_NEW_PRIVS, Wall.SECCOMP}), _FORBIDDEN, enclosure.Bounds(memory=1 << 30))
            _refused(kernel.getppid)
        case Wall.CAPABILITIES:
            kernel.drop_capabilities()
        case Wall.NO_NEW_PRIVS:
            kernel.no_new_privileges()
        case _:
            enclosure.lock(frozenset({Wall.RLIMITS}), _FORBIDDEN, enclosure.Bounds(memory=1 << 30))


def _below(wall: Wall) -> None:
    """In the first process of the new namespaces."""
    if wall is Wall.PID and os.getpid() != 1:
        raise OSError(errno.EPERM, f"this is process {os.getpid()} of its namespace, not the first")
    if wall is Wall.MOUNT:
        kernel.mount("none", "/tmp", "tmpfs", 0)  # noqa: S108 - in this child's own mounts
    if wall is Wall.ROOT:
        enclosure.see(frozenset({Wall.ROOT}))
        if os.listdir("/"):  # noqa: PTH208 - pathlib is not worth loading here
            raise OSError(errno.EPERM, "the machine's files can still be seen")


def _refused(call: Callable[[], object]) -> None:
    try:
        call()
    except PermissionError:
        return
    raise OSError(errno.EPERM, "it is built and holds nothing back")


def _in_child(work: Callable[[], None]) -> str:
    """Does work in a child; what it failed with, empty if it did not."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work()
            told = ""
        except OSError as error:
            told = error.strerror or str(error)
        os.write(writes, told.encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return said or (f"the trial ended with status {status}" if status else "")
