"""History: the market that a record is replayed in."""

from decimal import Decimal

import pytest

from atom.instrument import Instrument
from node.exchange.exchange import Exchange
from node.exchange.replay.history import listing_of


@pytest.mark.parametrize("lot", ["1E-8", "0.001", "0.1", "1", "10", "1000"])
@pytest.mark.parametrize("tick", ["1E-8", "0.1", "10"])
def test_any_ticks_and_lots_make_a_market(tick: str, lot: str) -> None:
    """However coarse or fine, they fit 64 bits, and an order may have a hundred thousand of the lots."""
    of = listing_of(Instrument("binance", "A-B", "AB", Decimal(tick), Decimal(lot)))
    assert Exchange([of]).listings == [of]
    assert of.most >= 100_000 * Decimal(lot)
    assert of.base.amount(of.base.units(of.lot)) == Decimal(lot)
