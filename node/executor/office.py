"""All that an operator works with while it runs, opened together and closed together."""

from collections.abc import Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from fusion import log
from node.executor.background import in_thread
from node.executor.desk import Desk
from node.executor.driven import Beside, Driven
from node.executor.follow import Follower
from node.executor.journal import Journal
from node.executor.metrics import Metrics
from node.executor.purse import Purse
from node.executor.report import Report
from node.executor.retention import Retention
from node.executor.slots import Slots
from node.executor.status import State
from node.executor.terms import Terms
from sandbox.worker import Worker

LAST_WORDS = 10.0  # seconds for what is being sent when the operator is stopped


@dataclass(frozen=True, slots=True)
class Office:
    """What the daemon looks after in each round; `others` are driven beside the desk, after it."""

    journal: Journal
    follower: Follower
    slots: Slots
    desk: Desk
    purse: Purse
    report: Report
    retention: Retention
    endpoint: str
    others: Sequence[Beside] = ()

    @property
    def driven(self) -> Sequence[Driven]:
        return (self.desk, *self.others)

    def under_way(self) -> "list[Future[Any]]":
        """What the driven parts have in threads."""
        return [future for part in self.driven for future in part.under_way()]

    def unfinished(self) -> int:
        """What a draining operator still waits for: duties, and transactions on their way."""
        return sum(part.unfinished() for part in self.driven) + len(self.purse.under_way())

    def tell(self, state: State) -> None:
        """Writes the status."""
        left = f"{self.unfinished()} duties and transactions to end" if state is State.DRAINING else ""
        watch = {name: value for part in self.others for name, value in part.told().items()}
        parts = (self.desk, self.slots, self.purse, self.journal)
        self.report.write(*parts, state=state, left=left, watch=watch)

    def close(self) -> None:
        """Lets what is being sent come to its end, and notes it; runs are cut short."""
        self.slots.close()
        wait([*self.under_way(), *self.purse.under_way()], timeout=LAST_WORDS)
        for part in self.driven:
            part.collect()
        self.purse.collect()


def start_workers(stack: ExitStack, slots: Slots) -> "list[Future[None]]":
    """Starts the workers' processes side by side, each in a thread: what is to be sent need not wait for them.

    One that cannot start is told; a run tries again to start it.
    """
    stack.callback(slots.close)
    return [in_thread(partial(_start, worker)) for worker in slots.workers]


def _start(worker: Worker) -> None:
    try:
        worker.start()
    except Exception as error:
        log.get().error("a sandbox process does not start", error=str(error))
        raise


def serve_metrics(stack: ExitStack, metrics: Metrics, terms: Terms) -> str:
    """Serves them where the terms say; returns the address, empty for nowhere."""
    if not terms.metrics_port:
        return ""
    server = metrics.serve(terms.metrics_host, terms.metrics_port)
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return f"http://{terms.metrics_host}:{terms.metrics_port}/metrics"
