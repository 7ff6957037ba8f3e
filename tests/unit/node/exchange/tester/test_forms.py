"""One class, and the same trades whether it is compiled or Python, called each time or now and then."""

import numpy as np
import pytest

from node.exchange.replay.latency import Latency, constant, sampled
from node.exchange.tester import FILL, POST_ONLY, Book, Event, Orders, Strategy
from node.exchange.tester.data import Data
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


def latency() -> Latency:
    return Latency(
        entry=sampled(np.array([100_000, 900_000, 4_000_000]), 3), response=constant(700_000), feed=constant(1_500_000)
    )


def ran(data: Data, strategy: Strategy, form: Form, delay: Latency | None = None) -> Record:
    scene = data.scene()
    run = Run(scene.exchange, strategy, Terms(latency=delay), form)
    run.fund(scene.begin, scene.price)
    return run.go(scene.commands)


def same(one: Record, other: Record) -> None:
    for name in ("answers", "arrived", "marks"):
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


def test_what_comes_of_a_run_does_not_depend_on_the_room_it_had(made: Data) -> None:
    records = []
    for room in (1 << 12, 1 << 7):
        scene = made.scene()
        run = Run(scene.exchange, Quotes(every=50_000_000), Terms(latency=latency()), Form.PYTHON, room=room)
        run.fund(scene.begin, scene.price)
        records.append(run.go(scene.commands))
    same(*records)
