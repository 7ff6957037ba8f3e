"""The stock strategy holds what a module says, and does not ask again and again for what it cannot have."""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from node.exchange.replay.latency import none
from node.exchange.tester.backtest import Plan, Task, one
from node.exchange.tester.data import Data
from node.exchange.tester.run import Form, Signals, Terms
from node.exchange.tester.target import Target


def wanting(*positions: float) -> Signals:
    """A position after each 1,000 commands, which is about a second."""
    rows = np.arange(1, len(positions) + 1) * 1000
    return Signals(("position",), rows, np.array(positions).reshape(-1, 1))


def test_it_holds_what_the_module_says(made: Data) -> None:
    plan = Plan(Target, Terms(latency=none()), Form.PYTHON, signals=wanting(1.0, -0.5, 7.0, 0.0))
    report = one(plan, made, Task({"size": 0.001}))
    position = np.cumsum(np.where(report.trades["side"] == 0, 1, -1) * report.trades["quantity"])
    times = np.concatenate([part["time"] for part in made.commands.parts()])
    told = [int(position[report.trades["time"] < times[at]][-1]) for at in (1990, 2990, 3990, 4990)]
    assert told == [100, -50, 100, 0]


def test_what_was_refused_is_asked_for_once_a_second(made: Data) -> None:
    plan = Plan(Target, Terms(cash=Decimal(10), latency=none()), Form.PYTHON, signals=wanting(1.0))
    for terms in (plan.terms, replace(plan.terms, inventory=Decimal(0))):
        report = one(replace(plan, terms=terms), made, Task({"size": 100.0}))
        assert 1 <= int(report.facts["refused"] or 0) <= 6
