"""Mix: which agents a simulated market has, in terms that do not depend on its ticks and lots."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from fusion.errors import BadInput
from node.exchange.agents.crowd import Kind


@dataclass(frozen=True, slots=True)
class Group:
    """Agents of one kind.

    Attributes:
        kind: what they go by.
        count: how many they are.
        gap: seconds between wake-ups, on average and in quiet times.
        size: of an order, in orders of the market's usual size.
        most: that one of them may gain or owe beyond its first holdings, in orders of its size.
        width: millionths of the price: how far orders go from the best price, or opinions from the fair one.
        margin: millionths of the price: what must be gained to act; of a maker, how stale a quote may be.
        strength: between 0 and 1, how much its signal counts: of NOISE the share of orders that wait, of MAKER how far
            its quotes follow the fair price, of HERD how much it heeds the others, of MOMENTUM how much it stakes.
        horizon: seconds that it looks back or ahead, or keeps an opinion.
        market: of the two that a population may trade in; an ARBITRAGE agent trades in both.
    """

    kind: Kind
    count: int
    gap: float
    size: float = 1.0
    most: int = 100
    width: float = 100.0
    margin: float = 0.0
    strength: float = 0.5
    horizon: float = 60.0
    market: int = 0

    def __post_init__(self) -> None:
        sound = self.count >= 0 and self.gap > 0 and self.size > 0 and self.most > 0 and self.width > 0
        if not (sound and self.margin >= 0 and 0 <= self.strength <= 1 and self.horizon > 0 and self.market in {0, 1}):
            raise BadInput(f"{self} makes no sense: counts and margins are not below 0, all else is above")


@dataclass(frozen=True, slots=True)
class Climate:
    """What the asset is worth, and how that changes.

    Attributes:
        sigma: standard deviation of the fair price's relative change in a second, in quiet times.
        unrest: standard deviation of the logarithm of the volatility.
        bustle: power of the volatility by which agents wake oftener.
        jumps: a day.
        leap: standard deviation of a jump, relative.
        pull: share of the way back to the first price that a day takes.
        learn: share of the way to the market's price that what people think goes in a second.
        anchor: share of the way to what the asset is worth that it goes in a second.
    """

    sigma: float = 6e-5
    unrest: float = 0.6
    bustle: float = 0.5
    jumps: float = 48.0
    leap: float = 6e-4
    pull: float = 0.5
    learn: float = 0.05
    anchor: float = 1e-2


AROUND: Final = Climate(sigma=0.0, jumps=0.0, pull=0.0, learn=1.0, anchor=0.0)
"""Of agents in a market whose price others make: what they take the asset to be worth follows it within a second."""

STANDARD: Final = (
    Group(Kind.ZERO, 39, gap=2.0, width=200.0),
    Group(Kind.NOISE, 3, gap=0.1, most=400, strength=0.3),
    Group(Kind.VALUE, 20, gap=0.3, size=3.0, width=200.0, margin=50.0, horizon=120.0),
    Group(Kind.MOMENTUM, 6, gap=4.0, most=20, width=100.0, horizon=60.0),
    Group(Kind.MAKER, 24, gap=0.25, size=0.5, most=8, width=3.0, margin=3.0, strength=0.9, horizon=5.0),
    Group(Kind.HERD, 8, gap=4.0, most=40, strength=0.3),
)
"""A hundred agents, calibrated so that the market looks like a real one: docs/agents.md has the figures."""


def mix(agents: int, groups: Sequence[Group] = STANDARD) -> list[Group]:
    """The same mix with another number of agents, who wake as often as before each; BadInput below ten."""
    if agents < 10:
        raise BadInput(f"{agents} agents are no market: it takes 10 or more")
    total = sum(each.count for each in groups)
    shares = [each.count * agents / total for each in groups]
    counts = [max(1, int(share)) for share in shares]
    rest = sorted(range(len(groups)), key=lambda place: counts[place] - shares[place])
    for place in rest[: max(0, agents - sum(counts))]:
        counts[place] += 1
    return [replace(each, count=count) for each, count in zip(groups, counts, strict=True)]
