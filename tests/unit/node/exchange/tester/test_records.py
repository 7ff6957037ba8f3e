"""Records: a strategy makes the same trades in all its forms on what venues told: by level, by order, of perpetuals."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from atom.imports import import_capture
from atom.store import Store
from fusion.errors import BadInput
from node.exchange.core.command import Kind
from node.exchange.replay.latency import Latency, constant
from node.exchange.tester import BUY, FUNDING, LIQUIDATION, POST_ONLY, SELL, Book, Event, Orders, Strategy
from node.exchange.tester.backtest import Plan, Task, one
from node.exchange.tester.data import Data, load
from node.exchange.tester.made import PERPETUAL
from node.exchange.tester.report import Report
from node.exchange.tester.run import Form, Terms

PERPETUALS = Path(__file__).parents[4] / "data/binance/perpetual.txt"
SPOT = "binance_2024/spot_btcusdt_20240808.gz"
USDM = "binance_2024/usdm_btcusdt_20240808.gz"
BEGAN = 1_723_161_300 * 10**9
LATE = Latency(constant(1_000_000), constant(2_000_000), constant(3_000_000))


class Turns(Strategy):
    """Takes, quotes and cancels in turn: at each `each`-th call (0: at none), and by the clock."""

    levels = 2

    def __init__(self, each: int = 0, wake: int = 1, every: int = 0, times: float = 0.05) -> None:
        self.each, self.events, self.every, self.times = each, wake, every, times
        self.calls, self.turn, self.last = 0, 0, 0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        self.calls += 1
        if self.each > 0 and self.calls % self.each == 0:
            self.act(book, orders)

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        self.act(book, orders)

    def act(self, book: Book, orders: Orders) -> None:
        if book.bid_size == 0 or book.ask_size == 0:
            return
        self.turn += 1
        turn, side = self.turn % 6, SELL if book.position > 0 else BUY
        size = 1 + int(book.equity * self.times / (book.bid * book.tick * book.lot))
        if turn == 0:
            self.last = orders.market(side, size)
        elif turn == 1:
            self.last = orders.buy(book.bid, size, POST_ONLY)
        elif turn == 2:
            self.last = orders.sell(book.ask, size, POST_ONLY)
        elif turn == 3:
            self.last = orders.iceberg(side, book.bid if side == BUY else book.ask, 4 * size, size)
        elif turn == 4:
            self.last = orders.stop(side, book.asks[1][0] if side == BUY else book.bids[1][0], size)
        elif orders.open > 6:
            orders.cancel_all()


def tried(data: Data, form: Form, cash: str = "100000", **parameters: float) -> Report:
    return one(Plan(Turns, Terms(Decimal(cash), None, 200, 500, LATE), form), data, Task(parameters))


def all_alike(data: Data, each: int, every: int, cash: str = "100000", times: float = 0.05) -> Report:
    """Called for each event, woken at each so many-th, and by the clock alone or besides, compiled and as Python."""
    ways = [
        [tried(data, form, cash, times=times, **how) for form in Form for how in alike]
        for alike in (({"each": each}, {"each": 1, "wake": each}), ({"every": every}, {"every": every, "wake": 0}))
    ]
    for reports in ways:
        assert len({each.digest for each in reports}) == 1
        assert int(reports[0].facts["trades"] or 0) > 3
    assert ways[0][0].digest != ways[1][0].digest
    return ways[0][0]


@pytest.fixture
def perpetual() -> Data:
    """Twelve seconds made by hand, in which the mark price falls from 100 to 92.8."""
    return load(f"binance_futures:{PERPETUALS}")


def test_a_perpetuals_record(perpetual: Data) -> None:
    assert all_alike(perpetual, 3, 120_000_000, "100", 6.0).facts["funding"]


def test_a_real_record_by_level(shared_data: Path) -> None:
    data = load(f"binance:{shared_data / SPOT}", span=(BEGAN + 60 * 10**9, BEGAN + 80 * 10**9))
    all_alike(data, 50, 200_000_000)


def test_a_real_record_by_order(shared_data: Path, tmp_path: Path) -> None:
    """Of every order and of no trade: what the strategy takes and who meets it are all that trade."""
    stream, pictures = (shared_data / f"venues/INDEPENDENT_RESERVE.{each}.0.xz" for each in ("ws.1", "http.0"))
    import_capture("independent_reserve", [stream], [pictures], store=Store(tmp_path))
    data = load("atom:independent_reserve", symbol="ETH-AUD", log=tmp_path)
    assert Kind.REPLAY_ADD in np.concatenate(list(data.commands.parts()))["kind"]
    all_alike(data, 10, 300_000_000)


def test_a_real_perpetuals_record(shared_data: Path) -> None:
    data = load(f"binance_futures:{shared_data / USDM}", span=(BEGAN + 60 * 10**9, BEGAN + 80 * 10**9))
    report = all_alike(data, 50, 200_000_000)
    assert report.facts["funding"] == 0, "none is recorded"


class Heavy(Strategy):
    """Buys so many times what it has, once."""

    def __init__(self, times: float = 15.0) -> None:
        self.times, self.paid, self.lost = times, 0, 0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if event.kind == FUNDING:
            self.paid += event.quantity
        if event.kind == LIQUIDATION:
            self.lost += 1
        if book.mark > 0 and book.position == 0 and orders.open == 0 and self.lost == 0:
            orders.market(BUY, int(book.equity * self.times / (book.mark * book.tick * book.lot)))


def test_a_perpetuals_record_pays_its_funding_and_liquidates_by_its_mark(perpetual: Data) -> None:
    assert (perpetual.listing.symbol, perpetual.listing.initial) == ("BTC-USDT-PERP", PERPETUAL.initial)
    terms = Terms(Decimal(10), None, 0, 0)
    python, compiled = (one(Plan(Heavy, terms, form), perpetual, Task({})) for form in (Form.PYTHON, Form.COMPILED))
    assert python.digest == compiled.digest
    assert (python.facts["largest_position"], python.facts["position"]) == (1.5, 0)
    assert (python.facts["liquidations"], python.facts["funding"]) == (1, pytest.approx(-0.0005 * 1.5 * 100))
    small = one(Plan(Heavy, terms, Form.PYTHON), perpetual, Task({"times": 2.0})).facts
    assert (small["liquidations"], small["position"]) == (0, 0.2)
    assert small["profit"] == pytest.approx(0.2 * (93.0 - 100.1) - 0.0005 * 20, abs=0.02)


def test_agents_around_a_perpetuals_record_hold_positions_too(perpetual: Data) -> None:
    among = replace(perpetual, agents=10, seed=2)
    compiled, python = (tried(among, form, "300", each=3) for form in Form)
    assert compiled.digest == python.digest != tried(perpetual, Form.PYTHON, "300", each=3).digest


def test_a_records_part_has_the_book_and_the_mark_of_what_came_before() -> None:
    begin = 1_700_000_006 * 10**9
    data = load(f"binance_futures:{PERPETUALS}", span=(begin, begin + 3 * 10**9))
    scene = data.scene()
    assert (scene.price, int(scene.exchange.markets[0].state["mark"][0])) == (1000, 1000)
    assert scene.begin == begin
    assert next(scene.commands.parts())["kind"][0] == Kind.FUNDING
    with pytest.raises(BadInput, match="nothing is recorded"):
        load(f"binance_futures:{PERPETUALS}", span=(begin + 60 * 10**9, begin + 61 * 10**9))


def test_the_event_log_tells_mark_prices_and_fundings_as_the_capture_does(perpetual: Data, tmp_path: Path) -> None:
    import_capture("binance_futures", [PERPETUALS], store=Store(tmp_path))
    logged = load("atom:binance_futures", log=tmp_path)
    assert logged.listing.initial
    assert logged.commands.digest() == perpetual.commands.digest()
