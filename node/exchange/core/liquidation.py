"""Liquidation: what a perpetual's mark price, its funding and its insurance fund do to positions.

MARK gives the mark price and is told by a MARK row (`price`; `quantity` the open interest, the sum of all bought
positions, in lots; `ref`, `time`). Then, while the market is open, each account but the world's, the lowest first, is
looked at whose equity, margin plus size times mark times `unit` less cost, is below its maintenance, `part(|size| *
mark * unit, maintenance)`. One that is not isolated first gets, of what it has free, what its equity lacks of
`part(|size| * mark * unit, initial)`, as far as that goes, as margin; a MARGIN row tells it (`account`, `quantity`).
Who is below its maintenance still is liquidated once:

1. Its orders of this market expire, LIQUIDATED, by ascending place as CANCEL_ALL has it.
2. A fee of `part(|size| * mark * unit, liquidation)`, at most its equity and its margin, at least 0, leaves its margin
   for the market's insurance fund.
3. A reduce-only, immediate-or-cancel limit order for all of the position, with the self-trade mode EXPIRE_MAKER, enters
   the book at the bankruptcy price, the worst whole tick at which what it brings leaves no loss beyond the margin (of a
   bought position max(1, ceil((cost - margin) / (size * unit))), of a sold one floor((|cost| + margin) /
   (|size| * unit))). A LIQUIDATION row tells it in place of an ACK: `order`, `side`, `price`, `quantity`, `time`,
   `other_fee` the fee. A price below 1 there is none; the row has then no order, and nothing enters the book.
4. What is left of the position is closed against others' (auto-deleveraging): at the mark price where the equity at it
   is not below 0, or the insurance fund has what is missing, which then becomes margin and is told by an INSURANCE row
   (`quantity`, below 0); else at the bankruptcy price told anew, which is 1 at the least. Of the positions of the other
   side that can bear it, each to the last lot that is asked of it, the one that gained most a lot comes first: of
   bought ones that with the least |cost| // |size|, of sold ones that with the greatest; of equals the lowest account.
   Neither pays a fee or moves the last price. An ADL row each: `account`, `side` (what it does), `other_account`,
   `price`, `quantity`. Where nobody can bear it the rest stays.

A position whose worth at the mark is 2**62 or more is left alone and is of no worth to funding.

FUNDING pays `quantity` ppb of their worth at the mark between positions: above 0 the bought pay the sold, below 0 the
sold pay the bought. One that pays gives |size| * mark * unit * rate, rounded down, as far as what is free and then its
margin last (the world always). Of all that was given, one that is paid gets the share of its size among those paid,
rounded down; the rest is the house's. A FUNDING row each by ascending account (`quantity`, below 0 what it gave;
`price` the mark), then one without a price for the house's rest, with `ref`, and the
rate as its `group`.

INSURE moves `quantity` of what is free of `account` into the insurance fund; an INSURANCE row tells it (`quantity`;
`price` 0). INSUFFICIENT_FUNDS where it has less.

MARGIN moves `quantity` of what is free into the margin of a position, or below 0 back, of which equity at the mark must
keep `part(|size| * mark * unit, initial)`; a MARGIN row tells it (`quantity`, `ref`). INSUFFICIENT_FUNDS where one has
less, or there is no mark. ISOLATE is told by an ISOLATED row (`quantity`, `ref`).

Of each settling asset, what is free, locked, margin and insurance, minus the costs, is always 0.
"""

from typing import Any

import numpy as np

from node.exchange.core import answer, funds, own, placing, pool, position, ties
from node.exchange.core.command import Flag, Kind, Selftrade, Side, Tif, Type
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import FREE, HOUSE, NONE, SLOT_BITS, WORLD, Ledger, Market

U = np.uint64
_FREE = U(FREE)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_MARK_IT, _FUND, _INSURE, _MOVE, _ISOLATE = (
    int(Kind.MARK), int(Kind.FUNDING), int(Kind.INSURE), int(Kind.MARGIN), int(Kind.ISOLATE),
)  # fmt: skip
_MARK, _LIQUIDATION, _ADL, _FUNDING, _INSURANCE, _MARGIN, _ISOLATED = (
    int(Record.MARK), int(Record.LIQUIDATION), int(Record.ADL), int(Record.FUNDING), int(Record.INSURANCE),
    int(Record.MARGIN), int(Record.ISOLATED),
)  # fmt: skip
_OK, _MALFORMED, _OVERFLOW, _FUNDS, _LIQUIDATED = (
    int(Reason.NONE), int(Reason.MALFORMED), int(Reason.OVERFLOW), int(Reason.INSUFFICIENT_FUNDS),
    int(Reason.LIQUIDATED),
)  # fmt: skip
_OPEN, _LIMIT, _IOC = int(Status.OPEN), int(Type.LIMIT), int(Tif.IOC)
_REDUCE_ONLY, _EXPIRE_MAKER = int(Flag.REDUCE_ONLY), int(Selftrade.EXPIRE_MAKER)
_BILLION = 1_000_000_000


