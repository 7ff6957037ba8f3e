"""What an order takes: price before time, its own account's orders by its mode, and no more than is paid for."""

from decimal import Decimal

import pytest

from node.exchange.core.command import Flag, Kind, Selftrade, Tif
from node.exchange.core.state import HOUSE, WORLD
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, RICH, Floor


def book(floor: Floor) -> None:
    """Two lots of BOB at 100, three of ANN at 101, four of BOB at 102."""
    floor.sell("b1", BOB, 2, 100)
    floor.sell("a", ANN, 3, 101)
    floor.sell("b2", BOB, 4, 102)


@pytest.mark.parametrize(
    ("mode", "rows"),
    [
        (Selftrade.NONE, ["FILL x takes 2 of b1 at 100", "FILL x takes 3 of a at 101", "FILL x takes 1 of b2 at 102"]),
        (Selftrade.EXPIRE_TAKER, ["FILL x takes 2 of b1 at 100", "EXPIRE x 4 SELF_TRADE"]),
        (
            Selftrade.EXPIRE_MAKER,
            ["FILL x takes 2 of b1 at 100", "EXPIRE a 3 SELF_TRADE", "FILL x takes 4 of b2 at 102"],
        ),
        (
            Selftrade.EXPIRE_BOTH,
            ["FILL x takes 2 of b1 at 100", "EXPIRE a 3 SELF_TRADE", "EXPIRE x 4 SELF_TRADE"],
        ),
        (
            Selftrade.DECREMENT,
            ["FILL x takes 2 of b1 at 100", "PREVENTED x takes 3 of a at 101", "FILL x takes 1 of b2 at 102"],
        ),
    ],
)
def test_orders_of_one_account_meet_as_the_takers_mode_says(mode: Selftrade, rows: list[str]) -> None:
    floor = Floor()
    book(floor)

    assert floor.buy("x", ANN, 6, 105, selftrade=mode) == ["ACK x", *rows]
    assert floor.held(ANN) == ((3, 0) if mode is Selftrade.EXPIRE_TAKER else (0, 0))


def test_a_maker_that_shrinks_keeps_its_turn() -> None:
    floor = Floor()
    floor.sell("a", ANN, 5, 100)
    floor.sell("b", BOB, 5, 100)

    floor.buy("x", ANN, 2, 100, selftrade=Selftrade.DECREMENT)

    assert floor.held(ANN) == (3, 0)
    assert floor.buy("y", EVE, 4) == ["ACK y", "FILL y takes 3 of a at 100", "FILL y takes 1 of b at 100"]


@pytest.mark.parametrize(
    ("mode", "quantity", "fills"),
    [
        (Selftrade.NONE, 9, True),
        (Selftrade.NONE, 10, False),
        (Selftrade.EXPIRE_MAKER, 6, True),
        (Selftrade.EXPIRE_MAKER, 7, False),
        (Selftrade.EXPIRE_TAKER, 2, True),
        (Selftrade.EXPIRE_TAKER, 3, False),
        (Selftrade.DECREMENT, 3, False),
        (Selftrade.EXPIRE_BOTH, 3, False),
    ],
)
def test_all_or_nothing_looks_before_it_takes(mode: Selftrade, quantity: int, fills: bool) -> None:
    floor = Floor()
    book(floor)

    rows = floor.buy("x", ANN, quantity, 102, tif=Tif.FOK, selftrade=mode)

    taken = sum(int(each.split()[3]) for each in rows if each.startswith("FILL"))
    assert taken == (quantity if fills else 0)
    assert (rows[-1] == f"EXPIRE x {quantity} NOT_FILLABLE") is not fills


def test_all_or_nothing_looks_no_further_than_its_price_and_its_purse() -> None:
    floor = Floor()
    floor.sell("a", ANN, 2, 100)
    floor.sell("b", ANN, 2, 1 << 18)

    assert floor.buy("x", BOB, 3, 200, tif=Tif.FOK) == ["ACK x", "EXPIRE x 3 NOT_FILLABLE"]
    assert floor.buy("y", BOB, 4, tif=Tif.FOK)[-1] == "FILL y takes 2 of b at 262144"
    floor.sell("c", ANN, 2, 100)
    floor.sell("d", ANN, 9, 1 << 18)
    assert floor.buy("z", BOB, 8, tif=Tif.FOK) == ["ACK z", "EXPIRE z 8 NOT_FILLABLE"]


