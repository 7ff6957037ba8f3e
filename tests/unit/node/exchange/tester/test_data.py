"""Data: agents around what is recorded, parts of a record, and the market after its first commands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.core.command import Kind
from node.exchange.replay.latency import Latency, constant
from node.exchange.replay.reel import Reel
from node.exchange.tester import examples, native
from node.exchange.tester.backtest import Plan, Task, many, one, walk_forward
from node.exchange.tester.book import Book, Event
from node.exchange.tester.data import Data, keep, load
from node.exchange.tester.orders import Orders
from node.exchange.tester.run import Form, Run, Terms
from node.exchange.tester.strategy import Strategy

MS = 10**6
LATE = Terms(latency=Latency(*[constant(MS)] * 3))
MAKER = Path(examples.__file__ or "").parent / "maker.py"


class Idle(Strategy):
    """Does nothing."""

    events = 0


class Tops(Strategy):
    """Writes the best prices down."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int]] = []

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        self.seen.append((event.time, book.bid, book.ask))


@pytest.fixture(scope="module")
def record() -> Data:
    """The first 15,000 commands of a simulated record."""
    data = load("simulated:1")
    return replace(data, commands=data.commands.cut(0, 15_000))


def test_agents_around_a_record_trade_with_it_and_leave_the_record_as_it_is(record: Data) -> None:
    both = replace(record, agents=20, seed=3)
    scene = both.scene()
    run = Run(scene.exchange, Idle(), LATE, Form.PYTHON)
    run.fund(scene.begin, scene.price)
    found = run.go(scene.commands, source=scene.source, span=(scene.begin, scene.end))
    assert found.commands > len(record.commands) + 1000
    balances = scene.exchange.ledger.balances
    assert not balances.sum(axis=(0, 2)).any()
    assert np.ptp(balances[3:, 0].sum(axis=1)) > 0  # some have more than others by now
    assert scene.exchange.markets[0].replay["unknown"][0] == 0
    assert len(scene.exchange.markets[0].marks[scene.exchange.markets[0].marks["recorded"] > 0]) > 0


def test_agents_around_a_record_see_what_a_strategy_does_and_do_the_same_again(record: Data) -> None:
    both = replace(record, agents=20, seed=3)
    tasks = [Task({"gap": gap}) for gap in (0, 2)]
    alone = [one(Plan(MAKER, LATE, form), both, tasks[0]).digest for form in Form]
    assert alone[0] == alone[1]
    compiled = len(native._drive.overloads)  # what a second run must not make again
    assert one(Plan(MAKER, LATE), record, Task({"gap": 4})).facts["trades"]
    assert len(native._drive.overloads) == compiled
    together = many(Plan(MAKER, LATE, Form.PYTHON), both, tasks, jobs=2)
    assert together[0].digest == alone[0]
    assert one(Plan(MAKER, LATE, Form.PYTHON), replace(both, seed=4), tasks[0]).digest != alone[0]
    assert one(Plan(MAKER, LATE, Form.PYTHON), record, tasks[0]).digest != alone[0]


def test_agents_without_a_record_are_as_they_were_alone() -> None:
    """Between two commands of a record agents act as they would with none."""
    data = load("agents:20,2s", seed=1)
    scene, other = data.scene(), data.scene()
    run = Run(scene.exchange, Idle(), LATE, Form.PYTHON)
    run.go(scene.commands, source=scene.source, span=(scene.begin, scene.end))
    assert other.source is not None
    while (due := other.source.next_time()) is not None and due <= other.end:
        other.source.told(other.exchange.carry_out(other.source.take(other.exchange, due)))
    market, its = scene.exchange.markets[0], other.exchange.markets[0]
    assert market.nodes.tobytes() == its.nodes.tobytes()


def test_parts_of_a_file_make_the_same_trades_as_the_whole(
    record: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for agents in (0, 10):
        data = replace(record, agents=agents)
        whole = one(Plan(MAKER, LATE, Form.PYTHON), data, Task({}))
        kept = keep(data, tmp_path)
        monkeypatch.setattr("node.exchange.replay.reel.PART", 100)
        assert one(Plan(MAKER, LATE, Form.PYTHON), kept, Task({})).digest == whole.digest
        monkeypatch.undo()


def test_a_stop_is_the_market_after_its_first_commands(record: Data, tmp_path: Path) -> None:
    rows = [4000, 9000]
    stopped = record.stopped(rows, tmp_path)
    for first in (*rows, 9500):
        mine, theirs = stopped.scene(first), record.scene(first)
        assert mine.price == theirs.price
        for name, each in mine.exchange.save().items():
            assert each.tobytes() == theirs.exchange.save()[name].tobytes()


def test_a_walk_forward_begins_each_step_in_the_market_as_it_then_is(record: Data) -> None:
    plan = Plan(MAKER, LATE, Form.PYTHON)
    folds = walk_forward(plan, record, [{"gap": 0}, {"gap": 3}], 2, jobs=1)
    last = folds[-1].outside.facts
    again = one(plan, record, Task(folds[-1].chosen, *record.between(int(last["begin"] or 0), 1 << 62)))
    assert again.digest == folds[-1].outside.digest


def test_a_part_of_a_record_has_the_book_of_what_came_before(record: Data) -> None:
    begin, end = record.span
    middle = (begin + end) // 2
    whole, part = Tops(), Tops()
    later = load("simulated:1", span=(middle, end))
    assert later.scene().begin >= middle
    assert later.scene().end < end
    for data, strategy in ((record, whole), (later, part)):
        scene = data.scene()
        Run(scene.exchange, strategy, Terms(), Form.PYTHON).go(scene.commands)
    assert part.seen == [each for each in whole.seen if each[0] >= middle]
    assert len(part.seen) > 1000


@pytest.mark.parametrize(
    ("name", "asked", "why"),
    [
        ("simulated:1", {"span": (0, 5)}, "nothing is recorded of simulated:1"),
        ("simulated:1", {"span": (9, 5)}, "ends before it begins"),
        ("simulated:1", {"symbol": "BTC-USDT"}, "leave the symbol out"),
        ("made", {"agents": 20}, "is no record"),
        ("agents", {"symbol": "BTC-USDT"}, "is no record"),
        ("atom:binance", {}, "there is no event log"),
    ],
)
def test_what_is_not_recorded_is_refused(name: str, asked: dict[str, object], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        load(name, **asked)  # type: ignore[arg-type]  # one of its parameters


def test_the_recorded_model_stays_first(record: Data) -> None:
    first = next(Reel(next(record.commands.parts())).parts())
    assert first["kind"][0] == Kind.REPLAY_BEGIN
    assert first["time"][0] == first["time"][1]
