"""What the virtual exchange says of a perpetual."""

import json
from math import isnan

from api.exchange import shapes
from atom.events import Unit
from atom.reader import read_capture
from atom.venues import venue

AT = 1704067200000  # ms
REST = "http://127.0.0.1:8090"
PREMIUM = {
    "symbol": "BTCPERPUSDT",
    "markPrice": "60010.5",
    "indexPrice": "60000.0",
    "lastFundingRate": "0.000100000",
    "interestRate": "0.000100000",
    "nextFundingTime": AT + 28800000,
    "time": AT,
}
INTEREST = {"symbol": "BTCPERPUSDT", "openInterest": "12.50000", "time": AT}


def told(write, *answers):
    """The events of HTTP answers, each with its address."""
    path = write(name="http")
    path.write_text("".join(f"{REST}{url} -> 1704067199: {json.dumps(body)}\n" for url, body in answers))
    book = {"e": "depthUpdate", "E": AT, "s": "BTCPERPUSDT", "U": 1, "u": 1, "b": [], "a": []}
    (recording,) = read_capture("fusion", [write(book)], [path]).recordings
    assert recording.unexplained == 0
    return recording.events.more


def fields(rows):
    return [tuple(row[name] for name in rows.dtype.names[4:]) for row in rows]


def test_mark_index_funding_and_open_interest_are_asked_for_and_read(write):
    assert PREMIUM.keys() == shapes.Premium.__annotations__.keys()
    assert INTEREST.keys() == shapes.OpenInterest.__annotations__.keys()
    of = venue("fusion")
    of.learn(of.listings_urls[1], [PREMIUM])
    polls = [url.removeprefix(REST) for url in of.polls("BTCPERPUSDT")]
    assert polls == [f"/fapi/v1/{name}?symbol=BTCPERPUSDT" for name in ("premiumIndex", "openInterest")]
    events = told(write, ("/fapi/v1/premiumIndex", [PREMIUM]), *zip(polls, (PREMIUM, INTEREST), strict=True))
    assert fields(events["mark_price"]) == [(60010.5,)]
    assert fields(events["index_price"]) == [(60000.0,)]
    assert fields(events["funding"]) == [(0.0001, (AT + 28800000) * 10**6)]
    ((unit, size, contract, value),) = fields(events["open_interest"])
    assert (unit, size, contract) == (Unit.BASE, 12.5, 1)
    assert isnan(value)


def test_of_a_spot_market_nothing_is_asked():
    of = venue("fusion")
    of.learn(of.listings_urls[1], [])
    assert of.polls("BTCUSDT") == ()


def test_before_there_are_prices_none_is_told(write):
    bare = {**PREMIUM, "markPrice": "0.0", "indexPrice": "0.0", "nextFundingTime": 0}
    assert not told(write, ("/fapi/v1/premiumIndex?symbol=BTCPERPUSDT", bare))
