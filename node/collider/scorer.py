"""A scorer on this machine: one score for each setting, remembered, so that a search that was cut off goes on."""

import json
import math
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from fusion.content.table import Column, table_files
from fusion.content.unixfs import directory_cid
from fusion.errors import BadInput
from fusion.sdk import Interface, Scalar
from sandbox.code import Limits, ModuleCode
from sandbox.encoding import run_digest
from sandbox.message import Run
from sandbox.outcome import Outcome, Refused, Result

PORT = "score"
DEADLINE = 600.0  # seconds for one run


class Scorer:
    """Runs a scorer's settings on one table of training data; safe to use from several threads.

    Args:
        module: the scorer's code.
        columns: port -> column.
        run: runs a module, in a process of its own.
        memory: file of the scores so far, one JSON line a run; made where it is not there.

    Attributes:
        remembered: scores that needed no run.
    """

    def __init__(
        self,
        module: ModuleCode,
        columns: Mapping[str, Column],
        run: Callable[[Run], Outcome],
        *,
        limits: Limits,
        seed: int,
        image: bytes,
        memory: Path,
    ) -> None:
        self._module, self._columns, self._run = module, columns, run
        self._limits, self._seed, self._image = limits, seed, image
        self._inputs = dict.fromkeys(columns, directory_cid(table_files(columns)))
        self._memory = memory
        self._known = _read(memory)
        self._guard = threading.Lock()
        self.remembered = 0

    def __call__(self, settings: Mapping[str, Scalar]) -> float | None:
        """The score; None where the run ends without one.

        Raises:
            BadInput: the settings or the columns do not fit the scorer.
            Retryable: the sandbox's process died.
        """
        digest = self._digest(settings)
        with self._guard:
            if digest in self._known:
                self.remembered += 1
                return self._known[digest]
        outcome = self._run(Run(self._module, self._columns, settings, self._limits, self._seed, DEADLINE))
        if isinstance(outcome, Refused):
            raise BadInput(outcome.why)
        score = score_of(outcome)
        if outcome.attestable:  # what may end otherwise the next time is tried again
            with self._guard, self._memory.open("a") as file:
                self._known[digest] = score
                file.write(json.dumps({"run": digest, "score": score}) + "\n")
        return score

    def _digest(self, settings: Mapping[str, Scalar]) -> str:
        return run_digest(
            self._module, self._inputs, settings, limits=self._limits, seed=self._seed, image=self._image
        ).hex()


def score_of(outcome: Outcome) -> float | None:
    """The score that an outcome has; NaN is none."""
    if not isinstance(outcome, Result) or PORT not in outcome.outputs or outcome.outputs[PORT].ndim:
        return None
    score = float(outcome.outputs[PORT])
    return None if math.isnan(score) else score


def check_scorer(interface: Interface) -> None:
    """BadInput where a module is none that a search can score with."""
    if dict(interface.outputs) != {PORT: "float"}:
        told = ", ".join(f"{name}: {kind}" for name, kind in interface.outputs.items())
        raise BadInput(f"{interface.name} returns {told}: a scorer returns a NamedTuple of one field, {PORT}: float")
    if not interface.settings:
        raise BadInput(f"{interface.name} has no settings, so there is nothing to search")


def _read(memory: Path) -> dict[str, float | None]:
    memory.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, float | None] = {}
    lines = memory.read_text().splitlines(keepends=True) if memory.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line if line.endswith("\n") else "")  # without its end it was cut off
            known[str(row["run"])] = None if row["score"] is None else float(row["score"])
        except (ValueError, KeyError, TypeError):
            if number == len(lines):  # cut off in the middle of the last line
                memory.write_text("".join(lines[:-1]))
                break
            raise BadInput(f"{memory}, line {number}, is no score: remove the file to begin anew") from None
    return known
