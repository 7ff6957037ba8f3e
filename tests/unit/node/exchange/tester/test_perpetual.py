"""A perpetual in a backtest: what a strategy is told is what the ledger and its holding say, in every form."""

from decimal import Decimal

import numpy as np
import pytest

from node.exchange.core.command import COMMAND, Kind
from node.exchange.core.journal import Reason
from node.exchange.core.state import WORLD
from node.exchange.exchange import Commands, Exchange
from node.exchange.holding import holding
from node.exchange.replay.latency import Latency, constant
from node.exchange.replay.reel import Reel
from node.exchange.tester import (
    ADL,
    BUY,
    EXPIRE,
    FILL,
    FUNDING,
    INSURANCE,
    LIQUIDATION,
    REDUCE_ONLY,
    SELL,
    Book,
    Event,
    Orders,
    Strategy,
)
from node.exchange.tester.backtest import Plan, Task, many
from node.exchange.tester.data import load
from node.exchange.tester.made import OPENS, PERPETUAL, PRICE, made
from node.exchange.tester.report import digest, report
from node.exchange.tester.run import Form, Record, Run, Terms

SECOND = 10**9
LATE = Latency(constant(1_000_000), constant(2_000_000), constant(3_000_000))
LOT = int(PERPETUAL.lot * 10**8)


class Heavy(Strategy):
    """Buys so many times what it has, anew once that is gone, and closes a little of it now and then."""

    def __init__(self, times: float = 12.0, wake: int = 1, every: int = 0) -> None:
        self.events, self.every = wake, every
        self.times, self.turn, self.lost, self.funding = times, 0, 0, 0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if event.kind == FUNDING:
            self.funding += event.quantity
        if event.kind == LIQUIDATION:
            self.lost += 1
        self.act(book, orders)

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        self.act(book, orders)

    def act(self, book: Book, orders: Orders) -> None:
        if book.bid_size == 0 or book.ask_size == 0 or book.mark == 0:
            return
        self.turn += 1
        side = SELL if book.position > 0 else BUY
        fair = book.ask < 1.02 * book.mark  # what is bought above the mark has lost, and takes as much more of margin
        if book.position == 0 and orders.open == 0 and book.equity > 5 and fair:
            orders.market(BUY, int(book.equity * self.times / (book.mark * book.tick * book.lot)))
            orders.limit(SELL, book.ask + 5, 40, flags=REDUCE_ONLY)
        elif book.position != 0 and self.turn % 50 == 0:
            orders.market(side, 10, REDUCE_ONLY)
            orders.limit(side, book.bid if side == BUY else book.ask, 10, flags=REDUCE_ONLY)


def rows(*told: tuple[int, int, int, int, int]) -> Commands:
    """Commands of (time, kind, account, price, quantity)."""
    found = np.zeros(len(told), COMMAND)
    for name, each in zip(("time", "kind", "account", "price", "quantity"), zip(*told, strict=True), strict=True):
        found[name] = each
    return found


def record() -> Commands:
    """A market of chance for two seconds, whose mark price falls by a tenth and comes back, with fundings; then the
    book is gone, and the mark falls once more: what is liquidated then the fund has to help.
    """
    trades = made(2000, 7)
    step = (int(trades["time"][-1]) - OPENS) // 200
    marks = [PRICE - PRICE // 10 * max(0, 50 - abs(at - 100)) // 50 for at in range(200)]
    told = [(OPENS + 1, Kind.INSURE, WORLD, 0, 100 * 10**8)]
    told += [(OPENS + 2 + at * step, Kind.MARK, 0, mark, 0) for at, mark in enumerate(marks)]
    told += [(OPENS + 3 + at * step, Kind.FUNDING, 0, 0, (at - 60) * 3000) for at in range(20, 200, 20)]
    last = int(trades["time"][-1]) + SECOND
    told += [(last, Kind.MASS_CANCEL, 0, 0, 0), (last + SECOND, Kind.MARK, 0, PRICE * 17 // 20, 0)]
    both = np.concatenate([each.view(f"V{COMMAND.itemsize}") for each in (trades, rows(*told))]).view(COMMAND)
    return both[np.argsort(both["time"], kind="stable")]


def ran(strategy: Strategy, form: Form, delay: Latency | None = None, room: int = 1 << 12) -> tuple[Run, Record]:
    run = Run(Exchange([PERPETUAL]), strategy, Terms(Decimal(100), None, -50, 400, delay), form, room=room)
    run.fund(OPENS, PRICE)
    return run, run.go(Reel(record()))


def told_is_had(run: Run) -> None:
    """The account's balance and holding, to the base unit, and its equity."""
    book, market, account = run.book, run.exchange.markets[0], run.account
    held, quote = holding(market, account), int(market.rules[0]["quote"])
    money = int(run.exchange.ledger.balances[account, quote].sum())
    assert (book.position, book.base) == (held.size, held.size * LOT)
    assert book.quote == money + held.margin - held.cost
    assert book.equity == pytest.approx((money + held.equity) / 1e8, abs=1e-6)
    assert book.mark == held.mark


def test_what_is_told_is_what_the_ledger_and_the_holding_say() -> None:
    run, found = ran(Heavy(), Form.PYTHON)
    told_is_had(run)
    kinds = set(found.answers["kind"].tolist())
    assert kinds >= {FILL, EXPIRE, FUNDING, LIQUIDATION, ADL, INSURANCE}
    forced = found.answers[(found.answers["kind"] == FILL) & (found.answers["ref"] == 0)]
    assert len(forced)
    assert set(forced["reason"].tolist()) == {Reason.LIQUIDATED}


@pytest.mark.parametrize("delay", [None, LATE], ids=["at once", "late"])
def test_all_forms_make_the_same_trades(delay: Latency | None) -> None:
    python = ran(Heavy(wake=20), Form.PYTHON, delay)[1]
    assert set(python.answers["kind"].tolist()) >= {FILL, FUNDING, LIQUIDATION}
    assert digest(python) == digest(ran(Heavy(wake=20), Form.COMPILED, delay)[1])
    assert digest(python) == digest(ran(Heavy(wake=20), Form.PYTHON, delay, room=1 << 7)[1])


def test_the_report_tells_what_became_of_the_position() -> None:
    run, found = ran(Heavy(), Form.PYTHON)
    told = report(found)
    facts, answers = told.facts, found.answers
    strategy = run.strategy
    assert isinstance(strategy, Heavy)
    assert facts["liquidations"] == strategy.lost > 0
    assert facts["funding"] == pytest.approx(strategy.funding / 1e8)
    assert facts["funding"] != 0
    fills = answers[answers["kind"] == FILL]
    assert facts["fees"] == pytest.approx(fills["fee"].sum() / 1e8)
    assert facts["position"] == pytest.approx(run.book.position * float(PERPETUAL.lot))
    assert facts["profit"] == pytest.approx(run.book.equity - 100, abs=1e-6)


def test_agents_trade_a_perpetual_and_positions_pay_one_another() -> None:
    data = load("agents-perpetual:20,65s,1m", seed=4)
    plan = Plan(Heavy, Terms(Decimal(1000), None, 200, 400, LATE), Form.PYTHON)
    alone, together = (many(plan, data, [Task({"wake": wake}) for wake in (1, 7)], jobs) for jobs in (1, 2))
    assert [each.digest for each in alone] == [each.digest for each in together]
    assert alone[0].facts["funding"] != 0
    assert alone[0].listing.symbol == "BTCPERP-USDT"
