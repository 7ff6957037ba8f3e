"""Simulated: a small seeded market by order, the venue that needs no network.

A fair price wanders and is pulled back to where it began (Ornstein-Uhlenbeck). Traders place limit orders below and
above it at geometric distances, cancel at random, and send market orders, buying the likelier the further the mid is
below the fair price. Messages arrive as a Poisson process; matching is by price, then time. The same seed gives the
same events.

Source of the mix: Cont, Stoikov and Talreja, "A stochastic model for order book dynamics", 2010; the fair price is
ours.
"""

from decimal import Decimal
from typing import Final

import numpy as np

from atom.book import Book
from atom.events import BOOK, TRADE, Action, Events, Flag, Rows, Side, empty
from atom.instrument import Instrument

INSTRUMENT: Final = Instrument("simulated", "SIM-USD", "SIM-USD", Decimal("0.01"), Decimal("0.001"))

OPENS: Final = 1_704_067_200 * 10**9  # 2024-01-01T00:00:00Z
_FAIR: Final = 10_000  # ticks
_PULL: Final = 0.002  # share of the distance to _FAIR that is taken back at each message
_WANDER: Final = 0.6  # ticks, standard deviation of the fair price's step at each message
_GAP: Final = 20e6  # ns between messages, on average
_LATENCY: Final = (200_000, 2_000_000)  # ns from event to arrival
_DEPTH: Final = 150  # orders a side at the beginning, and what cancels steer towards
_FEWEST: Final = 20  # orders a side below which nothing is taken from it
_NEARNESS: Final = 0.08  # chance that a limit order goes no further from the fair price
_MARKET: Final = 0.12  # share of messages that are market orders
_LEAN: Final = 25.0  # ticks between mid and fair price that make a market order's side certain
_SIZE: Final = 1 / 400  # so that an order has 400 lots on average


def simulate(seed: int = 0, messages: int = 20_000, *, opens: int = OPENS) -> Events:
    """A market's first `messages` messages after the opening book, by order.

    Args:
        seed: at least 0.
        messages: orders placed, cancelled or sent to the market; a market order makes several events.
        opens: when the book opens, ns since 1970 UTC; the same market at another time is the same but for its times.
    """
    return _Market(np.random.Generator(np.random.PCG64(seed)), messages, opens).run()


