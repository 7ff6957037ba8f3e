"""Liquidation: what a perpetual's mark price does to its positions.

MARK gives the mark price and is told by a MARK row (`price`; `quantity` the open interest, the sum of all bought
positions, in lots; `ref`, `time`). Then, while the market is open, each account but the world's is looked at, the
lowest first. A position's equity is its margin plus size times mark times `unit` less cost; its maintenance is
`part(|size| * mark * unit, maintenance)`, and what it begins with `part(|size| * mark * unit, initial)`. One that is
not isolated, and has at least as much more than it begins with as that is more than its maintenance, gives back what is
more (`margin.give_back`). Of one that is below its maintenance:

1. One that is not isolated gets, of what its account has free, what its equity lacks of what it begins with, as far as
   that goes, as margin; a MARGIN row tells it (`account`, `quantity`).
2. If it is below its maintenance still, its orders of this market expire, LIQUIDATED, the oldest first; and one that
   is not isolated gets of what they held as in 1.
3. If it is below its maintenance still, it is liquidated, if the first price of the book's other side is the bankruptcy
   price or better, or there is somebody whose position may be closed against it. Else it stays as it is until the next
   mark.

What an isolated account has free is set aside as long as its position is liquidated: margin alone, and what it gains by
that, pays for losses and fees. Then:

4. A fee of `part(|size| * mark * unit, liquidation)`, at most its equity and its margin, at least 0, leaves its margin
   for the market's insurance fund.
5. A reduce-only, immediate-or-cancel limit order for all of the position, with the self-trade mode EXPIRE_MAKER, enters
   the book at the bankruptcy price, the worst whole tick at which what it brings leaves no loss beyond the margin and
   what is free: of a bought position max(1, ceil((cost - both) / (size * unit))), of a sold one floor((|cost| + both) /
   (|size| * unit)), which is 1 or more since nothing is sold for less. A LIQUIDATION row tells it in place of an ACK:
   `order`, `side`, `price`, `quantity`, `time`, `other_fee` the fee.
6. What is left of the position is closed against others' (auto-deleveraging): at the mark price where equity and what
   is free are not below 0 together, or the insurance fund has what they lack; else at the bankruptcy price told anew,
   which is worse than the mark. An ADL row each: `account`, `side` (what it does), `other_account`, `price`,
   `quantity`. Neither pays a fee or moves the last price. What such a closing leaves the account below 0 the fund pays,
   told before it by an INSURANCE row (`quantity`, below 0): so it pays for nothing that is not closed.

Of the positions of the other side that can bear it, each to the last lot that is asked of it, and of which no lot loses
by it where the price is not the mark, the first by `rank` is next. Where there is nobody the rest stays.

A position whose worth at the mark is 2**62 or more is of that worth; it is closed at the bankruptcy price alone.

Of each settling asset, what is free, locked, margin and insurance, minus the costs, is always 0.
"""

from typing import Any

import numpy as np

from node.exchange.core import answer, funding, funds, margin, own, placing, pool, position, rank, taking, ties
from node.exchange.core.command import Flag, Kind, Selftrade, Side, Tif, Type
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import FREE, NONE, SLOT_BITS, WORLD, Ledger, Market

U = np.uint64
_FREE = U(FREE)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_MARK_IT, _FUND, _INSURE, _MOVE, _ISOLATE = (
    int(Kind.MARK), int(Kind.FUNDING), int(Kind.INSURE), int(Kind.MARGIN), int(Kind.ISOLATE),
)  # fmt: skip
_MARK, _LIQUIDATION, _ADL, _INSURANCE = (
    int(Record.MARK), int(Record.LIQUIDATION), int(Record.ADL), int(Record.INSURANCE),
)  # fmt: skip
_OK, _MALFORMED, _OVERFLOW, _LIQUIDATED = (
    int(Reason.NONE), int(Reason.MALFORMED), int(Reason.OVERFLOW), int(Reason.LIQUIDATED),
)  # fmt: skip
_OPEN, _LIMIT, _IOC = int(Status.OPEN), int(Type.LIMIT), int(Tif.IOC)
_REDUCE_ONLY, _EXPIRE_MAKER = int(Flag.REDUCE_ONLY), int(Selftrade.EXPIRE_MAKER)


