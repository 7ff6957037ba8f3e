"""Placing: an order takes what it meets, and its rest goes where it belongs."""

from typing import Any

import numpy as np

from node.exchange.core import answer, expiry, funds, ladder, own, pool, position, queue, taking, ties, triggers, waking
from node.exchange.core.command import Flag, Tif, Type
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.journal import Reason
from node.exchange.core.refusal import outside, refusal
from node.exchange.core.state import ICEBERG, NONE, PAIRED, PENDING, SLOT_BITS, TERMED, Ledger, Market

U = np.uint64
_DAY_LONG = 86_400_000_000_000
_LIMIT, _MARKET = int(Type.LIMIT), int(Type.MARKET)
_IOC, _FOK, _GTD, _DAY = int(Tif.IOC), int(Tif.FOK), int(Tif.GTD), int(Tif.DAY)
_POST_ONLY, _REDUCE_ONLY = int(Flag.POST_ONLY), int(Flag.REDUCE_ONLY)
_OK, _FUNDS, _BAND, _WOULD_TAKE, _NOT_FILLABLE, _NO_LIQUIDITY, _IMMEDIATE, _WOULD_TRIGGER, _GROUP = (
    int(Reason.NONE), int(Reason.INSUFFICIENT_FUNDS), int(Reason.BAND), int(Reason.WOULD_TAKE),
    int(Reason.NOT_FILLABLE), int(Reason.NO_LIQUIDITY), int(Reason.IMMEDIATE), int(Reason.WOULD_TRIGGER),
    int(Reason.GROUP),
)  # fmt: skip


