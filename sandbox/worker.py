"""A process that runs modules and knows nothing else: no key, no environment of the operator, no chain.

The operator's process holds its key and its salts. Module code runs in another process behind the walls of
`sandbox.jail`, started afresh and with an empty environment, which is ended with the operator and can be ended without
it. What that process says is read as a stranger's words (`sandbox.message`): it ran code that others wrote.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from fusion import log
from fusion.errors import ContentError, FusionError, Retryable
from sandbox.channel import Channel
from sandbox.frame import printable
from sandbox.image import Image
from sandbox.jail import cgroup
from sandbox.jail.walls import Wall, closed, usable
from sandbox.message import (
    MAX_ANSWER_HEADER,
    MAX_HELLO,
    Fault,
    Run,
    decode_answer,
    decode_hello,
    encode_run,
)
from sandbox.outcome import LimitHit, NoVote, Outcome
from sandbox.process import SHORT_OF_MEMORY, SIGNALLED, Setup
from sandbox.relic import Relic

MEMORY = 5 << 30
"""Bytes that a process may take unless told otherwise: as much as a job may ask for, and what its host needs beside."""

START = 60.0  # seconds within which a process has loaded the image and locked itself in; it takes about one
GRACE = 15.0  # seconds beyond a run's own deadline after which its process is ended
_LEAVE = 2.0  # seconds within which a process that is told to end has ended
_ENDING = 1.0  # seconds within which a process that has closed its socket has ended, and said how
_THREADS = 64  # threads and processes of a worker's cgroup; it has five
_WORDS = 64 << 10  # bytes of stderr that are kept
_NO_MEMORY = b"memory allocation of "  # what wasmtime says when it gives up


class Worker:
    """Runs one module at a time in its process, which is started when needed and again after it died.

    Args:
        image: the sandbox image it runs in.
        walls: around the process; None for all that stand here. Fewer are for tests that show what each is for.
        memory: bytes that the process may take.

    Attributes:
        pid: of the process, None while there is none.
    """

    def __init__(self, image: Image, walls: frozenset[Wall] | None = None, *, memory: int = MEMORY) -> None:
        self._image = image
        self._walls = walls
        self._memory = memory
        self._cell: _Cell | None = None
        self._closed = False
        self._busy = threading.Lock()  # held during a run
        self._guard = threading.Lock()  # between closing and the start of a process

    @property
    def pid(self) -> int | None:
        return self._cell.process.pid if self._cell else None

    def start(self) -> None:
        """Starts the process before the first run, which then need not wait for the image to load."""
        with self._busy:
            self._started()

    def run(self, task: Run, image: Image | None = None) -> Outcome:
        """The outcome of `task`.

        Args:
            image: another than this worker's, whose process then takes the place of the one there is.

        Raises:
            Retryable: the process could not start, died, did not answer in time, or was closed.
            ContentError: it answered what is no outcome.
            RuntimeError: it failed itself; with its traceback.
        """
        header, body = encode_run(task)
        with self._busy:
            cell = self._started(image)
            try:
                cell.greet()
                until = time.monotonic() + task.deadline + GRACE
                cell.channel.send(header, body, until=until)
                said = cell.channel.receive(header=MAX_ANSWER_HEADER, body=task.limits.output, until=until)
                answer = decode_answer(*said, rows=task.rows)
            except TimeoutError as error:
                self._discard()
                within = f"{task.deadline + GRACE:.0f} s" if cell.greeted else f"{START:.0f} s of its start"
                raise Retryable(f"the sandbox process gave no answer within {within}") from error
            except (OSError, EOFError) as error:
                ended = self._discard(ending=True)
                if ended.short_of_memory:
                    return LimitHit("memory")
                during = "during a run" if cell.greeted else "before it was ready"
                raise Retryable(f"the sandbox process ended {during}{ended.told}") from error
            except FusionError as error:
                self._discard()
                raise ContentError(f"the sandbox process answered what is no outcome: {error}") from error
            except BaseException:  # such as no memory for an answer: what is left of it is not the next run's
                self._discard()
                raise
            if isinstance(answer, Fault | NoVote) or answer == LimitHit("memory"):
                self._discard()  # what ended unusually may have left something behind
        if isinstance(answer, Fault):
            raise RuntimeError(f"in the sandbox process: {answer.traceback}")
        return answer

    def close(self) -> None:
        """Ends the process for good, and with it what another thread runs in it."""
        with self._guard:
            self._closed = True
            if self._cell is not None:
                self._cell.stop()
        with self._busy:
            self._discard()

    def interrupt(self) -> None:
        """Ends the process, and with it what another thread runs in it; the next run starts another."""
        with self._guard:
            if self._cell is not None:
                self._cell.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _started(self, image: Image | None = None) -> "_Cell":
        wanted = image or self._image
        if self._cell is not None and self._cell.image != wanted:
            self._discard()
        with self._guard:
            if self._closed:
                raise Retryable("the operator is stopping")
            if self._cell is None:
                self._cell = self._start(wanted)
            return self._cell

    def _start(self, image: Image) -> "_Cell":
        walls = usable() if self._walls is None else self._walls
        return _Cell(image, closed(walls, root=os.geteuid() == 0), self._memory)

    def _discard(self, *, ending: bool = False) -> "_Ended":
        with self._guard:
            cell, self._cell = self._cell, None
            return cell.end(ending=ending) if cell is not None else _Ended()


class _Ended:
    """How a process ended.

    Args:
        status: its exit status.
        words: the last that it wrote on stderr.
        killed_for_memory: whether the kernel did it.
    """

    def __init__(self, status: int = 0, words: bytes = b"", *, killed_for_memory: bool = False) -> None:
        self.short_of_memory = killed_for_memory or status == SHORT_OF_MEMORY or _NO_MEMORY in words
        lines = words.decode(errors="replace").strip().splitlines()
        signalled = status - SIGNALLED if status > SIGNALLED else -status
        how = f" by {signal.Signals(signalled).name}" if signalled in set(signal.Signals) else ""
        self.told = how + (f": {printable(lines[-1])}" if lines else "")


class _Cell:
    """One process, its socket, its stderr and its cgroups.

    Attributes:
        image: that it runs.
        process: the first of the two that it is.
        greeted: whether it has said that it is ready.
    """

    def __init__(self, image: Image, walls: frozenset[Wall], memory: int) -> None:
        self.image = image
        self.greeted = False
        self._group = _group(walls, memory)
        setup = Setup(
            operator=os.getpid(),
            image=image.id.hex(),
            folder=str(image.path.resolve()),
            walls=tuple(sorted(walls)),
            memory=memory,
            groups=tuple(map(str, self._group.entries)) if self._group else (),
        )
        ours, theirs = socket.socketpair()
        self._words, words = os.pipe()
        try:
            os.set_blocking(words, False)  # who writes more than anybody reads loses it, and does not wait
            os.set_blocking(self._words, False)
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-c",
                    "from sandbox.process import main; main()",
                    str(theirs.fileno()),
                    setup.encode(),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                pass_fds=[theirs.fileno()],
                env={
                    "PYTHONPATH": os.pathsep.join(map(str, _modules(image))),
                    "OPENBLAS_NUM_THREADS": "1",
                },
                start_new_session=True,  # Ctrl-C is for the operator, which then ends this one
            )
        except OSError:
            ours.close()
            os.close(self._words)
            self._leave()
            raise
        finally:
            theirs.close()
            os.close(words)
        self.channel = Channel(ours)
        image.touch()

    def greet(self) -> None:
        """Waits until the process is ready.

        Raises:
            TimeoutError, OSError, EOFError: it is not, and will not be.
            ContentError: it is not what was started.
        """
        if not self.greeted:
            header, _ = self.channel.receive(header=MAX_HELLO, body=0, until=time.monotonic() + START)
            decode_hello(header, self.image.id)
            self.greeted = True

    def stop(self) -> None:
        """Ends the process and wakes who waits for it; safe from another thread."""
        self.process.terminate()
        self.channel.shut()  # the process may have left its end to others

    def end(self, *, ending: bool) -> _Ended:
        """Ends the process and frees all that belongs to it.

        Args:
            ending: whether it seems to end by itself, so that how it does is worth a wait.
        """
        self.channel.close()
        if not (ending and self._ended(_ENDING)):
            self.process.terminate()
            if not self._ended(_LEAVE):
                self.process.kill()
        status = self.process.wait()
        short = self._group.out_of_memory() if self._group else False
        self._leave()
        try:
            words = os.read(self._words, _WORDS)
        except BlockingIOError:
            words = b""  # somebody else has its end
        os.close(self._words)
        return _Ended(status, words, killed_for_memory=short)

    def _ended(self, seconds: float) -> bool:
        """Whether the process ends within that time."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _leave(self) -> None:
        if self._group is not None:
            self._group.remove()


def _modules(image: Image) -> list[Path]:
    """Where the process of an image looks for modules: an image of another version brings its own."""
    relic = None if image.is_current() else Relic.of(image.path)
    first = relic.folders(image.path) if relic is not None and relic.usable else []
    return [*first, *(Path(entry).resolve() for entry in sys.path)]


def _group(walls: frozenset[Wall], memory: int) -> cgroup.Group | None:
    """A cgroup with those controllers that are among the walls; None where there are none."""
    wanted = {wall.value for wall in walls & {Wall.MEMORY, Wall.PIDS}}
    if not wanted:
        return None
    found = cgroup.hierarchy().only(wanted)
    try:
        return cgroup.make(found, memory=memory, processes=_THREADS)
    except OSError as error:
        log.get().warning("a worker runs without its cgroup", why=str(error))
        return None
