"""Small live traffic for the tests of the store."""

from pathlib import Path

import pytest

from atom.events import Events
from atom.venues.simulated import simulate


@pytest.fixture(scope="session")
def market() -> Events:
    """A simulated market, of about a minute."""
    return simulate(7, 3_000)


@pytest.fixture(scope="session")
def by_hand() -> Path:
    return Path(__file__).resolve().parents[3] / "data" / "binance"
