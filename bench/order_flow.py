"""Order flow: commands of a busy market, made by letting the core carry out each before the next is chosen."""

from decimal import Decimal
from typing import Any, Final

import numpy as np

from node.exchange.core import door, ladder, match, state
from node.exchange.core.command import COMMAND, Kind, Selftrade, Type
from node.exchange.core.compiled import jit
from node.exchange.exchange import Commands, Exchange
from node.exchange.listing import Asset, Listing

U = np.uint64
ACCOUNTS: Final = 1000
FEES: Final = (20, 50)
"""Ppm that a maker and a taker pays."""
LISTING: Final = Listing(
    "BASE-QUOTE", Asset("BASE", 0), Asset("QUOTE", 0),
    tick=Decimal(1), lot=Decimal(1), least=Decimal(1), most=Decimal(1 << 40), notional=Decimal(0),
)  # fmt: skip
OPEN: Final = 5_000
"""Orders that are open on average; so many come before others are cancelled."""
_WEALTH: Final = 1 << 45
_MIDDLE: Final = 1 << 15
_ADDS, _TAKES = 0.45, 0.10
_NEAR, _FAR, _FAR_SHARE = 12.0, 150.0, 0.1  # ticks behind the other side's best price, on average
_SIZE, _LARGE = 20.0, 25.0  # lots, on average: of orders that rest, and that take
_NEW, _CANCEL, _LIMIT, _MARKET = int(Kind.NEW), int(Kind.CANCEL), int(Type.LIMIT), int(Type.MARKET)
_MODE = int(Selftrade.EXPIRE_TAKER)
_DRAW = np.dtype(
    [("choice", "<f8"), ("place", "<f8"), ("account", "<i8"), ("side", "<i8"), ("away", "<i8"), ("size", "<i8"),
     ("large", "<i8")]
)  # fmt: skip
_LIVE = np.dtype([("order", "<i8"), ("account", "<i8")])


def funded() -> Exchange:
    """An exchange with one market whose accounts have more than they can spend."""
    exchange = Exchange([LISTING])
    exchange.put_market(0, state.market(LISTING.rules(0, exchange.assets), 1 << 15))
    for _ in range(ACCOUNTS):
        exchange.open_account(*FEES)
    exchange.carry_out(deposits())
    return exchange


def deposits() -> Commands:
    """What the accounts begin with."""
    rows = np.zeros(2 * ACCOUNTS, COMMAND)
    rows["kind"], rows["quantity"] = Kind.DEPOSIT, _WEALTH
    rows["account"], rows["order"] = state.FIRST_USER + np.arange(2 * ACCOUNTS) // 2, np.arange(2 * ACCOUNTS) % 2
    return rows


def flow(count: int, seed: int = 42, mode: int = _MODE) -> Commands:
    """So many commands after the first `OPEN` orders: 45 % orders that rest, 45 % cancels, the young ones more often,
    and 10 % that take, half of them market orders.

    Args:
        mode: of Selftrade.
    """
    total, chance, exchange = count + OPEN, np.random.Generator(np.random.PCG64(seed)), funded()
    draws, commands = np.zeros(total, _DRAW), np.zeros(total, COMMAND)
    draws["choice"], draws["place"] = chance.random(total), chance.random(total) ** 3
    draws["account"] = chance.integers(state.FIRST_USER, state.FIRST_USER + ACCOUNTS, total)
    draws["side"] = chance.integers(0, 2, total)
    far = chance.random(total) < _FAR_SHARE
    draws["away"] = np.where(far, chance.exponential(_FAR, total), chance.exponential(_NEAR, total))
    draws["size"], draws["large"] = 1 + chance.exponential(_SIZE, total), 1 + chance.exponential(_LARGE, total)
    journal = np.zeros(1 << 17, exchange.answer.dtype)
    made = int(_make(exchange.table, draws, commands, (np.zeros(total, _LIVE), journal), mode))
    if made != total:
        raise RuntimeError(f"{made} of {total} commands were made: the market had no room")
    return commands


@jit
def _make(table: int, draws: Any, commands: Any, room: tuple[Any, Any], mode: int) -> int:
    live, journal = room
    desk = door.open_desk(table)
    market, ledger = door.open_market(desk.markets[U(0)]), door.open_ledger(desk.ledger[U(0)])
    count = 0  # rows of `live`; some of these orders are filled
    for at in range(len(commands)):
        draw, command = draws[U(at)], commands[U(at)]
        side, account = draw.side, draw.account
        bid = ladder.best(market, 0) if market.top[U(0)] >= 0 else _MIDDLE - 1
        ask = -ladder.best(market, 1) if market.top[U(1)] >= 0 else _MIDDLE + 1
        command.time, command.ref, command.kind, command.selftrade = at, at, _NEW, mode
        command.side, command.quantity = side, draw.size
        command.price = ask - 1 - draw.away if side == 0 else bid + 1 + draw.away
        if at >= OPEN and draw.choice < _TAKES:
            command.type = _MARKET if draw.choice < _TAKES / 2 else _LIMIT
            command.price, command.quantity = (ask + 1 if side == 0 else bid - 1), draw.large
        elif at >= OPEN and draw.choice < _TAKES + min(2.0, count / OPEN) * _ADDS:
            count = _chosen_last(market, live, count, draw.place)
            if count > 0:
                count -= 1
                command.kind, command.order, account = _CANCEL, live[U(count)].order, live[U(count)].account
        command.account = account
        done, _ = match.run(market, ledger, commands[at : at + 1], 0, journal)
        if done == 0:
            return at
        order = journal[U(0)].order
        if command.kind == _NEW and _open(market, order):
            live[U(count)].order, live[U(count)].account = order, account
            count += 1
    return len(commands)


@jit
def _open(market: Any, order: int) -> bool:
    return bool(market.nodes[U(order & ((1 << state.SLOT_BITS) - 1))].id == order)


@jit
def _chosen_last(market: Any, live: Any, count: int, place: float) -> int:
    """Puts the open order that a place between 0, the youngest, and 1 falls on last; how many orders there are then."""
    while count > 0:
        at, last = U(int((1.0 - place) * (count - 1))), U(count - 1)
        order, account = live[at].order, live[at].account
        live[at].order, live[at].account = live[last].order, live[last].account
        if _open(market, order):
            live[last].order, live[last].account = order, account
            return count
        count -= 1
    return 0
