"""Matching: commands meet the book in price-time order, and every answer is a row of the journal.

The kernel takes one command after another. Before each it makes sure that there is room for all that may come of it;
where there is not it returns, having changed nothing of it, and goes on there once its caller has made more.
"""

from typing import Any

import numpy as np

from node.exchange.core import funds, ladder, pool
from node.exchange.core.command import Flag, Kind, Selftrade, Tif, Type
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import NONE, SLOT_BITS, WORLD, Ledger, Market

U = np.uint64
NODES_EACH = 4
"""Nodes that one command may need."""
_SLOTS = (1 << SLOT_BITS) - 1
_MILLION = 1_000_000
_DAY = 86_400_000_000_000

_NEW, _CANCEL, _AMEND = int(Kind.NEW), int(Kind.CANCEL), int(Kind.AMEND)
_DEPOSIT, _WITHDRAW, _HALT, _RESUME, _TIMER = (
    int(Kind.DEPOSIT), int(Kind.WITHDRAW), int(Kind.HALT), int(Kind.RESUME), int(Kind.TIMER),
)  # fmt: skip
_LIMIT, _MARKET = int(Type.LIMIT), int(Type.MARKET)
_GTC, _IOC, _FOK, _GTD, _DAY_ORDER = (int(each) for each in Tif)
_NO_RULE, _TAKER, _MAKER, _BOTH, _DECREMENT = (int(each) for each in Selftrade)
_POST_ONLY, _BY_QUOTE = int(Flag.POST_ONLY), int(Flag.BY_QUOTE)

_ACK, _REJECT, _FILL, _CANCELLED, _EXPIRE, _AMENDED, _BALANCE, _STATUS = (
    int(Record.ACK), int(Record.REJECT), int(Record.FILL), int(Record.CANCEL), int(Record.EXPIRE), int(Record.AMEND),
    int(Record.BALANCE), int(Record.STATUS),
)  # fmt: skip
_OK = int(Reason.NONE)
_MALFORMED, _OVERFLOW, _FUNDS, _QUANTITY, _NOTIONAL, _BAND, _HALTED = (
    int(Reason.MALFORMED), int(Reason.OVERFLOW), int(Reason.INSUFFICIENT_FUNDS), int(Reason.QUANTITY),
    int(Reason.NOTIONAL), int(Reason.BAND), int(Reason.HALTED),
)  # fmt: skip
_UNKNOWN, _WOULD_TAKE, _NOT_FILLABLE = (
    int(Reason.UNKNOWN_ORDER), int(Reason.WOULD_TAKE), int(Reason.NOT_FILLABLE),
)  # fmt: skip
_NO_LIQUIDITY, _IMMEDIATE, _SELF_TRADE, _KEPT = (
    int(Reason.NO_LIQUIDITY), int(Reason.IMMEDIATE), int(Reason.SELF_TRADE), int(Reason.KEPT),
)  # fmt: skip


@jit
def room_needed(market: Market) -> Int:
    """Rows that one command may write at most: every order leaves at most once, and each may be told of three times."""
    return int(3 * market.state[0].live + 16)


@jit
def run(market: Market, ledger: Ledger, commands: Any, start: Int, journal: Any) -> tuple[Int, Int]:
    """Carries out commands from `start` on.

    Args:
        commands: of dtype COMMAND, all for this market.
        journal: of dtype JOURNAL; written from its first row.

    Returns:
        the command that there was no room for, or how many there are; and the rows written.
    """
    rows: Int = 0
    state = market.state[0]
    for index in range(start, len(commands)):
        if rows + room_needed(market) > len(journal) or state.live + NODES_EACH >= len(market.nodes):
            return index, rows
        command = commands[U(index)]
        kind = command.kind
        state.time = max(state.time, command.time)
        if kind == _NEW:
            rows = _new(market, ledger, command, journal, rows)
        elif kind == _CANCEL:
            rows = _cancel(market, ledger, command, journal, rows)
        elif kind == _AMEND:
            rows = _amend(market, ledger, command, journal, rows)
        else:
            rows = _administer(market, ledger, command, journal, rows)
    return len(commands), rows


