"""Bybit: the form of version 5, and what came in that of version 2."""

from decimal import Decimal

import orjson
import pytest

from atom.book import Level
from atom.events import Flag, Side, StatusKind, Unit
from atom.imports import import_capture
from atom.reader import read_capture
from atom.venues import venue
from atom.venues.template import order_id

NOON = 1704067200000  # ms
GUID = "20f43950-d8dd-5b31-9112-a178eb6023af"


@pytest.fixture
def read(tmp_path):
    """Reads what came over a connection to an address."""

    def reads(*messages, url="wss://stream.bybit.com/v5/public/linear"):
        path = tmp_path / "ws"
        lines = [f"{1704067200 + n}: {orjson.dumps(message).decode()}\n" for n, message in enumerate(messages)]
        path.write_text(f"{url} <-> 1704067199.5\n" + "".join(lines))
        (recording,) = read_capture("bybit", [path]).recordings
        assert recording.unexplained == 0
        return recording

    return reads


def book(kind, number, bids=(), asks=(), depth=50):
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": number, "seq": 10 * number}
    return {"topic": f"orderbook.{depth}.BTCUSDT", "type": kind, "ts": NOON + number, "data": data, "cts": NOON}


def ticker(kind, **data):
    return {"topic": "tickers.BTCUSDT", "type": kind, "ts": NOON, "cs": 5, "data": {"symbol": "BTCUSDT", **data}}


def test_a_book(read):
    whole = book("snapshot", 5, [["100.5", "2"], ["100", "1"]], [["101", "3"]])
    told = read(whole, book("delta", 6, [["100.5", "0"]], [["100.9", "0.25"]]))
    assert told.events.instrument.symbol == "BTC-USDT-PERP"
    assert told.replay.book.levels(Side.BID) == [Level(1000, 100)]
    assert told.replay.book.levels(Side.ASK) == [Level(1009, 25), Level(1010, 300)]
    assert told.events.book["sequence"].tolist()[-1] == 6
    assert told.events.book["ts_event"].tolist()[-1] == (NOON + 6) * 10**6


def test_a_missing_number_makes_the_book_invalid_until_the_next_picture(read):
    whole = book("snapshot", 5, [["100", "2"]])
    lost = read(whole, book("delta", 7, [["100", "1"]]), book("delta", 8, [["100", "1"]]))
    assert (lost.gaps, lost.replay.book.best_bid) == (1, None)
    assert lost.status[-1].detail == "message 7 follows 5"
    found = read(whole, book("delta", 7), book("snapshot", 1, [["99", "1"]]), book("delta", 2, [["98", "4"]]))
    assert found.gaps == 1  # a venue that has restarted counts anew, and that is none
    assert found.replay.book.levels(Side.BID) == [Level(99, 1), Level(98, 4)]
    assert found.status[-1].kind is StatusKind.RESYNC


def test_a_repeated_message_changes_nothing(read):
    told = read(book("snapshot", 5, [["100", "2"]]), book("delta", 6, [["100", "3"]]), book("delta", 5, [["100", "9"]]))
    assert (told.gaps, told.replay.book.best_bid) == (0, Level(100, 3))
    assert told.status[-1].kind is StatusKind.REPEATED


def test_numbers_that_begin_anew_without_a_picture_make_the_book_invalid(read):
    later = {**book("delta", 2, [["100", "9"]]), "ts": NOON + 20_000}
    told = read(book("snapshot", 5, [["100", "2"]]), book("delta", 6, [["100", "3"]]), later)
    assert (told.gaps, told.replay.book.best_bid) == (1, None)


def test_the_deepest_book_is_read(read):
    top, deep = book("snapshot", 5, [["100", "1"]], depth=1), book("snapshot", 70, [["100", "1"], ["99", "1"]])
    told = read(top, deep, book("snapshot", 6, [["105", "1"]], depth=1), book("delta", 71, [["98", "1"]]))
    assert told.replay.book.levels(Side.BID) == [Level(100, 1), Level(99, 1), Level(98, 1)]
    assert told.gaps == 0


@pytest.mark.parametrize(
    ("told", "number", "sequence"),
    [({"i": GUID}, order_id(GUID), 0), ({"i": "2290000000012345678", "seq": 9}, 2290000000012345678, 9)],
)
def test_a_trade(read, told, number, sequence):
    """The id of a contract's trade is a UUID, whose order says nothing."""
    trade = {"T": NOON + 5, "s": "BTCUSDT", "S": "Sell", "v": "0.001", "p": "16578.50", "BT": False, **told}
    found = read({"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": NOON + 9, "data": [trade, trade]})
    assert (found.trades, len(found.events.trade)) == (1, 2)
    row = found.events.trade[0]
    assert (row["side"], row["price"], row["trade_id"], row["sequence"]) == (Side.ASK, 165785, number, sequence)
    assert bool(row["flags"] & Flag.NO_SEQUENCE) is (sequence == 0)
    assert row["ts_event"] == (NOON + 5) * 10**6


