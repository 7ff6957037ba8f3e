"""What subscribers are told, as text."""

from decimal import Decimal

import orjson

from atom.events import Flag, empty
from atom.instrument import Instrument
from atom.stream import messages


def test_a_quote_without_sizes_has_prices():
    rows = empty("quote", 2)
    rows["bid_price"], rows["ask_price"], rows["bid_size"] = 1005, 1010, 7
    rows["flags"] = [Flag.NO_SIZE, 0]
    scale = messages.Scale(Instrument("coinbase", "BTC-USD", "BTC-USD", Decimal("0.1"), Decimal("0.01")))
    first, second = (orjson.loads("{" + text.lstrip("{,")) for text in messages.quotes(rows, scale))
    names = ("bid", "bid_size", "ask", "ask_size")
    assert [first[name] for name in names] == ["100.5", None, "101", None]
    assert [second[name] for name in names] == ["100.5", "0.07", None, None]
