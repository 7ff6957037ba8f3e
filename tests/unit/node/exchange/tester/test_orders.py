"""What a strategy may ask for: groups, all orders at once, how its own orders meet, and orders that end by time."""

from typing import Any

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.core.command import COMMAND, Kind, Selftrade
from node.exchange.core.journal import Reason
from node.exchange.exchange import Commands, Exchange
from node.exchange.replay.latency import Latency, constant
from node.exchange.tester import (
    ACK,
    BUY,
    CANCEL,
    EXPIRE,
    FILL,
    GTD,
    REFUSED,
    REJECT,
    SELL,
    TRIGGER,
    Book,
    Event,
    Orders,
    Strategy,
    loop,
)
from node.exchange.tester.made import LISTING
from node.exchange.tester.run import Form, Record, Run, Terms

MS, PRICE = 1_000_000, 6_000_000
LATE = Latency(constant(MS), constant(MS), constant(MS))
Told = list[tuple[int, int, int, int]]


class Once(Strategy):
    """Does one thing at its first timer, and writes down what it is told of its orders."""

    every = 10 * MS

    def __init__(self) -> None:
        self.told: Told = []
        self.calls = 0
        self.open: list[int] = []

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if event.ref or event.kind in {REJECT, REFUSED}:
            self.told.append((event.kind, event.ref, event.time // MS, event.quantity))

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        self.calls += 1
        self.open.append(orders.open)
        self.act(self.calls, book, orders)

    def act(self, call: int, book: Book, orders: Orders) -> None:
        """For strategies that do more."""


def market(*rows: tuple[int, int, int, int]) -> Commands:
    """A bid at PRICE - 100 and an ask at PRICE + 100 of 1,000 lots, then orders: (ms, side, price, quantity)."""
    first = (0, 0, PRICE - 100, 1000), (0, 1, PRICE + 100, 1000)
    commands = np.zeros(2 + len(rows), COMMAND)
    commands["kind"], commands["account"] = Kind.NEW, 1
    for at, (time, side, price, quantity) in enumerate((*first, *rows)):
        row = commands[at]
        row["time"], row["side"], row["price"], row["quantity"] = time * MS, side, price, quantity
    return commands


def ran(commands: Commands, strategy: Strategy, late: Latency = LATE, form: Form = Form.PYTHON) -> Record:
    one = Run(Exchange([LISTING]), strategy, Terms(latency=late), form)
    one.fund(0, PRICE)
    return one.go(commands)


def kinds(told: Told, ref: int) -> list[int]:
    return [kind for kind, of, _, _ in told if of == ref]


def test_one_order_of_a_pair_ends_the_other() -> None:
    class Pair(Once):
        def act(self, call: int, book: Book, orders: Orders) -> None:
            if call == 1:
                assert orders.oco(SELL, PRICE + 50, PRICE - 50, 10) == 1

    strategy = Pair()
    record = ran(market((30, 0, PRICE + 50, 10), (90, 0, 1, 1)), strategy)
    assert (kinds(strategy.told, 1), kinds(strategy.told, 2)) == ([ACK, FILL], [ACK, EXPIRE])
    assert record.answers["reason"][record.answers["kind"] == EXPIRE].tolist() == [Reason.GROUP]
    assert strategy.open[:2] == [0, 2]  # both are known at once
    assert strategy.open[-1] == 0


def test_a_bracket_waits_for_its_first_order_and_then_guards_it() -> None:
    class Bracket(Once):
        def act(self, call: int, book: Book, orders: Orders) -> None:
            if call == 1:
                orders.bracket(BUY, PRICE, 10, PRICE + 60, PRICE - 60)

    strategy = Bracket()
    ran(market((30, 1, PRICE, 10), (50, 1, PRICE - 100, 5), (90, 0, 1, 1)), strategy)
    assert kinds(strategy.told, 1) == [ACK, FILL]
    assert kinds(strategy.told, 2) == [ACK, TRIGGER, EXPIRE]
    assert kinds(strategy.told, 3) == [ACK, TRIGGER, TRIGGER, FILL]  # it takes its place, and then its price comes


def test_one_order_triggers_another() -> None:
    class Then(Once):
        def act(self, call: int, book: Book, orders: Orders) -> None:
            if call == 1:
                orders.oto(BUY, PRICE, 10, SELL, 0, 10)

    strategy = Then()
    ran(market((30, 1, PRICE, 10), (90, 0, 1, 1)), strategy)
    assert kinds(strategy.told, 2) == [ACK, TRIGGER, FILL]


def test_a_group_that_is_none_is_refused_order_by_order() -> None:
    class Alone(Once):
        def act(self, call: int, book: Book, orders: Orders) -> None:
            if call == 1:
                orders.send(int(Kind.GROUP), BUY, 0, 0, 0, 0, PRICE, 10, 0, 0, 0, 0, 3)
                orders.send(int(Kind.LEG), BUY, 0, 0, 0, 0, PRICE, 10, 0, 0, 0, 0, 0)
                orders.buy(PRICE, 10)

    strategy = Alone()
    ran(market((90, 0, 1, 1)), strategy)
    assert [(kind, ref) for kind, ref, _, _ in strategy.told] == [(REJECT, 1), (REJECT, 2), (ACK, 3)]


def test_all_orders_are_taken_out_at_once_however_many() -> None:
    class Many(Once):
        def act(self, call: int, book: Book, orders: Orders) -> None:
            for _ in range(200 if call <= 4 else 0):
                orders.buy(PRICE - 200 - call, 1)
            if call in {5, 7}:
                orders.cancel_all()

    strategy = Many()
    ran(market((150, 0, 1, 1)), strategy)
    assert strategy.open[4:6] == [800, 0]
    assert sum(kind == CANCEL for kind, *_ in strategy.told) == 800
    assert not any(kind == REFUSED for kind, *_ in strategy.told)  # nothing is asked where nothing is open


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        (Selftrade.EXPIRE_TAKER, [ACK], [ACK, EXPIRE]),
        (Selftrade.EXPIRE_MAKER, [ACK, EXPIRE], [ACK, FILL]),
        (Selftrade.DECREMENT, [ACK, EXPIRE], [ACK, EXPIRE]),
        (Selftrade.NONE, [ACK, FILL], [ACK, FILL]),
    ],
)
def test_own_orders_meet_as_the_strategy_says(mode: Selftrade, maker: list[int], taker: list[int]) -> None:
    class Both(Once):
        selftrade = int(mode)

        def act(self, call: int, book: Book, orders: Orders) -> None:
            if call == 1:
                orders.buy(PRICE, 10)
            elif call == 4:
                orders.sell(PRICE - 100, 4)
            self.left = orders.left(1)

    strategy = Both()
    ran(market((90, 0, 1, 1)), strategy)
    assert (kinds(strategy.told, 1), kinds(strategy.told, 2)) == (maker, taker)
    left = {Selftrade.EXPIRE_TAKER: 10, Selftrade.EXPIRE_MAKER: 0, Selftrade.DECREMENT: 6, Selftrade.NONE: 6}
    assert strategy.left == left[mode]


