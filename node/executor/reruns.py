"""Runs of jobs that were proposed, with workers that no duty wants. Each job is run twice. In the daemon's thread."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from fusion.chain.client import Chain
from node.executor.background import in_thread
from node.executor.casebook import Case
from node.executor.rounds import keepers
from node.executor.slots import Slot, Slots
from node.spec import JobSpec
from sandbox.worker import Worker

Rerun = Callable[[JobSpec, Worker, float, Sequence[str]], bytes]
"""As the desk's voter, but gives the hash of the outcome alone, and keeps nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How a run ended: with an outcome hash, after that of the first run if there was one, or with an error."""

    case: Case
    outcome: bytes = b""
    first: bytes = b""
    error: BaseException | None = None


@dataclass(slots=True)
class _Run:
    case: Case
    slot: Slot
    future: "Future[bytes]"
    cut: bool = False


class Reruns:
    """Of one operator.

    Args:
        slots: shared with the desk.
        rerun: runs a job; called in threads.
        busy: whether a run of the desk waits for a worker.
    """

    def __init__(self, chain: Chain, slots: Slots, rerun: Rerun, busy: Callable[[], bool]) -> None:
        self._chain = chain
        self._slots = slots
        self._rerun = rerun
        self._busy = busy
        self._runs: list[_Run] = []
        self._firsts: dict[int, bytes] = {}

    def under_way(self) -> "list[Future[bytes]]":
        return [run.future for run in self._runs]

    def runs(self, job_id: int) -> bool:
        """Whether it is run now."""
        return any(run.case.job_id == job_id for run in self._runs)

    def forget(self, job_id: int) -> None:
        self._firsts.pop(job_id, None)

    def start(self, case: Case, spec: JobSpec, left: int) -> bool:
        """Runs it if there is a worker to spare; whether there was.

        Args:
            left: seconds within which it must have been run twice.
        """
        slot = None if self._busy() else self._slots.take(spec.limits.memory)
        if slot is None:
            return False
        until = time.monotonic() + max(1.0, left if case.job_id in self._firsts else left / 2)
        worker = slot.worker
        future = in_thread(lambda: self._rerun(spec, worker, until, keepers(self._chain, case.job_id)))
        self._runs.append(_Run(case, slot, future))
        return True

    def make_way(self) -> None:
        """Cuts a run short where a duty waits for its worker: it is run again later."""
        if self._busy() and self._runs and not any(run.cut for run in self._runs):
            self._runs[-1].cut = True
            self._runs[-1].slot.worker.interrupt()

    def collect(self) -> list[Finding] | None:
        """What has ended, but for what was cut short; None when nothing has."""
        ended = [run for run in self._runs if run.future.done()]
        for run in ended:
            self._runs.remove(run)
            self._slots.give_back(run.slot)
        return [self._found(run) for run in ended if not (run.cut and run.future.exception())] if ended else None

    def _found(self, run: _Run) -> Finding:
        error = run.future.exception()
        if error is not None:
            return Finding(run.case, error=error)
        outcome, first = run.future.result(), self._firsts.get(run.case.job_id, b"")
        self._firsts[run.case.job_id] = first or outcome
        return Finding(run.case, outcome, first)
