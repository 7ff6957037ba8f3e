"""Venues: markets whose data Atom reads. One file a venue, all of the shape in `template`."""

from typing import Final

from atom.venues.binance import Binance
from atom.venues.binance_delivery import BinanceDelivery
from atom.venues.binance_futures import BinanceFutures
from atom.venues.bitfinex import Bitfinex
from atom.venues.bitstamp import Bitstamp
from atom.venues.bybit import Bybit
from atom.venues.coinbase import Coinbase
from atom.venues.deribit import Deribit
from atom.venues.independent_reserve import IndependentReserve
from atom.venues.kraken import Kraken
from atom.venues.okx import Okx
from atom.venues.template import Venue
from fusion.errors import BadInput

VENUES: Final[dict[str, type[Venue]]] = {
    venue.id: venue
    for venue in (
        Binance,
        BinanceDelivery,
        BinanceFutures,
        Bitfinex,
        Bitstamp,
        Bybit,
        Coinbase,
        Deribit,
        IndependentReserve,
        Kraken,
        Okx,
    )
}


def venue(name: str) -> Venue:
    """A reader for the venue of that id; raises BadInput that names the known ones."""
    if name not in VENUES:
        raise BadInput(f"unknown venue {name[:40]!r}; known are {', '.join(sorted(VENUES))}")
    return VENUES[name]()
