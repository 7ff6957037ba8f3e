"""Coinbase's `level3` channel: that of `full` in lists, which say no side and not why an order is done.

What they leave out is known of an order from when it came to rest, or from the picture of the book.
Source: https://docs.cdp.coinbase.com/exchange/websocket-feed/channels#level3-channel
"""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from atom.events import Action, Side
from atom.gather.columns import Columns, Delta, Order, Stamp
from atom.venues.template import Json, digits, iso_time, order_id, text

SIDES: Final = {"buy": Side.BID, "sell": Side.ASK}
FIELDS: Final = {
    "open": ("order_id", "side", "price", "size"),
    "change": ("order_id", "price", "size"),
    "match": ("maker_order_id", "taker_order_id", "price", "size"),
    "done": ("order_id",),
    "noop": (),
}
_AGGRESSORS = {Side.BID: Side.ASK, Side.ASK: Side.BID, Side.NONE: Side.NONE}


class _Resting(NamedTuple):
    side: Side
    price: str
    rest: Decimal


class Level3:
    """The orders that rest, to complete what is told of them."""

    def __init__(self) -> None:
        self._orders: dict[int, _Resting] = {}

    def keep(self, order: Order) -> None:
        """Takes an order that came to rest or has changed."""
        self._orders[order.order_id] = _Resting(order.side, order.price, Decimal(order.size))

    def read(self, message: list[Any], ts_recv: int, place: int, columns: Columns) -> None:
        """Reads a message: kind, symbol, number, its `FIELDS` and the time."""
        kind, _, number, *told, time = message
        fields = dict(zip(FIELDS[kind], told, strict=True))
        at, last = Stamp(iso_time(time), ts_recv, place), digits(number)
        order = self._match(fields, at, last, columns) if kind == "match" else self._order(kind, fields, columns)
        columns.delta(Delta(at, last - 1, last, orders=() if order is None else (order,)))

    def _match(self, fields: Json, at: Stamp, last: int, columns: Columns) -> Order:
        columns.trades += 1
        maker, taker = order_id(fields["maker_order_id"]), order_id(fields["taker_order_id"])
        price, size = text(fields["price"]), text(fields["size"])
        known = self._orders.get(maker)
        side = Side.NONE if known is None else known.side
        if known is not None:
            self._orders[maker] = known._replace(rest=known.rest - Decimal(size))
        columns.trade(at, None, _AGGRESSORS[side], (price, size), sequence=last, orders=(maker, taker))
        return Order(Action.FILL, side, price, size, maker)

    def _order(self, kind: str, fields: Json, columns: Columns) -> Order | None:
        if kind == "noop":
            return None
        name = order_id(fields["order_id"])
        if kind == "open":
            order = Order(Action.ADD, SIDES[fields["side"]], text(fields["price"]), text(fields["size"]), name)
            self.keep(order)
            return order
        known = self._orders.get(name)
        if kind == "change":
            if known is None:  # it has not come to rest
                return None
            order = Order(Action.MODIFY, known.side, text(fields["price"]), text(fields["size"]), name)
            self.keep(order)
            return order
        self._orders.pop(name, None)
        if known is None:  # it never rested; or the picture that holds it is still to come
            return Order(Action.CANCEL, Side.NONE, "0", "0", name) if columns.stale else None
        return Order(Action.CANCEL, known.side, known.price, format(known.rest, "f"), name) if known.rest > 0 else None
