"""Twins: the compiled core and the plain engine, given the same commands, and the laws that both must keep."""

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from node.exchange.core import far
from node.exchange.core.command import Side
from node.exchange.core.journal import JOURNAL, Record
from node.exchange.core.state import FIRST_USER, ICEBERG, LOCKED, WORLD, Market
from node.exchange.exchange import Commands, Exchange, Journal
from node.exchange.fold import Fold
from node.exchange.listing import Asset, Listing
from node.exchange.oracle.engine import Engine

BTC, ETH, USDT = Asset("BTC", 4), Asset("ETH", 3), Asset("USDT", 4)
SECOND = 1_000_000_000
D = Decimal
LISTINGS = (
    Listing("BTC-USDT", BTC, USDT, D("1.4"), D("0.0005"), D("0.001"), D(50), D("0.1"), D("0.8")),
    Listing("ETH-BTC", ETH, BTC, D("0.01"), D("0.01"), D("0.01"), D(100), D(0), orders=40, waiting=6),
    Listing(
        "ETH-USDT", ETH, USDT, D("0.1"), D("0.02"), D("0.02"), D(90), D("0.2"), D("0.5"),
        breaker=D("0.02"), window=SECOND, pause=SECOND,
    ),
)  # fmt: skip
"""Coarse, so that fees are rounded, and with assets in common, so that each market meets what the others hold."""
PERPETUALS = (
    Listing(
        "SOL-USDT", Asset("SOL", 4), USDT, D("0.1"), D(1), D(1), D(90), D("0.2"), D("0.5"),
        initial=D("0.05"), maintenance=D("0.03"), liquidation=D("0.01"),
    ),
    Listing(
        "BIT-USDT", Asset("BIT", 0), USDT, D("0.0001"), D(1), D(1), D(1 << 40), D(0),
        breaker=D("0.1"), window=SECOND, pause=SECOND, initial=D("0.013"), maintenance=D("0.0129"),
    ),
)  # fmt: skip
"""They settle in an asset that the others trade. The second's lots may be so many that products are beyond 64 bits."""
ALL = (*LISTINGS, *PERPETUALS)


