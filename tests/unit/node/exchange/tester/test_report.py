"""The report's figures, each on a market of a few orders where it can be reckoned by hand."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from node.exchange.core.command import COMMAND, Kind
from node.exchange.exchange import Commands, Exchange
from node.exchange.replay.latency import none
from node.exchange.tester import BUY, IOC, SELL, Book, Orders, Strategy, metrics
from node.exchange.tester.made import LISTING
from node.exchange.tester.report import Report, report
from node.exchange.tester.run import Form, Record, Run, Terms

S, PRICE = 10**9, 6_000_000
TICK, LOT = 0.01, 0.00001
UNIT = TICK * LOT
END = 100


class Acts(Strategy):
    """Does at each whole second what is asked for it."""

    every = S

    def __init__(self, **acts: str) -> None:
        self.acts = {int(name[1:]): act for name, act in acts.items()}

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        if act := self.acts.get(time // S):
            exec(act, {"orders": orders, "book": book, "BUY": BUY, "SELL": SELL, "P": PRICE, "IOC": IOC})


def market(*rows: tuple[float, int, int, int]) -> Commands:
    """Bids at P - 1 to P - 10 and asks at P + 1 to P + 10, 10 lots each; orders: (s, side, price - P, quantity)."""
    first = [(0.0, side, (1 + at) * (2 * side - 1), 10) for side in (0, 1) for at in range(10)]
    commands = np.zeros(len(first) + len(rows) + 1, COMMAND)
    commands["kind"], commands["account"] = Kind.NEW, 1
    for at, (time, side, price, quantity) in enumerate((*first, *rows, (END, 0, -100, 1))):
        row = commands[at]
        row["time"], row["side"], row["price"], row["quantity"] = int(time * S), side, PRICE + price, quantity
    return commands


def ran(commands: Commands, strategy: Strategy, **terms: Decimal) -> Record:
    given = Terms(maker_ppm=0, taker_ppm=0, latency=none(), **terms)
    one = Run(Exchange([LISTING]), strategy, given, Form.PYTHON)
    one.fund(0, PRICE)
    return one.go(commands)


def told(commands: Commands, strategy: Strategy, **terms: Decimal) -> Report:
    return report(ran(commands, strategy, **terms), alone=ran(commands, Strategy()).marks)


def test_orders_that_sweep_the_book_one_by_one_pay_for_it() -> None:
    found = told(market(), Acts(s10="[orders.limit(BUY, P + 9, 10, IOC) for _ in range(4)]"))
    paid = sum(10 * step for step in range(4)) * UNIT  # beyond the touch that would have been there
    assert found.touch.tolist() == [PRICE + 1] * 4
    assert found.facts["impact"] == pytest.approx(paid)
    assert found.facts["profit_without_impact"] == pytest.approx(-40 * UNIT)


def test_nobody_gains_by_taking_the_whole_best_level() -> None:
    """With the best ask gone the middle of what is left is higher, which is no gain of the one who took it."""
    acts = {f"s{10 + at}": "orders.limit(BUY, book.ask, book.ask_size, IOC)" for at in range(4)}
    found = told(market(), Acts(**acts))
    paid = sum(10 * step for step in range(1, 5)) * UNIT  # over the middle that nobody moved
    assert found.facts["profit"] == pytest.approx(-paid)
    assert (np.diff(found.curves.equity) <= 1e-9).all()
    assert np.ptp(found.curves.mid) == 0
    bps = 1e4 / PRICE
    assert found.facts["markout_10s_bps"] == pytest.approx(0, abs=1e-9)
    assert found.facts["realised_10s_bps"] == pytest.approx(-2.5 * bps, rel=1e-3)
    assert found.facts["slippage_bps"] == pytest.approx(2.5 * bps, rel=1e-3)  # each over P, whatever those before did


def test_nobody_gains_by_own_orders_that_rest() -> None:
    """Those who answer to everything: what is valued by is the book of this run, without the strategy's own orders."""
    wide = market((5.0, 0, 8, 80), (5.0, 1, -8, 80))  # they take the first levels, so that the best are P - 9 and P + 9
    acts = {"s10": "orders.limit(BUY, book.ask, 5, IOC)", "s20": "orders.buy(book.ask - 1, 1)"}
    record = ran(wide, Acts(**acts))
    quiet = ran(wide, Acts(s10=acts["s10"]))
    assert record.marks.read().tolist() == quiet.marks.read().tolist()
    one, other = (report(each, answered=True) for each in (record, quiet))
    assert len(one.trades) == 1
    assert one.facts["profit"] == other.facts["profit"]
    assert one.curves.mid.tolist() == other.curves.mid.tolist()


def test_a_stop_that_wakes_and_an_amendment_that_takes_pay_for_it() -> None:
    commands = market((20, 0, 3, 5), (20.5, 1, 1, 10), (20.5, 1, 2, 10))
    stop = told(commands, Acts(s10="orders.stop(BUY, P + 1, 25)"))
    assert len(stop.trades) > 1
    assert (stop.touch[1:] < stop.trades["price"][1:]).all()
    amended = told(market(), Acts(s10="self = orders.buy(P - 20, 20)", s12="orders.amend(1, P + 3, 20)"))
    assert amended.trades["price"].tolist() == [PRICE + 1, PRICE + 2]
    assert amended.touch.tolist() == [PRICE + 1] * 2


