"""What futures and candles of Binance say beside the book."""

import json
import math
from decimal import Decimal

import pytest

from atom.events import Flag, Side, Unit
from atom.reader import read_capture
from atom.venues import venue
from fusion.errors import CaptureError

AT = 1704067200000  # ms
MARK = {
    "e": "markPriceUpdate",
    "E": AT,
    "s": "BTCUSDT",
    "p": "42000.5",
    "P": "42001",
    "r": "0.0001",
    "T": AT + 28800000,
}
ORDER = {"s": "BTCUSDT", "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "0.014", "p": "9910", "ap": "9912", "X": "FILLED"}
FORCED = {"e": "forceOrder", "E": AT + 5, "o": {**ORDER, "l": "0.002", "z": "0.01", "T": AT}}
CANDLE = {"t": AT, "T": AT + 59999, "s": "BTCUSDT", "i": "1m", "f": 100, "L": 200, "n": 100, "x": True, "B": "0"}
CANDLE |= {"o": "10", "c": "12", "h": "12.5", "l": "9", "v": "1000", "q": "11", "V": "500", "Q": "5.5"}
KLINE = {"e": "kline", "E": AT + 60000, "s": "BTCUSDT", "k": CANDLE}


def coins(message):
    """The same message of COIN-M, whose symbols are named otherwise."""
    return json.loads(json.dumps(message).replace("BTCUSDT", "BTCUSD_PERP"))


@pytest.fixture
def note(write):
    def reads(venue, *messages, listed=None):
        answers = []
        if listed is not None:
            path = write(name="http")
            path.write_text(f"https://dapi.binance.com/dapi/v1/exchangeInfo -> 1704067199: {json.dumps(listed)}\n")
            answers = [path]
        (recording,) = read_capture(venue, [write(*messages)], answers).recordings
        assert recording.unexplained == 0
        return recording.events

    return reads


def fields(rows):
    return [tuple(row[name] for name in rows.dtype.names[4:]) for row in rows]


def test_a_mark_price_tells_index_and_funding_too(note):
    events = note("binance_futures", {**MARK, "i": "41999.75"})
    assert fields(events.more["mark_price"]) == [(42000.5,)]
    assert fields(events.more["index_price"]) == [(41999.75,)]
    assert fields(events.more["funding"]) == [(0.0001, (AT + 28800000) * 10**6)]
    assert events.more["funding"]["ts_event"].tolist() == [AT * 10**6]
    assert not (events.more["funding"]["flags"] & Flag.NO_EVENT_TIME).any()


def test_what_is_delivered_has_no_funding(note):
    told = json.loads(json.dumps(MARK).replace("BTCUSDT", "BTCUSD_240927"))
    events = note("binance_delivery", {**told, "r": "", "T": 0})
    assert events.instrument.symbol == "BTC-USD-240927"
    assert list(events.more) == ["mark_price"]


@pytest.mark.parametrize("stream", [None, "btcusdt@forceOrder", "!forceOrder@arr"])
def test_a_liquidation_tells_what_was_filled(note, stream):
    events = note("binance_futures", {"stream": stream, "data": FORCED} if stream else FORCED)
    assert fields(events.more["liquidation"]) == [(Side.ASK, 9912, 0.01)]
    unfilled = {**FORCED, "o": {**FORCED["o"], "z": "0", "ap": "0", "X": "NEW", "S": "BUY"}}
    assert fields(note("binance_futures", unfilled).more["liquidation"]) == [(Side.BID, 9910, 0.014)]


def test_a_candle_is_told_when_it_is_over(note):
    events = note("binance", {**KLINE, "k": {**CANDLE, "x": False}}, KLINE)
    assert fields(events.more["candle"]) == [(60 * 10**9, 10, 12.5, 9, 12, 1000, 11, 500, 100)]
    assert events.more["candle"]["ts_event"].tolist() == [AT * 10**6]


def test_contracts_have_the_size_that_is_listed(note):
    filters = [{"filterType": "PRICE_FILTER", "tickSize": "0.1"}, {"filterType": "LOT_SIZE", "stepSize": "1"}]
    of = {"symbol": "BTCUSD_PERP", "baseAsset": "BTC", "quoteAsset": "USD", "contractType": "PERPETUAL"}
    listed = {"symbols": [{**of, "contractSize": 100, "filters": filters}]}
    events = note("binance_delivery", coins(KLINE), listed=listed)
    assert (events.instrument.symbol, events.instrument.tick) == ("BTC-USD-PERP", Decimal("0.1"))
    assert fields(events.more["candle"]) == [(60 * 10**9, 10, 12.5, 9, 12, 11, 1000 * 100, 5.5, 100)]
    assert math.isnan(note("binance_delivery", coins(KLINE)).more["candle"]["quote_volume"][0])


@pytest.mark.parametrize(
    ("venue", "of", "unit"),
    [("binance_futures", "BTCUSDT", Unit.BASE), ("binance_delivery", "BTCUSD_PERP", Unit.CONTRACTS)],
)
def test_open_interest_comes_as_an_answer(tmp_path, write, venue, of, unit):
    answer = {"openInterest": "15004.5", "symbol": of, "time": AT}
    path = tmp_path / "answers"
    path.write_text(f"https://any.binance.com/v1/openInterest?symbol={of} -> 1704067200.5: {json.dumps(answer)}\n")
    mark = MARK if venue == "binance_futures" else coins(MARK)
    (recording,) = read_capture(venue, [write(mark)], [path]).recordings
    row = recording.events.more["open_interest"][0]
    assert (row["unit"], row["size"], row["ts_event"]) == (unit, 15004.5, AT * 10**6)
    assert math.isnan(row["value"])


def test_an_open_interest_is_asked_for_since_no_stream_tells_it():
    (url,) = venue("binance_futures").polls("BTCUSDT")
    assert url == "https://fapi.binance.com/fapi/v1/openInterest?symbol=BTCUSDT"
    (url,) = venue("binance_delivery").polls("BTCUSD_PERP")
    assert url == "https://dapi.binance.com/dapi/v1/openInterest?symbol=BTCUSD_PERP"
    assert venue("binance").polls("BTCUSDT") == ()


def test_an_index_has_no_contract(note):
    events = note("binance_delivery", {"e": "indexPriceUpdate", "E": AT, "i": "BTCUSD", "p": "9636.578"})
    assert events.instrument.symbol == "BTC-USD"
    assert fields(events.more["index_price"]) == [(9636.578,)]


def test_a_book_of_contracts(note):
    delta = {"e": "depthUpdate", "E": AT, "T": AT, "s": "BTCUSD_PERP", "ps": "BTCUSD", "U": 9, "u": 12, "pu": 8}
    delta |= {"b": [["42000.1", "10"]], "a": []}
    picture = {"lastUpdateId": 10, "E": AT, "T": AT, "symbol": "BTCUSD_PERP", "pair": "BTCUSD"}
    picture |= {"bids": [["42000.0", "5"]], "asks": [["42000.5", "7"]]}
    events = note("binance_delivery", delta, picture)
    assert events.book["price"].tolist() == [0, 420000, 420005, 420001]
    assert events.book["size"].tolist() == [0, 5, 7, 10]


@pytest.mark.parametrize("broken", [{"p": "high"}, {"r": "nan"}, {"T": "soon"}, {"i": []}])
def test_a_malformed_mark_price_is_refused(note, broken):
    broken = {name: value or [1] for name, value in broken.items()}
    with pytest.raises(CaptureError, match=":1: the message is malformed"):
        note("binance_futures", {**MARK, **broken})


def test_real_candles(shared_data):
    stream, answers, listings = (
        shared_data / "venues" / f"BINANCE_FUTURES.{part}.xz" for part in ("ws.1.0", "http.0.0", "0")
    )
    recordings = read_capture("binance_futures", [stream], [answers, listings]).recordings
    candles = {one.events.instrument.symbol: one.events.more.get("candle") for one in recordings}
    assert {len(rows) for rows in candles.values() if rows is not None} == {1}
    for rows in candles.values():
        row = rows[0]
        assert row["period"] == 60 * 10**9
        assert row["ts_event"] % row["period"] == 0
        assert row["low"] <= min(row["open"], row["close"]) <= max(row["open"], row["close"]) <= row["high"]
        assert row["low"] * row["volume"] <= row["quote_volume"] <= row["high"] * row["volume"]
        assert 0 <= row["buy_volume"] <= row["volume"]