class Twins:
    """Both engines."""

    def __init__(
        self,
        fees: tuple[tuple[int, int], ...] = ((1000, 1000), (-100, 700), (0, 0), (999_999, 999_999)),
        listings: tuple[Listing, ...] = LISTINGS,
        spare: int = 1 << 10,
    ) -> None:
        self.spare, self.core = spare, Exchange(listings, spare)
        rules = [each.rules(index, self.core.assets) for index, each in enumerate(listings)]
        self.plain, self.fold = Engine(rules, len(self.core.assets)), Fold(rules)
        for maker, taker in fees:
            self.core.open_account(maker, taker)
            self.plain.open_account(maker, taker)

    def carry_out(self, commands: Commands) -> Journal:
        """The rows that both gave; AssertionError with the first in which they differ."""
        rows = self.core.carry_out(commands)
        expected = np.frombuffer(self.plain.carry_out(commands.tobytes()), rows.dtype)
        for mine, theirs in zip(rows, expected, strict=False):
            assert mine.tobytes() == theirs.tobytes(), f"core {told(mine)}, plain {told(theirs)}"
        assert len(rows) == len(expected), f"core {len(rows)} rows, plain {len(expected)}"
        self.fold.take(rows)
        self.rebates_are_paid_by_takers(rows)
        return rows

    def restore(self) -> None:
        """Puts another core in place of this one, with nothing but the arrays that it saved."""
        saved, self.core = self.core.save(), Exchange(self.core.listings, self.spare)
        self.core.load(saved)

    def check(self, *, recorded: bool = False) -> None:
        """Every law that can be told from the state. A record's orders hold nothing, are untold, and may cross."""
        self.balances_are_equal()
        self.sums_are_zero()
        self.no_user_owes()
        self.locked_is_what_open_orders_hold(*((FIRST_USER,) if recorded else ()))
        self.positions_are_equal()
        if not recorded:
            self.journal_tells_all()
        for market, plain in zip(self.core.markets, self.plain.markets, strict=True):
            bids, asks = (list(queue(market, side)) for side in Side)
            assert recorded or not (bids and asks and bids[0][1] >= asks[0][1]), "the book is crossed"
            for resting, half in ((bids, plain.bids), (asks, plain.asks)):
                turns = [(each.id, each.price, each.left, each.hidden, each.account) for each in half.orders()]
                assert resting == turns

    def balances_are_equal(self) -> None:
        mine = self.core.ledger.balances.tolist()
        theirs = [[list(each) for each in zip(one.free, one.locked, strict=True)] for one in self.plain.ledger.accounts]
        assert mine == theirs

    def rebates_are_paid_by_takers(self, rows: Journal) -> None:
        """At the price of the trade, of all rows; of the world's trades they need not be."""
        for row in rows[(rows["kind"] == Record.FILL) & (rows["other_fee"] < 0) & (rows["account"] != WORLD)]:
            rules = self.core.markets[row["market"]].rules[0]
            worth, size = (
                int(row["price"]) * int(row["quantity"]) * int(rules["unit"]),
                int(row["quantity"]) * int(rules["lot"]),
            )
            got, others = (
                (worth, worth) if rules["initial"] else (size, worth) if row["side"] == Side.BUY else (worth, size)
            )
            assert -int(row["other_fee"]) * got <= int(row["fee"]) * others, told(row)

    def sums_are_zero(self) -> None:
        """Of each asset, all accounts, free and locked, with margins and insurance, less what positions cost."""
        sums = [sum(map(sum, asset.tolist())) for asset in self.core.ledger.balances.transpose(1, 0, 2)]
        for market in self.core.markets:
            held = market.positions[: self.core.accounts].tolist()
            sums[market.rules["quote"][0]] += sum(margin - cost for _, cost, margin, _ in held)
            sums[market.rules["quote"][0]] += int(market.state["insurance"][0])
            assert sum(size for size, *_ in held) == 0, "sizes do not add up to 0"
        assert not any(sums)

    def positions_are_equal(self) -> None:
        """And no margin or insurance is below 0, and who has no lots has neither cost nor margin."""
        for market, plain in zip(self.core.markets, self.plain.markets, strict=True):
            state = market.state[0]
            assert (state["mark"], state["insurance"]) == (plain.mark, plain.insurance)
            assert plain.insurance >= 0
            for account, held in enumerate(market.positions[: self.core.accounts].tolist()):
                mine, theirs = held[:3], plain.positions[account]
                assert held == (*mine, theirs.isolated)
                assert mine == (theirs.size, theirs.cost, theirs.margin)
                assert theirs.margin >= 0
                assert theirs.size or mine == (0, 0, 0)

    def no_user_owes(self) -> None:
        balances = self.core.ledger.balances
        assert (balances[FIRST_USER:] >= 0).all()
        assert (np.delete(balances[..., LOCKED], WORLD, axis=0) >= 0).all()  # its recorded orders hold nothing

    def locked_is_what_open_orders_hold(self, first: int = 0) -> None:
        """One that rests or waits holds what it gives; a buyer without a limit, or one that only reduces a position,
        nothing; an OCO the greater of both. Accounts before `first` are not looked at.
        """
        held = np.zeros_like(self.core.ledger.balances[..., LOCKED])
        for market in self.plain.markets:
            needs: dict[tuple[int, int, int], int] = {}
            for order in market.orders.values():
                if not order.aside:
                    amount = market.needs(order, order.open)
                    whose = order.account, market.gives(order.side), id(order.group) if order.group else order.id
                    needs[whose] = max(needs.get(whose, 0), amount)
            for (account, asset, _), amount in needs.items():
                held[account, asset] += amount
        assert (held[first:] == self.core.ledger.balances[first:, :, LOCKED]).all()

    def journal_tells_all(self) -> None:
        """Its rows alone fold into the same balances and open orders."""
        locked, balances = self.fold.locked(), self.core.ledger.balances
        for (account, asset), held in np.ndenumerate(balances[..., LOCKED]):
            assert locked.get((account, asset), 0) == held
            margins = sum(
                int(market.positions["margin"][account])
                for market in self.core.markets
                if len(market.positions) and market.rules["quote"][0] == asset
            )
            assert self.fold.owned.get((account, asset), 0) == balances[account, asset].sum() + margins
        for number, market in enumerate(self.core.markets):
            stakes = {at: each for (of, at), each in self.fold.stakes.items() if of == number}
            for account, (size, cost, *_) in enumerate(market.positions[: self.core.accounts].tolist()):
                stake = stakes.get(account)
                assert (size, cost) == ((stake.size, stake.cost) if stake else (0, 0))
            assert self.fold.insurance[number] == market.state["insurance"][0]
            (slots,) = np.nonzero(market.nodes["id"])
            mine = {}
            for node, terms in zip(market.nodes[slots], market.terms[slots], strict=True):
                hidden = int(terms["hidden"]) if node["rare"] & ICEBERG else 0
                mine[number, int(node["id"])] = int(node["owner"]), abs(int(node["key"])), int(node["left"]) + hidden
            theirs = {
                name: (each.account, each.price, each.open)
                for name, each in self.fold.orders.items()
                if name[0] == number
            }
            assert mine == theirs


def told(row: np.void) -> dict[str, int]:
    """A row to read."""
    return {name: int(row[name]) for name in JOURNAL.names or () if row[name]}


def queue(market: Market, side: Side) -> Iterator[tuple[int, int, int, int, int]]:
    """Orders that rest as (id, price, lots seen, hidden, account), the best price first and each price in turn."""
    words = [(int(place), int(market.bits[side, place])) for place in np.flatnonzero(market.bits[side])]
    marked = [place << 6 | bit for place, word in words for bit in range(64) if word >> bit & 1]
    levels = [(index + int(market.base[side]), market.levels[side, index]) for index in marked]
    levels += [(int(each["key"]), each) for each in far.held(market, side)]
    for key, level in sorted(levels, key=lambda each: -each[0]):
        slot, size, orders = int(level["head"]), 0, 0
        while slot:
            node = market.nodes[slot]
            assert node["key"] == key
            hidden = int(market.terms[slot]["hidden"]) if node["rare"] & ICEBERG else 0
            yield int(node["id"]), abs(key), int(node["left"]), hidden, int(node["owner"])
            size, orders = size + int(node["left"]), orders + 1
            slot = int(node["after"])
        assert (level["size"], level["orders"]) == (size, orders)
