"""OKX: books with checksums, books with numbers, and what is told beside them."""

import lzma
from decimal import Decimal
from zlib import crc32

import numpy as np
import orjson
import pytest

from atom.book import Level
from atom.events import Action, Flag, Side, StatusKind, Unit
from atom.imports import import_capture
from atom.reader import read_capture
from atom.venues.okx import Okx
from fusion.errors import CaptureError

NAME, SWAP = "BTC-USDT", "BTC-USD-SWAP"
BIDS, ASKS = [("99.5", "1"), ("99", "20")], [("100", "0.5"), ("100.1", "3")]


def checksum(bids, asks):
    """The sum as the venue writes it, a number with a sign."""
    sides = [level for pair in zip(bids[:25], asks[:25], strict=True) for level in pair]
    value = crc32(":".join(text for level in sides for text in level).encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def told(channel, *data, name=NAME, **more):
    return {"arg": {"channel": channel, "instId": name}, **more, "data": list(data)}


def sides(bids, asks, **more):
    levels = {"bids": [[*level, "0", "1"] for level in bids], "asks": [[*level, "0", "1"] for level in asks]}
    return {**levels, "ts": "1704067200001", **more}


def book(action, bids, asks, channel="books", **more):
    return told(channel, sides(bids, asks, **more), action=action)


def numbered(action, previous, last, bids, channel="books", total=0):
    return book(action, bids, [], channel, prevSeqId=previous, seqId=last, checksum=total)


PICTURE = book("snapshot", BIDS, ASKS, checksum=checksum(BIDS, ASKS))


@pytest.fixture
def read(write):
    def reads(*messages, http=()):
        found = read_capture("okx", [write(*messages)], http)
        assert found.unexplained == 0
        return found.recordings[0]

    return reads


def kinds(recording):
    return [status.kind for status in recording.status]


def test_a_book_with_checksums(read):
    change = book("update", [("99.5", "0"), ("99.4", "7")], [], checksum=checksum([("99.4", "7"), ("99", "20")], ASKS))
    recording = read(PICTURE, change)
    assert (recording.checksums_ok, recording.checksums_bad, recording.gaps) == (2, 0, 0)
    assert recording.replay.book.levels(Side.BID) == [Level(994, 70), Level(990, 200)]
    assert (recording.events.book["flags"] & Flag.NO_SEQUENCE != 0).all()
    wrong = read(PICTURE, book("update", [("99.4", "7")], [], checksum=-5))
    assert (wrong.checksums_bad, wrong.replay.book.valid, kinds(wrong)) == (1, False, [StatusKind.CHECKSUM])


def test_a_book_with_numbers(read):
    first = numbered("snapshot", -1, 10, [("99", "1")])
    told = [first, numbered("update", 10, 10, []), numbered("update", 10, 17, [("98", "1")])]
    recording = read(*told, numbered("update", 10, 17, [("98", "5")]))  # the same again
    assert (recording.gaps, recording.checksums_ok, recording.checksums_bad) == (0, 0, 0)
    assert recording.replay.book.levels(Side.BID) == [Level(99, 1), Level(98, 1)]
    assert recording.events.book["sequence"].tolist() == [10, 10, 17]
    assert kinds(recording) == [StatusKind.REPEATED]


def test_numbers_that_begin_anew(read):
    told = [numbered("snapshot", -1, 15, [("99", "1")]), numbered("update", 15, 3, [("98", "1")])]
    recording = read(*told, numbered("update", 3, 5, [("97", "1")]))
    assert recording.gaps == 0
    assert [level.price for level in recording.replay.book.levels(Side.BID)] == [99, 98, 97]


def test_a_missing_number_is_a_gap_until_the_next_picture(read):
    told = [numbered("snapshot", -1, 10, [("99", "1")]), numbered("update", 12, 14, [("98", "1")])]
    lost = read(*told, numbered("update", 14, 15, [("97", "1")]))
    assert (lost.gaps, lost.replay.book.valid, kinds(lost)) == (1, False, [StatusKind.GAP])
    assert lost.status[0].detail == "update 14 follows 12, the book is at 10"
    assert lost.events.book["action"].tolist() == [Action.CLEAR, Action.ADD, Action.CLEAR]
    found = read(*told, numbered("snapshot", -1, 20, [("96", "1")]), numbered("update", 20, 21, [("97", "1")]))
    assert (found.gaps, kinds(found)) == (1, [StatusKind.GAP, StatusKind.RESYNC])
    assert [level.price for level in found.replay.book.levels(Side.BID)] == [97, 96]


def test_of_several_books_the_best_is_read(read):
    few, deep = told("books5", sides([("1", "1")], [])), numbered("snapshot", -1, 10, [("99", "1")], "books-l2-tbt")
    change = numbered("update", 10, 11, [("98", "1")], "books-l2-tbt")
    worse = numbered("update", 5, 6, [("97", "1")], "books")
    assert [level.price for level in read(few, few).replay.book.levels(Side.BID)] == [1]
    for messages in ([few, deep, few, worse, change], [deep, few, change, worse]):
        assert [level.price for level in read(*messages).replay.book.levels(Side.BID)] == [99, 98]


def test_trades(read):
    trade = {"instId": NAME, "tradeId": "242720720", "px": "99.5", "sz": "1", "side": "sell", "ts": "1704067200001"}
    summed = {**trade, "side": "buy", "count": "3"}
    recording = read(told("trades", trade, summed), told("trades-all", trade))
    assert recording.trades == 2
    assert recording.events.trade[["side", "price", "trade_id"]].tolist() == [(2, 995, 242720720), (1, 995, 242720720)]
    assert [bool(flags & Flag.BY_PRICE) for flags in recording.events.trade["flags"]] == [False, True]
    assert recording.events.trade["ts_event"].tolist() == [1704067200001 * 10**6] * 2


def test_quotes(read):
    ticker = {"instId": NAME, "askPx": "100", "askSz": "2", "bidPx": "", "bidSz": "", "ts": "1704067200001"}
    recording = read(told("tickers", ticker), told("bbo-tbt", sides([("99", "1")], [])))
    fields = recording.events.quote[["bid_price", "bid_size", "ask_price", "ask_size"]].tolist()
    assert fields == [(0, 0, 100, 2), (99, 1, 0, 0)]


def swaps(tmp_path, **more):
    """Instrument data of a swap of 100 USD, written as their HTTP answer."""
    entry = {"instId": SWAP, "tickSz": "0.1", "lotSz": "1", "ctVal": "100", "ctMult": "1", "ctType": "inverse", **more}
    waits = {"instId": "NEW-USDT", "tickSz": "", "lotSz": ""}
    body = orjson.dumps({"code": "0", "data": [entry, waits]}).decode()
    path = tmp_path / "http"
    path.write_text(f"https://www.okx.com/api/v5/public/instruments?instType=SWAP -> 1704067199: {body}\n")
    return [path]


def test_administrative_data(read, tmp_path):
    at = {"instId": SWAP, "ts": "1704067200001"}
    order = {"side": "buy", "bkPx": "0.007", "sz": "13", "ts": "1704067200009"}
    other = {"instId": "ETH-USD-SWAP", "details": []}
    events = read(
        told("funding-rate", {"instId": SWAP, "fundingRate": "0.0001875", "fundingTime": "1704096000000"}, name=SWAP),
        told("mark-price", {**at, "markPx": "42310.6"}, name=SWAP),
        told("index-tickers", {**at, "idxPx": "42300"}, name=SWAP),
        told("open-interest", {**at, "oi": "2125419", "oiCcy": "5000"}, name=SWAP),
        {
            "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
            "data": [{"instId": SWAP, "details": [order, order]}, other],
        },
        http=swaps(tmp_path),
    ).events
    assert events.instrument.symbol == "BTC-USD-PERP"
    assert events.more["funding"][["rate", "next_ts"]].tolist() == [(0.0001875, 1704096000000 * 10**6)]
    assert events.more["mark_price"]["price"].tolist() == [42310.6]
    assert events.more["index_price"]["price"].tolist() == [42300]
    interest = events.more["open_interest"][["unit", "size", "contract_size", "value"]].tolist()
    assert interest == [(Unit.CONTRACTS, 2125419, 100, 212541900)]
    assert events.more["liquidation"][["side", "price", "size"]].tolist() == [(Side.BID, 0.007, 13)] * 2
    assert events.more["liquidation"]["ts_event"].tolist() == [1704067200009 * 10**6] * 2


def test_contracts_of_base_currency_have_no_value_yet(read, tmp_path):
    interest = told("open-interest", {"instId": SWAP, "oi": "5", "ts": "1704067200001"}, name=SWAP)
    linear = read(interest, http=swaps(tmp_path, ctType="linear", ctVal="0.01", ctMult="10")).events
    assert linear.more["open_interest"]["contract_size"].tolist() == [0.1]
    assert np.isnan(linear.more["open_interest"]["value"]).all()
    assert np.isnan(read(interest).events.more["open_interest"]["contract_size"]).all()


@pytest.mark.parametrize(
    "field", [{"ctVal": "-1"}, {"ctVal": "x"}, {"tickSz": "0"}, {"lotSz": None}, {"ctMult": "NaN"}]
)
def test_hostile_instrument_data_are_refused(read, tmp_path, field):
    with pytest.raises(CaptureError, match=r"http:1: the message is malformed"):
        read(PICTURE, http=swaps(tmp_path, **field))


def test_what_says_nothing_of_the_market(read, tmp_path):
    stream = tmp_path / "ws"
    about_all = {"arg": {"channel": "instruments", "instType": "SPOT"}, "data": [{"instId": "ETH-USDT"}]}
    messages = [
        PICTURE,
        {"event": "subscribe", "arg": {"channel": "books", "instId": NAME}},
        {"event": "subscribe", "arg": {"channel": "liquidation-orders", "instType": "SWAP"}},
        {"event": "error", "code": "60012", "msg": "Invalid request"},
        about_all,
        told("price-limit", {"instId": NAME}),
    ]
    lines = [*(orjson.dumps(message).decode() for message in messages), "pong"]
    stream.write_text("".join(f"{1704067200 * 10**9} {line}\n" for line in lines))
    (recording,) = read_capture("okx", [stream]).recordings
    assert (recording.messages, recording.unexplained) == (7, 0)


def test_an_unknown_channel_is_not_understood(write):
    (recording,) = read_capture("okx", [write(PICTURE, told("new-channel", {}))]).recordings
    assert (recording.messages, recording.unexplained) == (2, 1)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (book("update", [], []), "the message lacks 'checksum'"),
        (book("update", [], [], checksum=2**31), "2147483648 is no checksum"),
        (book("refresh", [], [], checksum=1), "'refresh' is nothing that happens to a book"),
        (book("update", [], [], seqId=11), "the message lacks 'prevSeqId'"),
        (book("update", [], [], seqId="11", prevSeqId=10), "'11' is no integer"),
        (book("update", [("x", "1")], [], checksum=1), "'x' is no unsigned decimal number"),
        (told("trades", {"ts": "1_0", "tradeId": "1"}), "'1_0' is no whole number"),
        (told("trades", {"ts": "1", "tradeId": "9" * 19, "side": "buy", "px": "1", "sz": "1"}), "does not fit 64 bits"),
        (told("bbo-tbt", {"bids": [["1"]], "asks": [], "ts": "1"}), "list index out of range"),
        (told("mark-price", {"markPx": "Infinity", "ts": "1"}), "'Infinity' is no number"),
    ],
)
def test_a_malformed_message_is_told_with_its_line(read, message, error):
    with pytest.raises(CaptureError) as caught:
        read(PICTURE, message)
    assert "capture.txt:2: " in str(caught.value)
    assert error in str(caught.value)


