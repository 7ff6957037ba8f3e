"""The host's end of a zygote: starts it, has it run one job at a time, and sees that nothing is left of it."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fusion import log
from fusion.errors import NotReady, Retryable
from sandbox.frame import Parts
from sandbox.jail import cgroup
from sandbox.jail.guard import Plan
from sandbox.jail.job import Job
from sandbox.jail.walls import Wall
from sandbox.jail.watch import Ended, Gone, Watch
from sandbox.jail.zygote import UP

_STARTING = 120.0  # seconds that importing packages may take
_ENDING = 10.0  # seconds that the processes may take to end each other
_OVERHEAD = 192 << 20  # bytes: pages of the zygote that a job writes to, its /tmp, and the kernel's own
_PROCESSES = 3  # the zygote, a job that runs and one that waits


class Keeper:
    """Keeps one zygote, which is started when it is needed and again after it died.

    Args:
        walls: those it is put behind.
        packages: what it imports beforehand.
        environment: all that it is given.

    Attributes:
        pid: of the process that guards the zygote, None while there is none.
    """

    def __init__(self, walls: frozenset[Wall], packages: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._walls = walls
        self._packages = packages
        self._environment = environment
        self._guard: subprocess.Popen[bytes] | None = None
        self._zygote: socket.socket | None = None
        self._group: cgroup.Group | None = None
        self._memory = 0
        self._closed = False
        self._busy = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._guard.pid if self._guard else None

    def start(self) -> None:
        """Starts the zygote before the first job, which then need not wait for its imports.

        Raises:
            NotReady: it cannot be started here; the message says why.
        """
        with self._busy:
            self._connected()

    def run(self, job: Job, request: Parts, *, output: int, deadline: float) -> Ended:
        """Runs one job to its end.

        Args:
            request: what it reads on descriptor 0, one part after the other.
            output: bytes that it may write, results and prints together.
            deadline: seconds of wall time.

        Raises:
            NotReady: no zygote can be started here; the message says why.
            Retryable: it ended during the job, or was closed.
        """
        with self._busy:
            for _ in range(2):  # a zygote may have died since the last job
                try:
                    return self._run(job, request, output, deadline)
                except Gone as gone:
                    self._discard()
                    if gone.begun:
                        break
                except BaseException:
                    self._discard()
                    raise
            raise Retryable("the native sandbox ended during a run: run it again")

    def close(self) -> None:
        """Ends the zygote for good, and with it what another thread runs."""
        self._closed = True
        zygote = self._zygote
        if zygote is not None:
            with suppress(OSError):  # it is gone already
                zygote.shutdown(socket.SHUT_RDWR)
        with self._busy:
            self._discard()

    def _run(self, job: Job, request: Parts, output: int, deadline: float) -> Ended:
        zygote = self._connected()
        if self._group is not None and job.memory != self._memory:
            try:
                self._group.bound(job.memory + _OVERHEAD)
            except OSError:
                raise Gone(begun=False) from None  # who guarded the zygote has removed it
            self._memory = job.memory
        kills = self._group.kills() if self._group else 0
        with Watch(zygote, output) as watch:
            watch.begin(job, request)
            ended = watch.end(deadline)
        ended.starved = self._group is not None and self._group.kills() > kills
        return ended

    def _grouped(self) -> cgroup.Group | None:
        """A group for a zygote and its jobs, where this user may make groups."""
        wanted = {wall.value for wall in self._walls & {Wall.MEMORY, Wall.PIDS}}
        if not wanted:
            return None
        try:
            return cgroup.make(cgroup.hierarchy().only(wanted), memory=_OVERHEAD, processes=_PROCESSES, together=False)
        except OSError as error:
            log.get().warning("native modules run without a cgroup", why=str(error))
            return None

    def _connected(self) -> socket.socket:
        if self._closed:
            raise Retryable("the native sandbox is closed")
        if self._guard is not None and self._guard.poll() is not None:
            self._discard()
        if self._zygote is None:
            self._zygote = self._start()
        return self._zygote

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._group, self._memory = self._grouped(), 0
        with theirs:
            folders = {name: str(folder) for name, folder in self._group.folders.items()} if self._group else {}
            plan = Plan(theirs.fileno(), folders, self._walls, self._packages)
            self._guard = subprocess.Popen(
                [sys.executable, "-P", "-c", "from sandbox.jail.guard import main; main()", plan.encode()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={
                    **self._environment,
                    "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path),
                },
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the host, which then ends these
            )
        self._zygote = ours
        ours.settimeout(_STARTING)
        try:
            message = ours.recv(4096)
        except OSError:
            message = b""
        ours.settimeout(None)
        if message != UP:
            self._discard()
            why = json.loads(message)["failed"] if message else "it ended before it was ready"
            raise NotReady(f"the native sandbox cannot be started here: {why}")
        return ours

    def _discard(self) -> None:
        """Ends what there is; the next job starts another."""
        if self._zygote is not None:
            self._zygote.close()
        if self._guard is not None:
            try:
                self._guard.wait(_ENDING)
            except subprocess.TimeoutExpired:
                self._guard.kill()
                self._guard.wait()
        if self._group is not None:
            self._group.remove()
        self._guard = self._zygote = self._group = None
