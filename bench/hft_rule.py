"""Which of the orders given here hftbacktest's rules would fill: so that two runs are compared whose rules differ.

    an order that meets the other side when it comes is filled at once, whatever stands there;
    one that rests is filled, whole, once the best price of the other side comes to its own;
    by order: or once a recorded order behind it at its price is traded with;
    by price: or by a trade at a worse price, or by trades at its own that are more than stood before it; of what leaves
    its level with no trade, a part stood before it, by the power of what stands on either side.

Source: the documentation of its exchanges without partial fills and of its queue models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from bench.hft_events import ADD, BUYS, CLEAR, DEPTH, FILL, KIND, MODIFY, TRADE
from node.exchange.core.command import Kind
from node.exchange.exchange import Commands
from node.exchange.tester.memory import Rows

STANDS: Final = 10**9
"""ns that an order stands: the strategy takes it back then."""
_POWER: Final = 3
_KINDS: Final = {Kind.REPLAY_SET: DEPTH, Kind.REPLAY_TRADE: TRADE, Kind.REPLAY_CLEAR: CLEAR}
_NONE: Final = -(1 << 62)
"""As a best key, where a side is empty."""


Step = tuple[int, int, int, int, int, int]
"""A row of the record: its kind, of hftbacktest's events; its side, 0 of a bid or of a trade whose taker bought, else
1; its key, of a bid its price in ticks, of an ask minus that: the greater, the better; lots; the order's number, or 0;
ns.
"""


@dataclass(slots=True, eq=False)
class _Given:
    """An order that was given.

    Attributes:
        time, ends: from when and until when it stands, ns.
        turn: what came to the queue later has a greater one.
        front: lots that stand before it.
        traded: lots that were traded at its price since its level was told.
    """

    time: int
    side: int
    key: int
    ends: int
    turn: int = 0
    front: float = 0.0
    traded: float = 0.0


class _Placed(NamedTuple):
    """A recorded order."""

    side: int
    key: int
    size: int
    turn: int


class _Market:
    """The recorded book, and the orders that stand in it."""

    def __init__(self, arrived: Rows) -> None:
        columns = (arrived[name].tolist() for name in ("arrived", "side", "price"))
        self._coming = [
            _Given(time, side, -price if side else price, time + STANDS)
            for time, side, price in zip(*columns, strict=True)
        ][::-1]
        self.resting: list[_Given] = []
        self.filled = 0
        self.turn = 0
        self.clear()

    def clear(self) -> None:
        self.sizes: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.best = [_NONE, _NONE]

    def pass_time(self, until: int) -> None:
        """Orders that come and go before a time."""
        while self._coming and self._coming[-1].time < until:
            order = self._coming.pop()
            if order.key + self.best[1 - order.side] >= 0:
                self.filled += 1
            else:
                self.turn += 1
                order.turn, order.front = self.turn, self.sizes[order.side].get(order.key, 0)
                self.resting.append(order)
        if self.resting and self.resting[0].ends < until:
            self.resting = [each for each in self.resting if each.ends >= until]

    def fill(self, chosen: list[_Given]) -> None:
        if chosen:
            self.filled += len(chosen)
            self.resting = [each for each in self.resting if each not in chosen]

    def set(self, side: int, key: int, size: int) -> None:
        """A level has this size. A best price that comes to the other side's puts that back."""
        sizes, best = self.sizes[side], self.best[side]
        if size:
            sizes[key] = size
            if key > best:
                self.best[side] = key
                if key + self.best[1 - side] >= 0:
                    self.best[1 - side] = max((each for each in self.sizes[1 - side] if each + key < 0), default=_NONE)
                self.fill([each for each in self.resting if each.side != side and each.key + key >= 0])
        elif sizes.pop(key, 0) and key == best:
            self.best[side] = max(sizes, default=_NONE)


def by_order(steps: Sequence[Step], arrived: Rows, *, swept: bool = False) -> int:
    """How many would be filled in a market by order.

    Args:
        steps: of the rows that `hft_events.orders` makes.
        arrived: the orders, of dtype ARRIVED.
        swept: also those that a trade went past, to a worse price.
    """
    market, placed = _Market(arrived), dict[int, _Placed]()
    for kind, side, key, size, number, time in steps:
        market.pass_time(time)
        if kind == CLEAR:
            placed.clear()
            market.clear()
            market.resting.clear()
            continue
        old = placed.get(number)
        if kind == FILL:
            if old is not None:
                behind = old.turn
                market.fill([
                    each for each in market.resting
                    if each.side == old.side
                    and ((each.key == old.key and each.turn < behind) or (swept and each.key > old.key))
                ])  # fmt: skip
            continue
        if old is not None:
            market.set(old.side, old.key, market.sizes[old.side][old.key] - old.size)
            del placed[number]
        if kind in {ADD, MODIFY}:
            stays = old is not None and key == old.key and size <= old.size
            market.turn += 1
            placed[number] = _Placed(side, key, size, old.turn if old is not None and stays else market.turn)
            market.set(side, key, market.sizes[side].get(key, 0) + size)
    return market.filled


def by_price(steps: Sequence[Step], arrived: Rows) -> int:
    """How many would be filled in a market by price; the steps are of the rows that `hft_events.levels` makes."""
    market = _Market(arrived)
    for kind, side, key, size, _, time in steps:
        market.pass_time(time)
        if kind == CLEAR:
            market.clear()
        elif kind == DEPTH:
            before = market.sizes[side].get(key, 0)
            for order in market.resting:
                if order.side == side and order.key == key:
                    _queue(order, before, size)
            market.set(side, key, size)
        elif kind == TRADE:  # of makers on the other side, at minus the taker's key
            chosen = []
            for order in market.resting:
                if order.side != side and order.key == -key:
                    order.front -= size
                    order.traded += size
                if order.side != side and (order.key > -key or (order.key == -key and round(order.front) < 0)):
                    chosen.append(order)
            market.fill(chosen)
    return market.filled


def _queue(order: _Given, before: int, now: int) -> None:
    """A level's size was told: what left it with no trade left before the order, or behind it."""
    change, order.traded = before - now - order.traded, 0.0
    if change >= 0:
        front, back = order.front, before - order.front
        whole = back**_POWER + front**_POWER
        behind = back**_POWER / whole if whole else 1.0
        order.front = front - (1 - behind) * change + min(back - behind * change, 0.0)
    order.front = min(order.front, now)


def steps(rows: Rows, tick: float, lot: float) -> list[Step]:
    """Of hftbacktest's events, as it reads them."""
    side, price = (rows["ev"] & BUYS) == 0, np.rint(rows["px"] / tick)
    return _steps(rows["ev"] & KIND, side, price, np.rint(rows["qty"] / lot), rows["order_id"], rows["exch_ts"])


def steps_of(commands: Commands) -> list[Step]:
    """Of commands of a market by price, as it is replayed here."""
    kind = np.select([commands["kind"] == each for each in _KINDS], list(_KINDS.values()))
    return _steps(kind, *(commands[name] for name in ("side", "price", "quantity", "order", "time")))


def _steps(kind: Rows, side: Rows, price: Rows, *more: Rows) -> list[Step]:
    columns = (kind, side, np.where(side, -price, price), *more)
    kinds, sides, keys, sizes, orders, times = (column.astype(np.int64).tolist() for column in columns)
    return list(zip(kinds, sides, keys, sizes, orders, times, strict=True))
