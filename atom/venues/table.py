"""The venues in a table: which there are, how each is read, and what of it no recording has proved."""

from dataclasses import dataclass
from typing import Final

from atom.venues import VENUES, cryptofeed

_NAMES: Final = {
    "binance": ("Binance", "book, trade, quote, candle"),
    "binance_delivery": ("Binance COIN-M futures", "book, trade, quote, candle, mark price, funding, liquidation"),
    "binance_futures": ("Binance USD-M futures", "book, trade, quote, candle, mark price, funding, liquidation"),
    "bitfinex": (
        "Bitfinex",
        "book, book by order, trade, quote, mark price, index price, funding, open interest, insurance fund",
    ),
    "bitstamp": ("Bitstamp", "book, book by order, trade"),
    "bybit": ("Bybit", "book, trade, quote, mark price, index price, funding, open interest, liquidation"),
    "coinbase": ("Coinbase", "book, book by order, trade, quote"),
    "deribit": ("Deribit", "book, trade, quote, mark price, funding, open interest"),
    "independent_reserve": ("Independent Reserve", "book by order, trade"),
    "kraken": ("Kraken", "book, book by order, trade, quote"),
    "okx": ("OKX", "book, trade, quote, mark price, funding, open interest, liquidation"),
}


@dataclass(frozen=True, slots=True)
class VenueRow:
    """A venue.

    Attributes:
        id: as commands take it.
        name: as people know it.
        how: `own` for a reader of Atom's, `cryptofeed` for one of that library's.
        channels: what is read of it.
        unverified: kinds of messages that are read, and of which no recording was at hand.
        limit: what does not work; "" for nothing.
    """

    id: str
    name: str
    how: str
    channels: tuple[str, ...]
    unverified: tuple[str, ...]
    limit: str


def table() -> list[VenueRow]:
    """All venues, Atom's own first."""
    own = [
        VenueRow(name, told, "own", tuple(channels.split(", ")), VENUES[name].unverified, "")
        for name, (told, channels) in _NAMES.items()
    ]
    others = [cryptofeed.venue(name) for name in sorted(cryptofeed.NAMES) if name not in VENUES]
    return own + [VenueRow(of.id, of.__name__, "cryptofeed", of.kinds, of.unverified, of.limit) for of in others]
