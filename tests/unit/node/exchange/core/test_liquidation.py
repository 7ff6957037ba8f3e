"""Liquidation is fair: nobody gains by another's loss that the fund or a bystander pays, and nobody loses too early."""

from decimal import Decimal

import pytest

from node.exchange.core.command import Kind
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, RICH, Floor
from tests.unit.node.exchange.core.test_perpetual import crash, floor, free, held, mark, poor


def insure(pit: Floor, amount: int) -> None:
    pit.ask(kind=Kind.INSURE, account=EVE, quantity=amount)


def both(pit: Floor, buyer: int, seller: int, lots: int, price: int) -> None:
    """Two trade."""
    pit.sell("_ask", seller, lots, price)
    assert f"takes {lots} of _ask" in pit.buy("_bid", buyer, lots, price)[1]


def test_what_a_lot_has_lost_at_the_mark_is_margin_too() -> None:
    pit = floor()
    mark(pit, 100)
    poor(pit, ANN, 1799)
    pit.sell("a", BOB, 10, 250)
    # Each of 10 lots takes a tenth of 250, and the 150 that it has lost at the mark of 100: 1,750 in all.
    assert pit.buy("b", ANN, 11, 250) == ["REJECT INSUFFICIENT_FUNDS"]
    pit.buy("c", ANN, 10, 250)
    assert held(pit, ANN) == (10, 2500, 1750)
    # Nobody is liquidated by a trade far away; of its equity of 250 the position needs 100.
    assert mark(pit, 100) == ["MARK 100 interest 10", "MARGIN 2 -150"]
    # BOB has sold above the mark, and gained: a tenth of 250 a lot.
    assert held(pit, BOB) == (-10, -2500, 250)


def test_two_accounts_take_nothing_from_the_fund() -> None:
    pit = floor(band=Decimal("0.8"))
    insure(pit, 100_000)
    mark(pit, 1000)
    for account in (ANN, BOB):
        poor(pit, account, 9000)
    pit.sell("a", BOB, 45, 1790)
    assert pit.buy("b", ANN, 45, 1790) == ["REJECT INSUFFICIENT_FUNDS"], "45 of 179 + 790 are 43,605"
    mark(pit, 1000)
    assert pit.state("insurance") == 100_000


def test_a_seller_below_the_mark_has_margin_of_the_mark() -> None:
    pit = floor()
    mark(pit, 200)
    pit.buy("bid", EVE, 10, 100)
    pit.sell("a", BOB, 10, 100)
    assert held(pit, BOB) == (-10, -1000, 1200), "a tenth of 200, and 100 lost, a lot"


def test_a_bad_close_costs_no_more_than_the_account_is_worth_at_the_mark() -> None:
    pit = floor()
    crash(pit, 0)
    mark(pit, 96)  # equity 100 - 40
    pit.buy("bid", EVE, 9, 89)
    # 9 sold 7 below the mark lose 63 of it: what is left, one lot that cost 100, would owe 3.
    assert pit.sell("out", ANN, 9, 89)[-1] == "EXPIRE out 9 INSUFFICIENT_FUNDS"
    pit.cancel("bid", EVE)
    pit.buy("bid", EVE, 8, 89)
    assert pit.sell("out", ANN, 8, 89)[-1] == "FILL out takes 8 of bid at 89", "56 of 60"


def test_what_orders_hold_stands_behind_a_cross_position() -> None:
    pit = floor()
    insure(pit, 1000)
    poor(pit, ANN, 10_000)
    both(pit, ANN, BOB, 10, 100)
    pit.buy("far", ANN, 1980, 50)
    assert free(pit, ANN) == 0
    # At 80 its equity is 100 - 200; a tenth of 800 wants 180 more of the 9,900 that are free again.
    assert mark(pit, 80) == ["MARK 80 interest 10", "EXPIRE far 1980 LIQUIDATED", "MARGIN 2 180"]
    assert (free(pit, ANN), held(pit, ANN), pit.state("insurance")) == (9720, (10, 1000, 280), 1000)


def test_a_bystander_who_gained_nothing_pays_for_nobody() -> None:
    pit = floor()
    poor(pit, ANN, 200)
    both(pit, ANN, BOB, 10, 179)  # before there is a mark
    both(pit, BOB, EVE, 10, 100)
    before = free(pit, EVE)
    # ANN lacks 590 at 100, and EVE, who sold at 100, would lose as much at its bankruptcy price of 159.
    assert mark(pit, 100) == ["MARK 100 interest 10", "MARGIN 2 20"], "all that is free"
    assert (free(pit, EVE), held(pit, EVE)[0]) == (before, -10)


