"""Taking: an order meets the other side of the book."""

from typing import Any

import numpy as np

from node.exchange.core import answer, funds, ladder, pool, position, ties
from node.exchange.core.command import Flag, Selftrade, Side
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import FREE, ICEBERG, NONE, PAIRED, WORLD, Ledger, Market

U = np.uint64
_FREE = U(FREE)
_BUY = int(Side.BUY)
_BY_QUOTE, _REDUCE_ONLY = int(Flag.BY_QUOTE), int(Flag.REDUCE_ONLY)
_ANY_OWNER, _EXPIRE_TAKER, _EXPIRE_MAKER, _EXPIRE_BOTH, _DECREMENT = (int(each) for each in Selftrade)
_FILL, _PREVENTED = int(Record.FILL), int(Record.PREVENTED)
_OK, _FUNDS, _BAND, _IMMEDIATE, _SELF_TRADE = (
    int(Reason.NONE), int(Reason.INSUFFICIENT_FUNDS), int(Reason.BAND), int(Reason.IMMEDIATE), int(Reason.SELF_TRADE),
)  # fmt: skip
_ANY_PRICE = 1 << 62
"""A key that meets every other."""


@jit
def worst(market: Market, side: Int) -> Int:
    """The key of the worst price that an order without one may trade at."""
    rules, last = market.rules[0], market.state[0].last
    if rules.band == 0 or last == 0:
        return _ANY_PRICE
    away = funds.part(last, rules.band)
    return int(last + away if side == _BUY else away - last)


@jit
def crosses(market: Market, side: Int, key: Int) -> "bool | np.bool_":
    """Whether an order at `key` meets the other side: a buyer's price is at or above a seller's just where the two keys
    add up to zero or more.
    """
    other = 1 - side
    return market.top[U(other)] >= 0 and key + ladder.best(market, other) >= 0


