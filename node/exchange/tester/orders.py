"""Orders: what a strategy asks for. One text for both forms: Python runs these functions as they are, on memory that
it shares with the loop, and numba compiles the same functions for a compiled strategy.

What is asked here leaves the strategy when its call ends, reaches the market after the entry latency, and is answered
by events. A `ref` names an order from the moment it is asked for.
"""

import ctypes
from typing import Any, Final

from node.exchange.core.command import Flag, Group, Kind, Side, Tif, Type
from node.exchange.tester.shape import INT, Shared, dtype_of

BUY, SELL = int(Side.BUY), int(Side.SELL)
GTC, IOC, FOK, GTD, DAY = (int(each) for each in Tif)
POST_ONLY, REDUCE_ONLY = int(Flag.POST_ONLY), int(Flag.REDUCE_ONLY)
_LIMIT, _MARKET, _STOP, _STOP_LIMIT, _TAKE, _TAKE_LIMIT = (int(each) for each in Type)
_NEW, _CANCEL, _AMEND, _CANCEL_ALL, _GROUP, _LEG = (
    int(each) for each in (Kind.NEW, Kind.CANCEL, Kind.AMEND, Kind.CANCEL_ALL, Kind.GROUP, Kind.LEG)
)
_OCO, _OTO, _BRACKET = (int(each) for each in Group)

OUT: Final = 256
"""What a strategy may ask for in one call."""
ROOM: Final = 1024
"""Own orders that may be open or on their way at a time."""
PLACES: Final = 4 * ROOM
"""Of own orders, each at ref % PLACES. With no more than ROOM taken there are always as many in a row as a group has
orders: refs whose place is taken are passed over."""
GROUP: Final = 3
"""Orders of a group, at most."""
COLUMNS: Final = (
    "kind",
    "side",
    "type",
    "tif",
    "flags",
    "ref",
    "price",
    "quantity",
    "trigger",
    "display",
    "expiry",
    "trail",
    "group",
)
REF, SIDE, PRICE, LEFT, PLACE = range(5)
"""Columns of `mine`: the order's number, 0 for none; side; price; lots that are open; where `listed` has it. The loop
keeps its own copy of all this and goes by that."""
_MASK = PLACES - 1


