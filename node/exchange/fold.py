"""Fold: the orders, positions and balances that a journal leaves, told by its rows alone."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from node.exchange.core.command import Flag, Side, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.core.rules import Rules
from node.exchange.core.state import HOUSE, WORLD
from node.exchange.exchange import Journal

_PRICELESS = frozenset((Type.MARKET, Type.STOP_LOSS, Type.TAKE_PROFIT))
_BY_QUOTE, _REDUCE_ONLY = int(Flag.BY_QUOTE), int(Flag.REDUCE_ONLY)
_MILLION = 1_000_000


class Row(NamedTuple):
    """A row of a journal as plain numbers; the columns are those of JOURNAL."""

    kind: int
    side: int
    reason: int
    flags: int
    account: int
    market: int
    type: int
    tif: int
    other_account: int
    order: int
    asset: int
    other: int
    ref: int
    price: int
    quantity: int
    fee: int
    time: int
    other_fee: int
    group: int


@dataclass(slots=True)
class OpenOrder:
    """An order of which something is open.

    Attributes:
        price: ticks; 0 for one that takes any.
        open: lots, seen or not; of an order by quote base units of the quote asset.
        group: id of the first order of its group, or 0.
        aside: it holds nothing, until the first order of its group is filled.
    """

    account: int
    side: int
    type: int
    flags: int
    price: int
    open: int
    group: int
    aside: bool


@dataclass(slots=True)
class Stake:
    """What an account has of a perpetual.

    Attributes:
        size: lots; below 0: sold.
        cost: base units of the quote asset that were paid for it; below 0: got.
    """

    size: int = 0
    cost: int = 0

    def trade(self, lots: int, worth: int) -> int:
        """Goes on with a trade of lots (below 0: sold) and what was paid for them; what those that close gain."""
        closing = min(abs(lots), abs(self.size)) if lots * self.size < 0 else 0
        gain = 0
        if closing:
            part = abs(self.cost) * closing // abs(self.size) * (1 if self.size > 0 else -1)
            brought = -worth * closing // abs(lots)
            gain = brought - part
            self.cost -= part
        self.cost += worth * (abs(lots) - closing) // abs(lots)
        self.size += lots
        return gain


class Fold:
    """What the rows so far have come to.

    Attributes:
        orders: those that are open, by market and id.
        owned: base units by account and asset: free, locked and the margin of positions together.
        stakes: positions of perpetuals, by market and account.
        insurance: base units in the fund of each market.
    """

    def __init__(self, rules: Sequence[Rules]) -> None:
        self._rules = rules
        self.orders: dict[tuple[int, int], OpenOrder] = {}
        self.owned: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.stakes: defaultdict[tuple[int, int], Stake] = defaultdict(Stake)
        self.insurance: defaultdict[int, int] = defaultdict(int)

    def take(self, rows: Journal) -> None:
        """Goes on with these rows."""
        for row in map(Row._make, rows.tolist()):
            self._take(row)

    def _take(self, row: Row) -> None:
        name = row.market, row.order
        if row.kind == Record.ACK:
            price = 0 if row.type in _PRICELESS else row.price
            self.orders[name] = OpenOrder(
                row.account, row.side, row.type, row.flags, price, row.quantity, row.group, row.reason == Reason.GROUP
            )
        elif row.kind == Record.FILL:
            self._pay(row)
            self._shrink(row)
        elif row.kind == Record.PREVENTED:
            self._shrink(row)
        elif row.kind in {Record.CANCEL, Record.EXPIRE}:
            del self.orders[name]
        elif row.kind == Record.AMEND:
            self.orders[name].price, self.orders[name].open = row.price, row.quantity
        elif row.kind == Record.TRIGGER:
            self.orders[name].aside = False
        elif row.kind == Record.BALANCE:
            self._move(WORLD, row.account, row.asset, row.quantity)
        elif row.kind == Record.FUNDING:
            self.owned[row.account, self._rules[row.market].quote] += row.quantity
        elif row.kind == Record.INSURANCE:
            self._insure(row, row.quantity)
        elif row.kind == Record.LIQUIDATION:
            self._insure(row, row.other_fee)
            if row.order:  # a limit order, as if it had been taken
                self.orders[name] = OpenOrder(
                    row.account, row.side, Type.LIMIT, _REDUCE_ONLY, row.price, row.quantity, group=0, aside=False
                )
        elif row.kind == Record.ADL:
            self._settle(row)

    def _insure(self, row: Row, amount: int) -> None:
        self.insurance[row.market] += amount
        self.owned[row.account, self._rules[row.market].quote] -= amount

    def _settle(self, row: Row) -> None:
        """Two accounts trade a perpetual; an ADL row tells no fees."""
        rules, trades = self._rules[row.market], row.kind == Record.FILL
        lots = row.quantity if row.side == Side.BUY else -row.quantity
        fees = (row.fee, row.other_fee) if trades else (0, 0)
        for account, size, fee in ((row.account, lots, fees[0]), (row.other_account, -lots, fees[1])):
            gain = self.stakes[row.market, account].trade(size, row.price * size * rules.unit)
            self.owned[account, rules.quote] += gain
            self._move(account, HOUSE, rules.quote, fee)

    def _pay(self, row: Row) -> None:
        rules = self._rules[row.market]
        if rules.initial:
            self._settle(row)
            return
        size, worth = row.quantity * rules.lot, row.price * row.quantity * rules.unit
        buys = row.side == Side.BUY
        buyer, seller = (row.account, row.other_account) if buys else (row.other_account, row.account)
        of_buyer, of_seller = (row.fee, row.other_fee) if buys else (row.other_fee, row.fee)
        self._move(seller, buyer, rules.base, size)
        self._move(buyer, seller, rules.quote, worth)
        self._move(buyer, HOUSE, rules.base, of_buyer)
        self._move(seller, HOUSE, rules.quote, of_seller)

    def _move(self, payer: int, payee: int, asset: int, amount: int) -> None:
        self.owned[payer, asset] -= amount
        self.owned[payee, asset] += amount

    def _shrink(self, row: Row) -> None:
        for order in (row.order, row.other):
            mine = self.orders.get((row.market, order))
            if mine is None:
                continue  # what a replay tells of the world's orders, they were never placed
            each = row.price * self._rules[row.market].unit if mine.flags & _BY_QUOTE else 1
            mine.open -= row.quantity * each
            if not mine.open:
                del self.orders[row.market, order]

    def locked(self) -> dict[tuple[int, int], int]:
        """Base units that open orders hold, by account and asset.

        One that sells holds its base asset, one that buys what it is worth, or nothing where it has no price. In a
        perpetual all that have a price hold margin, but those that only reduce. The two of an OCO hold the greater of
        both.
        """
        holds: dict[tuple[int, int, int, int], int] = {}
        for (market, order), each in self.orders.items():
            rules = self._rules[market]
            asset, amount = rules.base, each.open * rules.lot
            if each.side == Side.BUY:
                asset, amount = rules.quote, each.price * each.open * rules.unit
            if rules.initial:
                part = 0 if each.flags & _REDUCE_ONLY else -(-each.price * rules.unit * rules.initial // _MILLION)
                asset, amount = rules.quote, each.open * part
            if not each.aside:
                name = market, each.group or order, each.account, asset
                holds[name] = max(holds.get(name, 0), amount)
        locked: defaultdict[tuple[int, int], int] = defaultdict(int)
        for (_, _, account, asset), amount in holds.items():
            locked[account, asset] += amount
        return dict(locked)