def test_a_ticker_is_a_quote_and_what_is_told_of_the_contract(read):
    """A change leaves out what stayed."""
    funding = {"fundingRate": "-0.000212", "nextFundingTime": str(NOON)}
    sides = {"bid1Price": "99.5", "bid1Size": "3", "ask1Price": "100", "ask1Size": "4"}
    prices = {"markPrice": "100.25", "indexPrice": "100.5", "openInterest": "68744.761", "openInterestValue": "5.5"}
    told = read(
        ticker("delta", bid1Size="9"),
        ticker("snapshot", **funding, **sides, **prices, deliveryTime=""),
        ticker("delta", ask1Size="7"),
        ticker("delta", fundingRate="0.0001"),
    ).events
    assert told.quote[["bid_price", "bid_size", "ask_price", "ask_size"]].tolist() == [
        (995, 3, 1000, 4),
        (995, 3, 1000, 7),
    ]
    assert told.more["mark_price"]["price"].tolist() == [100.25]
    assert told.more["index_price"]["price"].tolist() == [100.5]
    assert told.more["funding"][["rate", "next_ts"]].tolist() == [(-0.000212, NOON * 10**6), (0.0001, NOON * 10**6)]
    assert told.more["open_interest"][["unit", "size", "value"]].tolist() == [(Unit.BASE, 68744.761, 5.5)]


def test_an_inverse_contract_is_a_dollar(read):
    message = {"topic": "tickers.BTCUSD", "type": "snapshot", "ts": NOON, "data": {"openInterest": "500"}}
    interest = read(message, url="wss://stream.bybit.com/v5/public/inverse").events.more["open_interest"]
    assert interest[["unit", "size", "value"]].tolist() == [(Unit.QUOTE, 500.0, 500.0)]


def test_liquidations(read):
    """`Buy` is a long position, which a sale closes."""
    both = read(
        {"topic": "allLiquidation.BTCUSDT", "ts": NOON, "data": [{"T": NOON, "S": "Buy", "v": "2", "p": "99.5"}]},
        {"topic": "liquidation.BTCUSDT", "data": {"updatedTime": NOON, "side": "Sell", "size": "3", "price": "99"}},
        {"topic": "liquidation.BTCUSDT", "data": {"time": NOON, "side": "Sell", "qty": "3", "price": "99"}},
    ).events.more["liquidation"]
    assert both[["side", "price", "size"]].tolist() == [(Side.ASK, 99.5, 2.0), (Side.BID, 99.0, 3.0)]


def test_spot_and_contracts_are_told_apart_by_their_address(read):
    spot = read(book("snapshot", 5, [["1", "2"]]), url="wss://stream.bybit.com/v5/public/spot").events.instrument
    assert (spot.symbol, spot.venue_symbol) == ("BTC-USDT", "BTC/USDT")
    streams = venue("bybit").streams(["BTC/USDT", "BTCUSDT", "BTCUSD"])
    assert [stream.url.rpartition("/")[2] for stream in streams] == ["spot", "linear", "inverse"]
    assert [list(stream.symbols) for stream in streams] == [["BTC/USDT"], ["BTCUSDT"], ["BTCUSD"]]
    assert orjson.loads(streams[0].hello[0]) == {
        "op": "subscribe",
        "args": ["orderbook.200.BTCUSDT", "publicTrade.BTCUSDT", "tickers.BTCUSDT"],
    }


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT", "BTC-USDT-PERP"),
        ("BTCUSD", "BTC-USD-PERP"),
        ("BTCPERP", "BTC-USDC-PERP"),
        ("BTCUSDM21", "BTC-USD-M21"),
        ("BTCUSDT-27DEC24", "BTC-USDT-27DEC24"),
        ("ETH/BTC", "ETH-BTC"),
        ("BTC-29DEC23-40000-C", "BTC-29DEC23-40000-C"),
    ],
)
def test_names(name, symbol):
    assert venue("bybit").symbol(name) == symbol


