"""What Prometheus is told of an operator; docs/operators.md says it for people."""

import time
from collections.abc import Mapping
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)

from fusion.errors import BadInput
from node.executor.steps import Act

SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0)
PREFIX = "fusion_operator"


class Metrics:
    """The figures of one operator. Safe for several threads.

    Money is in base units of the stake token, memory and sizes are in bytes, times in seconds.

    Attributes:
        registry: what is served.
        sent: transactions sent since the process began.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._duties = self._gauge("duties", "Jobs and panels in the journal.", "contract", "stage")
        self._endings = self._gauge("endings", "Own jobs and panels in the journal that ended.", "contract", "ending")
        self._runs = Histogram(
            "run_seconds",
            "Runs that ended, with the fetching of what they need.",
            ["outcome"],
            buckets=SECONDS,
            namespace=PREFIX,
            registry=self.registry,
        )
        self._under_way = self._gauge("runs_under_way", "Runs under way.")
        self._waiting = self._gauge("runs_waiting", "Runs that wait for a worker or for memory.")
        self._memory = self._gauge("run_memory_bytes", "Memory that runs may use.", "state")
        self._transactions = self._counter("transactions", "Transactions by what they were for.", "act", "result")
        self._block = self._gauge("block", "The newest block that was read.")
        self._lag = self._gauge("lag_blocks", "Blocks of the chain that were not read yet.")
        self._moved = self._gauge("block_age_seconds", "Since a new block was seen, by this machine's monotonic clock.")
        self._away = self._counter("rounds_failed", "Looks at the chain that failed.")
        self._stake = self._gauge("stake_units", "Own stake.", "state")
        self._claimable = self._gauge("claimable_units", "What the ledger owes this operator.")
        self._claimed = self._counter("claimed_units", "What was claimed since the process began.")
        self._slashed = self._gauge("slashed_units", "Stake lost, by fault.", "fault")
        self._cases = self._counter("cases", "Jobs of others looked into, by why and how it ended.", "reason", "ending")
        self._bonds = self._gauge("bonds_units", "Bonds of challenges under way.")
        self._restarts = self._gauge("worker_restarts", "Sandbox processes that had to be started again.")
        self._walls = self._gauge("walls_missing", "Walls of the sandbox that do not stand here.")
        self._journal = self._gauge("journal_bytes", "Size of the journal, its log included.")
        self._content = self._gauge("content_bytes", "Content that this operator keeps.", "kind")
        self._draining = self._gauge("draining", "1 while the operator drains.")
        self._last_block = time.monotonic()
        self._moved.set_function(lambda: time.monotonic() - self._last_block)
        for act in Act:
            for result in ("sent", "failed"):
                if act not in (Act.RUN, Act.DECLINE):
                    self._transactions.labels(act.value, result)
        self.sent = 0

    def serve(self, host: str, port: int) -> WSGIServer:
        """Serves them at `http://host:port/metrics` until the server is shut down. BadInput when it cannot listen."""
        try:
            server, _ = start_http_server(port, host, self.registry)
        except (OSError, OverflowError) as error:
            raise BadInput(
                f"metrics cannot be served at {host}:{port}: {error}; choose another --metrics-port"
            ) from error
        return server

    def ran(self, outcome: str, seconds: float) -> None:
        """A run ended: in an outcome kind, or in the name of the error that it failed with."""
        self._runs.labels(outcome).observe(seconds)

    def sent_for(self, act: str, *, failed: bool = False) -> None:
        self._transactions.labels(act, "failed" if failed else "sent").inc()
        self.sent += not failed

    def claimed(self, amount: int) -> None:
        self._claimed.inc(amount)

    def round_failed(self) -> None:
        self._away.inc()

    def block(self, number: int, head: int) -> None:
        """A new head was seen, and the chain was read up to `number`."""
        self._last_block = time.monotonic()
        self._block.set(number)
        self._lag.set(max(0, head - number))

    def idle(self) -> float:
        """Seconds since a new block was seen."""
        return time.monotonic() - self._last_block

    def duties(self, contract: str, stages: Mapping[str, int], endings: Mapping[str, int]) -> None:
        for stage, count in stages.items():
            self._duties.labels(contract, stage).set(count)
        for ending, count in endings.items():
            self._endings.labels(contract, ending or "unknown").set(count)

    def runs(self, *, under_way: int, waiting: int, taken: int, memory: int, restarts: int) -> None:
        self._under_way.set(under_way)
        self._waiting.set(waiting)
        self._memory.labels("taken").set(taken)
        self._memory.labels("bound").set(memory)
        self._restarts.set(restarts)

    def stake(self, *, free: int, locked: int, unbonding: int, claimable: int) -> None:
        self._stake.labels("free").set(free)
        self._stake.labels("locked").set(locked)
        self._stake.labels("unbonding").set(unbonding)
        self._claimable.set(claimable)

    def slashed(self, by_fault: Mapping[str, int]) -> None:
        for fault, amount in by_fault.items():
            self._slashed.labels(fault.lower()).set(amount)

    def walls(self, missing: int) -> None:
        self._walls.set(missing)

    def kept(self, *, journal: int, results: int, fetched: int) -> None:
        self._journal.set(journal)
        self._content.labels("results").set(results)
        self._content.labels("fetched").set(fetched)

    def case_ended(self, reason: str, ending: str) -> None:
        self._cases.labels(reason, ending).inc()

    def bonds(self, amount: int) -> None:
        self._bonds.set(amount)

    def draining(self, *, on: bool) -> None:
        self._draining.set(on)

    def _gauge(self, name: str, told: str, *labels: str) -> Gauge:
        return Gauge(name, told, labels, namespace=PREFIX, registry=self.registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, namespace=PREFIX, registry=self.registry)
