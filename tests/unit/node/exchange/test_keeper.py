"""The keeper: mark prices that no single trade moves far, and funding by the premium."""

from decimal import Decimal

import numpy as np

from node.exchange.core.command import Kind, Side
from node.exchange.core.journal import Record
from node.exchange.exchange import Exchange, command
from node.exchange.holding import holding
from node.exchange.keeper import HOUR, INTEREST, SECOND, Keeper
from node.exchange.listing import Asset, Listing

ONE = Decimal(1)
LISTING = Listing(
    "B-Q", Asset("B", 0), Asset("Q", 0), ONE, ONE, ONE, Decimal(10**6), Decimal(0),
    initial=Decimal("0.1"), maintenance=Decimal("0.05"),
)  # fmt: skip


class Place:
    """A perpetual whose asset is worth 10,000 outside, and two who trade."""

    def __init__(self, every: int = HOUR) -> None:
        self.exchange = Exchange([LISTING])
        self.outside = 10_000.0
        self.keeper = Keeper(self.exchange, 0, 0, every=every, index=lambda: self.outside)
        self.ann, self.bob = (self.exchange.open_account(0, 0) for _ in range(2))
        for account in (self.ann, self.bob):
            self.exchange.carry_out(command(kind=Kind.DEPOSIT, account=account, order=1, quantity=10**9))

    def quote(self, bid: int, ask: int) -> None:
        for account in (self.ann, self.bob):
            self.exchange.carry_out(command(kind=Kind.CANCEL_ALL, account=account))
        self.exchange.order(0, self.ann, Side.BUY, bid, 5)
        self.exchange.order(0, self.ann, Side.SELL, ask, 5)

    def until(self, second: int) -> list[tuple[str, int, int]]:
        """What is told up to a second: kinds, prices and quantities."""
        told = []
        while (due := self.keeper.next_time()) is not None and due <= second * SECOND:
            rows = self.exchange.carry_out(self.keeper.take(self.exchange, due))
            told += [(Record(each["kind"]).name, int(each["price"]), int(each["quantity"])) for each in rows]
        return told


def test_the_mark_is_the_middle_of_index_average_and_last() -> None:
    place = Place()
    assert place.until(1) == [("MARK", 10_000, 0)]
    place.quote(11_990, 12_010)
    place.exchange.order(0, place.bob, Side.BUY, 12_010, 1)
    assert place.until(2)[0] == ("MARK", 10_006, 1), "a trade far away moves it by a 300th of the way"
    assert max(price for _, price, _ in place.until(600)) > 11_700, (
        "in ten minutes it has come to where the market stays"
    )


def test_funding_is_what_the_premium_was_and_no_more_than_bounds() -> None:
    place = Place()
    place.quote(10_009, 10_011)
    place.exchange.order(0, place.bob, Side.BUY, 10_011, 5)
    place.quote(10_009, 10_011)
    told = place.until(3600)
    (funding,) = place.keeper.history
    premium = 1_000_000  # a thousandth
    assert funding.rate == premium - 500_000
    assert funding.time == HOUR
    paid = [each for each in told if each[0] == "FUNDING"]
    mark = funding.mark
    assert paid == [("FUNDING", mark, 5 * mark // 2000), ("FUNDING", mark, -(5 * mark // 2000)), ("FUNDING", 0, 0)]


def test_without_a_premium_interest_is_paid() -> None:
    place = Place()
    place.quote(9_999, 10_001)
    place.until(10)
    assert place.keeper.rate == INTEREST // 8


def test_seconds_in_which_nothing_happened_are_told_at_once() -> None:
    place = Place()
    rows = place.keeper.take(place.exchange, 100 * SECOND + 5)
    assert rows["time"].tolist() == [100 * SECOND]
    assert place.keeper.next_time() == 101 * SECOND


def test_it_goes_on_where_it_was_saved() -> None:
    one, other = Place(), Place()
    one.quote(10_049, 10_051)
    other.quote(10_049, 10_051)
    one.until(4000)
    other.until(2000)
    later = Keeper(other.exchange, 0, 0, index=lambda: 10_000.0, every=HOUR)
    later.load(other.keeper.save())
    other.keeper = later
    other.until(4000)
    assert later.history == one.keeper.history
    assert all(
        np.array_equal(mine, theirs)
        for mine, theirs in zip(later.save().values(), one.keeper.save().values(), strict=True)
    )


def test_a_holding_tells_where_it_is_liquidated() -> None:
    place = Place()
    place.quote(9_999, 10_001)
    place.exchange.order(0, place.bob, Side.BUY, 10_001, 5)
    market = place.exchange.markets[0]
    place.until(1)
    mine, other = holding(market, place.bob), holding(market, place.ann)
    assert (mine.size, mine.cost, mine.margin, mine.unrealised) == (5, 50_005, 5_005, -5)
    assert mine.liquidation == 9_474
    assert (other.size, other.unrealised) == (-5, 5)
    assert other.liquidation == 10_478
    for price, below in ((9_474, False), (9_473, True)):
        worth = 5 * price
        assert (mine.margin + worth - mine.cost < worth // 20) is below


def test_what_is_left_out_has_neither_marks_nor_fundings() -> None:
    place = Place()
    place.until(10)
    place.keeper.skip(5 * HOUR + 30)
    assert place.keeper.next_time() == 5 * HOUR + SECOND
    assert place.keeper.next_funding == 6 * HOUR
    place.keeper.skip(HOUR)
    assert place.keeper.next_time() == 5 * HOUR + SECOND
    place.until(6 * 3600)
    assert [each.time for each in place.keeper.history] == [6 * HOUR]
