"""One class, and the same trades whether it is compiled or Python, called each time or now and then."""

import numpy as np
import pytest

from node.exchange.core.command import Selftrade
from node.exchange.replay.latency import Latency, constant, sampled
from node.exchange.tester import (
    ACK,
    AMEND,
    BUY,
    CANCEL,
    EXPIRE,
    FILL,
    FOK,
    GTD,
    IOC,
    POST_ONLY,
    REFUSED,
    REJECT,
    SELL,
    TRIGGER,
    Book,
    Event,
    Orders,
    Strategy,
)
from node.exchange.tester.data import Data, load
from node.exchange.tester.run import Form, Record, Run, Terms


class Quotes(Strategy):
    """Quotes both sides anew each so many events, and remembers what it was told."""

    levels = 3

    def __init__(self, each: int = 20, gap: int = 3, wake: int = 1, every: int = 0) -> None:
        self.events, self.every = wake, every
        self.each, self.gap, self.calls, self.fills = each, gap, 0, 0
        self.bid, self.ask, self.seen = 0, 0, 0.0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        self.calls += 1
        if event.kind == FILL:
            self.fills += event.quantity
        if self.calls % self.each == 0:
            self.quote(book, orders)

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        self.quote(book, orders)

    def quote(self, book: Book, orders: Orders) -> None:
        if book.bid_size == 0 or book.ask_size == 0:
            return
        self.seen += book.mid + book.bids[2][1] - book.equity
        if orders.left(self.bid) > 0:
            orders.cancel(self.bid)
        if orders.left(self.ask) > 0:
            orders.amend(self.ask, orders.price(self.ask) + 1, orders.left(self.ask))
        if book.position < 500:
            self.bid = orders.buy(book.bid - self.gap, 100, POST_ONLY)
        if book.position > -500 and orders.open < 20:
            self.ask = orders.sell(book.ask + self.gap, book.lots(0.001))


class Everything(Strategy):
    """Asks for every type of order in turn, by what it last saw and was told."""

    levels = 5
    selftrade = int(Selftrade.DECREMENT)

    def __init__(self, wake: int = 7, every: int = 0) -> None:
        self.events, self.every = wake, every
        self.turn, self.mean, self.last, self.plain = 0, 0.0, 0, 0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        self.act(book, orders)
        if event.kind == FILL and event.maker == 0:
            self.mean += 0.5 * (event.price - self.mean)

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        self.act(book, orders)

    def act(self, book: Book, orders: Orders) -> None:
        if book.bid_size == 0 or book.ask_size == 0:
            return
        if orders.open > 30:
            orders.cancel_all()
        self.turn += 1
        turn, side = self.turn % 13, BUY if book.position <= 0 else SELL
        price = book.bid if side == BUY else book.ask
        if turn == 0:
            self.last = orders.market(side, 150)
        elif turn == 1:
            self.last = orders.limit(side, price, 100, IOC)
        elif turn == 2:
            self.last = orders.limit(1 - side, book.bids[1][0] if side == BUY else book.asks[1][0], 120, FOK)
        elif turn == 3:
            self.plain = orders.iceberg(side, price, 300, 40)
        elif turn == 4:
            self.last = orders.stop(side, price + (3 if side == BUY else -3), 80)
        elif turn == 5:
            self.last = orders.stop(side, price + (4 if side == BUY else -4), 80, price)
        elif turn == 6:
            self.last = orders.profit(side, price - (3 if side == BUY else -3), 80)
        elif turn == 7:
            self.last = orders.trail(side, 50, 90)
        elif turn == 8:
            self.last = orders.limit(side, price, 70, GTD, POST_ONLY, book.time + 300_000_000)
        elif turn == 9:
            self.last = orders.oco(SELL, book.ask + 2, book.bid - 3, 60)
        elif turn == 10:
            self.last = orders.bracket(side, price, 50, book.ask + 5, book.bid - 5)
        elif turn == 11:
            self.last = orders.oto(side, price, 50, 1 - side, 0, 50)
            orders.cancel(self.plain - 1)
        elif orders.left(self.plain) > 10:
            orders.amend(self.plain, orders.price(self.plain), orders.left(self.plain) - 10)