def test_instrument_data():
    bybit = venue("bybit")
    coins = {"baseCoin": "BTC", "quoteCoin": "USD", "priceFilter": {"tickSize": "0.5"}}
    future = {**coins, "symbol": "BTCUSDZ24", "contractType": "InverseFutures", "deliveryTime": "1735286400000"}
    assert bybit.learn(bybit.listings_urls[1], {"result": {"list": [{**future, "lotSizeFilter": {"qtyStep": "1"}}]}})
    assert bybit.listings["BTCUSDZ24"].symbol == "BTC-USD-241227"
    assert bybit.listings["BTCUSDZ24"].contract_size == Decimal(1)
    spot = {**coins, "symbol": "BTCUSD", "lotSizeFilter": {"basePrecision": "0.000001"}}
    assert bybit.learn(bybit.listings_urls[2], {"result": {"list": [spot]}})
    assert bybit.listings["BTC/USD"].lot == Decimal("0.000001")
    assert not bybit.learn("https://x/else", {})


def test_the_older_book_in_both_of_its_forms(read):
    """Inverse contracts told numbers and a list, linear ones text and an object."""
    level = {"side": "Buy", "symbol": "BTCUSDT"}
    first, second = {**level, "price": "100.5", "size": 2}, {**level, "price": "100.0", "size": 0.001}
    for whole, number, time in (
        ({"order_book": [first, second]}, "8", str(NOON * 1000)),
        ([first, second], 8, NOON * 1000),
    ):
        end = {"cross_seq": number, "timestamp_e6": time}
        change = {"delete": [{**level, "price": "100.50"}], "update": [], "insert": [{**first, "side": "Sell"}]}
        topic = "orderBookL2_25.BTCUSDT"
        told = read(
            {"topic": topic, "type": "snapshot", "data": whole, **end},
            {"topic": topic, "type": "delta", "data": change, **end},
        )
        assert told.replay.book.levels(Side.BID) == [Level(1000, 1)]
        assert told.replay.book.levels(Side.ASK) == [Level(1005, 2000)]
        assert told.events.book["sequence"].tolist() == [8] * 5
        assert told.events.book["ts_event"].tolist() == [NOON * 10**6] * 5


def test_the_older_state_of_a_contract(read):
    topic, end = "instrument_info.100ms.BTCUSDT", {"timestamp_e6": NOON * 1000}
    coming = {"funding_rate_e6": "-20", "next_funding_time": "2024-01-01T08:00:00Z"}
    first = {"mark_price_e4": 1002500, "index_price_e4": "1005000", "open_interest": 77, **coming}
    told = read(
        {"topic": topic, "type": "snapshot", "data": first, **end},
        {
            "topic": topic,
            "type": "delta",
            "data": {"update": [{"open_interest_e8": 150000000, "mark_price_e4": ""}]},
            **end,
        },
    ).events.more
    assert (told["mark_price"]["price"][0], told["index_price"]["price"][0]) == (100.25, 100.5)
    assert told["funding"][["rate", "next_ts"]].tolist() == [(-0.00002, (NOON // 1000 + 28_800) * 10**9)]
    assert told["open_interest"][["unit", "size"]].tolist() == [(Unit.QUOTE, 77.0), (Unit.BASE, 1.5)]


def test_answers(read):
    one, two = (
        {"success": True, "request": {"op": "subscribe", "args": args}} for args in (["trade.A"], ["a.A", "a.B"])
    )
    assert read(one, two, {"op": "pong"}, {"success": True, "op": "subscribe"}).messages == 4


@pytest.mark.parametrize("number", ["25", "26"])
def test_the_real_captures(shared_data, plain, number):
    """Against a book kept by hand: a dictionary of prices a side."""
    folder = shared_data / "venues"
    books: dict[str, dict[str, dict[str, object]]] = {}
    for message in plain(folder / f"BYBIT.ws.{number}.0.xz"):
        data, name = message.get("data"), message.get("topic", "").rpartition(".")[2]
        if message.get("type") == "snapshot":
            books[name] = {"Buy": {}, "Sell": {}}
            data = {"insert": data if isinstance(data, list) else data["order_book"], "update": [], "delete": []}
        if isinstance(data, dict):
            for entry in data["delete"]:
                del books[name][entry["side"]][entry["price"]]
            for entry in (*data["update"], *data["insert"]):
                books[name][entry["side"]][entry["price"]] = entry["size"]
    rows = import_capture("bybit", [folder / f"BYBIT.ws.{number}.0.xz"], [folder / "BYBIT.0.xz"])
    assert len(rows) == len(books) == (8 if number == "25" else 2)
    for row in rows:
        sides = books[row.symbol.removesuffix("-PERP").replace("-", "")]
        best = max(map(float, sides["Buy"])), min(map(float, sides["Sell"]))
        assert (float(row.best_bid), float(row.best_ask)) == best
        assert (row.unexplained, row.gaps, row.crossed, row.unknown_deletes) == (0, 0, 0, 0)
    assert sum(row.trades for row in rows) == (66 if number == "25" else 76)
    assert sum(row.messages for row in rows) == (3342 if number == "25" else 1098)
