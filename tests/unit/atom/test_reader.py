"""What the messages of the two Binance venues become."""

import json
from decimal import Decimal

import pytest

from atom.book import Level
from atom.events import Action, Flag, Side, StatusKind
from atom.reader import read_capture
from fusion.errors import BadInput, CaptureError

BOOK = ([("100", "1")], [("101", "1")])


def one(venue, path):
    (recording,) = read_capture(venue, [path]).recordings
    return recording


def kinds(recording):
    return [status.kind for status in recording.status]


def test_spot_by_hand(by_hand):
    spot = one("binance", by_hand / "spot.txt")
    instrument = spot.events.instrument
    assert (instrument.symbol, instrument.venue_symbol) == ("BTC-USDT", "BTCUSDT")
    assert (instrument.tick, instrument.lot) == (Decimal("0.1"), Decimal("0.001"))
    assert (spot.messages, spot.unexplained, spot.trades, spot.gaps, spot.status) == (7, 0, 2, 0, ())
    assert spot.replay.book.levels(Side.BID) == [Level(1002, 1000), Level(1001, 2500), Level(1000, 4000)]
    assert spot.replay.book.levels(Side.ASK) == [Level(1003, 3000)]
    assert spot.replay.book.unknown_deletes == 1


def test_the_rows_of_the_book(by_hand):
    book = one("binance", by_hand / "spot.txt").events.book
    assert book["action"].tolist() == [5, 1, 1, 1, 1, 2, 3, 2, 3]  # the delta before the snapshot comes after it
    assert book["sequence"].tolist() == [102] * 5 + [104] * 2 + [110] * 2
    assert [bool(flags & Flag.LAST) for flags in book["flags"]] == [False] * 4 + [True, False, True, False, True]
    assert (book["flags"][:5] & Flag.NO_EVENT_TIME != 0).all()  # the REST snapshot of spot has no time
    assert (book["flags"][:5] & Flag.SNAPSHOT != 0).all()
    assert book["ts_event"][5:].tolist() == [1700000000200 * 10**6] * 2 + [1700000000300 * 10**6] * 2
    assert book["ts_recv"][5] == 1700000000100000001
    assert (book["flags"][5:] & Flag.BAD_CLOCK != 0).all()  # the venue's clock is ahead of the recorder's


def test_trades_and_quotes(by_hand):
    events = one("binance", by_hand / "spot.txt").events
    assert events.trade["side"].tolist() == [Side.BID, Side.ASK]
    assert events.trade["price"].tolist() == [1003, 1001]
    assert events.trade["size"].tolist() == [500, 125]
    assert events.trade["trade_id"].tolist() == [7, 8]
    assert events.trade["ts_event"].tolist() == [1700000000259 * 10**6, 1700000000269 * 10**6]
    assert events.quote[["bid_price", "bid_size", "ask_price", "ask_size"]].tolist() == [(1001, 2375, 1003, 2500)]


def test_futures_by_hand(by_hand):
    read = read_capture("binance_futures", [by_hand / "futures.ws.txt"], [by_hand / "futures.http.txt"])
    bitcoin, doge = read.recordings
    assert [bitcoin.events.instrument.symbol, doge.events.instrument.symbol] == ["BTC-USDT-PERP", "DOGE-USDT-240628"]
    assert (bitcoin.messages, bitcoin.unexplained, bitcoin.gaps) == (4, 0, 0)
    assert (doge.messages, doge.trades, len(doge.events)) == (1, 1, 1)
    assert doge.events.trade["flags"][0] & Flag.BY_PRICE
    assert doge.replay.book.best_bid is None
    assert (bitcoin.events.instrument.tick, bitcoin.events.instrument.lot) == (Decimal("0.1"), Decimal("0.001"))
    assert bitcoin.replay.book.levels(Side.BID) == [Level(1001, 2000)]
    assert bitcoin.replay.book.levels(Side.ASK) == [Level(1004, 4000), Level(1005, 7000)]
    assert kinds(bitcoin) == [StatusKind.CONNECT]
    assert read.messages == 0


@pytest.mark.parametrize(("venue", "pu"), [("binance", None), ("binance_futures", 12)])
def test_a_gap_makes_the_book_invalid_until_a_snapshot(write, message, venue, pu):
    gap = message("delta", 14, 15, [("99", "1")], pu=pu)
    opening = message("delta", 10, 11, pu=None if pu is None else 9)
    after = message("delta", 16, 17, [("99.5", "2")], pu=None if pu is None else 15)
    lost = one(venue, write(opening, message("snapshot", 10, *BOOK), gap, after))
    assert (lost.gaps, lost.messages, lost.unexplained) == (1, 4, 0)
    assert lost.replay.book.best_bid is None
    assert kinds(lost) == [StatusKind.GAP]
    assert not lost.replay.tops["valid"][-1]

    found = one(venue, write(opening, message("snapshot", 10, *BOOK), gap, after, message("snapshot", 15, *BOOK)))
    assert found.gaps == 1
    assert kinds(found) == [StatusKind.GAP, StatusKind.RESYNC]
    assert found.replay.book.levels(Side.BID) == [Level(1000, 1), Level(995, 2)]
    assert found.replay.tops["valid"].tolist() == [True, False, True, True]