def latency() -> Latency:
    return Latency(
        entry=sampled(np.array([100_000, 900_000, 4_000_000]), 3), response=constant(700_000), feed=constant(1_500_000)
    )


def ran(data: Data, strategy: Strategy, form: Form, delay: Latency | None = None) -> Record:
    scene = data.scene()
    run = Run(scene.exchange, strategy, Terms(latency=delay), form)
    run.fund(scene.begin, scene.price)
    return run.go(scene.commands, source=scene.source, span=(scene.begin, scene.end))


def same(one: Record, other: Record) -> None:
    assert one.marks.read().tobytes() == other.marks.read().tobytes()
    for name in ("answers", "arrived"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert (one.commands, one.events) == (other.commands, other.events)


@pytest.mark.parametrize("delay", [None, latency()], ids=["at once", "late"])
def test_compiled_and_python_make_the_same_trades(made: Data, delay: Latency | None) -> None:
    compiled, python = (ran(made, Quotes(every=50_000_000), form, delay) for form in Form)
    assert (python.answers["kind"] == FILL).sum() > 20
    same(compiled, python)


@pytest.mark.parametrize("form", Form)
def test_being_woken_each_20th_event_is_looking_at_each_20th(made: Data, form: Form) -> None:
    each = ran(made, Quotes(each=20), Form.PYTHON, latency())
    same(each, ran(made, Quotes(each=1, wake=20), form, latency()))


@pytest.mark.parametrize("name", ["simulated:1", "agents:20,20s"])
def test_every_order_is_the_same_in_both_forms_on_records_and_among_agents(name: str) -> None:
    data = load(name)
    compiled, python = (ran(data, Everything(every=100_000_000), form, latency()) for form in Form)
    told = set(python.answers["kind"].tolist())
    assert told == {ACK, FILL, CANCEL, EXPIRE, AMEND, REJECT, REFUSED, TRIGGER}
    same(compiled, python)


def test_one_that_is_called_by_its_timer_alone_is_the_same_in_both_forms(made: Data) -> None:
    same(*(ran(made, Everything(0, 20_000_000), form, latency()) for form in Form))


class Ticking(Strategy):
    """Trades by the clock, and writes down all that it knows then."""

    every = 20_000_000
    levels = 2

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.sums = [0, 0, 0]

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        self.add(book)
        told = [book.time, book.bid, book.ask, book.bid_size, book.ask_size, book.last, book.last_size, book.mid]
        told += [book.position, book.base, book.quote, book.equity, book.buying, book.selling, book.open]
        self.seen.append(repr((told, self.sums, bytes(book.bids), bytes(book.asks))))
        self.sums = [0, 0, 0]
        if book.bid_size and book.ask_size and len(self.seen) % 3 == 0:
            side = len(self.seen) % 2
            orders.limit(side, book.ask - side, 50)

    def add(self, book: Book) -> None:
        for at, more in enumerate((book.bought, book.sold, book.events)):
            self.sums[at] += more


class Woken(Ticking):
    """The same, called for each event too."""

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        self.add(book)


@pytest.mark.parametrize("name", ["made:6000", "simulated:1", "agents:20,20s"])
def test_one_whom_timers_alone_wake_knows_what_one_knows_who_is_told_of_each_event(name: str) -> None:
    data, seen = load(name), []
    for late in (None, latency()):
        one, other = Ticking(), Woken()
        first, second = (ran(data, each, Form.PYTHON, late) for each in (one, other))
        same(first, second)
        assert len(one.seen) > 100
        assert one.seen == other.seen
        seen.append(one.seen)
        assert (first.answers["kind"] == FILL).any()
    assert seen[0] != seen[1]


def test_what_comes_of_a_run_does_not_depend_on_the_room_it_had(made: Data) -> None:
    records = []
    for room in (1 << 12, 1 << 7):
        scene = made.scene()
        run = Run(scene.exchange, Quotes(every=50_000_000), Terms(latency=latency()), Form.PYTHON, room=room)
        run.fund(scene.begin, scene.price)
        records.append(run.go(scene.commands))
    same(*records)
