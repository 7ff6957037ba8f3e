"""A process that runs modules and knows nothing else: no key, no environment of the operator, no chain.

The operator's process holds its key and its salts. Module code runs in another process, started afresh and with an
empty environment, which is ended with the operator and can be ended without it. What that process says is read as a
stranger's words (`sandbox.message`): it ran code that others wrote.
"""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self

from fusion.errors import ContentError, FusionError, Retryable
from sandbox.channel import Channel
from sandbox.image import Image
from sandbox.message import (
    MAX_ANSWER_HEADER,
    MAX_RUN_BODY,
    MAX_RUN_HEADER,
    Fault,
    Run,
    decode_answer,
    decode_run,
    encode_answer,
    encode_run,
)
from sandbox.outcome import Outcome
from sandbox.runtime import Runtime

GRACE = 15.0  # seconds beyond a run's own deadline after which its process is ended; a first run loads the image


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
        self._channel: Channel | None = None
        self._closed = False
        self._busy = threading.Lock()  # held during a run
        self._guard = threading.Lock()  # between closing and the start of a process

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
            ContentError: it answered what is no outcome.
            RuntimeError: it failed itself; with its traceback.
        """
        header, body = encode_run(task)
        with self._busy:
            channel = self._connected()
            until = time.monotonic() + task.deadline + GRACE
            try:
                channel.send(header, body, until=until)
                said = channel.receive(header=MAX_ANSWER_HEADER, body=task.limits.output, until=until)
                answer = decode_answer(*said, rows=task.rows)
            except TimeoutError as error:
                self._discard()
                raise Retryable(f"the sandbox process gave no answer within {task.deadline + GRACE:.0f} s") from error
            except (OSError, EOFError) as error:
                self._discard()
                raise Retryable("the sandbox process ended during a run") from error
            except FusionError as error:
                self._discard()
                raise ContentError(f"the sandbox process answered what is no outcome: {error}") from error
        if isinstance(answer, Fault):
            raise RuntimeError(f"in the sandbox process: {answer.traceback}")
        return answer

    def close(self) -> None:
        """Ends the process for good, and with it what another thread runs in it."""
        with self._guard:
            self._closed = True
            process, channel = self._process, self._channel
            if process is not None:
                process.kill()
            if channel is not None:
                channel.shut()  # the process may have left its end to others
        with self._busy:
            self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _connected(self) -> Channel:
        with self._guard:
            if self._closed:
                raise Retryable("the operator is stopping")
            if self._channel is None:
                self._channel = self._start()
            return self._channel

    def _start(self) -> Channel:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-c", "from sandbox.worker import main; main()"]
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
        return Channel(ours)

    def _discard(self) -> None:
        with self._guard:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            if self._channel is not None:
                self._channel.close()
            self._process = self._channel = None


def main() -> None:
    """The process: descriptor, image id and image folder are its arguments."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(Channel(socket.socket(fileno=int(sys.argv[1]))), Image(bytes.fromhex(sys.argv[2]), Path(sys.argv[3])))


def serve(channel: Channel, image: Image) -> None:
    """Runs what comes over `channel` until its other end is closed, even in the middle of a run."""
    runs: queue.SimpleQueue[tuple[bytes, bytes, float]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(channel, runs), daemon=True).start()
    runtime = Runtime(image)
    while True:
        header, body, came = runs.get()
        try:
            header, parts = encode_answer(_run(runtime, decode_run(header, body), came))
        except Exception:  # noqa: BLE001  # told to the operator, which logs it with the job
            header, parts = encode_answer(Fault(traceback.format_exc()))
        channel.send(header, parts)


def _run(runtime: Runtime, task: Run, came: float) -> Outcome:
    """Runs what `came` then, in monotonic time: loading the image took of its deadline."""
    left = task.deadline - (time.monotonic() - came)
    return runtime.run(
        task.module, task.inputs, task.settings, limits=task.limits, seed=task.seed, deadline=max(left, 0.0)
    )


def _receive(channel: Channel, runs: "queue.SimpleQueue[tuple[bytes, bytes, float]]") -> None:
    while True:
        try:
            runs.put((*channel.receive(header=MAX_RUN_HEADER, body=MAX_RUN_BODY), time.monotonic()))
        except (EOFError, OSError, ContentError):
            os._exit(0)  # the operator is gone; what runs now is for nobody