@jit
def carry_out(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """A command of a perpetual's own."""
    if command.kind == _MARK_IT:
        return _mark(market, ledger, command, journal, rows)
    if command.kind == _FUND:
        return _fund(market, ledger, command, journal, rows)
    if command.kind == _INSURE:
        return _insure(market, ledger, command, journal, rows)
    if command.kind == _MOVE:
        return _move(market, ledger, command, journal, rows)
    if command.kind == _ISOLATE:
        return _isolate(market, ledger, command, journal, rows)
    return answer.reject(market, command, journal, rows, _MALFORMED)


@jit
def _insure(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    account, amount, quote = command.account, command.quantity, market.rules[0].quote
    if account < 0 or account >= len(ledger.balances) or amount <= 0:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    state, free = market.state[0], ledger.balances[U(account), U(quote), _FREE]
    if float(state.insurance) + float(amount) >= funds.LIMIT or float(free) - float(amount) <= -funds.LIMIT:
        return answer.reject(market, command, journal, rows, _OVERFLOW)
    if account != WORLD and free < amount:
        return answer.reject(market, command, journal, rows, _FUNDS)
    ledger.balances[U(account), U(quote), _FREE] -= amount
    state.insurance += amount
    row = answer.write(market, journal, rows, _INSURANCE, account, 0, _OK)
    row.quantity, row.ref = amount, command.ref
    return rows + 1


@jit
def _isolate(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    account, isolated = command.account, command.quantity
    if account < 0 or account >= len(ledger.balances) or (isolated != 0 and isolated != 1):
        return answer.reject(market, command, journal, rows, _MALFORMED)
    market.positions[U(account)].isolated = isolated
    row = answer.write(market, journal, rows, _ISOLATED, account, 0, _OK)
    row.quantity, row.ref = isolated, command.ref
    return rows + 1


@jit
def _move(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    account, amount = command.account, command.quantity
    if account < 0 or account >= len(ledger.balances) or account == WORLD or amount == 0:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    held, free = market.positions[U(account)], ledger.balances[U(account), U(market.rules[0].quote), _FREE]
    if held.size == 0:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    if amount > 0:
        enough = amount <= free
    else:
        worth = _worth(market, account)
        spare = _equity(market, account, worth) - funds.part(worth, market.rules[0].initial)
        enough = worth > 0 and amount >= -min(held.margin, spare)
    if not enough:
        return answer.reject(market, command, journal, rows, _FUNDS)
    return _put(market, ledger, account, amount, command.ref, journal, rows)


@jit
def _put(market: Market, ledger: Ledger, account: Int, amount: Int, ref: Int, journal: Any, rows: Int) -> Int:
    """Makes margin of what is free, or below 0 the other way round."""
    ledger.balances[U(account), U(market.rules[0].quote), _FREE] -= amount
    market.positions[U(account)].margin += amount
    row = answer.write(market, journal, rows, _MARGIN, account, 0, _OK)
    row.quantity, row.ref = amount, ref
    return rows + 1


@jit
def _worth(market: Market, account: Int) -> Int:
    """What a position is worth at the mark, whether bought or sold; 0 where that is beyond what is reckoned with."""
    size, unit, mark = abs(market.positions[U(account)].size), market.rules[0].unit, market.state[0].mark
    if float(size) * float(mark) * float(unit) >= funds.LIMIT:
        return 0
    return int(size * mark * unit)


@jit
def _equity(market: Market, account: Int, worth: Int) -> Int:
    held = market.positions[U(account)]
    return int(held.margin + (worth if held.size > 0 else -worth) - held.cost)


@jit
def _mark(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    state, rules = market.state[0], market.rules[0]
    if command.price <= 0:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    if float(command.price) * float(rules.unit) >= funds.LIMIT:
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
        if account == WORLD or market.positions[U(account)].size == 0:
            continue
        worth = _worth(market, account)
        least: Int = 0
        if worth > 0:
            least = funds.part(worth, rules.maintenance)
        if worth == 0 or _equity(market, account, worth) >= least:
            continue
        if market.positions[U(account)].isolated == 0:
            lacks = funds.part(worth, rules.initial) - _equity(market, account, worth)
            amount = min(lacks, ledger.balances[U(account), U(rules.quote), _FREE])
            if amount > 0:
                rows = _put(market, ledger, account, amount, 0, journal, rows)
        if _equity(market, account, worth) < least:
            rows = _liquidate(market, ledger, account, worth, journal, rows)
    return rows


@jit
def _bankrupt(market: Market, account: Int) -> Int:
    """The bankruptcy price."""
    held, unit = market.positions[U(account)], market.rules[0].unit
    if held.size > 0:
        return int(max(1, -((held.margin - held.cost) // (held.size * unit))))
    return int((held.margin - held.cost) // (-held.size * unit))


@jit
def _liquidate(market: Market, ledger: Ledger, account: Int, worth: Int, journal: Any, rows: Int) -> Int:
    state, held = market.state[0], market.positions[U(account)]
    for place in range(1, state.fresh):
        resting = market.nodes[U(place)]
        if resting.id != 0 and resting.owner == account:
            rows = answer.expired(market, place, _LIQUIDATED, journal, rows)
            rows = ties.leave(market, ledger, place, journal, rows)
    equity = _equity(market, account, worth)
    fee = max(0, min(funds.part(worth, market.rules[0].liquidation), equity, held.margin))
    held.margin -= fee
    state.insurance += fee
    side = _SELL if held.size > 0 else _BUY
    lots, price = abs(held.size), _bankrupt(market, account)
    order: Int = 0
    slot: Int = NONE
    if price > 0:
        slot = pool.take(market)
        state.sequence += 1
        order = (state.sequence << SLOT_BITS) | slot
    row = answer.write(market, journal, rows, _LIQUIDATION, account, order, _OK)
    row.side, row.price, row.quantity, row.other_fee = side, price, lots, fee
    rows += 1
    if slot != NONE:
        node = market.nodes[U(slot)]
        node.id, node.key, node.left, node.owner, node.side = (
            order,
            price if side == _BUY else -price,
            lots,
            account,
            side,
        )
        node.rare, node.flags, node.type = 0, _REDUCE_ONLY, _LIMIT
        own.join(market, slot)
        rows = placing.enter(market, ledger, slot, _EXPIRE_MAKER, _IOC, journal, rows)
    return _deleverage(market, ledger, account, journal, rows) if held.size != 0 else rows


@jit
def _deleverage(market: Market, ledger: Ledger, account: Int, journal: Any, rows: Int) -> Int:
    """Closes what is left of a position against others'."""
    state, held = market.state[0], market.positions[U(account)]
    price = state.mark
    missing = -_equity(market, account, _worth(market, account))
    if missing > 0:
        if state.insurance >= missing:
            state.insurance -= missing
            held.margin += missing
            row = answer.write(market, journal, rows, _INSURANCE, account, 0, _OK)
            row.quantity, rows = -missing, rows + 1
        else:
            price = max(1, _bankrupt(market, account))
    side = _SELL if held.size > 0 else _BUY
    while held.size != 0:
        other = _next(market, ledger, side, price, abs(held.size))
        if other < 0:
            break
        lots = min(abs(held.size), abs(market.positions[U(other)].size))
        position.trade(market, ledger, account, side, price, lots, 0, 0)
        position.trade(market, ledger, other, 1 - side, price, lots, 0, 0)
        row = answer.write(market, journal, rows, _ADL, account, 0, _OK)
        row.side, row.other_account, row.price, row.quantity = side, other, price, lots
        rows += 1
    return rows


@jit
def _next(market: Market, ledger: Ledger, side: Int, price: Int, lots: Int) -> Int:
    """Whose position is closed next by one who does `side`; -1 where there is none."""
    found: Int = -1
    best: Int = 0
    for other in range(len(ledger.balances)):
        held = market.positions[U(other)]
        if (held.size >= 0) if side == _SELL else (held.size <= 0):
            continue
        entry = abs(held.cost) // abs(held.size)
        rank = entry if side == _SELL else -entry
        if found >= 0 and rank <= best:
            continue
        if position.bears(market, ledger, other, 1 - side, price, min(lots, abs(held.size)), 0):
            found, best = other, rank
    return found


@jit
def _fund(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    state, quote, rate = market.state[0], market.rules[0].quote, command.quantity
    if state.mark == 0 or rate < -_BILLION or rate > _BILLION:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    sign = 1 if rate > 0 else -1
    rate = abs(rate)
    pot: Int = 0
    sizes: Int = 0
    for account in range(len(ledger.balances)):
        held = market.positions[U(account)]
        if held.size * sign < 0 and _worth(market, account) > 0:
            sizes += abs(held.size)
    begun = rows
    for account in range(len(ledger.balances)):
        held, balance = market.positions[U(account)], ledger.balances[U(account), U(quote)]
        worth = _worth(market, account)
        if worth == 0:
            continue
        amount: Int = 0
        if held.size * sign > 0 and sizes > 0:
            amount = worth // _BILLION * rate + worth % _BILLION * rate // _BILLION
            if account != WORLD:
                amount = min(amount, max(0, balance[_FREE] + held.margin))
            balance[_FREE] -= amount
            position.make_up(held, balance)
            pot += amount
        row = answer.write(market, journal, rows, _FUNDING, account, 0, _OK)
        row.price, row.quantity = state.mark, -amount
        rows += 1
    rest = pot
    for at in range(begun, rows):
        row = journal[U(at)]
        held = market.positions[U(row.account)]
        if held.size * sign < 0:
            amount = funds.share(pot, abs(held.size), sizes)
            ledger.balances[U(row.account), U(quote), _FREE] += amount
            row.quantity = amount
            rest -= amount
    ledger.balances[U(HOUSE), U(quote), _FREE] += rest
    row = answer.write(market, journal, rows, _FUNDING, HOUSE, 0, _OK)
    row.quantity, row.ref, row.group = rest, command.ref, command.quantity
    return rows + 1
