"""Kraken: books cut at the depth that was asked for, with checksums of each change."""

import lzma
from decimal import Decimal
from zlib import crc32

import numpy as np
import orjson
import pytest

from atom.book import Level, Order
from atom.events import Action, Flag, Side, StatusKind
from atom.imports import import_capture
from atom.reader import read_capture
from atom.venues.kraken import Kraken
from fusion.errors import CaptureError

PAIRS = {
    "result": {
        "XXBTZEUR": {"wsname": "XBT/EUR", "pair_decimals": 1, "lot_decimals": 8},
        "XDGUSD": {"wsname": "XDG/USD", "pair_decimals": 7, "lot_decimals": 8},
        "XXBTZEUR.d": {"pair_decimals": 1, "lot_decimals": 8},
    }
}
AT = "1704067199.250000"


def text(price, size):
    return "".join(number.replace(".", "").lstrip("0") for number in (price, size))


def book(told, depth=10, pair="XBT/EUR"):
    return [3, told, f"book-{depth}", pair]


def levels(*told):
    return [[price, size, AT] for price, size in told]


PICTURE = book({"as": levels(("50000.10000", "1.00000000")), "bs": levels(("49999.00000", "0.50000000"))})


@pytest.fixture
def read(tmp_path, write):
    def reads(*messages, pairs=PAIRS):
        answers = tmp_path / "http"
        answers.write_text(
            f"https://api.kraken.com/0/public/AssetPairs -> 1704067199: {orjson.dumps(pairs).decode()}\n"
        )
        found = read_capture("kraken", [write(*messages)], [answers])
        assert found.unexplained == 0
        return found.recordings[0] if len(found.recordings) == 1 else found.recordings

    return reads


def test_names_and_steps(read):
    bitcoin, doge = read(PICTURE, book({"as": [], "bs": levels(("0.1234567", "1"))}, pair="XDG/USD"))
    assert (bitcoin.events.instrument.symbol, bitcoin.events.instrument.venue_symbol) == ("BTC-EUR", "XBT/EUR")
    assert (bitcoin.events.instrument.tick, bitcoin.events.instrument.lot) == (Decimal("0.1"), Decimal("1e-8"))
    assert doge.events.instrument.symbol == "DOGE-USD"


def test_a_picture_and_a_change_of_both_sides(read):
    asks, bids = [("50000.10000", "1.00000000")], [("49999.50000", "2.00000000"), ("49999.00000", "0.50000000")]
    checksum = crc32("".join(text(*level) for level in [*asks, *bids]).encode())
    change = [
        3,
        {"a": [["50001.00000", "0.00000000", AT]]},
        {"b": levels(bids[0]), "c": str(checksum)},
        "book-10",
        "XBT/EUR",
    ]
    recording = read(PICTURE, change)
    assert (recording.checksums_ok, recording.checksums_bad, recording.gaps) == (1, 0, 0)
    assert recording.replay.book.levels(Side.BID) == [Level(499995, 2 * 10**8), Level(499990, 5 * 10**7)]
    assert recording.events.book["ts_event"].tolist() == [1704067199250 * 10**6] * 5
    assert (recording.events.book["flags"] & Flag.NO_SEQUENCE != 0).all()


def test_a_wrong_checksum_is_told_and_the_book_not_served(read):
    recording = read(PICTURE, book({"b": levels(("49999.00000", "0.00000000")), "c": "1"}))
    assert (recording.checksums_ok, recording.checksums_bad) == (0, 1)
    assert [status.kind for status in recording.status] == [StatusKind.CHECKSUM]
    assert not recording.replay.book.valid


@pytest.mark.parametrize("depth", [10, 25])
def test_the_depth_is_that_of_the_channel(read, depth):
    bids = [(f"{100 - n}", "1") for n in range(depth)]
    told = book({"as": [], "bs": levels(*bids)}, depth), book({"b": levels(("101", "1"))}, depth)
    recording = read(*told)
    assert [level.price for level in recording.replay.book.levels(Side.BID)] == [1010 - 10 * n for n in range(depth)]
    last = recording.events.book[-1]
    assert (last["action"], last["price"]) == (Action.CANCEL, 1010 - 10 * depth)
    assert last["flags"] & Flag.DERIVED
    assert recording.replay.book.unknown_deletes == 0


def test_of_two_books_the_deeper_is_read(read):
    shallow = book({"as": [], "bs": levels(("98", "7"))}, 10)
    deep = book({"as": [], "bs": levels(("98", "1"), ("97", "1"))}, 100)
    for told in ([shallow, deep], [deep, shallow]):
        recording = read(*told, book({"b": levels(("98", "0"))}, 10), book({"b": levels(("99", "2"))}, 100))
        assert recording.replay.book.levels(Side.BID) == [Level(990, 2 * 10**8), Level(980, 10**8), Level(970, 10**8)]


