"""Groups: what hangs together comes together, holds once, and leaves together."""

from collections.abc import Iterable

import pytest

from node.exchange.core.command import Flag, Group, Kind, Selftrade, Side, Tif, Type
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, RICH, Floor

SELL, BUY = {"side": Side.SELL, "quantity": 5}, {"side": Side.BUY, "quantity": 5}
STOP = {"type": Type.STOP_LOSS}
STOP_LIMIT = {"type": Type.STOP_LOSS_LIMIT}


@pytest.fixture
def floor() -> Floor:
    """The last price is 100."""
    floor = Floor()
    floor.trade(100)
    return floor


def exits(floor: Floor) -> None:
    """ANN sells 5 at 110, or when the price falls to 90."""
    rows = floor.group(Group.OCO, ANN, profit=SELL | {"price": 110}, stop=SELL | STOP | {"trigger": 90})
    assert rows == ["ACK profit", "ACK stop"]


def bracket(floor: Floor) -> list[str]:
    """ANN buys 5 at 99, and sells them then as `exits` does."""
    return floor.group(
        Group.OTOCO, ANN,
        entry=BUY | {"price": 99}, profit=SELL | {"price": 110}, stop=SELL | STOP | {"trigger": 90},
    )  # fmt: skip


def test_two_exits_hold_once(floor: Floor) -> None:
    exits(floor)
    assert floor.held(ANN) == (5, 0)

    assert floor.cancel("stop", ANN) == ["CANCEL stop 5", "EXPIRE profit 5 GROUP"]
    floor.empty()


def test_two_entries_hold_what_the_dearer_needs(floor: Floor) -> None:
    floor.group(
        Group.OCO, ANN, low=BUY | {"price": 80}, high=BUY | STOP_LIMIT | {"price": 125, "trigger": 120}
    )  # fmt: skip
    assert floor.held(ANN) == (0, 625)

    floor.sell("x", EVE, 2, 80)

    assert floor.held(ANN) == (0, 240)
    assert floor.cancel("low", ANN) == ["CANCEL low 3"]
    floor.empty()


def test_a_trade_with_one_ends_the_other_first(floor: Floor) -> None:
    exits(floor)

    rows = floor.buy("x", EVE, 2, 110)

    assert rows == ["ACK x", "EXPIRE stop 5 GROUP", "FILL x takes 2 of profit at 110"]
    assert floor.held(ANN) == (3, 0)
    assert floor.state("watch") == 0


def test_one_that_wakes_ends_the_other_first(floor: Floor) -> None:
    exits(floor)
    floor.buy("bid", BOB, 7, 90)

    rows = floor.sell("x", EVE, 1)

    assert rows[2:] == ["EXPIRE profit 5 GROUP", "TRIGGER stop 5 at 90", "FILL stop takes 5 of bid at 90"]
    floor.cancel("bid", BOB)
    floor.empty()


@pytest.mark.parametrize(
    ("mode", "rows"),
    [
        (Selftrade.EXPIRE_MAKER, ["EXPIRE profit 5 SELF_TRADE", "EXPIRE stop 5 GROUP", "EXPIRE x 2 NO_LIQUIDITY"]),
        (Selftrade.DECREMENT, ["EXPIRE stop 5 GROUP", "PREVENTED x takes 2 of profit at 110"]),
    ],
)
def test_meeting_oneself_counts(floor: Floor, mode: Selftrade, rows: list[str]) -> None:
    exits(floor)

    assert floor.buy("x", ANN, 2, selftrade=mode) == ["ACK x", *rows]
    assert floor.held(ANN) == (0 if mode is Selftrade.EXPIRE_MAKER else 3, 0)


def test_what_is_filled_for_comes_after_the_command_that_filled(floor: Floor) -> None:
    assert bracket(floor) == ["ACK entry", "ACK profit", "ACK stop"]
    assert floor.held(ANN) == (0, 495)
    assert floor.sell("x", EVE, 2) == ["ACK x", "FILL x takes 2 of entry at 99"]

    rows = floor.sell("y", EVE, 4, 99)

    assert rows == [
        "ACK y",
        "FILL y takes 3 of entry at 99",
        "TRIGGER profit 5 at 99 GROUP",
        "TRIGGER stop 5 at 99 GROUP",
    ]
    assert floor.held(ANN) == (5, 0)
    assert floor.buy("z", BOB, 6, 110)[1:] == [
        "FILL z takes 1 of y at 99",
        "EXPIRE stop 5 GROUP",
        "FILL z takes 5 of profit at 110",
    ]
    floor.empty()


@pytest.mark.parametrize(
    ("leaves", "told"),
    [
        ("entry", ["CANCEL entry 5", "EXPIRE profit 5 GROUP", "EXPIRE stop 5 GROUP"]),
        ("profit", ["CANCEL profit 5", "EXPIRE entry 5 GROUP", "EXPIRE stop 5 GROUP"]),
        ("stop", ["CANCEL stop 5", "EXPIRE entry 5 GROUP", "EXPIRE profit 5 GROUP"]),
    ],
)
def test_who_leaves_takes_the_group_along(floor: Floor, leaves: str, told: list[str]) -> None:
    bracket(floor)

    assert floor.cancel(leaves, ANN) == told
    floor.empty()


def test_a_passed_trigger_wakes_at_once_when_its_turn_comes(floor: Floor) -> None:
    bracket(floor)
    floor.buy("bid", BOB, 9, 85)

    rows = floor.sell("x", EVE, 6)

    assert rows == [
        "ACK x",
        "FILL x takes 5 of entry at 99",
        "FILL x takes 1 of bid at 85",
        "TRIGGER profit 5 at 85 GROUP",
        "TRIGGER stop 5 at 85 GROUP",
        "EXPIRE profit 5 GROUP",
        "TRIGGER stop 5 at 85",
        "FILL stop takes 5 of bid at 85",
    ]


