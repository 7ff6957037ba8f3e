"""Who asks too much is told when to come back, and longer each time it does not listen."""

import pytest

from api.exchange.meter import Allowance, Meter
from api.exchange.refusal import Refusal


class Clock:
    now = 600.0

    def __call__(self) -> float:
        return self.now


def refused(act):
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.status, int(caught.value.headers["Retry-After"])


def test_a_minute_has_its_weight_and_then_begins_anew():
    clock = Clock()
    meter = Meter(Allowance(weight=100), clock)
    assert [meter.ask("a", 40), meter.ask("a", 60)] == [40, 100]
    assert refused(lambda: meter.ask("a", 1)) == (429, 60)
    assert meter.ask("b", 1) == 1
    clock.now += 60
    assert meter.ask("a", 1) == 1


def test_who_goes_on_is_shut_out_for_longer_each_time():
    clock = Clock()
    meter = Meter(Allowance(weight=1, patience=2, ban_s=120), clock)
    for ban in (120, 240, 480):
        meter.ask("a", 1)
        assert [refused(lambda: meter.ask("a", 1))[0] for _ in range(3)] == [429, 429, 418]
        assert refused(lambda: meter.ask("a", 0)) == (418, ban)
        clock.now += ban


def test_orders_are_counted_by_account():
    clock = Clock()
    meter = Meter(Allowance(orders=2, orders_day=3), clock)
    assert [meter.order(1, 1), meter.order(1, 1), meter.order(2, 1)] == [(1, 1), (2, 2), (1, 1)]
    assert refused(lambda: meter.order(1, 1))[0] == 429
    clock.now += 10
    assert refused(lambda: meter.order(1, 1))[0] == 429  # of the day
    assert meter.orders_of(2) == (0, 1)


def test_addresses_are_forgotten():
    meter = Meter(Allowance(), Clock())
    for number in range(20_000):
        meter.ask(str(number), 1)
    assert len(meter._clients) <= 10_000


def test_a_ban_is_forgotten_after_a_day():
    clock = Clock()
    meter = Meter(Allowance(weight=1, patience=0, ban_s=120), clock)

    def ban() -> int:
        meter.ask("a", 1)
        assert refused(lambda: meter.ask("a", 1))[0] == 418
        return refused(lambda: meter.ask("a", 0))[1]

    assert ban() == 120
    clock.now += 86_000
    assert ban() == 240
    clock.now += 90_000
    assert ban() == 120


def test_connections_are_counted_for_five_minutes():
    clock = Clock()
    meter = Meter(Allowance(connections=2), clock)
    meter.connect("a")
    meter.connect("a")
    assert refused(lambda: meter.connect("a")) == (429, 300)
    meter.connect("b")
    clock.now += 300
    meter.connect("a")
