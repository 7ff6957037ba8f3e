"""Teller: has a record's commands carried out, and tells of its trades beside what they led to.

A trade is told as one of the world with itself, less what users were filled of it, who have rows of their own. What
users were filled by an order that came to their price is of no trade.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import Kind
from node.exchange.core.journal import JOURNAL, Record, joined
from node.exchange.core.state import SHOWN, WORLD, Market
from node.exchange.exchange import Commands, Exchange, Journal, command

_TRADE, _FILL = int(Kind.REPLAY_TRADE), int(Kind.REPLAY_FILL)
_NAME: Final = "replay-filled"


class Teller:
    """Knows, for each order that the record showed as traded before it told of the trade, what users were filled of it:
    so many lots of that trade are not told again. It is waited for as long as the core waits for such things.
    """

    def __init__(self) -> None:
        self._filled: dict[int, tuple[int, int]] = {}  # lots, and the time of the last of them

    def carry_out(self, exchange: Exchange, commands: Commands) -> Journal:
        """What is told of a record's commands, in the order in which it happened: when they came, their trades, and
        what users got of them. Nothing of none.
        """
        if not len(commands):
            return np.zeros(0, JOURNAL)
        market = exchange.markets[int(commands["market"][0])]
        times = commands["time"]
        if self._filled:
            late = int(times[0]) - SHOWN
            self._filled = {order: each for order, each in self._filled.items() if each[1] > late}
        if self._filled or _answers(market, int(times[-1])) or (commands["kind"] >= Kind.MARK).any():
            return joined([*self._one_by_one(exchange, commands), _passed(commands, times[-1:])], JOURNAL)
        rows = exchange.carry_out(commands)
        trades = commands[(commands["kind"] == _TRADE) & (commands["price"] > 0)]
        made = np.zeros(2 * len(trades), JOURNAL)
        made[::2], made[1::2] = _passed(commands, trades["time"]), _traded(market, trades)
        told = [_passed(commands, times[:1]), made, rows, _passed(commands, times[-1:])]
        return joined(told, JOURNAL)

    def _one_by_one(self, exchange: Exchange, commands: Commands) -> list[Journal]:
        """Has trades, and whatever else is of one time, carried out alone, so that it is known what led to what."""
        kinds, times, number = commands["kind"], commands["time"], int(commands["market"][0])
        alone = (kinds == _TRADE) | (kinds == _FILL)
        cuts = np.flatnonzero(alone[1:] | alone[:-1] | (times[1:] != times[:-1])) + 1
        parts = [_passed(commands, times[:1])]
        told = int(times[0])
        for first, end in pairwise([0, *cuts.tolist(), len(commands)]):
            time, some = int(times[first]), commands[first:end]
            if exchange.markets[number].state["due"][0] <= time:  # what time alone brings about comes before
                parts.append(exchange.carry_out(command(kind=Kind.TIMER, market=number, account=WORLD, time=time)))
            rows = exchange.carry_out(some)
            if alone[first]:
                rows = self._told(exchange.markets[number], some, rows)
            if len(rows):
                if time != told:
                    parts.append(_passed(commands, times[first : first + 1]))
                    told = time
                parts.append(rows)
        return parts

    def _told(self, market: Market, one: Commands, rows: Journal) -> Journal:
        """What a trade, or an order's fill, is told as; the trade's rest after what users got of it, and before what
        its price woke.
        """
        filled = np.flatnonzero((rows["kind"] == Record.FILL) & (rows["account"] == WORLD) & (rows["order"] == 0))
        lots, order = int(rows["quantity"][filled].sum()), int(one["order"][0])
        early, since = self._filled.pop(order, (0, 0))
        if one["kind"][0] == _FILL:
            if early + lots:
                self._filled[order] = early + lots, int(one["time"][0])
            return rows
        if one["price"][0] <= 0:
            return rows
        rest = _traded(market, one)
        size = int(rest["quantity"][0])
        rest["quantity"] = max(size - lots - early, 0)
        if early > size - lots:
            self._filled[order] = early - max(size - lots, 0), since
        at = int(filled[-1]) + 1 if len(filled) else 0
        found: Journal = joined([rows[:at], rest[rest["quantity"] > 0], rows[at:]], JOURNAL)
        return found

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """All that a later `load` needs."""
        return {_NAME: np.array([(order, *each) for order, each in self._filled.items()], np.int64).reshape(-1, 3)}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on where `save` was asked."""
        self._filled = {order: (lots, time) for order, lots, time in saved[_NAME].tolist()}


def _answers(market: Market, until: int) -> bool:
    """Whether a market may answer to a record: to users' orders, a breaker, or time."""
    state = market.state[0]
    return bool(state["live"] > market.replay[0]["nodes"] or state["watch"] or state["due"] <= until)


def _passed(commands: Commands, times: npt.NDArray[np.int64]) -> Journal:
    """Rows that tell up to when a record's market is known."""
    made = np.zeros(len(times), JOURNAL)
    made["kind"], made["market"], made["account"] = Record.RECORDED, commands["market"][0], WORLD
    made["time"] = times
    return made


def _traded(market: Market, trades: Commands) -> Journal:
    """Rows of trades of the world with itself, in the market's lots."""
    made, replay = np.zeros(len(trades), JOURNAL), market.replay[0]
    made["kind"], made["market"] = Record.FILL, market.rules["market"][0]
    made["account"] = made["other_account"] = WORLD
    for name in ("side", "price", "quantity"):
        made[name] = trades[name]
    if replay["multiply"]:
        made["quantity"] = trades["quantity"] * replay["multiply"] // replay["divide"]
    return made
