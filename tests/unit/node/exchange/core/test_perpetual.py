"""Perpetuals: margins, positions and what is realised; reduce-only; marks, liquidation, insurance, ADL and funding."""

from decimal import Decimal

import pytest

from fusion.errors import BadInput
from node.exchange.core.command import Flag, Kind, Side
from node.exchange.core.state import FREE
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, RICH, Floor

TENTH = Decimal("0.1")


def floor(fees: tuple[int, int] = (0, 0), **terms: object) -> Floor:
    return Floor(fees, initial=TENTH, maintenance=Decimal("0.05"), **terms)


def held(pit: Floor, account: int) -> tuple[int, int, int]:
    size, cost, margin, _ = pit.exchange.markets[0].positions[account].tolist()
    return size, cost, margin


def free(pit: Floor, account: int) -> int:
    return int(pit.exchange.ledger.balances[account, 1, FREE])


def mark(pit: Floor, price: int) -> list[str]:
    return pit.ask(kind=Kind.MARK, price=price)


def poor(pit: Floor, account: int, left: int) -> None:
    """Leaves an account no more than this."""
    pit.ask(kind=Kind.WITHDRAW, account=account, order=1, quantity=free(pit, account) - left)


def test_an_order_holds_margin_and_a_trade_moves_it() -> None:
    pit = floor()
    pit.sell("ask", BOB, 10, 1001)
    assert pit.held(BOB) == (0, 1010), "a tenth of each lot's worth, rounded up"
    pit.buy("bid", ANN, 4, 1001)
    assert held(pit, ANN) == (4, 4004, 404)
    assert held(pit, BOB) == (-4, -4004, 404)
    assert pit.held(BOB) == (0, 606)
    assert free(pit, ANN) == RICH - 404


def test_closing_realises_a_gain_and_frees_margin() -> None:
    pit = floor()
    pit.sell("a", BOB, 10, 100)
    pit.buy("b", ANN, 10, 100)
    pit.buy("c", EVE, 4, 120)
    pit.sell("d", ANN, 4, 120)
    assert held(pit, ANN) == (6, 600, 60)
    assert free(pit, ANN) == RICH - 60 + 80


def test_a_trade_turns_a_position() -> None:
    pit = floor()
    pit.sell("a", BOB, 10, 100)
    pit.buy("b", ANN, 10, 100)
    pit.buy("c", EVE, 15, 90)
    pit.sell("d", ANN, 15, 90)
    assert held(pit, ANN) == (-5, -450, 45)
    assert free(pit, ANN) == RICH - 100 - 45


def test_fees_are_paid_in_what_settles() -> None:
    pit = floor(fees=(1000, 2000))
    pit.sell("a", BOB, 10, 100)
    pit.buy("b", ANN, 10, 100)
    assert (free(pit, ANN), free(pit, BOB), free(pit, 0)) == (RICH - 102, RICH - 101, 3)


def test_reduce_only_closes_and_no_more() -> None:
    pit = floor()
    pit.sell("a", BOB, 10, 100)
    pit.buy("b", ANN, 6, 100)
    pit.buy("c", EVE, 20, 99)
    assert pit.sell("d", ANN, 9, 99, flags=Flag.REDUCE_ONLY) == [
        "ACK d", "FILL d takes 6 of c at 99", "EXPIRE d 3 REDUCE_ONLY",
    ]  # fmt: skip
    assert held(pit, ANN) == (0, 0, 0)
    assert pit.sell("e", ANN, 1, 200, flags=Flag.REDUCE_ONLY) == ["ACK e", "EXPIRE e 1 REDUCE_ONLY"]


def test_a_resting_reduce_only_order_expires_where_it_is_met_with_nothing_to_close() -> None:
    pit = floor()
    pit.sell("a", BOB, 10, 100)
    pit.buy("b", ANN, 6, 100)
    pit.sell("exit", ANN, 6, 110, flags=Flag.REDUCE_ONLY)
    assert pit.held(ANN) == (0, 0)
    pit.buy("c", EVE, 6, 100, flags=0)
    pit.cancel("a", BOB)
    pit.buy("d", BOB, 6, 90)
    pit.sell("e", ANN, 6, 90)
    assert pit.buy("f", EVE, 1, 110) == ["ACK f", "EXPIRE exit 6 REDUCE_ONLY"]


def crash(pit: Floor, left: int) -> None:
    """ANN has bought 10 at 100 of BOB, with nothing but the margin of 100 behind it, and this apart."""
    pit.ask(kind=Kind.ISOLATE, account=ANN, quantity=1)
    poor(pit, ANN, 100 + left)
    pit.sell("a", BOB, 10, 100)
    pit.buy("b", ANN, 10, 100)


def test_a_position_below_maintenance_is_sold_into_the_book() -> None:
    pit = floor(liquidation=Decimal("0.01"))
    crash(pit, 7)
    pit.buy("bid", EVE, 20, 93)
    assert mark(pit, 95) == ["MARK 95 interest 10"]
    assert mark(pit, 94) == [
        "MARK 94 interest 10", "LIQUIDATION 10 of 2 at 91 fee 9", "FILL ? takes 10 of bid at 93",
    ]  # fmt: skip
    assert held(pit, ANN) == (0, 0, 0)
    assert free(pit, ANN) == 7 + 100 - 9 - 70
    assert pit.state("insurance") == 9


