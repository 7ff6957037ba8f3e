"""Where runs go on: the workers, and the memory that they may use together. Of one thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.worker import Worker


@dataclass(frozen=True, slots=True)
class Slot:
    """A worker kept busy, and the bytes of memory that its run may use."""

    worker: Worker
    memory: int


class Slots:
    """Workers, each running one module at a time.

    Args:
        workers: processes that run modules.
        memory: bound of the memory limits of all runs under way, in bytes.

    Attributes:
        workers: all of them, idle or not.
        restarts: how often a worker's process had to be started again.
    """

    def __init__(self, workers: Sequence[Worker], memory: int) -> None:
        self.workers = tuple(workers)
        self.count = len(workers)
        self.memory = memory
        self.taken = 0
        self.restarts = 0
        self._idle = list(workers)
        self._pids: dict[int, int | None] = {}

    @property
    def idle(self) -> int:
        return len(self._idle)

    def take(self, memory: int) -> Slot | None:
        """A slot for a run of that memory limit; None while no worker is idle or it does not fit."""
        if not self._idle or self.taken + memory > self.memory:
            return None
        self.taken += memory
        worker = self._idle.pop()
        self._notice(worker)
        return Slot(worker, memory)

    def give_back(self, slot: Slot) -> None:
        """Whoever took it gives it back once its run has ended, however it did."""
        self.taken -= slot.memory
        self._idle.append(slot.worker)
        self._notice(slot.worker)

    def close(self) -> None:
        """Ends all runs, and the processes that they go on in."""
        for worker in self.workers:
            worker.close()

    def _notice(self, worker: Worker) -> None:
        before, now = self._pids.get(id(worker)), worker.pid
        if now is not None:
            self.restarts += before is not None and before != now
            self._pids[id(worker)] = now
