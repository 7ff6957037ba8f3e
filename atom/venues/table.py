"""The venues in a table: which there are, how each is read, and what of it no recording has proved."""

from dataclasses import dataclass
from typing import Final

from atom.onchain.forms import FAMILIES, UNVERIFIED
from atom.onchain.gmx import GMX
from atom.venues import VENUES, cryptofeed

_POLLED: Final = "mark_price, index_price, funding, open_interest"
_CONTRACTS: Final = f"{_POLLED}, liquidation"
_FUTURES: Final = f"book, trade, quote, candle, {_CONTRACTS}"
_NAMES: Final = {
    "binance": ("Binance", "book, trade, quote, candle"),
    "binance_delivery": ("Binance COIN-M futures", _FUTURES),
    "binance_futures": ("Binance USD-M futures", _FUTURES),
    "bitfinex": ("Bitfinex", "book, book by order, trade, quote, funding, open_interest"),
    "bitstamp": ("Bitstamp", "book, book by order, trade"),
    "bybit": ("Bybit", "book, trade, quote, funding, open_interest, liquidation"),
    "coinbase": ("Coinbase", "book, book by order, trade, quote"),
    "deribit": ("Deribit", f"book, trade, quote, {_CONTRACTS}"),
    "fusion": (
        "Fusion's virtual exchange",
        "book, trade, quote, candle, mark_price, index_price, funding, open_interest",
    ),
    "independent_reserve": ("Independent Reserve", "book by order, trade"),
    "kraken": ("Kraken", "book, book by order, trade, quote"),
    "okx": ("OKX", f"book, trade, quote, {_CONTRACTS}"),
}
_POOLS: Final = {
    "uniswap_v2": "Uniswap v2",
    "uniswap_v3": "Uniswap v3",
    "sushiswap_v2": "SushiSwap v2",
    "sushiswap_v3": "SushiSwap v3",
    "pancakeswap_v2": "PancakeSwap v2",
    "pancakeswap_v3": "PancakeSwap v3",
}
_PAST: Final = "from a node or files, not live"


@dataclass(frozen=True, slots=True)
class VenueRow:
    """A venue.

    Attributes:
        id: as commands take it.
        name: as people know it.
        how: `own` for a reader of Atom's, `cryptofeed` for one of that library's, `chain` for logs of a chain.
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
    chain = [VenueRow(each, _POOLS[each], "chain", ("swap", "liquidity"), UNVERIFIED[each], _PAST) for each in FAMILIES]
    chain.append(VenueRow(GMX, "GMX v1", "chain", ("pool state",), ("Arbitrum",), "from files, not live"))
    return (
        own + chain + [VenueRow(of.id, of.__name__, "cryptofeed", of.kinds, of.unverified, of.limit) for of in others]
    )
