"""The virtual exchange, whose messages are Binance's: `fusion exchange serve` on this machine.

One at another port is reached with `--host ws://127.0.0.1:8090=ws://127.0.0.1:PORT`, and the same for `http`.
"""

from atom.venues.binance import Binance


class Fusion(Binance):
    """The virtual exchange."""

    id = "fusion"
    host = "ws://127.0.0.1:8090"
    rest = "http://127.0.0.1:8090/api/v3"
    listings_urls = (f"{rest}/exchangeInfo",)
