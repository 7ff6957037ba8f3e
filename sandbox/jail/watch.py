"""One native job, watched from the host: what it is handed, what it writes, how it ends."""

import fcntl
import json
import os
import select
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from sandbox.code import PRINTED
from sandbox.frame import Parts
from sandbox.jail.job import Job
from sandbox.jail.zygote import BEGUN, KILL

_GRACE = 10.0  # seconds for a zygote to end a job
_CHUNK = 1 << 20
_MESSAGE = 4096


class Gone(Exception):
    """The zygote ended.

    Attributes:
        begun: whether the job had begun.
    """

    def __init__(self, *, begun: bool) -> None:
        super().__init__(begun)
        self.begun = begun


@dataclass(slots=True)
class Ended:
    """How a job ended.

    Attributes:
        how: by itself, or why it was ended.
        status: as `os.waitpid` gives it.
        failed: what kept it from beginning, empty if nothing did.
        starved: whether the kernel ended it for want of memory.
        result: bytes written on the result descriptor.
        printed: the first bytes printed.
    """

    how: Literal["ended", "deadline", "output"] = "ended"
    status: int | None = None
    failed: str = ""
    starved: bool = False
    result: bytearray = field(default_factory=bytearray)
    printed: bytearray = field(default_factory=bytearray)


class Watch:
    """The host's side of one job; a context that closes what it opened.

    Args:
        zygote: the socket to it.
        output: bytes the job may write, results and prints together.
    """

    def __init__(self, zygote: socket.socket, output: int) -> None:
        self._zygote = zygote
        self._output = output
        self._ended = Ended()
        self._begun = False
        self._printed, self._printing = os.pipe2(os.O_CLOEXEC)
        self._result, self._resulting = os.pipe2(os.O_CLOEXEC)
        self._theirs = [self._printing, self._resulting]
        with suppress(OSError):  # no more than a user's pipes may hold: a smaller one is slower
            fcntl.fcntl(self._result, fcntl.F_SETPIPE_SZ, _CHUNK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._let_go()
        os.close(self._printed)
        os.close(self._result)

    def begin(self, job: Job, request: Parts) -> None:
        """Hands the job over.

        Args:
            request: what it reads on descriptor 0, one part after the other.

        Raises:
            Gone: there is no zygote any more.
        """
        self._theirs.append(_sealed(request))
        try:
            socket.send_fds(self._zygote, [job.encode()], [self._theirs[2], *self._theirs[:2]])
        except OSError:
            raise Gone(begun=False) from None
        self._let_go()

    def end(self, deadline: float) -> Ended:
        """Reads what the job writes until it has ended.

        Args:
            deadline: seconds from now after which it is ended.

        Raises:
            Gone: the zygote ended, or does not end the job.
        """
        until = time.monotonic() + deadline
        events = select.poll()
        for descriptor in (self._zygote.fileno(), self._printed, self._result):
            events.register(descriptor, select.POLLIN)
        left = {self._printed, self._result}
        while left or self._ended.status is None:
            ready = events.poll(max(0.0, until - time.monotonic()) * 1000)
            for descriptor, _ in ready:
                if descriptor == self._zygote.fileno():
                    self._hear()
                    if self._ended.status is not None:
                        events.unregister(descriptor)
                elif not self._take(descriptor):
                    events.unregister(descriptor)
                    left.discard(descriptor)
                elif self._ended.how == "output" and until > time.monotonic() + _GRACE:
                    until = time.monotonic() + _GRACE
            late = self._ended.status is None and time.monotonic() > until  # however much it writes
            if not ready or late:
                if self._ended.how != "ended":
                    raise Gone(begun=True)
                self._kill("deadline")
                until = time.monotonic() + _GRACE
        return self._ended

    def _hear(self) -> None:
        """Takes one message of the zygote, or of a job that could not begin."""
        try:
            message = self._zygote.recv(_MESSAGE)
        except OSError:
            message = b""
        if not message:
            raise Gone(begun=self._begun)
        if message == BEGUN:
            self._begun = True
            return
        said = json.loads(message)
        self._ended.failed = said.get("failed", self._ended.failed)
        self._ended.status = said.get("status")

    def _take(self, descriptor: int) -> bool:
        """Reads some of what was written; False at its end."""
        data = os.read(descriptor, _CHUNK)
        self._output -= len(data)
        if self._output < 0:
            self._kill("output")
        elif descriptor == self._result:
            self._ended.result += data
        else:
            self._ended.printed += data[: PRINTED - len(self._ended.printed)]
        return bool(data)

    def _kill(self, why: Literal["deadline", "output"]) -> None:
        if self._ended.how == "ended":
            self._ended.how = why
            with suppress(OSError):  # the zygote is gone, which is heard next
                self._zygote.send(KILL)

    def _let_go(self) -> None:
        while self._theirs:
            os.close(self._theirs.pop())


def _sealed(parts: Parts) -> int:
    """A file in memory that holds `parts`, at its beginning, and that nobody can change."""
    descriptor = os.memfd_create("request", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return descriptor
