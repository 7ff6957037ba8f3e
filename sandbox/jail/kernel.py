"""The system calls that the jail needs and Python 3.11 lacks, each an OSError that names what failed."""

import ctypes
import os
import struct
import sys

from sandbox.jail import numbers

# unshare
NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

# mount
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID, _MOUNT_ATTR_NODEV = 1, 2, 4

# mprotect
PROT_READ, PROT_EXEC = 1, 4

# prctl
_PR_SET_PDEATHSIG, _PR_GET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 2, 4, 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS = 38, 39
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION = 0x20080522
_LAST_CAPABILITY = 63  # the most that the kernel's two words hold; this kernel's last is fewer

# seccomp
_SET_MODE_FILTER = 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def unshare(flags: int) -> None:
    """Gives this process, which must have one thread, namespaces of its own."""
    _checked("unshare", _libc.unshare(ctypes.c_int(flags)))


def setns(descriptor: int, flag: int) -> None:
    """Moves this process, or for a pid namespace its next children, into the namespace of an opened /proc entry."""
    _checked("setns", _libc.setns(ctypes.c_int(descriptor), ctypes.c_int(flag)))


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    _checked(f"mount {target}", _libc.mount(_text(source), _text(target), _text(kind), _word(flags), _text(data)))


def mount_read_only(target: str) -> None:
    """Makes a mount and all mounts below it read-only, without set-uid programs and devices."""
    attributes = struct.pack("<4Q", _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | _MOUNT_ATTR_NODEV, 0, 0, 0)
    _call("mount_setattr", _word(0), _text(target), _word(_AT_RECURSIVE), attributes, _word(len(attributes)))


def seal(address: int, size: int) -> None:
    """Fixes mappings where they are, as they are, until the process ends."""
    _call("mseal", _word(address), _word(size), _word(0))


def umount(target: str, flags: int) -> None:
    _checked(f"umount {target}", _libc.umount2(_text(target), ctypes.c_int(flags)))


def set_hostname(name: str) -> None:
    _checked("sethostname", _libc.sethostname(_text(name), ctypes.c_size_t(len(name))))


def pivot_root(new: str, old: str) -> None:
    _call("pivot_root", _text(new), _text(old))


def die_with_parent(signal: int) -> None:
    """Has the kernel send `signal`, 0 for none, when the thread that forked this one ends; a new user undoes it."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def ending_with_parent() -> int:
    """The signal that `die_with_parent` set, 0 for none."""
    found = ctypes.c_int()
    _prctl(_PR_GET_PDEATHSIG, ctypes.addressof(found))
    return found.value


def adopt_orphans() -> None:
    """Makes this process the parent of whatever it started whose own parent ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def set_dumpable(dumpable: bool) -> None:  # noqa: FBT001 - the kernel's own word
    """Whether others of the same user may look into this process; needed to write its own id maps."""
    _prctl(_PR_SET_DUMPABLE, int(dumpable))


def no_new_privileges() -> None:
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def has_no_new_privileges() -> bool:
    return _prctl(_PR_GET_NO_NEW_PRIVS) == 1


def drop_capabilities() -> None:
    """Empties every set of capabilities, so that no program run later can have one either."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            break  # beyond this kernel's last, or there is none to drop it with: capset below is what counts
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _call("capset", struct.pack("II", _CAPABILITY_VERSION, 0), bytes(24))


def mprotect(address: int, size: int, rights: int) -> None:
    """Changes what may be done with whole pages of this process's memory."""
    made = _libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), ctypes.c_int(rights))
    _checked(f"mprotect {address:#x}", made)


def seccomp(program: bytes) -> None:
    """Puts this thread and all that it starts behind a BPF program, from which there is no way back."""
    held = ctypes.create_string_buffer(program, len(program))
    described = _Program(len(program) // 8, ctypes.addressof(held))
    _call("seccomp", _word(_SET_MODE_FILTER), _word(0), ctypes.c_void_p(ctypes.addressof(described)))


def landlock_version() -> int:
    """Of the kernel's Landlock; an OSError where it has none."""
    return _call("landlock_create_ruleset", None, _word(0), _word(1))


def landlock_create(attributes: bytes) -> int:
    """A descriptor of new rules, which the caller closes."""
    return _call("landlock_create_ruleset", attributes, _word(len(attributes)), _word(0))


def landlock_allow(rules: int, folder: int, access: int) -> None:
    """Lets what lies at or below the opened `folder` be used for `access`."""
    _call("landlock_add_rule", _word(rules), _word(1), struct.pack("<Qi", access, folder), _word(0))


def landlock_restrict(rules: int) -> None:
    _call("landlock_restrict_self", _word(rules), _word(0))


def getppid() -> int:
    """The parent's number, as a call that can fail where a filter says so."""
    return _call("getppid")


class _Program(ctypes.Structure):
    """A BPF program as the kernel takes it; it does not hold the memory that it points to."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _prctl(option: int, value: int = 0) -> int:
    return _checked("prctl", _libc.prctl(ctypes.c_int(option), _word(value), _word(0), _word(0), _word(0)))


def _call(name: str, *arguments: "ctypes.c_ulong | ctypes.c_void_p | bytes | None") -> int:
    number = numbers.here().get(name)
    if number is None or sys.platform != "linux":
        raise OSError(38, f"{name}: this machine's system calls are not known")
    return _checked(name, _libc.syscall(ctypes.c_long(number), *arguments))


def _checked(name: str, result: int) -> int:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return int(result)


def _text(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def _word(value: int) -> ctypes.c_ulong:
    return ctypes.c_ulong(value)
