"""Small markets of agents."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import pytest

from node.exchange.agents.mix import STANDARD, Climate, Group
from node.exchange.agents.opening import Opening, populate
from node.exchange.agents.population import Population
from node.exchange.exchange import Exchange, Journal
from node.exchange.listing import Asset, Listing

SECOND = 10**9
BTC = Asset("BTC")


def listing(quote: str, tick: str = "0.01") -> Listing:
    least = Decimal("0.00001")
    return Listing(f"BTC-{quote}", BTC, Asset(quote), Decimal(tick), least, least, Decimal(9000), Decimal(5))


class Market:
    """An exchange with agents, and all that they did."""

    def __init__(self, groups: Sequence[Group], markets: int = 1, **opening: object) -> None:
        self.exchange = Exchange([listing("USDT"), listing("USDC", "0.1")][:markets])
        told: dict[str, object] = {"price": 6_000_000, "size": 2000, **opening}
        self.population: Population
        self.population, self.opening = populate(
            self.exchange,
            Opening(**told),
            groups,
            (0, markets - 1),  # type: ignore[arg-type]  # a test's own words
        )

    def run(self, seconds: float) -> Journal:
        blocks = [each.journal.tobytes() for each in self.population.run(self.exchange, round(seconds * SECOND))]
        return np.frombuffer(b"".join(blocks), self.opening.dtype)

    def touch(self, market: int = 0) -> tuple[int, int]:
        """Best bid and ask, ticks."""
        of = self.exchange.markets[market]
        return int(of.top[0] + of.base[0]), -int(of.top[1] + of.base[1])


@pytest.fixture
def market() -> Callable[..., Market]:
    def opens(groups: Sequence[Group] = STANDARD, markets: int = 1, **opening: object) -> Market:
        return Market(groups, markets, **opening)

    return opens


@pytest.fixture
def still() -> Climate:
    """Nothing happens."""
    return Climate(sigma=0.0, jumps=0.0, unrest=0.0)