class Orders(ctypes.Structure, Shared):
    """Asks for orders and knows one's own.

    Prices and triggers are whole ticks, quantities whole lots; `side` is BUY or SELL. What asks for an order gives its
    ref. Floats are refused: use `book.ticks` and `book.lots`, or `int` and `//`.
    """

    count: int
    next: int
    over: int
    open: int
    rows: Any
    mine: Any
    listed: Any

    _fields_ = [
        ("count", INT),  # rows of this call
        ("next", INT),  # the least that the next ref may be
        ("over", INT),  # 1 when one call asked for more than OUT
        ("open", INT),  # refs in `listed`
        ("rows", (INT * len(COLUMNS)) * OUT),
        ("mine", (INT * 5) * PLACES),  # at ref % PLACES
        ("listed", INT * ROOM),
    ]

    def limit(  # noqa: PLR0917 - compiled code has no keyword-only arguments
        self, side: int, price: int, quantity: int, tif: int = GTC, flags: int = 0, expiry: int = 0
    ) -> int:
        """An order at a price or better; `expiry` in ns for GTD."""
        return self.send(_NEW, side, _LIMIT, tif, flags, 0, price, quantity, 0, 0, expiry, 0, 0)

    def buy(self, price: int, quantity: int, flags: int = 0) -> int:
        """A limit order to buy that stands until it is cancelled."""
        return self.send(_NEW, BUY, _LIMIT, GTC, flags, 0, price, quantity, 0, 0, 0, 0, 0)

    def sell(self, price: int, quantity: int, flags: int = 0) -> int:
        """A limit order to sell that stands until it is cancelled."""
        return self.send(_NEW, SELL, _LIMIT, GTC, flags, 0, price, quantity, 0, 0, 0, 0, 0)

    def market(self, side: int, quantity: int, flags: int = 0) -> int:
        """Takes what it meets at any price."""
        return self.send(_NEW, side, _MARKET, GTC, flags, 0, 0, quantity, 0, 0, 0, 0, 0)

    def iceberg(self, side: int, price: int, quantity: int, display: int) -> int:
        """A limit order of which others see `display` lots at a time."""
        return self.send(_NEW, side, _LIMIT, GTC, 0, 0, price, quantity, 0, display, 0, 0, 0)

    def stop(self, side: int, trigger: int, quantity: int, price: int = 0, flags: int = 0) -> int:
        """A stop loss: a market order, or with `price` a limit order, once the last price has come to `trigger`."""
        what = _STOP if price == 0 else _STOP_LIMIT
        return self.send(_NEW, side, what, GTC, flags, 0, price, quantity, trigger, 0, 0, 0, 0)

    def profit(self, side: int, trigger: int, quantity: int, price: int = 0, flags: int = 0) -> int:
        """A take profit: as `stop`, for a price that comes the other way."""
        what = _TAKE if price == 0 else _TAKE_LIMIT
        return self.send(_NEW, side, what, GTC, flags, 0, price, quantity, trigger, 0, 0, 0, 0)

    def trail(self, side: int, trail: int, quantity: int, flags: int = 0) -> int:
        """A stop loss that follows the best price at a distance of `trail` ppm of it."""
        return self.send(_NEW, side, _STOP, GTC, flags, 0, 0, quantity, 0, 0, 0, trail, 0)

    def oco(self, side: int, price: int, trigger: int, quantity: int, limit: int = 0) -> int:
        """One cancels the other: a limit order at `price`, and a stop loss (with `limit` a limit order then) of the
        same side and quantity; the stop's ref is one more than the first's.
        """
        what = _STOP if limit == 0 else _STOP_LIMIT
        ref = self.send(_GROUP, side, _LIMIT, GTC, 0, 0, price, quantity, 0, 0, 0, 0, _OCO)
        self.send(_LEG, side, what, GTC, 0, 0, limit, quantity, trigger, 0, 0, 0, 0)
        return ref

    def oto(self, side: int, price: int, quantity: int, then: int, then_price: int, then_quantity: int) -> int:  # noqa: PLR0917 - the same
        """One triggers the other: a limit order, and one of side `then`, a market order where `then_price` is 0, that
        is placed once the first is filled whole; its ref is one more than the first's.
        """
        what = _MARKET if then_price == 0 else _LIMIT
        ref = self.send(_GROUP, side, _LIMIT, GTC, 0, 0, price, quantity, 0, 0, 0, 0, _OTO)
        self.send(_LEG, then, what, GTC, 0, 0, then_price, then_quantity, 0, 0, 0, 0, 0)
        return ref

    def bracket(self, side: int, price: int, quantity: int, profit: int, stop: int) -> int:
        """A limit order, and once it is filled whole two of the other side, of which one cancels the other: a limit
        order at `profit`, a stop loss at `stop`. Their refs are one and two more than the first's.
        """
        ref = self.send(_GROUP, side, _LIMIT, GTC, 0, 0, price, quantity, 0, 0, 0, 0, _BRACKET)
        self.send(_LEG, 1 - side, _LIMIT, GTC, 0, 0, profit, quantity, 0, 0, 0, 0, 0)
        self.send(_LEG, 1 - side, _STOP, GTC, 0, 0, 0, quantity, stop, 0, 0, 0, 0)
        return ref

    def cancel(self, ref: int) -> None:
        """Takes an own order out; nothing where `ref` is 0."""
        if ref != 0:
            self.send(_CANCEL, 0, 0, 0, 0, ref, 0, 0, 0, 0, 0, 0, 0)

    def cancel_all(self) -> None:
        """Takes all own orders out that are open or on their way."""
        if self.open > 0:
            self.send(_CANCEL_ALL, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0)

    def amend(self, ref: int, price: int, quantity: int) -> None:
        """Gives an own order a new price and open quantity; less at the same price keeps its place in the queue.
        Nothing where `ref` is 0.
        """
        if ref != 0:
            self.send(_AMEND, 0, 0, 0, 0, ref, price, quantity, 0, 0, 0, 0, 0)

    def ref(self, index: int) -> int:
        """Own orders by number, from 0 to below `open`; in no order that means anything."""
        return int(self.listed[index])

    def left(self, ref: int) -> int:
        """Lots of an own order that are open or on their way, as far as is known; 0 once it is gone."""
        row = self.mine[ref & _MASK]
        return int(row[LEFT]) if row[REF] == ref else 0

    def price(self, ref: int) -> int:
        """The price of an own order; 0 once it is gone."""
        row = self.mine[ref & _MASK]
        return int(row[PRICE]) if row[REF] == ref else 0

    def side(self, ref: int) -> int:
        """The side of an own order; -1 once it is gone."""
        row = self.mine[ref & _MASK]
        return int(row[SIDE]) if row[REF] == ref else -1

    def send(  # noqa: PLR0917 - the same
        self, kind: int, side: int, what: int, tif: int, flags: int, ref: int,
        price: int, quantity: int, trigger: int, display: int, expiry: int, trail: int, group: int,
    ) -> int:  # fmt: skip
        """Any order, and what is asked of one, by the fields of a `COMMAND`.

        Args:
            kind: NEW, GROUP and the LEGs behind it; CANCEL, AMEND, CANCEL_ALL. No others may be sent.
            what: its type.
            ref: the order it is about; 0: a new one.
            group: which, for the first of one.
        """
        if not 0 <= self.count < OUT:
            self.over = 1
            return 0
        row = self.rows[self.count]
        if ref == 0:
            ref = self._free(GROUP if kind == _GROUP else 1)
            self.next = ref + 1
        row[0], row[1], row[2], row[3], row[4], row[5] = kind, side, what, tif, flags, ref
        row[6], row[7], row[8], row[9] = price, quantity, trigger, display
        row[10], row[11], row[12] = expiry, trail, group
        self.count += 1
        return ref

    def _free(self, rows: int) -> int:
        """The next ref that has a free place, and as many behind it as `rows` says."""
        ref = self.next
        at = ref
        while at < ref + rows:
            if self.mine[at & _MASK][REF] != 0:
                ref = at + 1
            at += 1
        return ref


Orders.dtype = dtype_of(Orders)
