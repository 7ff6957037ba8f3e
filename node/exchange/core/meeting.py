"""Meeting: recorded orders fill those of users, never one another; the book follows the record."""

from typing import Any

import numpy as np

from node.exchange.core import answer, funds, ladder, marks, pool, position, ties
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import ICEBERG, NONE, PAIRED, RECORDED, SLOT_BITS, WORLD, Ledger, Market

U = np.uint64
_FILL, _OK = int(Record.FILL), int(Reason.NONE)
_ORDERS = (1 << SLOT_BITS) - 4  # that ids can tell apart
_MOST = float(1 << 56)  # so that the sizes of a level add up in 64 bits


@jit
def users(market: Market) -> Int:
    """How many orders are not recorded ones."""
    return int(market.state[0].live - market.replay[0].nodes)


@jit
def first(market: Market, side: Int, limit: Int, recorded: bool) -> Int:
    """Whose turn it is of a side's recorded orders, or of its users', at the key `limit` or better; NONE where there is
    none.
    """
    key = ladder.best(market, side) if market.top[U(side)] >= 0 else ladder.LOWEST
    while key >= limit and key != ladder.LOWEST:
        slot = ladder.head(market, side, key)
        while slot != NONE:
            if (market.nodes[U(slot)].flags & RECORDED != 0) == recorded:
                return int(slot)
            slot = np.int64(market.nodes[U(slot)].after)
        key = ladder.worse(market, side, key)
    return NONE


@jit
def traded(market: Market, price: Int) -> None:
    """There was a trade, whose price may wake orders that wait."""
    state = market.state[0]
    state.last = price
    if state.first == 0:
        state.first = price


@jit
def fill(
    market: Market, ledger: Ledger, slot: Int, quantity: Int, taker: Int, journal: Any, rows: Int
) -> tuple[Int, Int]:
    """The world takes from a user's resting order, at most `quantity`; of a perpetual it may expire instead.

    Returns:
        rows; and how much it took.
    """
    node = market.nodes[U(slot)]
    size = min(quantity, node.left)
    side = 1 - np.int64(node.side)
    price = -node.key if side == 0 else node.key
    perpetual = market.rules[0].initial != 0
    if perpetual:
        size, gone = position.may_give(market, ledger, slot, price, size)
        if gone != _OK:
            rows = answer.expired(market, slot, gone, journal, rows)
            return ties.leave(market, ledger, slot, journal, rows), 0
    if node.rare & PAIRED:
        rows = ties.untie(market, ledger, slot, journal, rows)
    if perpetual:
        taker_fee, maker_fee = position.give(market, ledger, slot, price, size)
    else:
        taker_fee, maker_fee = funds.settle(market, ledger, side, WORLD, np.int64(node.owner), price, size)
    row = journal[U(rows)]
    row.kind, row.side, row.reason, row.flags, row.account = _FILL, side, 0, 0, WORLD
    row.market, row.type, row.tif, row.other_account = market.rules[0].market, 0, 0, node.owner
    row.order, row.other, row.price, row.quantity = taker, node.id, price, size
    row.fee, row.other_fee = taker_fee, maker_fee
    traded(market, price)
    if size < node.left:
        ladder.resize(market, slot, -size)
    else:
        ladder.leave(market, slot)
        if node.rare & ICEBERG and market.terms[U(slot)].hidden > 0:
            terms = market.terms[U(slot)]
            node.left = min(terms.display, terms.hidden)
            terms.hidden -= node.left
            ladder.rest(market, slot)
        elif node.rare:
            ties.filled(market, slot)
        else:
            pool.give(market, slot)
    return rows + 1, int(size)


@jit
def cross(
    market: Market, ledger: Ledger, side: Int, key: Int, quantity: Int, taker: Int, journal: Any, rows: Int
) -> tuple[Int, Int]:
    """A recorded order of a side with this key takes from users what it meets.

    Returns:
        rows; and what is left of its quantity.
    """
    other = 1 - side
    if users(market) <= 0 or market.top[U(other)] < 0 or key + ladder.best(market, other) < 0:
        return rows, int(quantity)
    if market.replay[0].valid == 0 or market.state[0].halted:
        return rows, int(quantity)
    while quantity > 0:
        slot = first(market, other, -key, False)
        if slot == NONE:
            break
        rows, taken = fill(market, ledger, slot, quantity, taker, journal, rows)
        quantity -= taken
    return rows, int(quantity)


# The world's own orders.


@inlined
def make(market: Market, side: Int, key: Int, quantity: Int, number: Int) -> Int:
    """A recorded order that is in no queue yet; `number` is its mark's."""
    slot, state = pool.take(market), market.state[0]
    node = market.nodes[U(slot)]
    market.numbers[U(slot)] = number
    state.sequence += 1
    market.replay[0].nodes += 1
    node.id = (state.sequence << SLOT_BITS) | slot
    node.key, node.left, node.owner, node.side = key, quantity, WORLD, side
    node.rare, node.flags, node.type = 0, RECORDED, 0
    return slot


@inlined
def less(market: Market, slot: Int, quantity: Int) -> None:
    """Takes lots off a recorded order; all of them, and it is gone."""
    if quantity < market.nodes[U(slot)].left:
        ladder.resize(market, slot, -quantity)
    else:
        ladder.leave(market, slot)
        pool.give(market, slot)


@jit
def join(market: Market, side: Int, key: Int, quantity: Int) -> None:
    """Adds lots of a recorded level at its end."""
    last = ladder.tail(market, side, key)
    if last != NONE and market.nodes[U(last)].flags & RECORDED:
        ladder.resize(market, last, quantity)
    else:
        price = key if side == 0 else -key
        ladder.rest(market, make(market, side, key, quantity, marks.of_level(side, price)))


@jit
def rebuild(market: Market, slot: Int, known: "bool | np.bool_") -> None:
    """Puts an order of a new picture in its queue: before the users who came once the book was lost; and, where it is
    `known` to have stood before users, before all of them. Nobody gains a place by a gap.
    """
    node, cleared = market.nodes[U(slot)], market.replay[0].cleared
    if users(market) > 0:
        other = ladder.head(market, np.int64(node.side), node.key)
        while other != NONE:
            each = market.nodes[U(other)]
            if not each.flags & RECORDED and (known or (each.id >> SLOT_BITS) > cleared):
                ladder.rest_before(market, slot, other)
                return
            other = np.int64(each.after)
    ladder.rest(market, slot)


@inlined
def lots(market: Market, recorded: Int) -> Int:
    """A recorded size in whole lots; what is less than one is not there."""
    replay = market.replay[0]
    return int(recorded if replay.multiply == 0 else recorded * replay.multiply // replay.divide)


@inlined
def told(market: Market, command: Any) -> Int:
    """The size that a command tells of an order or a level; 0 where its worth is more than 64 bits hold, as of offers
    that nobody means.
    """
    replay = market.replay[0]
    if float(command.quantity) * float(max(replay.multiply, 1)) > _MOST or market.state[0].live >= _ORDERS:
        return 0
    quantity = lots(market, command.quantity)
    return int(command.quantity if funds.fits(market, command.price, quantity) else 0)