def test_a_republished_level_is_a_level(read):
    recording = read(PICTURE, book({"b": [["49998.00000", "3.00000000", AT, "r"]]}))
    assert recording.replay.book.levels(Side.BID)[-1] == Level(499980, 3 * 10**8)


def test_trades_and_quotes(read):
    trades = [3, [["50000.1", "0.5", AT, "b", "m", ""], ["50000.0", "1", AT, "s", "l", ""]], "trade", "XBT/EUR"]
    ticker = [3, {"a": ["50000.1", 1, "1.5"], "b": ["49999.0", 0, "0.5"]}, "ticker", "XBT/EUR"]
    spread = [3, ["49999.0", "50000.0", AT, "0.25", "2"], "spread", "XBT/EUR"]
    recording = read(trades, ticker, spread, [3, ["x"], "ohlc-5", "XBT/EUR"])
    assert (recording.messages, recording.trades) == (4, 1)
    assert recording.events.trade["side"].tolist() == [Side.BID, Side.ASK]
    assert (recording.events.trade["flags"] & Flag.NO_TRADE_ID != 0).all()
    assert recording.events.quote[["bid_price", "bid_size", "ask_price", "ask_size"]].tolist() == [
        (499990, 5 * 10**7, 500001, 15 * 10**7),
        (499990, 25 * 10**6, 500000, 2 * 10**8),
    ]
    assert recording.events.quote["ts_event"].tolist() == [0, 1704067199250 * 10**6]


def test_what_names_no_symbol(read):
    kinds = ("systemStatus", "heartbeat", "subscriptionStatus", "pong")
    recording = read(PICTURE, *({"event": kind, "pair": "XBT/EUR"} for kind in kinds))
    assert recording.messages == 5


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (book({"b": [["1", "1"]]}), "list index out of range"),
        (book({"b": levels(("1", "1")), "c": "-1"}), "'-1' is no checksum"),
        (book({"b": levels(("1", "1")), "c": "4294967296"}), "'4294967296' is no checksum"),
        (book({"b": [["1", "1", "yesterday"]]}), "'yesterday' is no time in seconds"),
        (book({}), "the message lacks 'a'"),
        (book({"as": []}), "the message lacks 'bs'"),
        (book(["x"]), "is no part of a book"),
        ([3, [["1", "1", AT, "x", "l", ""]], "trade", "XBT/EUR"], "the message lacks 'x'"),
        ([3, [["1", "one", AT, "b", "l", ""]], "trade", "XBT/EUR"], "'one' is no unsigned decimal number"),
        ([3, {"a": []}, "ticker", "XBT/EUR"], "the message lacks 'b'"),
    ],
)
def test_a_malformed_message_is_told_with_its_line(read, message, told):
    with pytest.raises(CaptureError) as caught:
        read(PICTURE, message)
    assert "capture.txt:2: " in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize("decimals", [-1, 19, "1", 1.5, None])
def test_hostile_instrument_data_are_refused(read, decimals):
    pairs = {"result": {"X": {"wsname": "XBT/EUR", "pair_decimals": decimals, "lot_decimals": 8}}}
    with pytest.raises(CaptureError, match=r"http:1: the message is malformed"):
        read(PICTURE, pairs=pairs)


def test_what_is_asked_for():
    (stream,) = Kraken().streams(["XBT/EUR", "ADA/XBT"])
    asked = [orjson.loads(each) for each in stream.hello]
    assert [each["subscription"]["name"] for each in asked] == ["book", "trade", "ticker"]
    assert all(each["pair"] == ["XBT/EUR", "ADA/XBT"] for each in asked)
    assert asked[0]["subscription"]["depth"] == 1000


# version 2

ASKED = {"method": "subscribe", "result": {"channel": "book", "depth": 10, "symbol": "BTC/EUR"}, "success": True}


def entry(bids, asks, checksum, **more):
    """The example's: https://docs.kraken.com/api/docs/guides/spot-ws-book-v2"""
    told = {
        side: [{"price": price, "qty": size} for price, size in of] for side, of in (("bids", bids), ("asks", asks))
    }
    return {"symbol": "BTC/EUR", **told, "checksum": checksum, **more}