@inlined
def take(  # noqa: PLR0915 - one pass; what it keeps is fast in locals alone
    market: Market, ledger: Ledger, slot: Int, key: Int, selftrade: Int, journal: Any, rows: Int
) -> tuple[Int, Int]:
    """Lets an order take what it meets up to a key.

    Returns:
        rows; and why it must not go on, 0 where it may; SELF_TRADE too where nothing is left and not by a trade.
    """
    node = market.nodes[U(slot)]
    side, owner, left, order = np.int64(node.side), np.int64(node.owner), node.left, node.id
    any_price, by_quote = not ties.has_price(node.type), node.flags & _BY_QUOTE != 0
    other, top, base, unit = 1 - side, market.top, market.base, market.rules[0].unit
    stopped: Int = _OK
    first, price, each = 0, 0, 1
    perpetual = market.rules[0].initial != 0
    if perpetual and selftrade == _ANY_OWNER:
        selftrade = _EXPIRE_TAKER
    while left > 0:
        at = top[U(other)]
        if at < 0:
            break
        maker_key = at + base[U(other)]
        if key + maker_key < 0:
            if any_price:
                stopped = _BAND
            break
        price_here = maker_key if other == 0 else -maker_key
        level = market.levels[U(other), U(at)]
        maker = market.nodes[U(level.head)]
        size = min(left, maker.left)
        if by_quote:
            each = price_here * unit
            size = min(left // each, maker.left)
            if size == 0:
                stopped = _IMMEDIATE
                break
        if maker.owner == owner and selftrade != _ANY_OWNER:
            rows, taken, stopped = _meet_own(market, ledger, slot, np.int64(level.head), selftrade, size, journal, rows)
            left -= taken * each
            if left == 0:
                stopped = _SELF_TRADE
            if stopped != _OK:
                break
            continue
        if perpetual:
            size, stopped, gone = position.may_meet(market, ledger, slot, np.int64(level.head), price_here, size)
            if gone != _OK:
                rows = answer.expired(market, np.int64(level.head), gone, journal, rows)
                rows = ties.leave(market, ledger, np.int64(level.head), journal, rows)
                continue
            if size == 0:
                break
        elif any_price and not funds.has(market, ledger, owner, side, funds.need(market, side, price_here, size)):
            size = _payable(market, ledger, owner, side, price_here)
            stopped = _FUNDS
            if size == 0:
                break
        if maker.rare & PAIRED:
            rows = ties.untie(market, ledger, np.int64(level.head), journal, rows)
        price, first = price_here, first if first != 0 else price_here
        if perpetual:
            taker_fee, maker_fee = position.settle(market, ledger, slot, np.int64(level.head), price, size)
        else:
            taker_fee, maker_fee = funds.settle(market, ledger, side, owner, np.int64(maker.owner), price, size)
        row = answer.write(market, journal, rows, _FILL, owner, order, _OK)
        row.side, row.other_account, row.other, row.price, row.quantity = side, maker.owner, maker.id, price, size
        row.fee, row.other_fee, rows = taker_fee, maker_fee, rows + 1
        left -= size * each
        _consume(market, level, size)
        if stopped != _OK:
            break
    node.left, state = left, market.state[0]
    state.first, state.last = first, price if first != 0 else state.last
    return rows, stopped


@inlined
def _consume(market: Market, level: Any, size: Int) -> None:
    """Takes lots from the first order of a level."""
    slot = np.int64(level.head)
    maker = market.nodes[U(slot)]
    if size < maker.left:
        maker.left -= size
        level.size -= size
    elif not maker.rare:
        ladder.leave(market, slot)
        pool.give(market, slot)
    elif not _refill(market, slot, level):
        ladder.leave(market, slot)
        ties.filled(market, slot)


@jit
def _payable(market: Market, ledger: Ledger, account: Int, side: Int, price: Int) -> Int:
    """Lots that an account can pay for, or has."""
    free = ledger.balances[U(account), U(funds.held_asset(market, side)), _FREE]
    return int(max(0, free) // funds.need(market, side, price, 1))


@jit
def _refill(market: Market, slot: Int, level: Any) -> bool:
    """Shows the next part of an iceberg whose seen lots are gone, at the end of its level; False where it has none."""
    node, terms = market.nodes[U(slot)], market.terms[U(slot)]
    if not node.rare & ICEBERG or terms.hidden == 0:
        return False
    ladder.to_the_end(market, level, slot, min(terms.display, terms.hidden))
    terms.hidden -= node.left
    return True


@jit
def _meet_own(
    market: Market, ledger: Ledger, slot: Int, resting: Int, selftrade: Int, size: Int, journal: Any, rows: Int
) -> tuple[Int, Int, Int]:
    """An order meets one of its own account.

    Returns:
        rows, by how many lots the taker shrinks, and why it must not go on, 0 where it may.
    """
    if selftrade == _EXPIRE_TAKER:
        return rows, 0, _SELF_TRADE
    if selftrade == _DECREMENT:
        return _decrement(market, ledger, slot, resting, size, journal, rows), size, _OK
    rows = answer.expired(market, resting, _SELF_TRADE, journal, rows)
    rows = ties.leave(market, ledger, resting, journal, rows)
    return rows, 0, _OK if selftrade == _EXPIRE_MAKER else _SELF_TRADE


@jit
def _decrement(market: Market, ledger: Ledger, slot: Int, resting: Int, size: Int, journal: Any, rows: Int) -> Int:
    taker, maker = market.nodes[U(slot)], market.nodes[U(resting)]
    side, price = np.int64(maker.side), answer.price_of(market, resting)
    if maker.rare & PAIRED:
        rows = ties.untie(market, ledger, resting, journal, rows)
    row = answer.write(market, journal, rows, _PREVENTED, np.int64(taker.owner), taker.id, _OK)
    row.side, row.other_account, row.other = taker.side, maker.owner, maker.id
    row.price, row.quantity, row.fee = price, size, 0
    rows += 1
    if not maker.flags & _REDUCE_ONLY:
        funds.hold(market, ledger, np.int64(maker.owner), side, -funds.need(market, side, price, size))
    level = ladder.level_of(market, side, maker.key)
    if size < maker.left:
        maker.left -= size
        level.size -= size
    elif not _refill(market, resting, level):
        ladder.leave(market, resting)
        maker.left = 0
        rows = ties.end(market, ledger, resting, journal, rows)
    return rows


@jit
def fillable(market: Market, ledger: Ledger, slot: Int, key: Int, selftrade: Int) -> bool:
    """Whether all of an order would be filled at once."""
    node = market.nodes[U(slot)]
    other = 1 - np.int64(node.side)
    left, free = node.left, ledger.balances[U(node.owner), U(market.rules[0].quote), _FREE]
    pays = node.side == _BUY and node.owner != WORLD
    level = ladder.best(market, other) if market.top[U(other)] >= 0 else ladder.LOWEST
    while level != ladder.LOWEST and key + level >= 0:
        head = ladder.head(market, other, level)
        while head != NONE:
            maker = market.nodes[U(head)]
            if maker.owner != node.owner or selftrade == _ANY_OWNER:
                size = min(left, answer.open_lots(market, head))
                left -= size
                if pays:
                    free -= funds.need(market, _BUY, -level, size)
                    if free < 0:
                        return False
                if left == 0:
                    return True
            elif selftrade != _EXPIRE_MAKER:
                return False
            head = np.int64(maker.after)
        level = ladder.worse(market, other, level)
    return False