@inlined
def new(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """An order that stands alone."""
    refused = refusal(market, ledger, command, True)
    if refused == _OK:
        waits = command.type > _MARKET
        stands = waits or (command.type == _LIMIT and command.tif != _IOC and command.tif != _FOK)
        refused = own.too_many(market, command.account, np.int64(stands), np.int64(waits))
    if refused == _OK:
        refused = misplaced(market, command, command.flags & _POST_ONLY != 0)
    if refused != _OK:
        return answer.reject(market, command, journal, rows, refused)
    slot = create(market, command, False)
    rows = answer.ack(market, command, market.nodes[U(slot)].id, 0, _OK, journal, rows)
    if command.type <= _MARKET:
        return enter(market, ledger, slot, np.int64(command.selftrade), np.int64(command.tif), journal, rows)
    lock(market, ledger, slot)
    triggers.wait(market, slot)
    return rows


@jit
def misplaced(market: Market, command: Any, passive: "bool | np.bool_") -> Int:
    """Why an order cannot stand where the market is now; 0 where it can.

    Args:
        passive: whether it must not take.
    """
    if command.type == _LIMIT:
        key = command.price if command.side == 0 else -command.price
        return _WOULD_TAKE if passive and taking.crosses(market, np.int64(command.side), key) else _OK
    last = market.state[0].last
    if command.type == _MARKET or command.trail != 0 or last == 0:
        return _OK
    falling = triggers.falls(np.int64(command.side), command.type)
    come = last <= command.trigger if falling else last >= command.trigger
    return _WOULD_TRIGGER if come else _OK


@inlined
def create(market: Market, command: Any, grouped: bool) -> Int:
    """Gives an order a node and an id; it stands nowhere yet."""
    slot = pool.take(market)
    node, state = market.nodes[U(slot)], market.state[0]
    state.sequence += 1
    node.id = (state.sequence << SLOT_BITS) | slot
    price = command.price if ties.has_price(command.type) else 0
    node.key = price if command.side == 0 else -price
    node.left, node.owner, node.side = command.quantity, command.account, command.side
    node.rare, node.flags, node.type = 0, command.flags, command.type
    own.join(market, slot)
    if grouped or command.type > _MARKET or command.tif >= _GTD or command.display != 0:
        _describe(market, slot, command)
    return slot


@jit
def _describe(market: Market, slot: Int, command: Any) -> None:
    node, terms, state = market.nodes[U(slot)], market.terms[U(slot)], market.state[0]
    node.rare = TERMED
    state.rare += 1
    terms.hidden, terms.display, terms.expiry, terms.parts = 0, command.display, 0, 0
    terms.trail, terms.best, terms.leads = command.trail, 0, 0
    terms.trigger, terms.start = (command.trigger, 0) if command.trail == 0 else (0, command.trigger)
    terms.sibling, terms.working, terms.pending = NONE, NONE, NONE
    terms.falls = triggers.falls(np.int64(command.side), command.type)
    terms.tif, terms.selftrade = command.tif, command.selftrade
    if command.display != 0:
        node.rare |= ICEBERG
        terms.parts = (command.quantity - 1) // command.display
        state.parts += terms.parts
    if command.tif == _GTD:
        terms.expiry = command.expiry
    if command.tif == _DAY:
        terms.expiry = (state.time // _DAY_LONG + 1) * _DAY_LONG
    if command.tif >= _GTD:
        expiry.watch(market, slot)


@jit
def lock(market: Market, ledger: Ledger, slot: Int) -> None:
    """Lets an order hold what it needs."""
    node = market.nodes[U(slot)]
    funds.hold(market, ledger, np.int64(node.owner), np.int64(node.side), ties.held(market, slot))


@inlined
def rest(market: Market, slot: Int) -> None:
    """Puts an order in the book; of an iceberg, what is seen."""
    node = market.nodes[U(slot)]
    if node.rare & ICEBERG:
        terms = market.terms[U(slot)]
        seen = min(node.left, terms.display)
        terms.hidden = node.left - seen
        node.left = seen
    ladder.rest(market, slot)


@jit
def enter(market: Market, ledger: Ledger, slot: Int, selftrade: Int, tif: Int, journal: Any, rows: Int) -> Int:
    """A pass: an order that stands nowhere and holds nothing takes what it meets, and then rests or expires."""
    node, state = market.nodes[U(slot)], market.state[0]
    side, before = np.int64(node.side), state.last
    stopped: Int = _OK
    priced = ties.has_price(node.type)
    key = node.key if priced else taking.worst(market, side)
    state.first = 0
    if tif == _FOK and not taking.fillable(market, ledger, slot, key, selftrade):
        stopped = _NOT_FILLABLE
    else:
        rows, stopped = taking.take(market, ledger, slot, key, selftrade, journal, rows)
    if market.rules[0].initial != 0 and node.left > 0 and priced and tif != _IOC and stopped == _OK:
        stopped = position.unfit(market, ledger, slot, ties.needed(market, slot))
    if node.left == 0:
        if not node.rare:
            pool.give(market, slot)
        elif stopped == _OK:
            ties.filled(market, slot)
        else:
            rows = ties.end(market, ledger, slot, journal, rows)
    elif priced and tif != _IOC and stopped == _OK:
        price = node.key if side == 0 else -node.key
        if not node.flags & _REDUCE_ONLY:
            funds.hold(market, ledger, np.int64(node.owner), side, funds.need(market, side, price, node.left))
        rest(market, slot)
    else:
        why = stopped if stopped != _OK else (_IMMEDIATE if priced else _NO_LIQUIDITY)
        rows = answer.expired(market, slot, why, journal, rows)
        rows = ties.end(market, ledger, slot, journal, rows)
    if state.watch != 0 and state.first != 0:
        rows = waking.moved(market, ledger, before, journal, rows)
    return rows


@jit
def run_next(market: Market, ledger: Ledger, journal: Any, rows: Int) -> Int:
    """The turn of the first order of the queue."""
    slot = market.state[0].head
    queue.remove(market, slot)
    node = market.nodes[U(slot)]
    if not node.rare & PENDING:
        ties.release(market, ledger, slot)
        return _start(market, ledger, slot, journal, rows)
    rows = answer.woke(market, slot, market.state[0].last, _GROUP, journal, rows)
    if node.rare & PAIRED:
        return _place_pair(market, ledger, slot, journal, rows)
    node.rare &= ~PENDING & 255
    if not funds.has(market, ledger, np.int64(node.owner), np.int64(node.side), ties.held(market, slot)):
        return _give_up(market, ledger, slot, _FUNDS, journal, rows)
    if node.type <= _MARKET:
        return _start(market, ledger, slot, journal, rows)
    lock(market, ledger, slot)
    return _wait(market, ledger, slot, journal, rows)


@jit
def _give_up(market: Market, ledger: Ledger, slot: Int, reason: Int, journal: Any, rows: Int) -> Int:
    rows = answer.expired(market, slot, reason, journal, rows)
    return ties.end(market, ledger, slot, journal, rows)


@jit
def _start(market: Market, ledger: Ledger, slot: Int, journal: Any, rows: Int) -> Int:
    """An order that woke, or was filled for, is matched."""
    node, terms = market.nodes[U(slot)], market.terms[U(slot)]
    if ties.has_price(node.type):
        if outside(market, answer.price_of(market, slot)):
            return _give_up(market, ledger, slot, _BAND, journal, rows)
        if node.flags & _POST_ONLY and taking.crosses(market, np.int64(node.side), node.key):
            return _give_up(market, ledger, slot, _WOULD_TAKE, journal, rows)
    return enter(market, ledger, slot, np.int64(terms.selftrade), np.int64(terms.tif), journal, rows)


@jit
def _wait(market: Market, ledger: Ledger, slot: Int, journal: Any, rows: Int) -> Int:
    """An order waits for its price, or wakes where that has come."""
    triggers.wait(market, slot)
    if triggers.passed(market, slot):
        return waking.wake(market, ledger, slot, market.state[0].last, journal, rows)
    return rows


@jit
def _place_pair(market: Market, ledger: Ledger, slot: Int, journal: Any, rows: Int) -> Int:
    """An OCO that was filled for takes its place. Both stay pending, so that either may leave, until both may stay."""
    state, node = market.state[0], market.nodes[U(slot)]
    owner, side = np.int64(node.owner), np.int64(node.side)
    second = np.int64(market.terms[U(slot)].sibling)
    rows = answer.woke(market, second, state.last, _GROUP, journal, rows)
    amount = max(ties.needed(market, slot), ties.needed(market, second))
    if not funds.has(market, ledger, owner, side, amount):
        return _give_up(market, ledger, slot, _FUNDS, journal, rows)
    for each in (slot, second):
        one = market.nodes[U(each)]
        if one.type != _LIMIT:
            if triggers.passed(market, each):
                rows = ties.untie(market, ledger, each, journal, rows)
                one.rare &= ~PENDING & 255
                lock(market, ledger, each)
                return _wait(market, ledger, each, journal, rows)
        elif outside(market, answer.price_of(market, each)):
            return _give_up(market, ledger, each, _BAND, journal, rows)
        elif taking.crosses(market, side, one.key):
            if not one.flags & _POST_ONLY:
                rows = ties.untie(market, ledger, each, journal, rows)
                one.rare &= ~PENDING & 255
            return _start(market, ledger, each, journal, rows)
    for each in (slot, second):
        market.nodes[U(each)].rare &= ~PENDING & 255
    place_pair(market, ledger, slot)
    return rows


@jit
def place_pair(market: Market, ledger: Ledger, slot: Int) -> None:
    """Puts an OCO in the book and among those that wait; what it holds is held."""
    second = np.int64(market.terms[U(slot)].sibling)
    node = market.nodes[U(slot)]
    amount = max(ties.needed(market, slot), ties.needed(market, second))
    funds.hold(market, ledger, np.int64(node.owner), np.int64(node.side), amount)
    for each in (slot, second):
        if market.nodes[U(each)].type == _LIMIT:
            rest(market, each)
        else:
            triggers.wait(market, each)
