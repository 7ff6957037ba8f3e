"""What an operator has that an escape could reach, and how one sees that it was reached."""

import ctypes
import gc
import os
import secrets
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

JAILED = 65534
"""What root's jail becomes; anyone else's stays who it is."""

SHARED = Path("/dev/shm")
CGROUPS = Path("/sys/fs/cgroup")
SETTLE = 10.0  # seconds in which what a job leaves has to be gone

_IPC_CREAT, _IPC_RMID = 0o1000, 0
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_CHILD_SUBREAPER, _SET_PTRACER, _ANY = 1, 4, 36, 0x59616D61, -1

Known = dict[str, str | int]


class Scene:
    """An operator's secret in all the places where one could lie, listeners, a bystander, and a record of them all.

    A strong attacker is assumed: module code is told every path, port, address and process id, and as far as the
    system's own permissions go it may read and write all of it. What keeps it away is the sandbox alone.

    Args:
        uid: of the bystander, the one that module code will have.

    Attributes:
        known: what module code is told, JSON values by name.
        secret: what it must not learn.
    """

    def __init__(self, uid: int) -> None:
        self.secret = secrets.token_hex(16)
        self.token = f"escaped-{secrets.token_hex(4)}"
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what a job leaves behind comes to us
        os.environ["FUSION_PASSWORD"] = self.secret
        self.home = Path(tempfile.mkdtemp(prefix="operator-", dir="/tmp"))  # where all users come
        self.home.chmod(0o755)
        self.key = self.home / "operator.key"
        self.open = self.home / "open.txt"
        for path in (self.key, self.open):
            path.write_text(self.secret)
            os.chown(path, uid, -1)
        self.key.chmod(0o600)
        self.open.chmod(0o666)
        self.shared = SHARED / f"fusion-{self.secret[:8]}"
        self.shared.write_text(self.secret)
        self.shared.chmod(0o666)
        self._bystander = Bystander(self.secret, uid)
        self._segment = _segment(libc, self.secret)
        self._listeners = dict(_listeners(self.home))
        self.known: Known = {
            "home": str(self.home),
            "key": str(self.key),
            "open": str(self.open),
            "shared": str(self.shared),
            "token": self.token,
            "tcp": self._listeners["tcp"].getsockname()[1],
            "udp": self._listeners["udp"].getsockname()[1],
            "unix": self._listeners["unix"].getsockname(),
            "abstract": self._listeners["abstract"].getsockname()[1:].decode(),
            "segment": self._segment,
            "operator": os.getpid(),
            "bystander": self._bystander.pid,
            "address": self._bystander.address,
            "machine": os.uname().nodename,
            "groups": str(Path("/proc/self/ns/cgroup").readlink()),
            "setuid": str(_setuid() or ""),
        }
        self._libc = libc
        self._calm: dict[str, set[str]] = {}

    def settle(self) -> None:
        """Takes what is there now as what should be there after every attempt."""
        gc.collect()
        self._calm = {what: look() for what, look in self._left().items()}
        self._files = self._stamps()

    def harms(self, said: str) -> list[str]:
        """What an attempt did to the operator, in words; `said` is all that came back from it."""
        found = [f"the secret was told: {said!r}"] if self.secret in said else []
        found += [f"a connection came in by {name}" for name, end in self._listeners.items() if _reached(end)]
        found += self._bystander.harms()
        found += [f"{path} changed" for path, stamp in self._stamps().items() if stamp != self._files.get(path)]
        found += [f"{path} was left" for path in _named(self.token)]
        for what, look in self._left().items():
            found += [f"{what} left: {each}" for each in self._rest(look, self._calm[what])]
        return found

    def close(self) -> None:
        self._bystander.close()
        self._libc.shmctl(self._segment, _IPC_RMID, None)
        self.shared.unlink(missing_ok=True)
        for end in self._listeners.values():
            end.close()
        shutil.rmtree(self.home)

    def _left(self) -> dict[str, Callable[[], set[str]]]:
        return {"process": _processes, "mount": _mounts, "cgroup": _cgroups, "descriptor": _descriptors}

    def _rest(self, look: Callable[[], set[str]], calm: set[str]) -> list[str]:
        """What is there beyond what was; processes take a moment to end."""
        until = time.monotonic() + SETTLE
        while True:
            rest = sorted(look() - calm)
            if not rest or time.monotonic() > until:
                return rest
            time.sleep(0.01)

    def _stamps(self) -> dict[str, tuple[int, ...]]:
        """What would change if anyone wrote there."""
        found: dict[str, tuple[int, ...]] = {}
        for path in (self.home, *self.home.rglob("*"), self.shared):
            seen = path.lstat()
            if not stat.S_ISSOCK(seen.st_mode):
                found[str(path)] = (seen.st_mode, seen.st_uid, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
        return found


class Bystander:
    """A process of the user that module code runs as; it holds the secret and takes no signal.

    Attributes:
        pid: its process id.
        address: of the secret in its memory.
    """

    def __init__(self, secret: str, uid: int) -> None:
        kept = ctypes.create_string_buffer(secret.encode())
        self.address = ctypes.addressof(kept)
        self._told, telling = os.pipe()
        os.set_blocking(self._told, False)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _stand_by(telling, uid)
            finally:
                os._exit(1)
        os.close(telling)

    def harms(self) -> list[str]:
        """What was done to it; after it was ended this tells so for ever."""
        with suppress(BlockingIOError):
            if number := os.read(self._told, 1):
                return [f"the bystander got signal {number[0]}"]
            return ["the bystander was ended"]
        return []

    def close(self) -> None:
        os.close(self._told)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _stand_by(telling: int, uid: int) -> None:
    if os.getuid() != uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # once the user is what it will be: a change clears it
    libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0)
    libc.prctl(_SET_PTRACER, ctypes.c_long(_ANY), 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        number = signal.sigwait(signal.valid_signals())
        os.write(telling, bytes([number]))


def _listeners(home: Path) -> Iterator[tuple[str, socket.socket]]:
    yield "tcp", socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    yield "udp", udp
    for name, address in (("unix", str(home / "control.sock")), ("abstract", f"\0fusion-{secrets.token_hex(4)}")):
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        end.bind(address)
        end.listen()
        if name == "unix":
            Path(address).chmod(0o777)
        yield name, end


def _reached(end: socket.socket) -> bool:
    end.setblocking(False)
    try:
        if end.type == socket.SOCK_DGRAM:
            end.recv(1)
        else:
            end.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _segment(libc: ctypes.CDLL, secret: str) -> int:
    """The id of a System V segment that holds the secret and that anyone may attach."""
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
    libc.shmdt.argtypes = [ctypes.c_void_p]
    number: int = libc.shmget(0, 4096, _IPC_CREAT | 0o666)
    if number < 0:
        raise OSError(ctypes.get_errno(), "no shared memory can be had")
    at = libc.shmat(number, None, 0)
    ctypes.memmove(at, secret.encode(), len(secret))
    libc.shmdt(at)
    return number


def _setuid() -> Path | None:
    """A program of root's that whoever runs it becomes root by."""
    for folder in map(Path, ("/usr/bin", "/bin", "/usr/sbin", "/sbin")):
        for path in sorted(folder.glob("*")) if not os.statvfs(folder).f_flag & os.ST_NOSUID else []:
            seen = path.stat() if path.is_file() else None
            if seen and seen.st_uid == 0 and seen.st_mode & stat.S_ISUID and seen.st_mode & stat.S_IXOTH:
                return path
    return None


def _named(token: str) -> list[Path]:
    """Files by the name that attempts give to theirs."""
    places = {Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), SHARED}
    return [path for place in places if place.is_dir() for path in place.glob(f"*{token}*")]


def _processes() -> set[str]:
    """Processes below this one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    below, ours = set[int](), {os.getpid()}
    while ours:
        below |= ours
        ours = {pid for pid, parent in parents.items() if parent in ours and pid not in below}
    return _counted(below)


def _counted(things: Collection[object]) -> set[str]:
    """Their numbers: a worker that died is replaced, by a process and descriptors of other names."""
    return {f"the {number}th" for number in range(1, len(things) + 1)}


def _mounts() -> set[str]:
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}


def _cgroups() -> set[str]:
    """Cgroups that carry this operator's process id in their names."""
    folders = [name for _, names, _ in os.walk(CGROUPS) for name in names]  # which skips what goes meanwhile
    return _counted([name for name in folders if name.startswith(f"fusion-{os.getpid()}-")])


def _descriptors() -> set[str]:
    return _counted(list(Path("/proc/self/fd").iterdir()))
