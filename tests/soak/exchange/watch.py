"""Watch: carries out commands one by one in the compiled core, and weighs the ledger after each."""

from itertools import pairwise

import numpy as np

from node.exchange.core import door
from node.exchange.core.command import Kind
from node.exchange.core.compiled import Int, jit
from node.exchange.core.door import open_desk, open_ledger, open_market
from node.exchange.core.journal import JOURNAL
from node.exchange.core.state import FIRST_USER, FREE, LOCKED, WORLD
from node.exchange.exchange import Commands, Exchange, Journal

_FEW, _FEW_ROWS = frozenset((Kind.CANCEL, Kind.DEPOSIT, Kind.WITHDRAW)), 4
KEPT, NOT_ZERO, OWES, SIZES, MARGIN = 0, 1, 2, 3, 4
BREACHES = {
    NOT_ZERO: "the balances of an asset, with what positions hold, do not add up to 0",
    OWES: "a user has less than nothing",
    SIZES: "the sizes of a perpetual's positions do not add up to 0",
    MARGIN: "a margin or an insurance fund is below 0",
}


@jit
def breach(table: int) -> Int:
    """Which law the balances and positions of an exchange break; 0 for none."""
    desk = open_desk(table)
    balances = open_ledger(desk.ledger[0]).balances
    for asset in range(balances.shape[1]):
        total = 0
        for account in range(balances.shape[0]):
            free, locked = balances[account, asset, FREE], balances[account, asset, LOCKED]
            total += free + locked
            if (locked < 0 and account != WORLD) or (
                free < 0 and account >= FIRST_USER
            ):  # recorded orders hold nothing
                return OWES
        for number in range(len(desk.markets)):
            market = open_market(desk.markets[number])
            if len(market.positions) == 0 or market.rules[0].quote != asset:
                continue
            sizes = 0
            total += market.state[0].insurance
            for account in range(len(market.positions)):
                held = market.positions[account]
                total += held.margin - held.cost
                sizes += held.size
                if held.margin < 0 or market.state[0].insurance < 0:
                    return MARGIN
            if sizes != 0:
                return SIZES
        if total != 0:
            return NOT_ZERO
    return KEPT


class Breach(AssertionError):
    """A law was broken."""


def carry_out(exchange: Exchange, commands: Commands) -> Journal:
    """What `exchange.carry_out` gives, with the ledger weighed and the rows counted after every command.

    Raises:
        Breach: after a command that broke a law.
    """
    starts = np.flatnonzero(commands["kind"] != Kind.LEG)  # the orders of a group are taken together
    cuts = [0, *starts[starts > 0].tolist(), len(commands)]
    told = bytearray()
    for start, end in pairwise(cuts):
        room = _room(exchange, commands[start])
        rows = exchange.carry_out(commands[start:end])
        told += rows.tobytes()
        if end == start + 1 and len(rows) > room:
            raise Breach(f"{len(rows)} rows, and room for {room}, after {commands[start:end]}")
        weigh(exchange, commands[start:end])
    return np.frombuffer(told, JOURNAL)


def _room(exchange: Exchange, command: np.void) -> int:
    """Rows that a command may write."""
    market = int(command["market"])
    few = command["kind"] in _FEW and command["time"] < exchange.markets[market].state["due"][0]
    return _FEW_ROWS if few else door.rows_needed(exchange.table, market)


def weigh(exchange: Exchange, commands: Commands) -> None:
    """Looks whether commands left all laws standing.

    Raises:
        Breach: one is broken.
    """
    if broken := breach(exchange.table):
        raise Breach(f"{BREACHES[int(broken)]} after {commands[:3]}")