def test_a_better_price_is_taken_when_its_turn_comes(floor: Floor) -> None:
    floor.sell("ask", BOB, 5, 99)
    floor.buy("bid", EVE, 3, 98)
    rows = floor.group(
        Group.OTO, ANN, entry=BUY | {"price": 99}, exit=SELL | {"price": 95}
    )  # fmt: skip

    assert rows == [
        "ACK entry",
        "ACK exit",
        "FILL entry takes 5 of ask at 99",
        "TRIGGER exit 5 at 99 GROUP",
        "FILL exit takes 3 of bid at 98",
    ]
    assert floor.held(ANN) == (2, 0)


def test_an_exit_without_the_means_expires() -> None:
    floor = Floor()
    rows = floor.group(
        Group.OTO, ANN, entry=BUY | {"price": 99}, exit=SELL | {"price": 105, "quantity": RICH}
    )  # fmt: skip
    floor.ask(kind=Kind.WITHDRAW, account=ANN, order=0, quantity=RICH)

    assert rows == ["ACK entry", "ACK exit"]
    assert floor.sell("x", EVE, 5)[2:] == [
        f"TRIGGER exit {RICH} at 99 GROUP",
        f"EXPIRE exit {RICH} INSUFFICIENT_FUNDS",
    ]
    floor.empty()


def test_an_entry_that_is_not_filled_takes_its_exit_along(floor: Floor) -> None:
    rows = floor.group(
        Group.OTO, ANN, entry=BUY | {"price": 99, "tif": Tif.IOC}, exit=SELL | {"price": 105}
    )  # fmt: skip

    assert rows == ["ACK entry", "ACK exit", "EXPIRE entry 5 IMMEDIATE", "EXPIRE exit 5 GROUP"]
    floor.empty()


def test_a_group_ends_together(floor: Floor) -> None:
    floor.group(
        Group.OTO, ANN, entry=BUY | {"price": 99}, exit=SELL | {"price": 105, "tif": Tif.GTD, "expiry": 500}
    )  # fmt: skip

    assert floor.ask(kind=Kind.TIMER, time=500) == ["EXPIRE exit 5 TIME", "EXPIRE entry 5 GROUP"]
    floor.empty()


PROFIT, LOSS = SELL | {"price": 110}, SELL | STOP | {"trigger": 90}


@pytest.mark.parametrize(
    ("kind", "orders", "why"),
    [
        (Group.OCO, [PROFIT, PROFIT], "GROUP MALFORMED"),
        (Group.OCO, [PROFIT, LOSS | {"quantity": 4}], "GROUP MALFORMED"),
        (Group.OCO, [PROFIT, LOSS | {"side": Side.BUY, "trigger": 105}], "GROUP MALFORMED"),
        (Group.OCO, [SELL, LOSS], "MALFORMED GROUP"),
        (Group.OCO, [PROFIT | {"tif": Tif.IOC}, LOSS], "MALFORMED GROUP"),
        (Group.OCO, [PROFIT, LOSS | {"trigger": 101}], "GROUP WOULD_TRIGGER"),
        (Group.OCO, [SELL | {"price": 1}, LOSS], "WOULD_TAKE GROUP"),
        (Group.OCO, [PROFIT | {"quantity": RICH}, LOSS | {"quantity": RICH}], "INSUFFICIENT_FUNDS GROUP"),
        (Group.OCO, [PROFIT], "MALFORMED"),
        (Group.OCO, [PROFIT, LOSS, LOSS], "ACK ACK MALFORMED"),
        (Group.OTO, [BUY, PROFIT], "MALFORMED GROUP"),
        (Group.OTO, [BUY | {"price": 50}, SELL | {"flags": Flag.BY_QUOTE}], "GROUP MALFORMED"),
        (Group.OTO, [BUY | {"price": 50}, PROFIT | {"account": BOB}], "MALFORMED MALFORMED"),
        (Group.OTOCO, [BUY | {"price": 50}, PROFIT], "MALFORMED MALFORMED"),
        (Group.OTOCO, [BUY | {"price": 50}, PROFIT, PROFIT], "GROUP GROUP MALFORMED"),
        (4, [PROFIT, LOSS], "MALFORMED MALFORMED"),
    ],
)
def test_a_group_is_taken_whole_or_not_at_all(
    floor: Floor, kind: Group, orders: Iterable[dict[str, int]], why: str
) -> None:
    floor.sell("a", ANN, 5, 111)
    floor.buy("b", BOB, 1, 40)
    if "INSUFFICIENT_FUNDS" not in why:
        floor.cancel("a", ANN)

    rows = floor.group(kind, ANN, **{f"g{index}": each for index, each in enumerate(orders)})

    assert [each.split()[-1] if each.startswith("REJECT") else "ACK" for each in rows] == why.split()


@pytest.mark.parametrize("traded", [0, 2])
def test_what_waits_expires_where_a_self_trade_and_no_trade_leaves_nothing(floor: Floor, traded: int) -> None:
    floor.buy("other", BOB, 2, 101) if traded else None
    floor.buy("own", ANN, 9, 100)

    rows = floor.group(
        Group.OTO, ANN, first=SELL | {"price": 100, "selftrade": Selftrade.DECREMENT}, then=BUY | {"price": 90}
    )  # fmt: skip

    assert rows[-2:] == [f"PREVENTED first takes {5 - traded} of own at 100", "EXPIRE then 5 GROUP"]
    assert floor.cancel("own", ANN) == [f"CANCEL own {4 + traded}"]
    floor.empty()