def test_the_curve_ends_where_the_time_does() -> None:
    found = told(market((99.9, 0, 5, 35)), Acts(s10="orders.market(BUY, 10)", s99="orders.market(BUY, 10)"))
    assert (found.curves.time[0], found.curves.time[-1]) == (0, END * S)
    assert np.ptp(np.diff(found.curves.time)) <= 1
    assert found.facts["position"] == pytest.approx(20 * LOT)
    assert found.curves.position[-1] == found.facts["position"]
    assert found.facts["profit"] == found.curves.equity[-1] - found.curves.equity[0]
    assert found.facts["total_return"] == pytest.approx(float(found.facts["profit"] or 0) / 100_000, rel=1e-9)


def test_the_largest_position_is_seen_between_two_marks() -> None:
    found = told(market(), Acts(s10="orders.market(BUY, 20); orders.market(SELL, 20)"))
    assert found.facts["largest_position"] == pytest.approx(20 * LOT)
    assert found.facts["position"] == 0


def test_slippage_is_from_when_an_order_was_sent_amended_or_woke() -> None:
    bps = 1e4 / PRICE
    taken = told(market(), Acts(s10="orders.market(BUY, 10)"))
    assert taken.facts["slippage_bps"] == pytest.approx(1 * bps, rel=1e-3)
    assert taken.facts["maker_slippage_bps"] is None
    rested = told(market((20, 1, -3, 40)), Acts(s10="orders.buy(P, 10)"))
    assert rested.facts["slippage_bps"] is None
    assert rested.facts["maker_slippage_bps"] == pytest.approx(0, abs=1e-9)
    fallen = market(*((20, 1, -9, 10) for _ in range(9)), (21, 1, -11, 10), (21, 0, -13, 20), (30, 1, -13, 2))
    stop = told(fallen, Acts(s10="orders.stop(SELL, P - 12, 10)"))
    assert stop.trades["price"].tolist() == [PRICE - 13]
    assert stop.facts["slippage_bps"] == pytest.approx(7 * bps, rel=1e-3)  # of the mid P - 6 when it woke, and not P


def test_the_fill_rate_counts_what_amendments_ask_for() -> None:
    raised = told(market((20, 1, 0, 100)), Acts(s10="orders.buy(P, 1)", s12="orders.amend(1, P, 100)"))
    assert raised.facts["fill_rate"] == 1
    lowered = told(market((20, 1, 0, 100)), Acts(s10="orders.buy(P, 100)", s12="orders.amend(1, P, 25)"))
    assert lowered.facts["fill_rate"] == 0.25


def test_a_wait_is_from_when_the_place_was_taken() -> None:
    kept = told(market((20, 1, 0, 10)), Acts(s10="orders.buy(P, 20)", s12="orders.amend(1, P, 10)"))
    assert kept.facts["queue_wait_s"] == 10
    lost = told(market((20, 1, 0, 10)), Acts(s10="orders.buy(P - 1, 10)", s12="orders.amend(1, P, 10)"))
    assert lost.facts["queue_wait_s"] == 8


def test_markouts_tell_the_spread_from_what_came_after() -> None:
    bps = 1e4 / PRICE
    still = told(market((10.5, 1, 1, 10)), Acts(s10="orders.market(BUY, 10)"))
    assert still.facts["markout_10s_bps"] == pytest.approx(0, abs=1e-9)  # nothing became of it
    assert still.facts["realised_10s_bps"] == pytest.approx(-1 * bps, rel=1e-3)  # but it paid half the spread
    assert still.facts["markout_60s_bps"] == pytest.approx(0, abs=1e-9)
    assert still.facts["maker_markout_1s_bps"] is None


def test_an_account_that_lost_all_is_ruined() -> None:
    rise = [(20.0 + at / 100, 0, 10, 10) for at in range(10)] + [(30.0, 0, 8_000_000, 5), (30.0, 1, 8_000_010, 5)]
    found = told(market(*rise), Acts(s10="orders.market(SELL, 90)"), cash=Decimal(50), inventory=Decimal("0.001"))
    assert found.facts["ruined"] is not None
    assert found.facts["sharpe"] is None
    assert float(found.facts["max_drawdown"] or 0) < -1


def test_a_short_run_has_no_figures_a_year() -> None:
    """They would be those of a hundred seconds to the power of a year."""
    acts = Acts(s10="orders.market(BUY, 10)", s50="orders.market(SELL, 10)")
    short, day = market((30, 0, 5, 40)), market((30, 0, 5, 40))
    day["time"][-1] = 86_399 * S  # no record of a day has its last moment
    found, long = told(short, acts), told(day, acts)
    assert [found.facts[name] for name in metrics.ANNUAL] == [None] * 5
    assert found.facts["not_annual"] == "it lasts 100 s, and figures a year are told of a day or more"
    assert found.facts["period_sharpe"] == pytest.approx(metrics.sharpe(np.diff(found.curves.equity), 1), rel=1e-3)
    assert long.facts["not_annual"] is None
    year = metrics.YEAR_NS / (float(long.facts["period_s"] or 0) * S)
    for name in ("sharpe", "sortino"):
        ratio = float(long.facts[f"period_{name}"] or 0)
        assert long.facts[name] == pytest.approx(ratio * year**0.5)
        assert ratio < 0


def test_a_digest_is_of_what_happened() -> None:
    commands, acts = market(), Acts(s10="orders.market(BUY, 10)")
    one, same, other = ran(commands, acts), ran(commands, acts), ran(commands, Acts(s11="orders.market(BUY, 10)"))
    assert report(one, {"data": "/a"}).digest == report(same, {"data": "/b", "latency": "0.01s"}).digest
    assert report(one).digest != report(other).digest
    same = replace(one, cash=Decimal("1.000e5"), listing=replace(one.listing, tick=Decimal("0.0100"), symbol="X-Y"))
    assert one.cash == same.cash
    assert report(one).digest == report(same).digest != report(replace(one, cash=Decimal(99))).digest