def test_without_a_book_it_is_closed_against_who_gained_most() -> None:
    pit = floor()
    crash(pit, 0)
    assert mark(pit, 94) == [
        "MARK 94 interest 10", "LIQUIDATION 10 of 2 at 90 fee 0", "EXPIRE ? 10 IMMEDIATE",
        "ADL 10 of 2 against 3 at 94",
    ]  # fmt: skip
    assert (free(pit, ANN), free(pit, BOB)) == (40, RICH + 60)


def test_insurance_pays_what_is_missing() -> None:
    pit = floor()
    pit.ask(kind=Kind.INSURE, account=EVE, quantity=100)
    crash(pit, 0)
    assert mark(pit, 80)[-2:] == ["INSURANCE 2 -100", "ADL 10 of 2 against 3 at 80"]
    assert pit.state("insurance") == 0
    assert (free(pit, ANN), free(pit, BOB)) == (0, RICH + 200)


def test_where_insurance_is_too_little_others_gain_less() -> None:
    pit = floor()
    pit.ask(kind=Kind.INSURE, account=EVE, quantity=99)
    crash(pit, 0)
    assert mark(pit, 80)[-1] == "ADL 10 of 2 against 3 at 90"
    assert pit.state("insurance") == 99
    assert (free(pit, ANN), free(pit, BOB)) == (0, RICH + 100)


def test_liquidation_takes_the_accounts_orders_out() -> None:
    pit = floor()
    crash(pit, 500)
    pit.buy("low", ANN, 10, 50)
    assert mark(pit, 94)[1] == "EXPIRE low 10 LIQUIDATED"
    assert pit.held(ANN) == (0, 0)


def test_funding_goes_from_one_side_to_the_other() -> None:
    pit = floor()
    crash(pit, 50)
    mark(pit, 100)
    assert pit.ask(kind=Kind.FUNDING, quantity=10_000_000) == ["FUNDING 2 -10", "FUNDING 3 10", "FUNDING 0 0"]
    assert pit.ask(kind=Kind.FUNDING, quantity=-10_000_000) == ["FUNDING 2 10", "FUNDING 3 -10", "FUNDING 0 0"]
    assert pit.ask(kind=Kind.FUNDING, quantity=10**9 + 1) == ["REJECT MALFORMED"]


def test_what_is_free_stands_behind_a_position_that_is_not_isolated() -> None:
    pit = floor()
    poor(pit, ANN, 150)
    pit.sell("a", BOB, 10, 100)
    pit.buy("b", ANN, 10, 100)
    assert mark(pit, 94) == ["MARK 94 interest 10", "MARGIN 2 50"], "of the 54 that equity lacks of a tenth"
    assert held(pit, ANN) == (10, 1000, 150)
    assert mark(pit, 89)[1] == "LIQUIDATION 10 of 2 at 85 fee 0"


def test_margin_may_be_given_and_taken() -> None:
    pit = floor()
    crash(pit, 50)
    assert pit.ask(kind=Kind.MARGIN, account=ANN, quantity=-1) == ["REJECT INSUFFICIENT_FUNDS"], "there is no mark"
    mark(pit, 110)
    assert pit.ask(kind=Kind.MARGIN, account=ANN, quantity=51) == ["REJECT INSUFFICIENT_FUNDS"]
    assert pit.ask(kind=Kind.MARGIN, account=ANN, quantity=50) == ["MARGIN 2 50"]
    assert pit.ask(kind=Kind.MARGIN, account=ANN, quantity=-141) == ["REJECT INSUFFICIENT_FUNDS"]
    assert pit.ask(kind=Kind.MARGIN, account=ANN, quantity=-140) == ["MARGIN 2 -140"], "a tenth of 1100 stays"
    assert held(pit, ANN) == (10, 1000, 10)
    assert pit.ask(kind=Kind.MARGIN, account=EVE, quantity=1) == ["REJECT MALFORMED"], "there is no position"


def test_a_loss_beyond_what_one_has_is_not_traded() -> None:
    pit = floor()
    crash(pit, 20)
    pit.buy("bid", EVE, 10, 80)
    assert pit.sell("out", ANN, 10, 80, flags=Flag.REDUCE_ONLY)[-1] == "EXPIRE out 10 INSUFFICIENT_FUNDS"
    assert held(pit, ANN) == (10, 1000, 100)


def test_spot_knows_nothing_of_it() -> None:
    pit = Floor()
    assert mark(pit, 94) == ["REJECT MALFORMED"]
    assert pit.order("a", ANN, Side.BUY, 1, 100, flags=Flag.REDUCE_ONLY) == ["REJECT MALFORMED"]
    assert len(pit.exchange.markets[0].positions) == 0


def test_accounts_to_come_find_room() -> None:
    pit = floor()
    for _ in range(300):
        pit.exchange.open_account()
        pit.plain.open_account()
    last = pit.exchange.accounts - 1
    pit.ask(kind=Kind.DEPOSIT, account=last, order=1, quantity=1000)
    pit.sell("a", BOB, 10, 100)
    pit.buy("b", last, 10, 100)
    assert held(pit, last) == (10, 1000, 100)


def test_terms_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadInput, match="liquidation of B-Q is a part of 1"):
        floor(liquidation=Decimal(2))
