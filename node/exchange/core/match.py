"""Matching: commands meet the book in price-time order, and every answer is a row of the journal.

The kernel takes one command after another. Before each it makes sure that there is room for all that may come of it;
where there is not it returns, having changed nothing of it, and goes on there once its caller has made more.
"""

from typing import Any

import numpy as np

from node.exchange.core import (
    administration,
    amending,
    answer,
    cancelling,
    expiry,
    groups,
    liquidation,
    placing,
    replay,
    ties,
)
from node.exchange.core.command import Kind
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.journal import Reason, Status
from node.exchange.core.refusal import PARTS
from node.exchange.core.state import NEVER, NONE, Ledger, Market

U = np.uint64
_NEW, _CANCEL, _AMEND, _CANCEL_ALL, _MASS_CANCEL, _GROUP, _LEG = (
    int(Kind.NEW), int(Kind.CANCEL), int(Kind.AMEND), int(Kind.CANCEL_ALL), int(Kind.MASS_CANCEL), int(Kind.GROUP),
    int(Kind.LEG),
)  # fmt: skip
_MARK, _RESUME, _DEPOSIT, _WITHDRAW = int(Kind.MARK), int(Kind.RESUME), int(Kind.DEPOSIT), int(Kind.WITHDRAW)
_MALFORMED, _TIME = int(Reason.MALFORMED), int(Reason.TIME)
_OPEN = int(Status.OPEN)
_LATEST = 1 << 62
"""No time is later, so that a day or a pause may be added."""
_FEW = 4
"""Rows that a cancel or a transfer may write, at which nothing wakes: an order's and those of its group."""
_ROWS_EACH = 3 * (PARTS + 4) + 8


@jit
def room_needed(market: Market) -> Int:
    """Rows that one command may write at most.

    An order in the book has one row, a fill, an expiry or a cancel, with which it or a part of it leaves. What waits
    has three more: that it is placed, that it wakes, and the last fill that leaves something of a maker; and where
    there is a breaker two, since each may pause the market, and the pause may end. The command brings three orders at
    most, their answers, and a pause or its end. In a perpetual each account may be given margin twice and be
    liquidated; each closing of a rest against others, with what the insurance fund pays for it, ends one of the two
    positions, and accounts may open one anew by each order.
    """
    state = market.state[0]
    each = 5 if market.rules[0].breaker != 0 else 3
    rows = 9 * len(market.positions) + 2 * (state.live + state.parts) if market.rules[0].initial != 0 else 0
    return int(rows + state.live + each * state.rare + state.parts + _ROWS_EACH)


@jit
def _fits(market: Market, command: Any, rows: Int) -> bool:
    """Whether so many rows are enough for a command that may write few, however much is open."""
    few = command.kind == _CANCEL or command.kind == _DEPOSIT or command.kind == _WITHDRAW
    return bool(few and command.time < market.state[0].due and rows >= _FEW)


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
    grouped = start  # rows before it belong to a group that was carried out
    for index in range(start, len(commands)):
        if index < grouped:
            continue
        command = commands[U(index)]
        if rows + room_needed(market) > len(journal) and not _fits(market, command, len(journal) - rows):
            return index, rows
        if not replay.room(market):
            return index, rows
        kind = command.kind
        time = min(command.time, _LATEST)
        if time >= state.due:
            rows = _pass_time(market, ledger, time, journal, rows)
        state.time = max(state.time, time)
        if kind == _NEW:
            rows = placing.new(market, ledger, command, journal, rows)
        elif kind == _CANCEL:
            rows = cancelling.cancel(market, ledger, command, journal, rows)
        elif kind == _AMEND:
            rows = amending.amend(market, ledger, command, journal, rows)
        elif kind == _GROUP:
            grouped = index + groups.size(commands, index)
            rows = groups.new(market, ledger, commands, index, journal, rows)
        elif kind == _CANCEL_ALL or kind == _MASS_CANCEL:
            rows = cancelling.cancel_all(market, ledger, command, kind == _MASS_CANCEL, journal, rows)
        elif kind == _LEG:
            rows = answer.reject(market, command, journal, rows, _MALFORMED)
        elif replay.FIRST <= kind < replay.PAST:
            rows = replay.carry_out(market, ledger, command, journal, rows)
        elif kind >= _MARK and market.rules[0].initial != 0:
            rows = liquidation.carry_out(market, ledger, command, journal, rows)
        else:
            rows = administration.administer(market, ledger, command, journal, rows)
            if kind == _RESUME:
                rows = replay.reopened(market, ledger, journal, rows)
        if state.head != NONE:
            rows = _run_queue(market, ledger, journal, rows)
    return len(commands), rows


@inlined
def recorded(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """Carries out a command of a replay, for which there must be room, in the journal too."""
    state = market.state[0]
    time = min(command.time, _LATEST)
    if time >= state.due:
        rows = _pass_time(market, ledger, time, journal, rows)
    state.time = max(state.time, time)
    rows = replay.carry_out(market, ledger, command, journal, rows)
    if state.head != NONE:
        rows = _run_queue(market, ledger, journal, rows)
    return rows


@jit
def _run_queue(market: Market, ledger: Ledger, journal: Any, rows: Int) -> Int:
    state = market.state[0]
    while state.head != NONE and state.halted == _OPEN:
        rows = placing.run_next(market, ledger, journal, rows)
    return rows


@jit
def _pass_time(market: Market, ledger: Ledger, until: Int, journal: Any, rows: Int) -> Int:
    """What happens by time alone, each with its own time."""
    state = market.state[0]
    while state.due <= until:
        state.time = max(state.time, state.due)
        slot = expiry.ended(market)
        if slot == NONE:
            state.halted, state.resume = _OPEN, NEVER
            expiry.plan(market)
            rows = answer.status(market, 0, 0, _TIME, journal, rows)
            rows = replay.reopened(market, ledger, journal, rows)
            rows = _run_queue(market, ledger, journal, rows)
        else:
            rows = answer.expired(market, slot, _TIME, journal, rows)
            rows = ties.leave(market, ledger, slot, journal, rows)
    return rows
