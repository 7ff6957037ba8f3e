"""Book: the orders that rest, by price and then by turn."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from node.exchange.core.command import Side
from node.exchange.oracle.order import Order

Queue = dict[int, Order]
"""Orders of one price by id, in the order of their turn: a dictionary keeps the order in which it was filled."""


@dataclass(slots=True)
class HalfBook:
    """The orders of one side."""

    side: int
    prices: list[int] = field(default_factory=list)  # ascending
    queues: dict[int, Queue] = field(default_factory=dict)

    def best(self) -> int | None:
        """The best price; None where nothing rests."""
        if not self.prices:
            return None
        return self.prices[-1] if self.side == Side.BUY else self.prices[0]

    def first(self, price: int) -> Order:
        """Whose turn it is at a price."""
        return next(iter(self.queues[price].values()))

    def orders(self) -> Iterator[Order]:
        """All, the best price first and each price in turn."""
        for price in reversed(self.prices) if self.side == Side.BUY else self.prices:
            yield from self.queues[price].values()

    def rest(self, order: Order) -> None:
        """Puts an order at the end of its price's queue."""
        queue = self.queues.get(order.price)
        if queue is None:
            queue = self.queues[order.price] = {}
            insort(self.prices, order.price)
        queue[order.id] = order

    def rest_before(self, order: Order, other: Order) -> None:
        """Puts an order right before another of its price."""
        queue = self.queues[order.price]
        turns = list(queue.values())
        turns.insert(turns.index(other), order)
        queue.clear()
        queue.update((each.id, each) for each in turns)

    def queue(self, price: int) -> list[Order]:
        """The orders of a price in turn."""
        return list(self.queues.get(price, {}).values())

    def leave(self, order: Order) -> None:
        """Takes an order out of its queue."""
        queue = self.queues[order.price]
        del queue[order.id]
        if not queue:
            del self.queues[order.price]
            del self.prices[bisect_left(self.prices, order.price)]

    def meets(self, side: int, price: int) -> bool:
        """Whether an order of the other side with a limit of `price` would trade with this one."""
        best = self.best()
        if best is None:
            return False
        return best <= price if side == Side.BUY else best >= price