@jit
def write(market: Market, journal: Any, rows: Int, kind: Int, account: Int, order: Int, reason: Int) -> Any:
    """A row with what all kinds have; the rest of it is empty."""
    row = journal[U(rows)]
    row.kind, row.side, row.reason, row.flags, row.account = kind, 0, reason, 0, account
    row.market, row.type, row.tif, row.other_account = market.rules[0].market, 0, 0, 0
    row.order, row.other, row.price, row.quantity, row.fee, row.other_fee = order, 0, 0, 0, market.state[0].time, 0
    return row


@jit
def _reject(market: Market, command: Any, journal: Any, rows: Int, reason: Int) -> Int:
    row = write(market, journal, rows, _REJECT, command.account, command.order, reason)
    row.side, row.type, row.tif, row.flags = command.side, command.type, command.tif, command.flags
    row.price, row.quantity, row.ref = command.price, command.quantity, command.ref
    return rows + 1


@jit
def _refusal(market: Market, ledger: Ledger, command: Any) -> Int:
    """Why an order cannot be taken; 0 where it can. Funds come before the market's filters, as on other exchanges."""
    rules, state = market.rules[0], market.state[0]
    side, price, quantity = np.int64(command.side), command.price, command.quantity
    by_quote = command.flags & _BY_QUOTE != 0
    limit = command.type == _LIMIT
    if side > 1 or command.type > _MARKET or command.tif > _DAY_ORDER or command.selftrade > _DECREMENT:
        return _MALFORMED
    if quantity <= 0 or command.display < 0:
        return _MALFORMED
    if (price <= 0 or by_quote) if limit else command.flags & _POST_ONLY != 0:
        return _MALFORMED
    if command.account >= len(ledger.balances) or command.account < 0:
        return _MALFORMED
    if state.halted:
        return _HALTED
    met = price
    if not limit:
        met = 0
        if market.top[U(1 - side)] >= 0:
            met = ladder.best(market, 1 - side) * (1 if side == 1 else -1)
    if by_quote:
        if side == 0 and not funds.has(market, ledger, command.account, side, quantity):
            return _FUNDS
        return _OK
    if not funds.fits(market, met, quantity):
        return _OVERFLOW
    if not funds.has(market, ledger, command.account, side, funds.need(market, side, met, quantity)):
        return _FUNDS
    if quantity < rules.least or quantity > rules.most:
        return _QUANTITY
    if limit:
        if price * quantity * rules.unit < rules.notional:
            return _NOTIONAL
        if rules.band and state.last and abs(price - state.last) > state.last * rules.band // _MILLION:
            return _BAND
    return _OK