def test_a_futures_delta_that_does_not_name_the_one_before_is_a_gap(write, message):
    told = [message("delta", 8, 11, pu=7), message("snapshot", 10, *BOOK), message("delta", 12, 14, pu=10)]
    recording = one("binance_futures", write(*told))
    assert recording.gaps == 1
    assert recording.status[0].detail == "update 14 follows 10, the book is at 11"


def test_a_snapshot_older_than_all_deltas_is_a_gap(write, message):
    recording = one("binance", write(message("delta", 20, 21), message("snapshot", 10, *BOOK)))
    assert recording.gaps == 1
    assert recording.status[0].detail == "updates 11 to 19 are missing"
    assert recording.replay.book.best_bid is None


def test_repeated_and_late_messages_change_nothing(write, message):
    first, second = message("delta", 11, 12, [("100", "5")]), message("delta", 13, 14, [("100", "6")])
    told = [message("delta", 9, 9), message("snapshot", 10, *BOOK), first, second, first, second]
    recording = one("binance", write(*told, message("snapshot", 12, [("1", "1")], [])))
    assert (recording.gaps, recording.messages) == (0, 7)
    assert recording.replay.book.best_bid == Level(100, 6)


def test_a_later_snapshot_renews_the_book(write, message):
    told = [message("delta", 9, 10), message("snapshot", 10, *BOOK), message("snapshot", 20, [("90", "2")], [])]
    recording = one("binance", write(*told, message("delta", 15, 22, [("91", "1")])))
    assert recording.gaps == 0
    assert recording.replay.book.levels(Side.BID) == [Level(91, 1), Level(90, 2)]


def test_a_snapshot_may_come_before_the_first_message_that_names_the_symbol(write, message):
    recording = one("binance", write(message("snapshot", 10, *BOOK), message("delta", 11, 11, [("100", "3")])))
    assert recording.messages == 2
    assert recording.replay.book.best_bid == Level(100, 3)


def test_a_crossed_book_is_told_once(write, message):
    told = [message("delta", 10, 10), message("snapshot", 10, *BOOK), message("delta", 11, 11, [("101", "3")])]
    recording = one("binance", write(*told, message("delta", 12, 12, [("102", "3")])))
    assert kinds(recording) == [StatusKind.CROSSED]
    assert recording.replay.crossed == 2


def test_known_messages_without_events_and_unknown_ones(write, message):
    told = [
        message("delta", 10, 10),
        {"result": None, "id": 1},
        {"stream": "btcusdt@avgPrice", "data": {"e": "avgPrice", "s": "BTCUSDT"}},
        {"stream": "btcusdt@depth5@100ms", "data": {"lastUpdateId": 99, "bids": [["1", "1"]], "asks": []}},
        {"stream": "!miniTicker@arr", "data": []},
        {"stream": "btcusdt@new", "data": {"e": "newKind", "s": "BTCUSDT"}},
        {"what": "is this"},
        [1, 2],
    ]
    recording = one("binance", write(*told))
    assert (recording.messages, recording.unexplained) == (8, 3)
    assert kinds(recording) == [StatusKind.PARSE_ERROR] * 3
    assert "capture.txt:6: not understood" in recording.status[0].detail
    assert len(recording.events) == 0


def test_lines_of_no_symbol_in_a_capture_of_several_are_counted_apart(write):
    trades = [{"data": {"e": "trade", "s": s, "t": 1, "p": "1", "q": "1", "m": True}} for s in ("BTCUSDT", "ETHUSDT")]
    read = read_capture("binance", [write(*trades, {"result": None, "id": 1}, {"odd": 1})])
    assert [one.messages for one in read.recordings] == [1, 1]
    assert (read.messages, read.unexplained) == (2, 1)


def test_a_snapshot_of_no_symbol_in_a_capture_of_several_is_refused(write, message):
    other = {"data": {"e": "trade", "s": "ETHUSDT", "t": 1, "p": "1", "q": "1", "m": True}}
    with pytest.raises(CaptureError, match=r"txt:2: a snapshot that names no symbol"):
        read_capture("binance", [write(message("delta", 9, 10), message("snapshot", 10, *BOOK), other)])