@jit
def carry_out(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """A command of a perpetual's own."""
    if command.kind == _MARK_IT:
        return _mark(market, ledger, command, journal, rows)
    if command.kind == _FUND:
        return funding.fund(market, ledger, command, journal, rows)
    if command.kind == _INSURE:
        return margin.insure(market, ledger, command, journal, rows)
    if command.kind == _MOVE:
        return margin.move(market, ledger, command, journal, rows)
    if command.kind == _ISOLATE:
        return margin.isolate(market, ledger, command, journal, rows)
    return answer.reject(market, command, journal, rows, _MALFORMED)


@jit
def _mark(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    state = market.state[0]
    if command.price <= 0:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    if float(command.price) * float(market.rules[0].unit) >= funds.LIMIT:
        return answer.reject(market, command, journal, rows, _OVERFLOW)
    state.mark = command.price
    interest = 0
    for account in range(len(ledger.balances)):
        interest += max(0, market.positions[U(account)].size)
    row = answer.write(market, journal, rows, _MARK, command.account, 0, _OK)
    row.price, row.quantity, row.ref = state.mark, interest, command.ref
    rows += 1
    for account in range(len(ledger.balances)):
        if state.halted != _OPEN:
            break
        if account != WORLD and market.positions[U(account)].size != 0:
            rows = _look(market, ledger, account, journal, rows)
    return rows


@jit
def _look(market: Market, ledger: Ledger, account: Int, journal: Any, rows: Int) -> Int:
    """Liquidates a position that nothing else brings to its maintenance; takes back what one has too much."""
    worth = margin.worth(market, account)
    least = funds.part(worth, market.rules[0].maintenance)
    if margin.equity(market, account, worth) >= least:
        return margin.give_back(market, ledger, account, worth, least, journal, rows)
    rows = margin.refill(market, ledger, account, worth, journal, rows)
    if margin.equity(market, account, worth) >= least:
        return rows
    while market.owners[U(account)].oldest != NONE:
        slot = np.int64(market.owners[U(account)].oldest)
        rows = answer.expired(market, slot, _LIQUIDATED, journal, rows)
        rows = ties.leave(market, ledger, slot, journal, rows)
    rows = margin.refill(market, ledger, account, worth, journal, rows)
    if margin.equity(market, account, worth) >= least:
        return rows
    balance, aside = ledger.balances[U(account), U(market.rules[0].quote)], 0
    if market.positions[U(account)].isolated != 0:
        aside = balance[_FREE]
    balance[_FREE] -= aside
    rows = _liquidate(market, ledger, account, worth, journal, rows)
    balance[_FREE] += aside
    return rows


@jit
def _bankruptcy_price(market: Market, account: Int, behind: Int) -> Int:
    """The bankruptcy price, where so much stands behind a position."""
    held, unit = market.positions[U(account)], market.rules[0].unit
    if held.size > 0:
        return int(max(1, -((behind - held.cost) // (held.size * unit))))
    return int((behind - held.cost) // (-held.size * unit))


@jit
def _closing_price(market: Market, ledger: Ledger, account: Int, worth: Int) -> Int:
    """The price at which a position is closed against others'."""
    state, free = market.state[0], ledger.balances[U(account), U(market.rules[0].quote), _FREE]
    if worth < position.MOST_WORTH and margin.equity(market, account, worth) + free + state.insurance >= 0:
        return int(state.mark)
    return _bankruptcy_price(market, account, market.positions[U(account)].margin + free)


@jit
def _liquidate(market: Market, ledger: Ledger, account: Int, worth: Int, journal: Any, rows: Int) -> Int:
    state, held = market.state[0], market.positions[U(account)]
    side = _SELL if held.size > 0 else _BUY
    lots, closing_price = abs(held.size), _closing_price(market, ledger, account, worth)
    equity, free = margin.equity(market, account, worth), ledger.balances[U(account), U(market.rules[0].quote), _FREE]
    fee = max(0, min(funds.part(worth, market.rules[0].liquidation), equity, held.margin))
    price = _bankruptcy_price(market, account, held.margin - fee + free)
    key = price if side == _BUY else -price
    if not taking.crosses(market, side, key) and _next(market, ledger, side, closing_price, lots) < 0:
        return rows
    held.margin -= fee
    state.insurance += fee
    slot = pool.take(market)
    state.sequence += 1
    order = (state.sequence << SLOT_BITS) | slot
    row = answer.write(market, journal, rows, _LIQUIDATION, account, order, _OK)
    row.side, row.price, row.quantity, row.other_fee = side, price, lots, fee
    rows += 1
    node = market.nodes[U(slot)]
    node.id, node.key, node.left, node.owner, node.side = order, key, lots, account, side
    node.rare, node.flags, node.type = 0, _REDUCE_ONLY, _LIMIT
    own.join(market, slot)
    rows = placing.enter(market, ledger, slot, _EXPIRE_MAKER, _IOC, journal, rows)
    return _deleverage(market, ledger, account, journal, rows) if held.size != 0 else rows


@jit
def _deleverage(market: Market, ledger: Ledger, account: Int, journal: Any, rows: Int) -> Int:
    """Closes what is left of a position against others'."""
    state, held = market.state[0], market.positions[U(account)]
    balance = ledger.balances[U(account), U(market.rules[0].quote)]
    side = _SELL if held.size > 0 else _BUY
    price = _closing_price(market, ledger, account, margin.worth(market, account))
    while held.size != 0:
        other = _next(market, ledger, side, price, abs(held.size))
        if other < 0:
            break
        lots = min(abs(held.size), abs(market.positions[U(other)].size))
        position.trade(market, ledger, account, side, price, lots, 0, 0)
        if balance[_FREE] < 0:
            row = answer.write(market, journal, rows, _INSURANCE, account, 0, _OK)
            row.quantity, rows = balance[_FREE], rows + 1
            state.insurance += balance[_FREE]
            balance[_FREE] = 0
        position.trade(market, ledger, other, 1 - side, price, lots, 0, 0)
        row = answer.write(market, journal, rows, _ADL, account, 0, _OK)
        row.side, row.other_account, row.price, row.quantity = side, other, price, lots
        rows += 1
    return rows


@jit
def _next(market: Market, ledger: Ledger, side: Int, price: Int, lots: Int) -> Int:
    """Whose position is closed next by one who does `side`; -1 where there is none."""
    found: Int = -1
    for other in range(len(ledger.balances)):
        held = market.positions[U(other)]
        if (held.size >= 0) if side == _SELL else (held.size <= 0):
            continue
        part = min(lots, abs(held.size))
        if price != market.state[0].mark and position.closing(market, other, 1 - side, price, part)[1] < 0:
            continue
        if not position.bears(market, ledger, other, 1 - side, price, part, 0):
            continue
        if found < 0 or rank.before(market, ledger, other, found):
            found = other
    return found