EXAMPLE = entry(
    [
        (45283.5, 0.1),
        (45283.4, 1.54582015),
        (45282.1, 0.1),
        (45281.0, 0.1),
        (45280.3, 1.54592586),
        (45279.0, 0.0799),
        (45277.6, 0.03310103),
        (45277.5, 0.3),
        (45277.3, 1.54602737),
        (45276.6, 0.15445238),
    ],
    [
        (45285.2, 0.001),
        (45286.4, 1.54571953),
        (45286.6, 1.54571109),
        (45289.6, 1.54560911),
        (45290.2, 0.1589066),
        (45291.8, 1.54553491),
        (45294.7, 0.04454749),
        (45296.1, 0.3538),
        (45297.5, 0.09945542),
        (45299.5, 0.18772827),
    ],
    3310070434,
)


def v2(channel, kind, *data):
    return {"channel": channel, "type": kind, "data": list(data)}


def test_the_example_of_version_2(read):
    recording = read(ASKED, v2("book", "snapshot", EXAMPLE))
    assert (recording.checksums_ok, recording.checksums_bad, recording.messages) == (1, 0, 2)
    assert recording.events.instrument.symbol == "BTC-EUR"
    more = entry([(45284.0, 0.5)], [], 0, timestamp="2023-10-06T17:35:55.440295Z")
    recording = read(ASKED, v2("book", "snapshot", EXAMPLE), v2("book", "update", more))
    assert (recording.checksums_ok, recording.checksums_bad) == (1, 1)
    assert recording.events.book["ts_event"][-1] == 1696613755440295000
    assert (recording.events.book["action"][-2:] == [Action.CANCEL, Action.CLEAR]).all()  # below ten, then the checksum


def test_without_decimals_no_checksum_of_version_2_is_looked_at(read):
    recording = read(v2("book", "snapshot", {**EXAMPLE, "checksum": 1}), pairs={"result": {}})
    assert (recording.checksums_ok, recording.checksums_bad) == (0, 0)
    assert recording.replay.book.valid


def test_trades_and_quotes_of_version_2(read):
    at = "2023-09-25T07:49:37.708706Z"
    trade = {"symbol": "BTC/EUR", "side": "sell", "price": 45283.5, "qty": 0.001, "trade_id": 4665906, "timestamp": at}
    ticker = {"symbol": "BTC/EUR", "bid": 45283.5, "bid_qty": 0.1, "ask": 45285.2, "ask_qty": 1e-05}
    recording = read(v2("trade", "snapshot", trade, trade), v2("ticker", "update", ticker), {"channel": "heartbeat"})
    assert (recording.trades, recording.messages) == (1, 3)
    assert recording.events.trade[["side", "price", "trade_id"]].tolist() == [(Side.ASK, 452835, 4665906)] * 2
    assert recording.events.quote["ask_size"].tolist() == [1000]


def order(order_id, price, size, event=None):
    told = {"order_id": order_id, "limit_price": price, "order_qty": size, "timestamp": "2023-10-06T18:20:00.5Z"}
    return told if event is None else {"event": event, **told}


def test_the_book_by_order(read):
    one, two, three = "O6ZQNQ-BXL4E-5WGINO", "OEP26Y-YAFEF-OFR62B", "OKNAY7-67JRK-AIZ4JO"
    asked = {"method": "subscribe", "result": {"channel": "level3", "depth": 10, "symbol": "ETH/EUR"}}
    picture = {"symbol": "ETH/EUR", "checksum": 1, "bids": [order(one, 50.5, 1), order(two, 50.5, 2)], "asks": []}
    changes = [order(one, 50.5, 0.5, "modify"), order(three, 50.5, 4, "add"), order(two, 50.5, 2, "delete")]
    change = {"symbol": "ETH/EUR", "checksum": 2, "bids": changes, "asks": []}
    recording = read(asked, v2("level3", "snapshot", picture), v2("level3", "update", change))
    first, _, last = (int(recording.events.book["order_id"][n]) for n in (1, 2, 4))
    assert recording.replay.book.orders(Side.BID, 505) == [Order(first, 5), Order(last, 40)]
    assert recording.events.book["action"].tolist() == [5, 1, 1, Action.MODIFY, Action.ADD, Action.CANCEL]


# https://docs.kraken.com/api/docs/guides/spot-ws-l3-v2
L3_BIDS = {
    44939.4: (0.88968699, 0.4521, 0.1, 0.14296323, 0.25, 0.10292988, 0.3388, 1.2814086),
    44937.1: (0.03346877,),
    44934.7: (0.3563,),
    44930.2: (0.22734299, 0.01, 0.0555, 0.7, 0.15),
    44928.0: (0.0010524,),
    44919.6: (0.3387,),
    44919.5: (0.0761,),
    44912.0: (0.3563,),
    44909.7: (0.0669,),
    44901.9: (0.00088982,),
}
L3_ASKS = {
    44939.5: (4.52308393, 0.00111261, 0.001, 0.01),
    44950.0: (0.10334926,),
    44953.0: (0.00064537,),
    44955.0: (0.0025,),
    44959.6: (0.3563, 0.3563),
    44960.1: (0.00338072,),
    44960.2: (0.88967575,),
    44967.0: (3.14392283,),
    44978.5: (0.0677896,),
    44979.2: (0.3563,),
}


