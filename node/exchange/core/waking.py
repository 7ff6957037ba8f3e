"""Waking: what a pass brings about, once it has moved the last price."""

from typing import Any

import numpy as np

from node.exchange.core import answer, expiry, funds, queue, ties, trail, triggers
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Status
from node.exchange.core.state import FALLING, PAIRED, RISING, Ledger, Market

U = np.uint64
_OK, _BREAKER = int(Reason.NONE), int(Reason.BREAKER)
_OPEN, _PAUSED = int(Status.OPEN), int(Status.PAUSED)


@jit
def moved(market: Market, ledger: Ledger, before: Int, journal: Any, rows: Int) -> Int:
    """After a pass with trades: wakes what its first and its last price came to, and pauses what moved too far.

    Args:
        before: the last price before it, or 0.
    """
    state = market.state[0]
    rows = _reach(market, ledger, state.first, journal, rows)
    if state.last != state.first:
        rows = _reach(market, ledger, state.last, journal, rows)
    if market.rules[0].breaker != 0:
        rows = _break(market, before, journal, rows)
    return rows


@jit
def _reach(market: Market, ledger: Ledger, price: Int, journal: Any, rows: Int) -> Int:
    trail.follow(market, price)
    while market.heap_count[U(FALLING)] > 0 and -market.heaps[U(FALLING), U(0)].key >= price:
        rows = _come(market, ledger, market.heaps[U(FALLING), U(0)].slot, price, journal, rows)
    while market.heap_count[U(RISING)] > 0 and market.heaps[U(RISING), U(0)].key <= price:
        rows = _come(market, ledger, market.heaps[U(RISING), U(0)].slot, price, journal, rows)
    return rows


@jit
def _come(market: Market, ledger: Ledger, slot: Int, price: Int, journal: Any, rows: Int) -> Int:
    """The price has come that an order waits for."""
    if triggers.starting(market, slot):
        triggers.start(market, slot, price)
        return rows
    return wake(market, ledger, slot, price, journal, rows)


@jit
def wake(market: Market, ledger: Ledger, slot: Int, price: Int, journal: Any, rows: Int) -> Int:
    """Puts an order that waits among those that are to run."""
    if market.nodes[U(slot)].rare & PAIRED:
        rows = ties.untie(market, ledger, slot, journal, rows)
    triggers.forget(market, slot)
    queue.push(market, slot)
    return answer.woke(market, slot, price, _OK, journal, rows)


@jit
def _break(market: Market, before: Int, journal: Any, rows: Int) -> Int:
    state, rules = market.state[0], market.rules[0]
    if state.halted != _OPEN:  # by a keeper, who alone ends that; or paused already
        return rows
    if state.reference == 0 or state.time >= state.window:
        state.reference = before if before != 0 else state.first
        state.window = state.time + rules.window
    if abs(state.last - state.reference) <= funds.part(state.reference, rules.breaker):
        return rows
    state.halted, state.resume, state.reference = _PAUSED, state.time + rules.pause, 0
    expiry.plan(market)
    return answer.status(market, 0, 0, _BREAKER, journal, rows)
