"""Holding: an account's position in a perpetual, as people ask for it."""

from typing import NamedTuple

from node.exchange.core.state import Market


class Holding(NamedTuple):
    """A position at the mark price; money in base units of the quote asset.

    Attributes:
        market: number.
        size: lots; below 0: sold.
        cost: what was paid for it; below 0: got.
        margin: what stands behind it.
        isolated: whether nothing else does.
        mark: ticks; 0: there is none yet.
        worth: at the mark, as `size` signed.
        maintenance: what its equity must not fall below.
        liquidation: ticks, at which its margin alone falls below maintenance; 0: at none.
    """

    market: int
    size: int
    cost: int
    margin: int
    isolated: bool
    mark: int
    worth: int
    maintenance: int
    liquidation: int

    @property
    def unrealised(self) -> int:
        """What it would gain if it were closed at the mark."""
        return self.worth - self.cost if self.mark else 0

    @property
    def equity(self) -> int:
        return self.margin + self.unrealised


def holding(market: Market, account: int, behind: int = 0) -> Holding:
    """What an account has of a perpetual.

    Args:
        behind: base units that stand behind it besides its margin.
    """
    rules, mark = market.rules[0], int(market.state["mark"][0])
    size, cost, margin, isolated = market.positions[account].tolist()
    unit, maintenance = int(rules["unit"]), int(rules["maintenance"])
    worth = size * mark * unit
    return Holding(
        int(rules["market"]), size, cost, margin, bool(isolated), mark, worth, abs(worth) * maintenance // 1_000_000,
        _liquidation(size, cost, margin + behind, unit, maintenance),
    )  # fmt: skip


def _liquidation(size: int, cost: int, margin: int, unit: int, ppm: int) -> int:
    """The price p with margin + size p unit - cost = |size| p unit ppm / 1e6, in ticks, towards the entry."""
    if size == 0:
        return 0
    each = size * unit * 1_000_000 - abs(size) * unit * ppm  # of a tick, in millionths
    lacking = (cost - margin) * 1_000_000
    price = -(-lacking // each) if size > 0 else lacking // each
    return max(0, price)
