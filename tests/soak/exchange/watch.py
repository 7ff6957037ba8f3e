"""Watch: carries out commands one by one in the compiled core, and weighs the ledger after each."""

from typing import Any

import numba
import numpy as np

from atom.book.freshness import track
from node.exchange.core import match
from node.exchange.core.command import Kind
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import JOURNAL
from node.exchange.core.state import FIRST_USER, FREE, LOCKED, Ledger, Market
from node.exchange.exchange import Commands, Exchange, Journal

_LEG = int(Kind.LEG)
KEPT, NOT_ZERO, OWES = 0, 1, 2
BREACHES = {NOT_ZERO: "the balances of an asset do not add up to 0", OWES: "a user has less than nothing"}


@jit
def breach(balances: Any) -> Int:
    """Which law the balances break; 0 for none."""
    for asset in range(balances.shape[1]):
        total = 0
        for account in range(balances.shape[0]):
            free, locked = balances[account, asset, FREE], balances[account, asset, LOCKED]
            total += free + locked
            if locked < 0 or (free < 0 and account >= FIRST_USER):
                return OWES
        if total != 0:
            return NOT_ZERO
    return KEPT


@numba.njit(cache=True, nogil=True)
def watched(
    markets: tuple[Market, ...], ledger: Ledger, commands: Any, start: int, journal: Any
) -> tuple[Int, Int, Int]:
    """Carries out commands from `start` on, until there is no room or a law is broken.

    Returns:
        the command it came to, the rows written, and which law was broken.
    """
    rows: Int = 0
    balances = ledger.balances
    while start < len(commands):
        number, end = commands[start].market, start + 1
        while end < len(commands) and commands[end].kind == _LEG and commands[end].market == number:
            end += 1  # the orders of a group are taken together
        done, written = match.run(markets[number], ledger, commands[:end], start, journal[rows:])
        rows += written
        if done == start:
            return start, rows, KEPT
        start = done
        broken = breach(balances)
        if broken:
            return start, rows, broken
    return start, rows, KEPT


track(watched)


class Breach(AssertionError):
    """A law was broken; `at` is the place of the command among those given."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at


def carry_out(exchange: Exchange, commands: Commands) -> Journal:
    """What `exchange.carry_out` gives, with the ledger weighed after every command.

    Raises:
        Breach: after a command that broke a law.
    """
    start = 0
    parts: list[bytes] = []
    journal = np.zeros(2 * len(commands) + 2 * max(match.room_needed(each) for each in exchange.markets), JOURNAL)
    while start < len(commands):
        came = watched(tuple(exchange.markets), exchange.ledger, commands, start, journal)
        start, rows, broken = (int(each) for each in came)
        parts.append(journal[:rows].tobytes())
        if not rows and not broken:  # there is too little room for this one alone; an exchange makes more
            end = start + 1
            while end < len(commands) and commands["kind"][end] == Kind.LEG:
                end += 1
            parts.append(exchange.carry_out(commands[start:end]).tobytes())
            start = end
            broken = int(breach(exchange.ledger.balances))
        if broken:
            raise Breach(start, BREACHES[broken])
    return np.frombuffer(b"".join(parts), JOURNAL)
