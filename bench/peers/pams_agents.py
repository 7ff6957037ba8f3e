"""PAMS: an artificial market of a hundred agents of fundamental, trend and noise, which is its own sample's mix.

Run by `bench/exchange.py`: `python pams_agents.py STEPS`; an event is an order or a trade.
"""

import random
import sys

from pams.logs.base import ExecutionLog, Logger, OrderLog
from pams.runners import SequentialRunner
from turns import serve


class Counter(Logger):
    """Counts orders and trades."""

    def __init__(self) -> None:
        super().__init__()
        self.events = 0

    def process_order_log(self, log: OrderLog) -> None:
        self.events += 1

    def process_execution_log(self, log: ExecutionLog) -> None:
        self.events += 1


def settings(steps: int) -> dict[str, object]:
    """One market; each step one of the agents may give an order."""
    session = {
        "sessionName": 0, "iterationSteps": steps, "withOrderPlacement": True, "withOrderExecution": True,
        "withPrint": False,
    }  # fmt: skip
    return {
        "simulation": {"markets": ["Market"], "agents": ["Agents"], "sessions": [session]},
        "Market": {"class": "Market", "tickSize": 0.001, "marketPrice": 300.0},
        "Agents": {
            "class": "FCNAgent", "numAgents": 100, "markets": ["Market"], "assetVolume": 50, "cashAmount": 10000,
            "fundamentalWeight": {"expon": [1.0]}, "chartWeight": {"expon": [0.2]}, "noiseWeight": {"expon": [1.0]},
            "noiseScale": 0.001, "timeWindowSize": [100, 200], "orderMargin": [0.0, 0.1],
        },
    }  # fmt: skip


def main() -> None:
    steps = int(sys.argv[1])

    def prepared() -> tuple[SequentialRunner, Counter]:
        """A market whose agents have all they begin with, as ours have."""
        counter = Counter()
        chance = random.Random(42)  # noqa: S311 - PAMS takes no other
        runner = SequentialRunner(settings=settings(steps), prng=chance, logger=counter)
        runner._setup()
        return runner, counter

    def work(runner: SequentialRunner) -> None:
        runner._run()

    first = prepared()
    work(first[0])
    serve(lambda: prepared()[0], work, events=first[1].events)


main()