def test_the_fund_pays_only_for_what_is_closed() -> None:
    pit = floor()
    insure(pit, 500)
    poor(pit, ANN, 150)
    poor(pit, BOB, 60)
    both(pit, ANN, EVE, 10, 150)
    pit.buy("c", EVE, 10, 60)
    pit.sell("d", BOB, 10, 60)
    # At 100 ANN lacks 350 and BOB 340; neither can bear to be closed against the other.
    assert mark(pit, 100) == ["MARK 100 interest 10"]
    assert (held(pit, ANN)[2], held(pit, BOB)[2], pit.state("insurance")) == (150, 60, 500)
    assert mark(pit, 140) == [
        "MARK 140 interest 10",
    ], "nobody keeps what the fund gave"


def test_the_fund_pays_lot_by_lot() -> None:
    pit = floor()
    insure(pit, 100)
    pit.ask(kind=Kind.ISOLATE, account=ANN, quantity=1)
    poor(pit, ANN, 100)
    both(pit, ANN, BOB, 4, 100)
    both(pit, ANN, EVE, 6, 100)
    # EVE has less behind it. Six lots that lost 20 each are 120, of which the margin pays 100; four more are 80.
    assert mark(pit, 80)[-4:] == [
        "INSURANCE 2 -20", "ADL 6 of 2 against 4 at 80", "INSURANCE 2 -80", "ADL 4 of 2 against 3 at 80",
    ]  # fmt: skip
    assert pit.state("insurance") == 0


def test_of_two_who_gained_alike_the_one_with_less_behind_it_is_first() -> None:
    pit = floor()
    for account in (BOB, EVE):
        pit.ask(kind=Kind.ISOLATE, account=account, quantity=1)
    pit.ask(kind=Kind.ISOLATE, account=ANN, quantity=1)
    poor(pit, ANN, 100)
    both(pit, ANN, BOB, 5, 100)
    both(pit, ANN, EVE, 5, 100)
    pit.ask(kind=Kind.MARGIN, account=BOB, quantity=500)
    assert mark(pit, 94)[-2:] == ["ADL 5 of 2 against 4 at 94", "ADL 5 of 2 against 3 at 94"]


def test_of_two_who_risk_alike_the_one_who_gained_more_is_first() -> None:
    pit = floor()
    for account in (ANN, BOB, EVE):
        pit.ask(kind=Kind.ISOLATE, account=account, quantity=1)
    poor(pit, ANN, 105)  # five of 10, and five of 11
    both(pit, ANN, BOB, 5, 98)
    both(pit, ANN, EVE, 5, 102)
    assert mark(pit, 93)[-2:] == ["ADL 5 of 2 against 4 at 93", "ADL 5 of 2 against 3 at 93"]


def test_the_fee_of_a_liquidation_is_paid_by_margin_alone() -> None:
    pit = floor(fees=(0, 20_000))
    pit.ask(kind=Kind.ISOLATE, account=ANN, quantity=1)
    poor(pit, ANN, 1500)
    both(pit, ANN, BOB, 100, 100)
    pit.buy("bid", EVE, 100, 90)
    assert free(pit, ANN) == 300, "1,500 less a margin of 1,000 and a fee of 200"
    assert mark(pit, 90)[-1] == "FILL ? takes 100 of bid at 90"
    assert (free(pit, ANN), held(pit, ANN)) == (300, (0, 0, 0))


@pytest.mark.parametrize("resting", [False, True])
def test_margin_type_stays_while_there_is_a_position_or_an_order(resting: bool) -> None:
    pit = floor()
    pit.sell("a", BOB, 10, 100)
    if not resting:
        pit.buy("b", ANN, 10, 100)
    account = BOB if resting else ANN
    assert pit.ask(kind=Kind.ISOLATE, account=account, quantity=1) == ["REJECT IN_USE"]
    assert pit.ask(kind=Kind.ISOLATE, account=EVE, quantity=1) == ["ISOLATED 4 1"]


def test_who_has_nothing_free_closes_with_a_plain_order() -> None:
    pit = floor()
    poor(pit, ANN, 100)
    both(pit, ANN, BOB, 10, 100)
    assert free(pit, ANN) == 0
    pit.buy("bid", EVE, 10, 101)
    assert pit.sell("more", ANN, 11, 101) == ["REJECT INSUFFICIENT_FUNDS"]
    assert pit.sell("out", ANN, 4, 101)[-1] == "FILL out takes 4 of bid at 101"
    assert pit.sell("out", ANN, 6)[-1] == "FILL out takes 6 of bid at 101"
    assert (free(pit, ANN), held(pit, ANN)) == (110, (0, 0, 0))


