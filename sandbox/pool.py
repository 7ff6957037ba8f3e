"""Warm processes that run modules, one a core: whoever has a run waits for the next that is free."""

import queue
import threading
from types import TracebackType
from typing import Self

from fusion.errors import Retryable
from sandbox.capacity import cores
from sandbox.image import Image
from sandbox.jail.walls import Wall
from sandbox.message import Run
from sandbox.outcome import Outcome
from sandbox.worker import MEMORY, Worker


class Pool:
    """Runs modules in several processes; safe to use from several threads.

    Args:
        image: the sandbox image they run in.
        size: processes; None for one for each core that this process may use.
        walls: around each, as for `Worker`.
        memory: bytes that each may take.
    """

    def __init__(
        self, image: Image, size: int | None = None, walls: frozenset[Wall] | None = None, *, memory: int = MEMORY
    ) -> None:
        count = cores() if size is None else size
        self._workers = [Worker(image, walls, memory=memory) for _ in range(count)]
        self._free: queue.SimpleQueue[Worker | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        for worker in self._workers:
            self._free.put(worker)

    def __len__(self) -> int:
        return len(self._workers)

    def start(self) -> None:
        """Starts all processes; the first runs then need not wait for the image to load."""
        for worker in self._workers:
            worker.start()

    def run(self, task: Run) -> Outcome:
        """The outcome of `task`, in the first process that is free. One that died is started again.

        Raises:
            Retryable, ContentError, RuntimeError: as `Worker.run`.
        """
        worker = self._free.get()
        if worker is None or self._closed.is_set():
            self._free.put(None)  # for who waits next
            raise Retryable("the pool is closed")
        try:
            return worker.run(task)
        finally:
            self._free.put(worker)

    def close(self) -> None:
        """Ends all processes, and with them what runs."""
        self._closed.set()
        self._free.put(None)
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
