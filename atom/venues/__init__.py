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
from atom.venues.fusion import Fusion
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
        Fusion,
        IndependentReserve,
        Kraken,
        Okx,
    )
}


def known() -> list[str]:
    """The ids of all venues: those that Atom reads itself, then those that it reads through cryptofeed."""
    from atom.venues import cryptofeed  # noqa: PLC0415  # the client is large, and few need it

    return [*sorted(VENUES), *sorted(cryptofeed.NAMES.keys() - VENUES.keys())]


def is_known(name: str) -> bool:
    """Whether there is a venue of that id."""
    return name in VENUES or name in known()


def venue(name: str) -> Venue:
    """A reader for the venue of that id; raises BadInput that names the known ones."""
    if name in VENUES:
        return VENUES[name]()
    from atom.venues import cryptofeed  # noqa: PLC0415  # likewise

    if name not in cryptofeed.NAMES:
        raise BadInput(f"unknown venue {name[:40]!r}; known are {', '.join(known())}")
    return cryptofeed.venue(name)()