def test_a_position_is_liquidated_however_much_it_is_worth() -> None:
    pit = Floor(initial=Decimal("0.1"), maintenance=Decimal("0.05"), most=Decimal(1 << 39))
    for account in (ANN, BOB):
        pit.ask(kind=Kind.DEPOSIT, account=account, order=1, quantity=1 << 56)
    both(pit, BOB, ANN, 1 << 38, 1 << 20)
    poor(pit, ANN, 0)
    # At 17 times the price it would be worth 2**62.09; it is closed where its margin of a tenth is gone, at 1.1 times.
    assert mark(pit, 17 << 20)[-1].startswith(f"ADL {1 << 38} of 2 against 3 at ")
    assert held(pit, ANN) == (0, 0, 0)
    assert free(pit, BOB) > RICH


def test_margin_that_a_mark_gave_comes_back_when_the_position_recovers() -> None:
    pit = floor()
    both(pit, ANN, BOB, 10, 100)
    before = free(pit, ANN)
    assert mark(pit, 80)[1:] == ["MARGIN 2 180"], "equity 100 - 200; a tenth of 800"
    # What it keeps is 5 a lot at 100, so 15 a lot are far enough above the 10 that it begins with: 280 less 150 at 87.
    assert mark(pit, 86)[1:] == ["MARGIN 2 -54"], "equity 140, and it begins with 86: 43 more than that is asked for"
    assert mark(pit, 90)[1:] == [], "226 - 100 are 36 more than 90, of which 45 are asked for"
    assert mark(pit, 100)[1:] == ["MARGIN 2 -126"], "all that it got"
    assert (free(pit, ANN), held(pit, ANN)) == (before, (10, 1000, 100))


def test_no_mark_gives_back_what_a_position_gained() -> None:
    pit = floor()
    both(pit, ANN, BOB, 10, 100)
    mark(pit, 80)
    before = free(pit, ANN)
    assert mark(pit, 500)[1:2] == ["MARGIN 2 -180"]
    assert (free(pit, ANN), held(pit, ANN)) == (before + 180, (10, 1000, 100)), "not the 4,000 that it gained"
    assert not [each for each in mark(pit, 900) if each.startswith("MARGIN 2 ")]


def test_no_margin_comes_and_goes_with_each_mark() -> None:
    pit = floor()
    both(pit, ANN, BOB, 10, 100)
    assert mark(pit, 80)[1:] == ["MARGIN 2 180"]
    # From 80 on it begins with 8 a lot and keeps 4: nothing moves from 76 to 84.
    assert [mark(pit, price)[1:] for price in (83, 77, 83, 77, 80)] == [[]] * 5


def test_no_mark_touches_margin_that_an_isolated_position_was_given() -> None:
    pit = floor()
    pit.ask(kind=Kind.ISOLATE, account=ANN, quantity=1)
    both(pit, ANN, BOB, 10, 100)
    pit.ask(kind=Kind.MARGIN, account=ANN, quantity=500)
    assert mark(pit, 100) == ["MARK 100 interest 10"]
    assert held(pit, ANN) == (10, 1000, 600)


def test_what_a_lot_had_lost_when_it_was_opened_comes_back_too() -> None:
    pit = floor()
    mark(pit, 100)
    both(pit, ANN, BOB, 10, 250)
    assert held(pit, ANN) == (10, 2500, 1750)
    assert mark(pit, 250)[1:] == ["MARGIN 2 -1500"]
    assert held(pit, ANN) == (10, 2500, 250)


def test_ranks_that_no_float_tells_apart_are_compared_exactly() -> None:
    pit = Floor(initial=Decimal("0.1"), maintenance=Decimal("0.05"), most=Decimal(1 << 39))
    lots, price = 1 << 36, 1 << 18
    for account in (ANN, BOB, EVE):
        pit.ask(kind=Kind.DEPOSIT, account=account, order=1, quantity=1 << 56)
        pit.ask(kind=Kind.ISOLATE, account=account, quantity=1)
    both(pit, ANN, BOB, lots, price)
    both(pit, ANN, EVE, lots, price)
    for account, more in ((BOB, 1), (EVE, 0)):
        pit.ask(kind=Kind.MARGIN, account=account, quantity=(1 << 54) + more)
    # Both gained alike; BOB has one more behind it, of 2**54.
    told = mark(pit, price - price // 12)
    assert [each.split(" at ")[0] for each in told[-2:]] == [f"ADL {lots} of 2 against {each}" for each in (EVE, BOB)]