@jit
def _new(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    refused = _refusal(market, ledger, command)
    side = np.int64(command.side)
    key = command.price if side == 0 else -command.price
    if refused == _OK and command.flags & _POST_ONLY and _crosses(market, side, key):
        refused = _WOULD_TAKE
    if refused != _OK:
        return _reject(market, command, journal, rows, refused)
    slot = pool.take(market)
    node = market.nodes[U(slot)]
    state = market.state[0]
    state.sequence += 1
    node.id = (state.sequence << SLOT_BITS) | slot
    node.key, node.left, node.owner, node.side = key, command.quantity, command.account, command.side
    node.flags, node.type, node.tif = command.flags, command.type, command.tif
    row = write(market, journal, rows, _ACK, command.account, node.id, _OK)
    row.side, row.type, row.tif, row.flags = command.side, command.type, command.tif, command.flags
    row.price, row.quantity, row.ref = command.price, command.quantity, command.ref
    rows += 1
    rows, stopped = _match(market, ledger, slot, command.selftrade, journal, rows)
    left = node.left
    if left > 0:
        if command.type == _LIMIT and command.tif != _IOC and stopped == _OK:
            funds.hold(market, ledger, command.account, side, funds.need(market, side, command.price, left))
            ladder.rest(market, slot)
            return rows
        why = stopped if stopped != _OK else (_NO_LIQUIDITY if command.type == _MARKET else _IMMEDIATE)
        row = write(market, journal, rows, _EXPIRE, command.account, node.id, why)
        row.side, row.quantity = command.side, left
        rows += 1
    pool.give(market, slot)
    return rows


@jit
def _crosses(market: Market, side: Int, key: Int) -> "bool | np.bool_":
    """Whether an order at `key` meets the other side: a buyer's price is at or above a seller's just where the two keys
    add up to zero or more.
    """
    other = 1 - side
    return market.top[U(other)] >= 0 and key + ladder.best(market, other) >= 0


@jit
def _match(market: Market, ledger: Ledger, slot: Int, selftrade: Int, journal: Any, rows: Int) -> tuple[Int, Int]:
    """Lets an order take what it meets.

    Returns:
        rows; and why it must not go on, 0 where it may.
    """
    node = market.nodes[U(slot)]
    side, key, owner, left, order = np.int64(node.side), node.key, np.int64(node.owner), node.left, node.id
    other = 1 - side
    any_price = node.type == _MARKET
    top, base = market.top, market.base
    stopped = _OK
    while left > 0:
        at = top[U(other)]
        if at < 0:
            break
        maker_key = at + base[U(other)]
        if not any_price and key + maker_key < 0:
            break
        price = maker_key if other == 0 else -maker_key
        level = market.levels[U(other), U(at)]
        maker = market.nodes[U(level.head)]
        if maker.owner == owner and selftrade != _NO_RULE:
            stopped = _SELF_TRADE
            break
        size = min(left, maker.left)
        if any_price and not funds.has(market, ledger, owner, side, funds.need(market, side, price, size)):
            stopped = _FUNDS
            break
        taker_fee, maker_fee = funds.settle(market, ledger, side, owner, np.int64(maker.owner), price, size)
        row = journal[U(rows)]
        row.kind, row.side, row.reason, row.flags, row.account = _FILL, side, _OK, 0, owner
        row.market, row.type, row.tif, row.other_account = market.rules[0].market, 0, 0, maker.owner
        row.order, row.other, row.price, row.quantity = order, maker.id, price, size
        row.fee, row.other_fee = taker_fee, maker_fee
        rows += 1
        left -= size
        if size < maker.left:
            maker.left -= size
            level.size -= size
        else:
            gone = np.int64(level.head)
            ladder.leave(market, gone)
            pool.give(market, gone)
        market.state[0].last = price
    node.left = left
    return rows, stopped


@jit
def _find(market: Market, command: Any) -> Int:
    """The place of the order that a command names; NONE where its account has no such."""
    slot = command.order & _SLOTS
    if slot >= len(market.nodes) or slot == NONE:
        return NONE
    node = market.nodes[U(slot)]
    return slot if node.id == command.order and node.owner == command.account else NONE


@jit
def _cancel(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    slot = _find(market, command)
    if slot == NONE:
        return _reject(market, command, journal, rows, _UNKNOWN)
    node = market.nodes[U(slot)]
    side = np.int64(node.side)
    price = node.key if side == 0 else -node.key
    funds.hold(market, ledger, command.account, side, -funds.need(market, side, price, node.left))
    row = write(market, journal, rows, _CANCELLED, command.account, command.order, _OK)
    row.side, row.price, row.quantity, row.ref = side, price, node.left, command.ref
    ladder.leave(market, slot)
    pool.give(market, slot)
    return rows + 1


@jit
def _amend(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    return _reject(market, command, journal, rows, _UNKNOWN)


@jit
def _administer(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    kind = command.kind
    if kind == _DEPOSIT or kind == _WITHDRAW:
        amount = command.quantity if kind == _DEPOSIT else -command.quantity
        known = 0 <= command.account < len(ledger.balances) and 0 <= command.order < ledger.balances.shape[1]
        if not known or command.account == WORLD or command.quantity <= 0:
            return _reject(market, command, journal, rows, _MALFORMED)
        if not funds.transfer(ledger, command.account, command.order, amount):
            return _reject(market, command, journal, rows, _FUNDS)
        row = write(market, journal, rows, _BALANCE, command.account, command.order, _OK)
        row.quantity, row.ref = amount, command.ref
        return rows + 1
    if kind == _HALT or kind == _RESUME:
        market.state[0].halted = 1 if kind == _HALT else 0
        row = write(market, journal, rows, _STATUS, command.account, 0, _OK)
        row.quantity, row.ref = market.state[0].halted, command.ref
        return rows + 1
    if kind == _TIMER:
        return rows
    return _reject(market, command, journal, rows, _MALFORMED)
