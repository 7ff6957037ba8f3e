"""One order may meet all that rest in the market: all that comes of it is told, and nothing is written elsewhere."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np

from node.exchange.core.command import COMMAND, Kind
from node.exchange.core.state import WORLD
from node.exchange.exchange import Exchange
from node.exchange.replay.latency import Latency, constant
from node.exchange.tester import made as market
from node.exchange.tester.backtest import Plan
from node.exchange.tester.book import FILL
from node.exchange.tester.run import Form, Run, Terms
from node.exchange.tester.strategy import make

MAKERS = 20_000  # more than any queue has room for at first
SWEEP = f"""
def __init__(self):
    self.seen = 0
def on_event(self, book, event, orders):
    self.seen += 1
    if self.seen == {MAKERS - 100}:
        orders.limit(BUY, book.ask * 2, {10 * (MAKERS - 1_000)}, IOC)
"""


def test_an_order_through_all_others(write: Callable[[str], Path]) -> None:
    rows = np.zeros(MAKERS, COMMAND)
    rows["kind"], rows["account"], rows["quantity"] = Kind.NEW, WORLD, 10
    rows["time"] = market.OPENS + np.arange(MAKERS) * 1_000_000
    rows["side"], rows["price"] = 1, 6_000_000 + np.arange(MAKERS) // 10
    late = Latency(constant(1_000_000), constant(1_000_000), constant(1_000_000))
    plan = Plan(write(SWEEP), Terms(latency=late, cash=Decimal(20_000_000)), Form.PYTHON)
    run = Run(Exchange([market.LISTING]), make(plan.kind(), {}), plan.terms, Form.PYTHON)
    run.fund(int(rows["time"][0]), 6_000_000)
    record = run.go(rows)
    fills = record.answers[record.answers["kind"] == FILL]
    assert len(fills) == MAKERS - 1_000
    assert int(fills["quantity"].sum()) == 10 * len(fills)