def test_a_futures_message_about_no_match_is_no_trade_event(write):
    trade = {"data": {"e": "trade", "s": "BTCUSDT", "T": 1704067200000, "t": 1, "p": "0", "q": "0", "X": "NA"}}
    recording = one("binance_futures", write(trade))
    assert (recording.trades, len(recording.events.trade)) == (1, 0)


def test_times_in_microseconds_are_known(write):
    trade = {"data": {"e": "trade", "s": "BTCUSDT", "T": 1704067200000123, "t": 1, "p": "1", "q": "1", "m": True}}
    assert one("binance", write(trade)).events.trade["ts_event"][0] == 1704067200000123000


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"e": "depthUpdate", "u": 3, "b": [], "a": []}, "the message lacks 'U'"),
        ({"e": "depthUpdate", "U": "1", "u": 3, "b": [], "a": []}, "malformed: '1' is no integer"),
        ({"e": "depthUpdate", "U": 1, "u": 2**63, "b": [], "a": []}, "malformed"),
        ({"e": "depthUpdate", "U": 1, "u": 3, "b": {}, "a": []}, "malformed: {} is no list of levels"),
        ({"e": "depthUpdate", "E": 2**60, "U": 1, "u": 3, "b": [], "a": []}, "malformed"),
        ({"e": "trade", "t": 1, "p": 5, "q": "1", "m": True}, "malformed: 5 is no text"),
        ({"e": "trade", "t": 1, "p": "five", "q": "1", "m": True}, "'five' is no unsigned decimal number"),
        ({"lastUpdateId": 5, "bids": [["1"]], "asks": []}, "a level is [price, size]"),
        ({"lastUpdateId": 5, "bids": [["1", "-1"]], "asks": []}, "'-1' is no unsigned decimal number"),
    ],
)
def test_a_malformed_message_is_told_with_its_line(write, message, data, told):
    path = write(message("delta", 9, 10), {"stream": "btcusdt@x", "data": {"s": "BTCUSDT", **data}})
    with pytest.raises(CaptureError) as caught:
        read_capture("binance", [path])
    assert "capture.txt:2: " in str(caught.value)
    assert told in str(caught.value)


def test_a_level_kept_from_before_is_blamed_by_its_own_line(write, message):
    path = write(message("delta", 11, 12, [("1",)]), message("snapshot", 10, *BOOK))
    with pytest.raises(CaptureError, match=r"capture.txt:1: a level"):
        read_capture("binance", [path])


def test_a_hostile_symbol_is_refused(write):
    with pytest.raises(CaptureError, match="is no name of a symbol"):
        read_capture("binance", [write({"data": {"e": "trade", "s": "A\x1b[2J" * 9}})])


@pytest.mark.parametrize("tick", ["0", "-1", "NaN", "Infinity", "1e999999999", "x", None, True])
def test_hostile_instrument_data_are_refused(by_hand, tmp_path, tick):
    entry = {"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT"}
    filters = [{"filterType": "PRICE_FILTER", "tickSize": tick}, {"filterType": "LOT_SIZE", "stepSize": "1"}]
    path = tmp_path / "info"
    path.write_text("https://x/exchangeInfo -> 1.0: " + json.dumps({"symbols": [{**entry, "filters": filters}]}))
    with pytest.raises(CaptureError, match=r"info:1: the message is malformed"):
        read_capture("binance", [by_hand / "spot.txt"], [path])


def test_another_venues_capture_is_refused(write):
    with pytest.raises(CaptureError, match="none of 1 messages is about a symbol of binance"):
        read_capture("binance", [write({"arg": {"channel": "books"}, "data": []})])


@pytest.mark.parametrize(
    ("venue", "pu", "other"), [("binance", 8, "binance_futures"), ("binance_futures", None, "binance")]
)
def test_spot_and_futures_are_not_mixed_up(write, message, venue, pu, other):
    """Futures read as spot would end up among the events of the spot market of that name."""
    with pytest.raises(CaptureError, match=rf"capture.txt:2: .* whose venue is {other}$"):
        read_capture(venue, [write(message("snapshot", 8, *BOOK), message("delta", 9, 10, pu=pu))])


def test_an_unknown_venue_is_refused(by_hand):
    with pytest.raises(BadInput, match="unknown venue 'nyse'; known are binance, binance_delivery, "):
        read_capture("nyse", [by_hand / "spot.txt"])


def test_the_actions_of_a_delta(write, message):
    told = [message("delta", 9, 10), message("snapshot", 10, *BOOK), message("delta", 11, 11, [("100", "0")])]
    book = one("binance", write(*told)).events.book
    assert book["action"].tolist() == [Action.CLEAR, Action.ADD, Action.ADD, Action.CANCEL]
