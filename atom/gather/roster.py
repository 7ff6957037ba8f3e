"""Roster: what is known of each order of a book, to fill in what its venue does not repeat."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from atom.events import Action, Side


class Order(NamedTuple):
    """What happens to one order; price and size are decimal text, "0" where the venue does not repeat them.

    An id is the venue's number, or the upper 63 bits of its UUID.
    """

    action: Action
    side: Side
    price: str
    size: str
    order_id: int


class Roster:
    """The orders of a book whose venue tells of a change no price, and what remains instead of what was taken off."""

    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}

    def clear(self) -> None:
        """Forgets all."""
        self._orders.clear()

    def complete(self, orders: Sequence[Order]) -> list[Order]:
        """The same changes as events have them.

        A placing or a change that the picture of the book held already is left out, so that the order keeps its place.
        Of an order that nobody has told of, a cancel or a change is given as it came, and the book counts it.

        Raises:
            ArithmeticError: a size is no number.
        """
        return [told for order in orders for told in self._complete(order)]

    def _complete(self, order: Order) -> Sequence[Order]:
        known = self._orders.get(order.order_id)
        if order.action is Action.ADD:
            if known is not None:
                return ()
            self._orders[order.order_id] = order
            return (order,)
        if known is None:
            return (order,)
        if order.action is Action.CANCEL:
            del self._orders[order.order_id]
            return (known._replace(action=Action.CANCEL),)
        taken = Decimal(known.size) - Decimal(order.size)
        if taken <= 0:
            return ()
        if Decimal(order.size):
            self._orders[order.order_id] = known._replace(size=order.size)
        else:
            del self._orders[order.order_id]
        return (known._replace(action=Action.FILL, size=format(taken, "f")),)
