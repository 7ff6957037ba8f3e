"""A process that runs modules and knows nothing else: no key, no environment of the operator, no chain.

The operator's process holds its key and its salts. Module code runs in another process, started afresh and with an
empty environment, which is ended with the operator and can be ended without it.
"""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from fusion.content.table import Column
from fusion.errors import Retryable
from node.spec import Setting
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image
from sandbox.outcome import Outcome
from sandbox.runtime import Runtime

GRACE = 15.0  # seconds beyond a run's own deadline after which its process is ended; a first run loads the image


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a module.

    Attributes:
        deadline: seconds of this machine's time after which it is stopped, which is no vote.
    """

    module: ModuleCode
    inputs: Mapping[str, Column]
    settings: Mapping[str, Setting]
    limits: Limits
    seed: int
    deadline: float


@dataclass(frozen=True, slots=True)
class _Fault:
    """What the process answers when it failed itself: the traceback."""

    traceback: str


class Worker:
    """Runs one module at a time in its process, which is started when needed and again after it died.

    Args:
        image: the sandbox image it runs in.

    Attributes:
        pid: of the process, None while there is none.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._closed = False
        self._busy = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Starts the process before the first run, which then need not wait for the image to load."""
        with self._busy:
            self._connected()

    def run(self, task: Run) -> Outcome:
        """The outcome of `task`.

        Raises:
            Retryable: the process died, did not answer in time, or was closed.
        """
        with self._busy:
            connection = self._connected()
            try:
                connection.send(task)
                if not connection.poll(task.deadline + GRACE):
                    self._discard()
                    raise Retryable(f"the sandbox process gave no answer within {task.deadline + GRACE:.0f} s")
                answer: Outcome | _Fault = connection.recv()
            except (OSError, EOFError) as error:
                self._discard()
                raise Retryable("the sandbox process ended during a run") from error
        if isinstance(answer, _Fault):
            raise RuntimeError(f"in the sandbox process: {answer.traceback}")
        return answer

    def close(self) -> None:
        """Ends the process for good, and with it what another thread runs in it."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
        with self._busy:
            self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _connected(self) -> Connection:
        if self._closed:
            raise Retryable("the operator is stopping")
        if self._connection is None:
            self._connection = self._start()
        return self._connection

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-c", "from node.executor.worker import main; main()"]
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), self._image.id.hex(), str(self._image.path)],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={
                    "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path),
                    "OPENBLAS_NUM_THREADS": "1",
                },
                start_new_session=True,  # Ctrl-C is for the operator, which then ends this one
            )
        return Connection(ours.detach())

    def _discard(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None


def main() -> None:
    """The process: descriptor, image id and image folder are its arguments."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])), Image(bytes.fromhex(sys.argv[2]), Path(sys.argv[3])))


def serve(connection: Connection, image: Image) -> None:
    """Runs what comes over `connection` until its other end is closed, even in the middle of a run."""
    runs: queue.SimpleQueue[Run] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, runs), daemon=True).start()
    runtime = Runtime(image)
    while True:
        task = runs.get()
        try:
            answer: Outcome | _Fault = runtime.run(
                task.module, task.inputs, task.settings, limits=task.limits, seed=task.seed, deadline=task.deadline
            )
        except Exception:  # noqa: BLE001  # told to the operator, which logs it with the job
            answer = _Fault(traceback.format_exc())
        connection.send(answer)


def _receive(connection: Connection, runs: "queue.SimpleQueue[Run]") -> None:
    while True:
        try:
            runs.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)  # the operator is gone; what runs now is for nobody
