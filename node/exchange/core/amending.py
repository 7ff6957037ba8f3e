"""Amending: an order in the book gets another price or quantity."""

from typing import Any

import numpy as np

from node.exchange.core import answer, funds, ladder, placing, taking, ties
from node.exchange.core.command import Flag, Selftrade, Tif
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.refusal import filtered
from node.exchange.core.state import (
    ICEBERG,
    NONE,
    PAIRED,
    PENDING,
    QUEUED,
    RECORDED,
    SLOT_BITS,
    WAITING,
    WORKING,
    Ledger,
    Market,
)  # fmt: skip

U = np.uint64
_SLOTS = (1 << SLOT_BITS) - 1
_POST_ONLY, _REDUCE_ONLY, _GTC, _LAST_MODE = (
    int(Flag.POST_ONLY), int(Flag.REDUCE_ONLY), int(Tif.GTC), int(max(Selftrade)),
)  # fmt: skip
_AMEND = int(Record.AMEND)
_OK, _MALFORMED, _OVERFLOW, _FUNDS, _HALTED, _UNKNOWN, _WOULD_TAKE, _KEPT, _GROUP = (
    int(Reason.NONE), int(Reason.MALFORMED), int(Reason.OVERFLOW), int(Reason.INSUFFICIENT_FUNDS), int(Reason.HALTED),
    int(Reason.UNKNOWN_ORDER), int(Reason.WOULD_TAKE), int(Reason.KEPT), int(Reason.GROUP),
)  # fmt: skip


@jit
def find(market: Market, command: Any) -> Int:
    """The place of the order that a command names; NONE where its account has no such."""
    slot = command.order & _SLOTS
    if slot >= len(market.nodes) or slot == NONE:
        return NONE
    node = market.nodes[U(slot)]
    mine = node.id == command.order and node.owner == command.account and not node.flags & RECORDED
    return slot if mine else NONE


@jit
def amend(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    slot = find(market, command)
    refused = _refusal(market, ledger, command, slot)
    if refused != _OK:
        return answer.reject(market, command, journal, rows, refused)
    node = market.nodes[U(slot)]
    before, lots = answer.price_of(market, slot), answer.open_lots(market, slot)
    keeps = command.price == before and command.quantity <= lots
    row = answer.write(market, journal, rows, _AMEND, command.account, command.order, _KEPT if keeps else _OK)
    row.side, row.price, row.quantity, row.ref = node.side, command.price, command.quantity, command.ref
    rows += 1
    ties.release(market, ledger, slot)
    if keeps:
        _shrink(market, slot, lots - command.quantity)
        placing.lock(market, ledger, slot)
        return rows
    ladder.leave(market, slot)
    node.key = command.price if node.side == 0 else -command.price
    node.left = command.quantity
    if node.rare & ICEBERG:
        terms, state = market.terms[U(slot)], market.state[0]
        state.parts -= terms.parts
        terms.hidden, terms.parts = 0, (command.quantity - 1) // terms.display
        state.parts += terms.parts
    return placing.enter(market, ledger, slot, np.int64(command.selftrade), _GTC, journal, rows)


@jit
def _refusal(market: Market, ledger: Ledger, command: Any, slot: Int) -> Int:
    if command.price <= 0 or command.quantity <= 0 or command.selftrade > _LAST_MODE:
        return _MALFORMED
    if slot == NONE:
        return _UNKNOWN
    node = market.nodes[U(slot)]
    if node.rare & (WAITING | QUEUED | PENDING):
        return _UNKNOWN
    if node.rare & (PAIRED | WORKING):
        return _GROUP
    if market.state[0].halted:
        return _HALTED
    if not funds.fits(market, command.price, command.quantity):
        return _OVERFLOW
    side = np.int64(node.side)
    before, lots = answer.price_of(market, slot), answer.open_lots(market, slot)
    more = funds.need(market, side, command.price, command.quantity) - funds.need(market, side, before, lots)
    if not node.flags & _REDUCE_ONLY and not funds.has(market, ledger, command.account, side, more):
        return _FUNDS
    display = market.terms[U(slot)].display if node.rare & ICEBERG else 0
    moves = command.price != before
    refused = filtered(market, command.price, command.quantity, display, moves)
    if refused == _OK and node.flags & _POST_ONLY and moves:
        key = command.price if side == 0 else -command.price
        return _WOULD_TAKE if taking.crosses(market, side, key) else _OK
    return refused


@jit
def _shrink(market: Market, slot: Int, less: Int) -> None:
    """Takes lots from an order that stays where it is, the hidden ones first."""
    node = market.nodes[U(slot)]
    if node.rare & ICEBERG:
        terms = market.terms[U(slot)]
        unseen = min(less, terms.hidden)
        terms.hidden -= unseen
        less -= unseen
    node.left -= less
    ladder.shrink(market, slot, less)
