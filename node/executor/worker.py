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
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from fusion.errors import Retryable
from node.spec import Setting
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image
from sandbox.outcome import Column, Outcome
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


class Worker:
    """Runs one module at a time in its process, which is started when needed and again after it died.

    Args:
        image: the sandbox image it runs in.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def start(self) -> None:
        """Starts the process before the first run, which then need not wait for the image to load."""
        if self._connection is None:
            self._start()

    def run(self, task: Run) -> Outcome:
        """The outcome of `task`.

        Raises:
            Retryable: the process died or did not answer in time.
        """
        connection = self._connection or self._start()
        try:
            connection.send(task)
            if not connection.poll(task.deadline + GRACE):
                raise Retryable(f"the sandbox process gave no answer within {task.deadline + GRACE:.0f} s")
            answer = connection.recv()
        except (OSError, EOFError) as error:
            self.close()
            raise Retryable("the sandbox process ended during a run") from error
        except Retryable:
            self.close()
            raise
        if isinstance(answer, Exception):
            raise answer
        outcome: Outcome = answer
        return outcome

    def close(self) -> None:
        """Ends the process, and with it what it runs."""
        connection, process = self._connection, self._process
        self._connection = self._process = None
        if process is not None:
            process.kill()
            process.wait()
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "node.executor.worker",
                    str(theirs.fileno()),
                    self._image.id.hex(),
                    str(self._image.path),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C is for the operator, which then ends this one
            )
        self._connection = Connection(ours.detach())
        return self._connection


def serve(connection: Connection, image: Image) -> None:
    """Runs what comes over `connection` until its other end is closed, even in the middle of a run."""
    runs: queue.SimpleQueue[Run] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, runs), daemon=True).start()
    runtime = Runtime(image)
    while True:
        task = runs.get()
        try:
            answer: Outcome | Exception = runtime.run(
                task.module, task.inputs, task.settings, limits=task.limits, seed=task.seed, deadline=task.deadline
            )
        except Exception as error:  # noqa: BLE001  # told to the operator, which logs it with the job
            answer = error
        connection.send(answer)


def _receive(connection: Connection, runs: "queue.SimpleQueue[Run]") -> None:
    while True:
        try:
            runs.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)  # the operator is gone; what runs now is for nobody


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])), Image(bytes.fromhex(sys.argv[2]), Path(sys.argv[3])))
