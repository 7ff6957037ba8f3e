"""The operator of one scene: plays attempts in its sandbox, as root or as an ordinary user, and looks what they did.

A process of its own, so that what has to be ordinary is so from its start: `ordinary.py` becomes an ordinary user and
then starts this. What it tells is believed: it runs the tests' code and no module's.
"""

import os
import pickle
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from sandbox.image import Image
from sandbox.message import Run
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result
from sandbox.worker import Worker
from tests.escape.attempt import Attempt, RuntimeName, ending
from tests.escape.scene import JAILED, Scene

X = np.arange(5.0)

CLEAN = Attempt(
    name="clean",
    tries="looks for what an earlier job left",
    code="""
    left = [name for name in vars(np) if name.startswith("escaped")]
    left += [name for name in os.environ if "ESCAPED" in name]
    for place in ("/tmp", "/dev/shm", "/var/tmp", "."):
        try:
            left += [name for name in os.listdir(place) if KNOWN["token"] in name]
        except OSError:
            pass
    left += ["memory"] if (np.empty(1 << 18) == 1234567.5).any() else []
    left += ["faults"] if np.geterr()["over"] == "raise" else []
    if left or np.sum(np.ones(3)) != 3.0 or type(x + 1.0) is not np.ndarray or (x * 2.0)[1] != 2.0:
        raise Reached(repr(left))
    return x + np.sum(np.ones(3))
    """,
    wasm=("Result",),
    native=("Result",),
)


@dataclass(frozen=True, slots=True)
class Report:
    """How an attempt ended.

    Attributes:
        ended: the outcome as `ending` writes it.
        said: all that came back: messages, columns, prints.
        harms: what it did to the operator.
        after: how a job after it ended, "Result" where it found nothing of it and got the right numbers.
    """

    ended: str
    said: str
    harms: list[str]
    after: str


class Player:
    """Plays attempts.

    Args:
        image: the sandbox image.
        walls: of the sandbox, None for all that stand.
    """

    def __init__(self, image: Image, walls: frozenset[str] | None) -> None:
        self._image = image
        self._walls = walls
        self._stack = ExitStack()
        self.scene = Scene(JAILED if os.getuid() == 0 else os.getuid())
        self._stack.callback(self.scene.close)

    @cached_property
    def _worker(self) -> Worker:
        worker = self._stack.enter_context(Worker(self._image))
        worker.start()
        return worker

    def warm(self, runtime: RuntimeName) -> str:
        """Starts a runtime and has it run a job, so that what it needs is there before the first attempt."""
        outcome, said = self._run(runtime, CLEAN)
        self.scene.settle()
        return f"{ending(outcome)} {said}"

    def play(self, runtime: RuntimeName, attempt: Attempt) -> Report:
        """Plays one attempt and looks what it did; then a job that must find nothing of it."""
        outcome, said = self._run(runtime, attempt)
        harms = self.scene.harms(said)
        after, told = self._run(runtime, CLEAN)
        right = isinstance(after, Result) and np.array_equal(after.outputs["value"], X + 3.0)
        return Report(ending(outcome), said, harms, "Result" if right else f"{ending(after)}: {told}")

    def close(self) -> None:
        self._stack.close()

    def _run(self, runtime: RuntimeName, attempt: Attempt) -> tuple[Outcome, str]:
        module = attempt.module(self.scene.known)
        outcome = self._worker.run(Run(module, {"x": X}, {}, attempt.limits, 0, attempt.deadline))
        return outcome, _said(outcome)


def _said(outcome: Outcome) -> str:
    match outcome:
        case Result(outputs=outputs):
            columns = {name: column.tolist() for name, column in outputs.items()}
            raw = b"".join(column.tobytes() for column in outputs.values()).decode("latin-1")
            return f"{columns if len(raw) < 1000 else ''}{raw}"
        case ModuleError(message=message, lines=lines):
            return f"{message} {lines}"
        case Refused(why=why) | NoVote(why=why):
            return why
        case LimitHit(which=which):
            return which


def main() -> None:
    """Serves calls over a descriptor: it and the image's id and folder are arguments, then walls, comma-separated."""
    connection = Connection(int(sys.argv[1]))
    image = Image(bytes.fromhex(sys.argv[2]), Path(sys.argv[3]))
    walls = frozenset(filter(None, sys.argv[4].split(","))) if len(sys.argv) > 4 else None
    player = Player(image, walls)
    verbs: dict[str, Callable[..., object]] = {"warm": player.warm, "play": player.play}
    try:
        while True:
            verb, arguments = connection.recv()
            try:
                answer: object = verbs[verb](*arguments)
            except Exception:  # noqa: BLE001 - raised again by the test that called
                answer = RuntimeError(traceback.format_exc())
            connection.send_bytes(pickle.dumps(answer))
    except EOFError:
        return  # the tests are done
    finally:
        player.close()
