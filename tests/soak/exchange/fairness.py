"""Fairness: what no perpetual may do to those who are not to blame, by the rows of its journal alone.

- The insurance fund pays for a closing against another, no more than what that loses, and only when all is gone that
  stood behind the position.
- Nobody is closed against one who cannot pay at a price that is worse for him than the mark, where the fund could pay,
  nor where he loses by it.
- Each interval's funding is paid by one side to the other, by size; no more is received than paid, the house has the
  rest, and nobody owes after it.
- Who is liquidated has no order open in that market, and keeps none.
"""

from collections import defaultdict
from collections.abc import Sequence
from copy import copy

import numpy as np

from node.exchange.core.command import Side
from node.exchange.core.journal import Record
from node.exchange.core.rules import Rules
from node.exchange.core.state import FIRST_USER, FREE, HOUSE
from node.exchange.exchange import Exchange, Journal
from node.exchange.fold import Fold, Row

_BILLION = 1_000_000_000
_MOST_WORTH = 1 << 62
_WITHIN = frozenset((Record.FILL, Record.PREVENTED, Record.EXPIRE, Record.TRIGGER, Record.STATUS))
"""What is told while the order of a liquidation is matched."""


class Fairness:
    """A journal so far.

    Attributes:
        liquidated: market and account of those who were, by the last rows taken.
        helped: the same of those for whom a fund paid.
        short: the same of those who paid less funding than was asked.
    """

    def __init__(self, rules: Sequence[Rules]) -> None:
        self._rules, self._fold = rules, Fold(rules)
        self._marks: defaultdict[int, int] = defaultdict(int)
        self._isolated: defaultdict[tuple[int, int], bool] = defaultdict(bool)
        self._funding: list[Row] = []
        self._help: Row | None = None
        self._order: tuple[int, int] | None = None
        self._asks = False
        self.liquidated: set[tuple[int, int]] = set()
        self.helped: set[tuple[int, int]] = set()
        self.short: set[tuple[int, int]] = set()

    def take(self, rows: Journal) -> None:
        """Goes on with the rows of whole commands; AssertionError with one by which somebody is wronged."""
        self.liquidated, self.helped, self.short = set(), set(), set()
        for at, row in enumerate(map(Row._make, rows.tolist())):
            self._look(row)
            self._fold.take(rows[at : at + 1])
        self._rest_is_gone()
        assert not self._help, f"the fund paid for nothing: {self._help}"
        assert not self._funding, "the house's row of a funding is missing"

    def _look(self, row: Row) -> None:
        if row.kind not in _WITHIN:
            self._rest_is_gone()
        assert not self._help or row.kind == Record.ADL, f"the fund paid for nothing: {self._help}"
        if row.kind == Record.MARK:
            self._marks[row.market] = row.price
        elif row.kind == Record.ISOLATED:
            self._isolated[row.market, row.account] = bool(row.quantity)
        elif row.kind == Record.INSURANCE and row.quantity < 0:
            self._help = row
        elif row.kind == Record.LIQUIDATION:
            self._liquidate(row)
        elif row.kind == Record.ADL:
            self._deleverage(row)
        elif row.kind == Record.FUNDING:
            self._funding.append(row)
            if not row.price:
                self._fund(row, self._funding[:-1])
                self._funding = []

    def _rest_is_gone(self) -> None:
        assert self._order not in self._fold.orders, f"the order of a liquidation rests: {self._order}"

    def _open(self, account: int, markets: Sequence[int]) -> bool:
        return any(each.account == account and of in markets for (of, _), each in self._fold.orders.items())

    def _liquidate(self, row: Row) -> None:
        assert not self._open(row.account, [row.market]), f"liquidated with orders open: {row}"
        self._order, self._asks = (row.market, row.order), True
        self.liquidated.add((row.market, row.account))

    def _deleverage(self, row: Row) -> None:
        worth, lots = row.price * row.quantity * self._rules[row.market].unit, row.quantity
        signed = lots if row.side == Side.BUY else -lots
        gains = []
        for account, size in ((row.account, signed), (row.other_account, -signed)):
            stake = copy(self._fold.stakes[row.market, account])
            assert -stake.size * size >= lots * lots, f"it closes more than there is: {row}"
            gains.append(stake.trade(size, worth if size > 0 else -worth))
        self._bystander(row, gains[1])
        self._asks = False
        self._fund_pays(row, gains[0])

    def _fund_pays(self, row: Row, gain: int) -> None:
        helped, self._help = self._help, None
        if not helped:
            return
        assert (helped.market, helped.account) == (row.market, row.account), f"the fund paid another: {helped}"
        assert -helped.quantity <= -gain, f"the fund paid {-helped.quantity} of a gain of {gain}: {row}"
        self.helped.add((row.market, row.account))
        quote = self._rules[row.market].quote
        others = [at for at, each in enumerate(self._rules) if quote in (each.quote, each.base) and at != row.market]
        alone = not any(self._fold.stakes[at, row.account].size for at in others) and not self._open(
            row.account, others
        )
        if alone and not self._isolated[row.market, row.account]:
            left = self._fold.owned[row.account, quote] + gain
            assert left == 0, f"the fund paid one who had {left}: {row}"

    def _bystander(self, row: Row, gain: int) -> None:
        """Is closed at the mark, or gains by what is taken of it."""
        mark, unit = self._marks[row.market], self._rules[row.market].unit
        if row.price == mark:
            return
        assert gain >= 0, f"a bystander loses {-gain}: {row}"
        lots = abs(self._fold.stakes[row.market, row.account].size)
        if self._asks and lots * mark * unit < _MOST_WORTH:
            fund, worse = (
                self._fold.insurance[row.market],
                row.price - mark if row.side == Side.SELL else mark - row.price,
            )
            assert fund < lots * worse * unit, f"the fund could pay with {fund}: {row}"

    def _fund(self, house: Row, rows: Sequence[Row]) -> None:
        stakes = {account: each.size for (of, account), each in self._fold.stakes.items() if of == house.market}
        assert [each.account for each in rows] == sorted(each for each in stakes if stakes[each])
        rate, mark, rules = house.group, self._marks[house.market], self._rules[house.market]
        sign = 1 if rate > 0 else -1
        gave = sum(max(0, -each.quantity) for each in rows)
        sizes = sum(max(0, -sign * size) for size in stakes.values())
        for row in rows:
            size = stakes[row.account]
            if size * sign < 0:
                assert row.quantity == gave * abs(size) // sizes, f"another's share of funding: {row}"
                continue
            asked = min(_MOST_WORTH, abs(size) * mark * rules.unit) * abs(rate) // _BILLION if sizes else 0
            assert 0 <= -row.quantity <= asked, f"funding of more than {asked}: {row}"
            if -row.quantity < asked:
                self.short.add((row.market, row.account))
            owned = self._fold.owned[row.account, rules.quote]
            assert row.account < FIRST_USER or owned >= 0, f"who paid funding owes {-owned}: {row}"
        got = sum(max(0, each.quantity) for each in rows)
        assert (house.account, house.quantity) == (HOUSE, gave - got), f"{gave} paid, {got} got: {house}"
        assert gave >= got, f"{gave} paid, {got} got: {house}"