def test_what_is_asked_for():
    (stream,) = Okx().streams([NAME, SWAP, "BTC-USD-240628"])
    (asked,) = [orjson.loads(each)["args"] for each in stream.hello]
    by_name = [[arg["channel"] for arg in asked if arg["instId"] == name] for name in (NAME, SWAP, "BTC-USD-240628")]
    assert by_name[0] == ["books", "trades", "tickers"]
    assert set(by_name[1]) - set(by_name[2]) == {"funding-rate"}


def test_a_real_capture(shared_data):
    files = [shared_data / "venues" / "OKX.ws.1.0.xz"], [shared_data / "venues" / "OKX.0.xz"]
    rows = import_capture("okx", *files)
    assert [row.symbol for row in rows] == ["BTC-USD-220527", "BTC-USDT", "UNI-USD-PERP"]
    assert all((row.unexplained, row.gaps, row.crossed, row.checksums_bad) == (0, 0, 0, 0) for row in rows)
    assert [(row.messages, row.checksums_ok, row.trades) for row in rows] == [(111, 99, 4), (198, 98, 69), (101, 93, 1)]
    held = {}
    with lzma.open(files[0][0]) as file:
        for line in file:
            body = line.partition(b": ")[2]
            if not body.startswith(b'{"arg":{"channel":"books"'):
                continue
            message = orjson.loads(body)
            if message["action"] == "snapshot":
                held[message["arg"]["instId"]] = {"bids": {}, "asks": {}}
            for name, side in held[message["arg"]["instId"]].items():
                side |= {Decimal(price): Decimal(size) for price, size, *_ in message["data"][0][name]}
    for recording in read_capture("okx", *files).recordings:
        instrument = recording.events.instrument
        for side, name in ((Side.BID, "bids"), (Side.ASK, "asks")):
            levels = recording.replay.book.levels(side)
            found = {level.price * instrument.tick: level.size * instrument.lot for level in levels}
            assert found == {price: size for price, size in held[instrument.venue_symbol][name].items() if size}
