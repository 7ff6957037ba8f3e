"""Ties: how an order leaves, and what becomes of those that hang together with it."""

from typing import Any

import numpy as np

from node.exchange.core import answer, expiry, funds, ladder, pool, queue, triggers
from node.exchange.core.command import Flag, Side, Type
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason
from node.exchange.core.state import EXPIRES, NONE, PAIRED, PENDING, QUEUED, WAITING, WORKING, Ledger, Market

U = np.uint64
_BUY, _REDUCE_ONLY = int(Side.BUY), int(Flag.REDUCE_ONLY)
_LIMIT, _STOP_LIMIT, _PROFIT_LIMIT = int(Type.LIMIT), int(Type.STOP_LOSS_LIMIT), int(Type.TAKE_PROFIT_LIMIT)
_GROUP = int(Reason.GROUP)


@jit
def has_price(kind: Int) -> "bool | np.bool_":
    """Whether orders of a type have a price."""
    return kind == _LIMIT or kind == _STOP_LIMIT or kind == _PROFIT_LIMIT


@jit
def held(market: Market, slot: Int) -> Int:
    """What an order holds, were it alone."""
    return 0 if market.nodes[U(slot)].rare & PENDING else needed(market, slot)


@jit
def needed(market: Market, slot: Int) -> Int:
    """What an order holds in the book, or while it waits for a price."""
    node = market.nodes[U(slot)]
    if node.flags & _REDUCE_ONLY or (node.side == _BUY and not has_price(node.type)):
        return 0
    return funds.need(market, np.int64(node.side), answer.price_of(market, slot), answer.open_lots(market, slot))


@jit
def release(market: Market, ledger: Ledger, slot: Int) -> None:
    """Gives back what an order that is not of an OCO holds."""
    node = market.nodes[U(slot)]
    funds.hold(market, ledger, np.int64(node.owner), np.int64(node.side), -held(market, slot))


@jit
def filled(market: Market, slot: Int) -> None:
    """An order that stands nowhere is gone because a trade left nothing of it: what waited for that is next."""
    node = market.nodes[U(slot)]
    if node.rare & WORKING:
        first = market.terms[U(slot)].pending
        terms = market.terms[U(first)]
        terms.working = NONE
        if market.nodes[U(first)].rare & PAIRED:
            market.terms[U(terms.sibling)].working = NONE
        queue.push(market, np.int64(first))
    _drop(market, slot)


@jit
def untie(market: Market, ledger: Ledger, slot: Int, journal: Any, rows: Int) -> Int:
    """The other one of an OCO expires; this one goes on alone and holds what it needs."""
    node, terms = market.nodes[U(slot)], market.terms[U(slot)]
    other = np.int64(terms.sibling)
    mine = held(market, slot)
    more = max(0, held(market, other) - mine)
    funds.hold(market, ledger, np.int64(node.owner), np.int64(node.side), -more)
    rows = answer.expired(market, other, _GROUP, journal, rows)
    _unplace(market, other)
    _drop(market, other)
    node.rare &= ~PAIRED & 255
    terms.sibling = NONE
    return rows


@jit
def leave(market: Market, ledger: Ledger, slot: Int, journal: Any, rows: Int) -> Int:
    """Takes an order out of where it stands and gives back what it holds; the rest of its group expires.

    Its own row has been written.
    """
    node = market.nodes[U(slot)]
    amount = held(market, slot)
    if node.rare & PAIRED:
        amount = max(amount, held(market, np.int64(market.terms[U(slot)].sibling)))
    funds.hold(market, ledger, np.int64(node.owner), np.int64(node.side), -amount)
    _unplace(market, slot)
    return end(market, ledger, slot, journal, rows)


@jit
def leave_plain(market: Market, ledger: Ledger, slot: Int, rows: Int) -> Int:
    """The same for an order without terms, which can only stand in the book."""
    release(market, ledger, slot)
    ladder.leave(market, slot)
    pool.give(market, slot)
    return rows


@jit
def end(market: Market, ledger: Ledger, slot: Int, journal: Any, rows: Int) -> Int:
    """The same for an order that stands nowhere and holds nothing."""
    rare, terms = np.int64(market.nodes[U(slot)].rare), market.terms[U(slot)]
    one: Int = NONE
    two: Int = NONE
    if rare & WORKING:
        one = np.int64(terms.pending)
        if market.nodes[U(one)].rare & PAIRED:
            two = np.int64(market.terms[U(one)].sibling)
    if rare & PENDING and terms.working != NONE:
        one = np.int64(terms.working)
        release(market, ledger, one)
    if rare & PAIRED:
        two = np.int64(terms.sibling)
    _drop(market, slot)
    if one != NONE:
        rows = _expire(market, one, journal, rows)
    if two != NONE:
        rows = _expire(market, two, journal, rows)
    return rows


@jit
def _expire(market: Market, slot: Int, journal: Any, rows: Int) -> Int:
    rows = answer.expired(market, slot, _GROUP, journal, rows)
    _unplace(market, slot)
    _drop(market, slot)
    return rows


@jit
def _unplace(market: Market, slot: Int) -> None:
    """Takes an order out of the book, or of where else it stands."""
    rare = np.int64(market.nodes[U(slot)].rare)
    if rare & QUEUED:
        queue.remove(market, slot)
    elif rare & WAITING:
        triggers.forget(market, slot)
    elif not rare & PENDING:
        ladder.leave(market, slot)


@jit
def _drop(market: Market, slot: Int) -> None:
    """Gives back the place of an order that stands nowhere."""
    if market.nodes[U(slot)].rare & EXPIRES:
        expiry.forget(market, slot)
    pool.give(market, slot)