class Before:
    """What accounts had before one command; AssertionError in `compare` where it touched what is not its own."""

    def __init__(self, exchange: Exchange) -> None:
        self._balances = exchange.ledger.balances.copy()
        self._positions = [each.positions.copy() for each in exchange.markets]

    def compare(self, exchange: Exchange, market: int, rows: Journal, fairness: Fairness) -> None:
        """After a mark or a funding of a market, of which these are the rows."""
        assert (rows["market"] == market).all()
        for number, before in enumerate(self._positions):
            assert number == market or (exchange.markets[number].positions == before).all(), "a neighbour was touched"
        positions, quote = exchange.markets[market].positions, int(exchange.markets[market].rules["quote"][0])
        balances = exchange.ledger.balances[:, quote]
        for _, account in fairness.helped | fairness.short:
            free = (
                0
                if positions["isolated"][account] and (market, account) in fairness.helped
                else balances[account, FREE]
            )
            assert (free, positions["margin"][account]) == (0, 0), f"{account} had something left"
        makers = set(rows["other_account"][np.isin(rows["kind"], (Record.FILL, Record.ADL))].tolist())
        for _, account in fairness.liquidated:
            if positions["isolated"][account] and account not in makers:
                assert balances[account].sum() >= self._balances[account, quote].sum(), f"{account} paid of its purse"
