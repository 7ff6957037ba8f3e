"""Quotes: the best prices of a market that no strategy has touched, a row a change, and what had come by then."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from node.exchange.core import door, growth, ladder, match, replay
from node.exchange.core.command import Kind, Told
from node.exchange.core.compiled import jit
from node.exchange.core.journal import JOURNAL
from node.exchange.core.state import Market
from node.exchange.exchange import Commands, Exchange
from node.exchange.replay.reel import Reel

U = np.uint64
_FIRST, _PAST, _TRADE, _LAST = replay.FIRST, replay.PAST, int(Kind.REPLAY_TRADE), int(Told.LAST)
QUOTE = np.dtype([(name, "<i8") for name in ("number", "time", "bid", "ask", "bid_size", "ask_size")])
"""Best prices (ticks) and their sizes (lots) once the first `number` commands of the data had come, at a time (ns)."""
_ROWS = 1 << 14


@jit
def _look(market: Market, row: Any) -> bool:
    """Writes down the best prices; False where a side is empty."""
    if market.top[U(0)] < 0 or market.top[U(1)] < 0:
        return False
    row.bid, row.ask = ladder.best(market, 0), -ladder.best(market, 1)
    row.bid_size = market.levels[U(0), U(market.top[U(0)])].size
    row.ask_size = market.levels[U(1), U(market.top[U(1)])].size
    return True


@jit
def _through(table: int, commands: Any, start: int, number: int, rows: Any, journal: Any) -> tuple[int, int]:  # noqa: PLR0917 - kernels are handed scalars
    """Carries out commands from `start` on, and writes a row after each that somebody is told of and that changed the
    best prices; the first row is the one of before.

    Returns:
        the command it stopped at, for want of room; and the rows there are.
    """
    desk = door.open_desk(table)
    market, ledger = door.open_market(desk.markets[0]), door.open_ledger(desk.ledger[0])
    count = 1
    for at in range(start, len(commands)):
        if count == len(rows) or match.room_needed(market) > len(journal):
            return at, count
        done, _ = match.run(market, ledger, commands[at : at + 1], 0, journal)
        if done == 0:
            return at, count
        command = commands[U(at)]
        if _FIRST <= command.kind < _PAST and command.kind != _TRADE and command.flags & _LAST == 0:
            continue
        row, before = rows[U(count)], rows[U(count - 1)]
        if _look(market, row) and not (
            row.bid == before.bid
            and row.ask == before.ask
            and row.bid_size == before.bid_size
            and row.ask_size == before.ask_size
        ):
            row.number, row.time = number + at + 1, market.state[0].time
            count += 1
    return len(commands), count


def quotes_of(exchange: Exchange, commands: Reel) -> Iterator[npt.NDArray[Any]]:
    """Rows of dtype QUOTE, block by block."""
    rows, journal, done = np.zeros(_ROWS, QUOTE), np.zeros(1 << 10, JOURNAL), commands.first
    for part in commands.parts():
        at = 0
        while at < len(part):
            at, count = _through(exchange.table, _writable(part), at, done, rows, journal)
            yield rows[1:count].copy()
            rows[0] = rows[count - 1]
            if at < len(part):
                market = exchange.markets[0]
                if (fitted := growth.fitted(market)) is not market:
                    exchange.put_market(0, fitted)
                needed = door.rows_needed(exchange.table, 0)
                if needed > len(journal):
                    journal = np.zeros(2 * needed, JOURNAL)
        done += len(part)


def _writable(commands: Commands) -> Commands:
    """Kernels are made for arrays that may be written."""
    return commands if commands.flags.writeable else commands.copy()