def test_money_buys_whole_lots_and_the_rest_of_it_is_told() -> None:
    floor = Floor()
    book(floor)

    rows = floor.buy("x", EVE, 450, flags=Flag.BY_QUOTE)

    assert rows == ["ACK x", "FILL x takes 2 of b1 at 100", "FILL x takes 2 of a at 101", "EXPIRE x 48 IMMEDIATE"]
    assert floor.buy("y", EVE, 99, flags=Flag.BY_QUOTE) == ["REJECT QUANTITY"]


def test_lots_are_sold_until_they_bring_what_is_asked() -> None:
    floor = Floor()
    floor.buy("a", ANN, 5, 100)

    assert floor.sell("x", EVE, 300, flags=Flag.BY_QUOTE) == ["ACK x", "FILL x takes 3 of a at 100"]
    assert floor.sell("y", EVE, 900, flags=Flag.BY_QUOTE) == [
        "ACK y",
        "FILL y takes 2 of a at 100",
        "EXPIRE y 700 NO_LIQUIDITY",
    ]


def test_a_market_order_buys_what_can_be_paid() -> None:
    floor = Floor()
    floor.sell("a", ANN, 1, 100)
    floor.sell("b", ANN, 9, RICH // 5)

    rows = floor.buy("x", BOB, 9)

    assert rows[1:] == ["FILL x takes 1 of a at 100", "FILL x takes 4 of b at 200000", "EXPIRE x 4 INSUFFICIENT_FUNDS"]


def test_a_rebate_is_paid_from_the_house_and_never_rounded_up() -> None:
    floor = Floor(fees=(-100, 1000))
    floor.sell("a", ANN, 100, 99)

    floor.buy("x", BOB, 100, 99)

    assert floor.exchange.ledger.balances[:, :, 0].tolist()[0] == [0, 0]  # 0.1 lots of a fee, 0.99 units of a rebate
    floor.sell("b", ANN, 10_000, 50)
    floor.buy("y", BOB, 10_000, 50)
    assert floor.exchange.ledger.balances[0, :, 0].tolist() == [10, -50]


def test_a_rebate_is_no_more_than_what_the_taker_pays() -> None:
    floor = Floor(fees=(-400, 400))
    free = floor.exchange.open_account(0, 0)
    assert floor.plain.open_account(0, 0) == free
    for asset in (0, 1):
        floor.ask(kind=Kind.DEPOSIT, account=free, order=asset, quantity=RICH)
    for _ in range(3):
        floor.sell("a", ANN, 10_000, 5)
        floor.buy("b", free, 10_000, 5)
    assert floor.exchange.ledger.balances[HOUSE].tolist() == [[0, 0], [0, 0]]

    floor.sell("c", ANN, 12_400, 5)
    floor.buy("d", BOB, 12_400, 5)  # pays 4, not 4.96, which is worth 20, not 24.8

    assert floor.exchange.ledger.balances[HOUSE].tolist() == [[4, 0], [-20, 0]]


def test_a_rebate_of_a_trade_with_the_world_is_whole() -> None:
    floor = Floor(fees=(-400, 400))
    floor.sell("a", ANN, 10_000, 5)
    floor.buy("b", WORLD, 10_000, 5)
    assert floor.exchange.ledger.balances[HOUSE].tolist() == [[0, 0], [-20, 0]]


def test_the_world_owes_no_more_than_can_be_told() -> None:
    floor = Floor(most=Decimal(1 << 61), least=Decimal(1), notional=Decimal(0))
    taken = [floor.buy(f"w{turn}", WORLD, 1 << 61, 1)[0] for turn in range(4)]
    assert taken == ["ACK w0", *3 * ["REJECT INSUFFICIENT_FUNDS"]]