class _Market:
    """Resting orders, and the rows told so far."""

    def __init__(self, rng: np.random.Generator, messages: int, opens: int) -> None:
        self._messages = messages
        opening = 2 * _DEPTH
        count = opening + messages
        self._chance = rng.random((count, 3)).tolist()
        self._wander = (_WANDER * rng.standard_normal(count)).tolist()
        self._distance = rng.geometric(_NEARNESS, count).tolist()
        self._size = rng.geometric(_SIZE, count).tolist()
        gaps = np.maximum(rng.exponential(_GAP, messages).astype(np.int64), 1)
        self._ts = np.concatenate(([0], np.cumsum(gaps))) + opens
        self._ts_recv = self._ts + rng.integers(*_LATENCY, size=messages + 1)
        self._book = Book()
        self._queues: dict[tuple[int, int], dict[int, int]] = {}  # (side, price) -> order id -> size, oldest first
        self._orders: dict[int, list[int]] = {Side.BID: [], Side.ASK: []}
        self._prices: dict[int, int] = {}
        self._rows: list[tuple[int, ...]] = []
        self._trades: list[tuple[int, ...]] = []
        self._message = 0

    def run(self) -> Events:
        self._tell(Action.CLEAR, Side.NONE, (0, 0, 0), Flag.SNAPSHOT | Flag.NO_ORDER)
        for draw in range(2 * _DEPTH):
            last = Flag.LAST if draw == 2 * _DEPTH - 1 else Flag(0)
            self._place(draw, Side.BID if draw % 2 else Side.ASK, _FAIR, Flag.SNAPSHOT | last)
        fair = float(_FAIR)
        for message in range(1, self._messages + 1):
            self._message = message
            draw = message + 2 * _DEPTH - 1
            fair += _PULL * (_FAIR - fair) + self._wander[draw]
            self._act(draw, fair)
            self._whole()
        return Events(INSTRUMENT, self._stamped(BOOK, self._rows), self._stamped(TRADE, self._trades), empty("quote"))

    def _act(self, draw: int, fair: float) -> None:
        kind, coin, which = self._chance[draw]
        side = Side.BID if coin < 0.5 else Side.ASK
        crowded = len(self._orders[side]) / (2 * _DEPTH)
        if kind < _MARKET:
            lean = (fair - self._mid()) / _LEAN
            buys = coin < 0.5 + lean / 2
            taken = Side.ASK if buys else Side.BID
            if len(self._orders[taken]) > _FEWEST:
                self._match(draw, taken)
                return
        elif kind < _MARKET + (1 - _MARKET) * crowded and len(self._orders[side]) > _FEWEST:
            orders = self._orders[side]
            order = orders[int(which * len(orders))]
            price = self._prices[order]
            self._tell(Action.CANCEL, side, (price, self._remove(side, order), order))
            return
        self._place(draw, side, round(fair), Flag(0))

    def _place(self, draw: int, side: Side, fair: int, flags: Flag) -> None:
        order, size = draw + 1, self._size[draw]
        if side == Side.BID:
            ask = self._touch(Side.ASK)
            price = (fair if ask is None else min(fair, ask)) - self._distance[draw]
        else:
            bid = self._touch(Side.BID)
            price = (fair if bid is None else max(fair, bid)) + self._distance[draw]
        self._queues.setdefault((side, price), {})[order] = size
        self._orders[side].append(order)
        self._prices[order] = price
        self._tell(Action.ADD, side, (price, size, order), flags)

    def _match(self, draw: int, taken: Side) -> None:
        left, taker = self._size[draw], draw + 1
        while left and len(self._orders[taken]) > _FEWEST:
            price = self._book.levels(taken, 1)[0].price
            order, resting = next(iter(self._queues[taken, price].items()))
            size = min(left, resting)
            left -= size
            if size == resting:
                self._remove(taken, order)
            else:
                self._queues[taken, price][order] = resting - size
            self._tell(Action.FILL, taken, (price, size, order))
            aggressor = Side.BID if taken == Side.ASK else Side.ASK
            self._trades.append((self._message, 0, aggressor, price, size, len(self._trades) + 1, order, taker))

    def _remove(self, side: Side, order: int) -> int:
        orders = self._orders[side]
        orders.remove(order)
        price = self._prices.pop(order)
        queue = self._queues[side, price]
        size = queue.pop(order)
        if not queue:
            del self._queues[side, price]
        return size

    def _touch(self, side: Side) -> int | None:
        best = self._book.levels(side, 1)
        return best[0].price if best else None

    def _mid(self) -> float:
        bid, ask = self._touch(Side.BID), self._touch(Side.ASK)
        return _FAIR if bid is None or ask is None else (bid + ask) / 2

    def _tell(self, action: Action, side: Side, order: tuple[int, int, int], flags: int = 0) -> None:
        change = (int(flags), int(action), int(side), *order)  # order: price, size, id
        self._rows.append((self._message, *change))
        self._book.step(change)

    def _whole(self) -> None:
        for rows in (self._rows, self._trades):
            if rows and rows[-1][0] == self._message:
                message, flags, *rest = rows[-1]
                rows[-1] = (message, flags | Flag.LAST, *rest)

    def _stamped(self, dtype: np.dtype[np.void], told: list[tuple[int, ...]]) -> Rows:
        rows = np.zeros(len(told), dtype=dtype)
        table = np.array(told, dtype=np.int64).reshape(len(told), -1)
        names = [name for name in dtype.names or () if name not in {"ts_event", "ts_recv", "sequence"}]
        rows["sequence"] = table[:, 0]
        rows["ts_event"], rows["ts_recv"] = self._ts[table[:, 0]], self._ts_recv[table[:, 0]]
        for index, name in enumerate(names, start=1):
            rows[name] = table[:, index]
        return rows