def by_order(side):
    """Orders as the venue tells them, each named by its place."""
    return [order(f"{price}-{n}", price, size) for price, sizes in side.items() for n, size in enumerate(sizes)]


def test_the_example_of_the_book_by_order(read):
    picture = {"symbol": "BTC/EUR", "checksum": 1063832831, "bids": by_order(L3_BIDS), "asks": by_order(L3_ASKS)}
    recording = read(v2("level3", "snapshot", picture))
    assert (recording.checksums_ok, recording.checksums_bad) == (1, 0)
    place = [text(f"{price:.1f}", f"{size:.8f}") for price, sizes in L3_ASKS.items() for size in sizes]
    bids = {**L3_BIDS, 44939.4: (*L3_BIDS[44939.4][1:], 0.5)}  # the first leaves, and comes back as the last
    place += [text(f"{price:.1f}", f"{size:.8f}") for price, sizes in bids.items() for size in sizes]
    first = "44939.4-0"
    changes = [order(first, 44939.4, 0.88968699, "delete"), order(first, 44939.4, 0.5, "add")]
    change = {"symbol": "BTC/EUR", "checksum": crc32("".join(place).encode()), "bids": changes, "asks": []}
    recording = read(v2("level3", "snapshot", picture), v2("level3", "update", change))
    assert (recording.checksums_ok, recording.checksums_bad) == (2, 0)
    assert recording.replay.book.valid


def test_of_books_by_price_and_by_order_the_first_is_read(read):
    orders = {"symbol": "BTC/EUR", "checksum": 1, "bids": [order("A", 50.5, 1)], "asks": []}
    recording = read(v2("book", "snapshot", EXAMPLE), v2("level3", "snapshot", orders))
    assert (recording.checksums_ok, len(recording.replay.book.levels(Side.BID))) == (1, 10)


# a real one


def test_of_books_of_both_versions_the_first_is_read(read):
    of_v1 = book({"as": [], "bs": levels(("900", "1"))}, pair="BTC/EUR")
    recording = read(v2("book", "snapshot", EXAMPLE), of_v1)
    assert recording.messages == 2
    assert np.count_nonzero(recording.events.book["action"] == Action.CLEAR) == 1
    assert len(recording.replay.book.levels(Side.BID)) == 10


def plain(lines):
    """Books as one would keep them first: a dictionary a side, cut to a thousand levels after each message."""
    books = {}
    for line in lines:
        at, _, body = line.partition(b": ")
        if b" <" in at or b'"book-1000"' not in body or body.startswith(b"{"):
            continue
        _, *parts, _, pair = orjson.loads(body)
        for name, changes in ((name, changes) for part in parts for name, changes in part.items() if name != "c"):
            side = books.setdefault(pair, {"a": {}, "b": {}})[name[0]]
            side.update({Decimal(price): Decimal(size) for price, size, *_ in changes})
        for name, side in books[pair].items():
            held = sorted((price for price, size in side.items() if size), reverse=name == "b")
            books[pair][name] = {price: side[price] for price in held[:1000]}
    return books


def test_a_real_capture(shared_data):
    folder = shared_data / "venues"
    streams = [folder / f"KRAKEN.ws.{n}.xz" for n in ("48.0", "49.0", "50.0")]
    rows = import_capture("kraken", streams, [folder / "KRAKEN.0.xz"])
    assert sum(row.messages for row in rows) == 4430
    assert [row.symbol for row in rows][:3] == ["ADA-BTC", "BTC-CHF", "ETH-CHF"]
    assert len(rows) == 11
    assert all((row.unexplained, row.gaps, row.crossed, row.checksums_bad) == (0, 0, 0, 0) for row in rows)
    assert (sum(row.checksums_ok for row in rows), sum(row.trades for row in rows)) == (4269, 8)

    recordings = read_capture("kraken", streams, [folder / "KRAKEN.0.xz"]).recordings
    with lzma.open(streams[2]) as file:
        books = plain(file)
    assert len(books) == 10
    for recording in recordings:
        held, instrument = recording.replay.book, recording.events.instrument
        for side, name in ((Side.BID, "b"), (Side.ASK, "a")):
            found = [(level.price * instrument.tick, level.size * instrument.lot) for level in held.levels(side)]
            assert found == list(books[instrument.venue_symbol][name].items())
        assert held.unknown_deletes == 0
