"""Expiry: orders end at their own time, before anything that is asked later; icebergs show part after part."""

from node.exchange.core.command import Kind, Tif
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, Floor

DAY = 86_400_000_000_000


def test_orders_end_in_order_of_their_time_before_the_command_that_comes_later() -> None:
    floor = Floor()
    floor.sell("late", ANN, 1, 100, tif=Tif.GTD, expiry=900)
    floor.sell("soon", ANN, 2, 101, tif=Tif.GTD, expiry=800)
    floor.sell("twin", ANN, 3, 102, tif=Tif.GTD, expiry=800)
    floor.sell("day", ANN, 4, 103, tif=Tif.DAY)

    assert floor.ask(kind=Kind.TIMER, time=799) == []
    assert floor.buy("x", BOB, 10, 102, time=900) == [
        "EXPIRE soon 2 TIME",
        "EXPIRE twin 3 TIME",
        "EXPIRE late 1 TIME",
        "ACK x",
    ]
    assert floor.held(ANN) == (4, 0)
    assert floor.ask(kind=Kind.TIMER, time=DAY) == ["EXPIRE day 4 TIME"]
    floor.cancel("x", BOB)
    floor.empty()


def test_rows_of_what_is_due_bear_the_time_it_was_due() -> None:
    floor = Floor()
    floor.sell("a", ANN, 1, 100, tif=Tif.GTD, expiry=800)

    rows = floor.exchange.carry_out(floor.row(kind=Kind.HALT, time=5_000))

    assert rows["time"].tolist() == [800, 5_000]


def test_an_order_that_left_does_not_end_again() -> None:
    floor = Floor()
    for index in range(40):
        floor.sell(f"a{index}", ANN, 1, 100 + index % 7, tif=Tif.GTD, expiry=10_000 + 37 * index % 23)
    for index in range(0, 40, 3):
        floor.cancel(f"a{index}", ANN)
    gone = floor.buy("x", BOB, 9)
    taken = {each.split()[5] for each in gone if each.startswith("FILL")}

    ended = [each.split()[1] for each in floor.ask(kind=Kind.TIMER, time=20_000)]

    assert len(taken) == 9
    assert set(ended) == {f"a{index}" for index in range(40) if index % 3} - taken
    assert ended == sorted(ended, key=lambda name: (37 * int(name[1:]) % 23, int(name[1:])))
    floor.empty()


def test_a_time_that_has_come_is_refused() -> None:
    floor = Floor()

    assert floor.sell("a", ANN, 1, 100, tif=Tif.GTD, expiry=floor.now) == ["REJECT MALFORMED"]
    assert floor.sell("b", ANN, 1, tif=Tif.DAY) == ["REJECT MALFORMED"]


def test_the_end_of_time_is_harmless() -> None:
    floor = Floor()
    floor.ask(kind=Kind.TIMER, time=(1 << 63) - 1)
    floor.sell("a", ANN, 1, 100, tif=Tif.DAY)

    assert floor.buy("x", BOB, 1, time=(1 << 63) - 1) == ["ACK x", "FILL x takes 1 of a at 100"]
    floor.empty()


def test_each_part_of_an_iceberg_queues_anew() -> None:
    floor = Floor()
    floor.sell("ice", ANN, 7, 100, display=3)
    floor.sell("b", BOB, 2, 100)

    assert floor.buy("x", EVE, 8)[1:] == [
        "FILL x takes 3 of ice at 100",
        "FILL x takes 2 of b at 100",
        "FILL x takes 3 of ice at 100",
    ]
    assert floor.cancel("ice", ANN) == ["CANCEL ice 1"]
    floor.empty()


def test_only_a_part_is_seen_and_all_of_it_is_held() -> None:
    floor = Floor()
    floor.sell("ice", ANN, 50, 100, display=10)

    market = floor.exchange.markets[0]
    assert market.levels["size"].sum() == 10
    assert floor.held(ANN) == (50, 0)


def test_an_iceberg_has_a_hundred_parts_at_most() -> None:
    floor = Floor()

    assert floor.sell("a", ANN, 201, 100, display=2) == ["REJECT PARTS"]
    assert floor.sell("b", ANN, 200, 100, display=2) == ["ACK b"]
    assert len(floor.buy("x", EVE, 200)) == 101
    assert floor.sell("c", ANN, 20, 100, display=2, tif=Tif.IOC) == ["REJECT MALFORMED"]
    assert floor.sell("d", ANN, 20, 100, display=-2) == ["REJECT MALFORMED"]
    floor.empty()
