"""Position: what an account has of a perpetual, as `core.position` says it."""

from dataclasses import dataclass

from node.exchange.core.command import Side


@dataclass(slots=True)
class Position:
    """One account's.

    Attributes:
        size: lots; below 0: sold.
        cost: what was paid for it, below 0: got.
        margin: what stands behind it.
        isolated: whether nothing else does.
    """

    size: int = 0
    cost: int = 0
    margin: int = 0
    isolated: bool = False

    def reducible(self, side: int) -> int:
        """Lots of it that an order of a side closes at most."""
        return max(0, -self.size if side == Side.BUY else self.size)

    def after(self, side: int, price: int, unit: int, quantity: int) -> tuple[int, "Position"]:
        """What a trade gains by the lots that it closes; and the position then, with no margin for what it opens."""
        closed = min(quantity, self.reducible(side))
        sign = 1 if side == Side.BUY else -1
        worth = price * unit
        if not closed:
            more = sign * quantity
            return 0, Position(self.size + more, self.cost + more * worth, self.margin, self.isolated)
        cost = abs(self.cost) * closed // abs(self.size)
        margin = self.margin * closed // abs(self.size)
        gain = cost - worth * closed if side == Side.BUY else worth * closed - cost
        opened = sign * (quantity - closed) * worth
        size, paid = self.size + sign * quantity, self.cost + sign * cost + opened
        return gain, Position(size, paid, self.margin - margin, self.isolated)
