"""Modules as signals: each row is known with the news it was made of, in batches as at once, and none looks ahead."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fusion.content.cid import Cid
from fusion.content.table import Column
from fusion.errors import BadInput
from fusion.sdk import Interface, Scalar
from node.exchange.replay.latency import Latency, constant, sampled
from node.exchange.replay.reel import Reel
from node.exchange.tester import signals
from node.exchange.tester.backtest import Plan, Task, many, walk_forward
from node.exchange.tester.book import BOOK, TRADE, Book, Event
from node.exchange.tester.data import Data, load
from node.exchange.tester.orders import Orders
from node.exchange.tester.run import Form, Run, Signals, Terms
from node.exchange.tester.strategy import Strategy
from node.exchange.tester.target import Target
from sandbox.code import ModuleCode
from sandbox.outcome import ModuleError, Outcome, Result

MS = 10**6
CODE = ModuleCode(Cid.parse("bafybeie7aen74dzquvzsdaifebgkhacuiomgwym6ougeutjywed6t42vfy"), {}, "module")
Formula = Callable[[Mapping[str, Column]], dict[str, Column]]


class Plain:
    """A runtime of one module that is a function here."""

    def __init__(self, formula: Formula, lookback: int | None) -> None:
        self.formula, self.lookback, self.most = formula, lookback, 0

    def describe(self, module: ModuleCode, settings: Mapping[str, Scalar] | None = None) -> Interface:
        return Interface("module", {"bid": "float64", "ask": "float64"}, {}, {}, self.lookback)

    def run(
        self, module: ModuleCode, inputs: Mapping[str, Column], settings: Mapping[str, Scalar], **_: Any
    ) -> Outcome:
        self.most = max(self.most, len(inputs["bid"]))
        return Result(self.formula(inputs), 0)


@pytest.fixture(scope="module")
def record() -> Data:
    """A record whose clock goes in milliseconds, so that many events share a time."""
    data = load("simulated:1")
    rows = next(data.commands.parts())[:8000].copy()
    rows["time"] -= rows["time"] % (5 * MS)
    return replace(data, commands=Reel(rows), past=None)


def mean(inputs: Mapping[str, Column]) -> dict[str, Column]:
    """Of this row and the two before."""
    mid = (inputs["bid"] + inputs["ask"]) / 2
    return {
        "value": np.convolve(np.concatenate([mid[:1], mid[:1], mid]), [0.5, 0.25, 0.25], "valid"),
        "position": mid * 0 + 0.5,
    }


def columns(runtime: Plain, data: Data) -> Signals:
    return signals.columns(runtime, CODE, data, {}, {})


@pytest.mark.parametrize("feed", [constant(0), sampled(np.array([MS, 3 * MS, 9 * MS]), 3)], ids=["at once", "late"])
def test_what_is_shown_with_news_was_made_of_that_book_and_no_later_one(record: Data, feed: Any) -> None:
    class Reader(Strategy):
        def __init__(self) -> None:
            self.other = self.same = 0

        def on_event(self, book: Book, event: Event, orders: Orders) -> None:
            if event.kind in {BOOK, TRADE} and book.bid_size and book.ask_size:
                same = (book.signals[0], book.signals[1]) == (book.bid, book.ask_size)
                self.same, self.other = self.same + same, self.other + (not same)
            if event.kind == TRADE and orders.open < 20:
                orders.buy(book.bid - 2000, 1)  # own orders bring news too, of a book that is the same at its best

    numbers, table = signals.quotes(record)
    assert len(np.unique(table["ts"])) < len(table["ts"]) - 500
    tick, lot = float(record.listing.tick), float(record.listing.lot)
    values = np.column_stack([np.rint(table["bid"] / tick), np.rint(table["ask_size"] / lot)])
    scene, strategy = record.scene(), Reader()
    late = Latency(constant(MS), constant(MS), feed)
    run = Run(scene.exchange, strategy, Terms(latency=late), Form.PYTHON, Signals(("bid", "size"), numbers, values))
    run.fund(scene.begin, scene.price)
    first = run.go(scene.commands.cut(0, 6000))
    assert first.events > 3000
    assert len(first.answers) > 10
    assert strategy.same > 3000
    assert strategy.other == 0


def test_a_module_with_a_lookback_gets_batches_and_says_the_same(record: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = columns(Plain(mean, None), record)
    monkeypatch.setattr(signals, "BATCH", 100)
    batched = Plain(mean, 3)
    parts = columns(batched, record)
    assert batched.most == 103 < len(whole.rows)
    assert whole.names == parts.names == ("position", "value")
    assert whole.values.tobytes() == parts.values.tobytes()
    assert whole.rows.tolist() == parts.rows.tolist()


def ahead(inputs: Mapping[str, Column]) -> dict[str, Column]:
    return {"position": np.append(np.sign(np.diff(inputs["bid"])), 0.0)}


def at_times(inputs: Mapping[str, Column]) -> dict[str, Column]:
    return {"position": inputs["bid"] * 0} if len(inputs["bid"]) % 2 else {"value": inputs["bid"] * 0}


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        (ahead, "looks ahead: its column position"),
        (lambda inputs: {"position": inputs["bid"] - inputs["bid"].mean()}, "looks ahead"),
        (lambda inputs: {"position": inputs["bid"][::-1].copy()}, "looks ahead"),
        (lambda inputs: {"position": inputs["bid"][:-1]}, "returns no column"),
        (at_times, "looks ahead"),
        (lambda inputs: {f"v{n}": inputs["bid"] for n in range(17)}, "17 columns; a strategy may see 16"),
    ],
)
def test_a_module_that_looks_ahead_or_returns_nothing_is_refused(record: Data, formula: Formula, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        columns(Plain(formula, 3), record)


def test_a_module_that_fails_is_told_of(record: Data) -> None:
    class Failing(Plain):
        def run(self, *_: Any, **__: Any) -> Outcome:
            return ModuleError("ZeroDivisionError", (3,), "division by zero", 0)

    with pytest.raises(BadInput, match="did not return"):
        columns(Failing(mean, 3), record)


def test_markets_that_answer_have_no_columns_beforehand(record: Data) -> None:
    for data in (load("agents:20,1s"), replace(record, agents=20)):
        with pytest.raises(BadInput, match="answers to what is done"):
            columns(Plain(mean, 3), data)


def test_a_module_is_traded_and_its_rows_keep_their_place_in_each_part_of_a_walk(record: Data) -> None:
    turns = Plain(lambda inputs: {"position": np.sign(inputs["bid"] - 100.0)}, 1)
    plan = Plan(Target, Terms(latency=Latency(*[constant(MS)] * 3)), Form.PYTHON, signals=columns(turns, record))
    whole, again = many(plan, record, [Task({"size": 0.1}), Task({"size": 0.1})], jobs=2)
    assert whole.digest == again.digest
    assert int(whole.facts["trades"] or 0) > 5
    folds = walk_forward(plan, record, [{"size": 0.1}, {"size": 0.2}], 2, jobs=1)
    assert all(int(each.outside.facts["trades"] or 0) > 0 for each in folds)
