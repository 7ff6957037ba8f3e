"""Door: how Python hands commands to the markets of an exchange, at the cost of a call with numbers."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core import match, state
from node.exchange.core.command import COMMAND
from node.exchange.core.compiled import jit
from node.exchange.core.entry import opener
from node.exchange.core.journal import JOURNAL, Record
from node.exchange.core.rules import Rules

U = np.uint64
_ACK, _REJECT, _CANCELLED = int(Record.ACK), int(Record.REJECT), int(Record.CANCEL)
NO_ROOM: Final = -1 << 62
"""Told of what must wait until its market or the journal has more room, and of a market that there is not."""


class Desk(NamedTuple):
    """What commands of an exchange need beside its markets.

    Attributes:
        markets: addresses of the tables of its markets.
        ledger: address of the table of its ledger; one number.
        command: of dtype COMMAND, one row: what came alone.
        journal: of dtype JOURNAL; what was answered to the last commands.
        rows: of the journal, to the last command that came alone; one number.
    """

    markets: npt.NDArray[np.int64]
    ledger: npt.NDArray[np.int64]
    command: npt.NDArray[Any]
    journal: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]


open_market = opener(state.market(Rules(0, 0, 1, 1, 1), 1))
open_ledger = opener(state.ledger(1, 1))
open_desk = opener(
    Desk(
        np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, COMMAND), np.zeros(1, JOURNAL), np.zeros(1, np.int64)
    )
)


@jit
def carry_out(table: int, commands: Any, start: int) -> tuple[int, int]:
    """Carries out commands from `start` on, each at its market.

    Args:
        table: of a Desk.
        commands: of dtype COMMAND.

    Returns:
        the command that its market had no room for, or how many there are; and the rows written. Where, from the first
        on, one is for a market that there is not, nothing is done, and the first number is -1 minus its place.
    """
    desk = open_desk(table)
    for index in range(len(commands) if start == 0 else 0):
        if commands[U(index)].market >= len(desk.markets):
            return -1 - index, 0
    ledger = open_ledger(desk.ledger[0])
    rows = 0
    while start < len(commands):
        number = commands[U(start)].market
        end = start + 1
        while end < len(commands) and commands[U(end)].market == number:
            end += 1
        market = open_market(desk.markets[U(number)])
        done, written = match.run(market, ledger, commands[:end], start, desk.journal[rows:])
        start, rows = int(done), rows + int(written)
        if start < end:
            break
    return start, rows


@jit
def rows_needed(table: int, market: int) -> int:
    """Rows of the journal that a market's next command may write at most."""
    return int(match.room_needed(open_market(open_desk(table).markets[U(market)])))


@jit
def _alone(desk: Desk) -> bool:
    """Carries out the one command; False where there was no room, or is no such market."""
    desk.rows[0] = 0
    market = desk.command[0].market
    if market >= len(desk.markets):
        return False
    done, desk.rows[0] = match.run(
        open_market(desk.markets[U(market)]), open_ledger(desk.ledger[0]), desk.command, 0, desk.journal
    )
    return bool(done > 0)


@jit
def _answer(desk: Desk) -> Any:
    """The row that answers the one command; what was due before it comes before it."""
    at = 0
    while True:
        row = desk.journal[U(at)]
        if row.kind == _ACK or row.kind == _REJECT or row.kind == _CANCELLED:
            return row
        at += 1


@jit
def order(table: int) -> int:
    """Carries out the order that lies in the Desk's `command`.

    Returns:
        its id; below zero, minus the reason of a refusal; or NO_ROOM.
    """
    desk = open_desk(table)
    if not _alone(desk):
        return NO_ROOM
    answer = _answer(desk)
    return int(-np.int64(answer.reason) if answer.kind == _REJECT else answer.order)


@jit
def cancel(table: int) -> int:
    """Takes the order out that the Desk's `command` names.

    Returns:
        what was open of it; below zero, minus the reason of a refusal; or NO_ROOM.
    """
    desk = open_desk(table)
    if not _alone(desk):
        return NO_ROOM
    answer = _answer(desk)
    return int(-np.int64(answer.reason) if answer.kind == _REJECT else answer.quantity)