def test_an_order_ends_at_its_time_however_quiet_the_market_is() -> None:
    class Ends(Once):
        def act(self, call: int, book: Book, orders: Orders) -> None:
            if call == 1:
                orders.limit(BUY, PRICE, 10, GTD, 0, 40 * MS)

    strategy = Ends()
    record = ran(market((2000, 0, 1, 1)), strategy)
    assert strategy.told[1] == (EXPIRE, 1, 40, 10)
    assert strategy.open[:6] == [0, 1, 1, 1, 0, 0]  # told at 41
    assert record.answers["local"].tolist() == [12 * MS, 41 * MS]


class Cheat(Once):
    """Does what no trader may."""

    def __init__(self, deed: str) -> None:
        super().__init__()
        self.deed = deed

    def act(self, call: int, book: Book, orders: Orders) -> None:
        things: dict[str, Any] = {"book": book, "orders": orders, "Kind": Kind}
        exec(self.deed, things)
        if call == 2:
            orders.market(BUY, 10)


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ("book.time -= 5_000_000", "book.time is told"),
        ("book.levels = 400", "book.levels is told"),
        ("orders.count = 1 << 40", "not a trader's"),
        ("orders.count = -1", "not a trader's"),
        ("orders.next = 7", "not a trader's"),
        ("orders.send(int(Kind.DEPOSIT), 0, 0, 0, 0, 0, 0, 10**9, 0, 0, 0, 0, 0)", "not a trader's"),
        ("orders.send(int(Kind.MASS_CANCEL), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)", "not a trader's"),
        ("orders.send(int(Kind.REPLAY_SET), 1, 0, 0, 0, 0, 1, 1000, 0, 0, 0, 0, 0)", "not a trader's"),
    ],
)
def test_what_no_trader_may_do_is_refused(deed: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        ran(market((90, 0, 1, 1)), Cheat(deed))


@pytest.mark.parametrize(
    "deed",
    [
        "orders.mine[2][3] = 1 << 60; orders.mine[2][0] = 5",
        "orders.listed[0] = 1 << 60",
        "orders.open = 900",
        "book.bids[0][1] = 1 << 60",
        "orders.over = 0",
        "orders.cancel(0); orders.amend(0, 1, 1)",
    ],
)
def test_what_a_strategy_writes_changes_nothing_but_its_own_view(deed: str) -> None:
    honest, cheat = (ran(market((90, 0, 1, 1)), Cheat(each)) for each in ("", deed))
    assert cheat.answers.tobytes() == honest.answers.tobytes()
    assert cheat.arrived.tobytes() == honest.arrived.tobytes()


@pytest.mark.parametrize("side", [2, 256, 1 << 40, -1])
def test_an_order_of_no_side_is_refused(side: int) -> None:
    class Odd(Once):
        def act(self, call: int, book: Book, orders: Orders) -> None:
            if call == 1:
                orders.limit(side, PRICE, 10)

    strategy = Odd()
    ran(market((90, 0, 1, 1)), strategy)
    assert kinds(strategy.told, 1) == [REJECT]


class Renews(Strategy):
    """Keeps its first order, and sends and cancels others without end: also groups."""

    every = 4 * MS

    def __init__(self) -> None:
        self.first, self.last, self.passed, self.gone = 0, 0, 0, 0

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        if self.first == 0:
            self.first = orders.buy(PRICE - 200, 1)
            return
        for at in range(orders.open):
            if orders.ref(at) != self.first:
                orders.cancel(orders.ref(at))
        self.gone += int(orders.left(self.first) != 1)
        orders.bracket(BUY, PRICE - 300, 1, PRICE, PRICE - 400)
        last = orders.sell(PRICE + 300, 1)
        self.passed += int(self.last > 0 and last != self.last + 4)
        self.last = last


@pytest.mark.parametrize("form", Form)
def test_an_order_may_stand_while_thousands_come_and_go(form: Form) -> None:
    record = ran(market((5000, 0, 1, 1)), strategy := Renews(), form=form)
    answers = record.answers
    assert not (answers["kind"] == REJECT).any()
    assert len(set(answers["ref"][answers["kind"] == ACK].tolist())) == 1 + 4 * 1248
    assert answers["kind"][answers["ref"] == 1].tolist() == [ACK]
    assert form is Form.COMPILED or (strategy.gone, strategy.passed) == (0, 1)  # its place is passed over


def test_only_what_is_open_is_too_much() -> None:
    """Places that are taken are passed over, and those of a group are side by side."""

    class Scattered(Once):
        every = MS

        def act(self, call: int, book: Book, orders: Orders) -> None:
            if call <= 16:  # 1,020 orders, and two others after each that will stand
                for _ in range(64 if call < 16 else 60):
                    orders.buy(PRICE - 200, 1)
                    orders.buy(PRICE - 200, 0)
                    orders.buy(PRICE - 200, 0)
            elif call == 30:
                ref = orders.bracket(BUY, PRICE - 300, 1, PRICE, PRICE - 400)
                self.refs = ref, orders.left(ref)
                self.next = orders.buy(PRICE - 300, 1)
            elif call == 40:
                self.most = orders.open
                orders.buy(PRICE - 300, 1)

    strategy = Scattered()
    with pytest.raises(BadInput, match="more than 1024 orders open or on their way"):
        ran(market((90, 0, 1, 1)), strategy)
    assert strategy.most == 1024
    assert strategy.refs[0] > 3 * 1020
    assert strategy.next == strategy.refs[0] + 3


@pytest.mark.parametrize("lots", [-5, 1 << 62])
def test_an_order_that_cannot_be_counts_for_nothing_once_it_is_refused(lots: int) -> None:
    class Slips(Strategy):
        every = 10 * MS

        def __init__(self, lots: int) -> None:
            self.lots, self.wrong = lots, 0

        def on_timer(self, book: Book, time: int, orders: Orders) -> None:
            if time <= 20 * MS:
                for _ in range(3):
                    orders.market(BUY, self.lots)
                    orders.sell(PRICE + 200, self.lots)
            if time == 50 * MS:
                orders.buy(PRICE - 200, 7 + book.buying)
                orders.sell(PRICE + 200, 8 + book.selling)

    record = ran(market((90, 0, 1, 1)), Slips(lots))
    taken = record.answers[record.answers["kind"] == ACK]
    assert taken["quantity"].tolist() == [7, 8]


class Stubborn(Strategy):
    """Answers each refusal with the same order."""

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        orders.buy(PRICE, 1 << 39)


@pytest.mark.parametrize("ns", [0, 1])
def test_a_strategy_that_answers_its_own_answers_is_stopped(ns: int) -> None:
    with pytest.raises(BadInput, match=r"answers its own answers"):
        ran(market((90, 0, 1, 1)), Stubborn(), Latency(*[constant(ns)] * 3))
    ran(market((90, 0, 1, 1)), Stubborn())  # it comes to an end with a latency


def test_timers_may_send_as_many_orders_as_they_like_in_a_quiet_market() -> None:
    class Timed(Strategy):
        every = 1000

        def on_timer(self, book: Book, time: int, orders: Orders) -> None:
            orders.cancel_all()
            orders.buy(PRICE - 200, 1)

    record = ran(market((70, 0, 1, 1)), Timed(), Latency(*[constant(0)] * 3))
    assert len(record.arrived) > loop.CHAIN
