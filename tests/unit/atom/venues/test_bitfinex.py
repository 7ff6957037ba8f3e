"""Bitfinex: numbered channels, books by price and by order, and one count of all messages of a connection."""

from collections import defaultdict
from math import isnan

import orjson
import pytest

from atom.book import Level, Order
from atom.events import Action, Flag, Side, StatusKind
from atom.imports import import_capture
from atom.reader import read_capture
from atom.venues import venue

BOOK, TRADES, TICKER, OTHER = 17, 18, 19, 20


def subscribed(channel, number, symbol="tBTCUSD", **more):
    return {"event": "subscribed", "channel": channel, "chanId": number, "symbol": symbol, **more}


PRICED = subscribed("book", BOOK, prec="P0", freq="F0", len="100", pair="BTCUSD")
RAW = subscribed("book", BOOK, prec="R0")


@pytest.fixture
def read(write):
    def reads(*messages):
        found = read_capture("bitfinex", [write(*messages)])
        assert found.unexplained == 0
        assert all(recording.unexplained == 0 for recording in found.recordings)
        return found.recordings if len(found.recordings) > 1 else found.recordings[0]

    return reads


def test_a_book_by_price(read):
    whole = [BOOK, [[100.5, 2, 0.25], [100, 1, 3], [101, 1, -4]], 1]
    told = read(PRICED, whole, [BOOK, [100.5, 0, 1], 2], [BOOK, [100.9, 1, -0.5], 3, 1704067200000], [BOOK, "hb", 4])
    assert told.events.instrument.symbol == "BTC-USD"
    assert told.replay.book.levels(Side.BID) == [Level(1000, 300)]
    assert told.replay.book.levels(Side.ASK) == [Level(1009, 50), Level(1010, 400)]
    assert told.events.book["sequence"].tolist() == [1, 1, 1, 1, 2, 3]
    assert told.events.book["ts_event"].tolist()[-1] == 1704067200 * 10**9
    assert bool(told.events.book["flags"][0] & Flag.NO_EVENT_TIME)


def test_a_book_by_order(read):
    """Of an order that is changed, one whose price is 0 is gone."""
    whole = [BOOK, [[1, 100, 0.5], [2, 100, 2], [3, 101, -1]]]
    told = read(RAW, whole, [BOOK, [4, 100, 4]], [BOOK, [2, 100, 1.5]], [BOOK, [1, 0, 1]])
    assert told.replay.book.orders(Side.BID, 100) == [Order(2, 15), Order(4, 40)]
    assert told.events.book["action"].tolist() == [5, 1, 1, 1, Action.ADD, Action.MODIFY, Action.CANCEL]
    assert not (told.events.book["flags"][1:] & Flag.BY_PRICE).any()
    assert (told.events.book["flags"] & Flag.NO_SEQUENCE != 0).all()
    assert told.replay.book.unknown_deletes == 0


def test_one_symbol_has_one_book(read):
    priced = subscribed("book", OTHER, prec="P0")
    told = read(RAW, [BOOK, [[1, 100, 0.5]]], priced, [OTHER, [[99, 1, 5]]], [OTHER, [98, 1, 5]])
    assert told.replay.book.levels(Side.BID) == [Level(100, 5)]


def test_an_empty_picture_is_one(read):
    told = read(PRICED, [BOOK, [[100, 1, 3]], 1], [BOOK, [], 2])
    assert told.replay.tops["valid"].tolist() == [True, True]
    assert told.replay.book.best_bid is None


def test_a_missing_message_may_have_been_about_any_book(read):
    second = subscribed("book", OTHER, "tDOGE:USD", prec="P0")
    wholes = [BOOK, [[100, 1, 3]], 1], [OTHER, [[5, 1, 1]], 2]
    bitcoin, doge = read(PRICED, second, *wholes, [BOOK, [99, 1, 1], 4], [BOOK, [[100, 1, 9]], 5])
    assert (bitcoin.events.instrument.symbol, doge.events.instrument.symbol) == ("BTC-USD", "DOGE-USD")
    assert (bitcoin.gaps, doge.gaps) == (1, 1)
    assert [status.kind for status in bitcoin.status] == [StatusKind.GAP, StatusKind.RESYNC]
    assert bitcoin.status[0].detail == "message 4 of the connection follows 2"
    assert bitcoin.replay.book.levels(Side.BID) == [Level(100, 9)]
    assert doge.replay.book.best_bid is None


def test_a_repeated_message_changes_nothing(read):
    told = read(PRICED, [BOOK, [[100, 1, 3]], 7], [BOOK, [99, 1, 1], 8], [BOOK, [[98, 1, 3]], 7], [BOOK, [97, 1, 1], 9])
    assert told.gaps == 0
    assert told.replay.book.levels(Side.BID) == [Level(100, 3), Level(99, 1), Level(97, 1)]
    assert [status.kind for status in told.status] == [StatusKind.REPEATED]


def test_a_recording_without_connections_tells_of_them_by_their_greeting(read):
    """The count begins anew, and what the book was is not served."""
    greeting, second = {"event": "info", "version": 2}, subscribed("book", OTHER, prec="P0")
    whole = [BOOK, [[100, 1, 3]], 7]
    lost = read(greeting, PRICED, whole, greeting, second, [OTHER, "hb", 1])
    assert lost.replay.book.best_bid is None
    found = read(greeting, PRICED, whole, greeting, second, [OTHER, [[99, 1, 2]], 1], [OTHER, [98, 1, 2], 2])
    assert found.replay.book.levels(Side.BID) == [Level(99, 2), Level(98, 2)]
    assert found.gaps == 1


def test_checksums_are_counted_as_messages_and_not_looked_at(read):
    told = read(PRICED, [BOOK, [[100, 1, 3]], 1], [BOOK, "cs", -1234567, 2], [BOOK, [99, 1, 1], 3])
    assert (told.gaps, told.messages, told.checksums_ok) == (0, 4, 0)


def test_a_new_connection_gives_channels_a_new_meaning(tmp_path):
    path = tmp_path / "ws"
    messages = (
        [PRICED, [BOOK, [[100, 1, 3]], 7]],
        [subscribed("book", BOOK, "tETHUSD", prec="P0"), [BOOK, [[5, 1, 3]], 1]],
    )
    lines = []
    for number, told in enumerate(messages):
        lines.append(f"wss://api-pub.bitfinex.com/ws/2 <-> 170406720{number}.0")
        lines += [f"170406720{number}.5: {orjson.dumps(message).decode()}" for message in told]
    path.write_text("\n".join(lines) + "\n")
    bitcoin, ether = read_capture("bitfinex", [path]).recordings
    assert bitcoin.replay.book.best_bid is None
    assert ether.replay.book.best_bid == Level(5, 3)
    assert (bitcoin.gaps, ether.gaps) == (0, 0)


def test_a_trade_is_told_twice_and_counted_once(read):
    past = [TRADES, [[12, 1704067190000, -0.5, 100.5], [11, 1704067180000, 2, 100]], 1]
    new = [13, 1704067200000, -0.25, 101]
    told = read(subscribed("trades", TRADES), past, [TRADES, "te", new, 2], [TRADES, "tu", new, 3], [*past[:2], 4])
    rows = told.events.trade
    assert told.trades == 3
    assert rows["trade_id"].tolist() == [11, 12, 13]
    assert rows["side"].tolist() == [Side.BID, Side.ASK, Side.ASK]
    assert (rows["price"].tolist(), rows["size"].tolist()) == ([1000, 1005, 1010], [200, 50, 25])
    assert [bool(flags & Flag.SNAPSHOT) for flags in rows["flags"]] == [True, True, False]
    assert rows["ts_event"].tolist()[-1] == 1704067200 * 10**9


def test_the_sizes_of_a_ticker_are_sums(read):
    (quote,) = read(
        subscribed("ticker", TICKER), [TICKER, [100.5, 31.40000000000001, 101, 5, 0, 0, 0, 0, 0, 0], 8]
    ).events.quote
    assert (quote["bid_price"], quote["ask_price"], quote["sequence"]) == (1005, 1010, 8)
    assert quote["flags"] & Flag.NO_SIZE
    assert (quote["bid_size"], quote["ask_size"]) == (0, 0)
    assert len(read(subscribed("ticker", TICKER), [TICKER, [None, None, 101, 5], 1]).events.quote) == 0


def test_the_state_of_a_derivative(read):
    said: list[float | None] = [None] * 24
    said[0], said[3], said[5], said[7], said[11] = 1704067200000, 100.5, 5e6, 1704096000000, -0.0001
    said[14], said[17] = 100.25, 7.5
    state = {"event": "subscribed", "channel": "status", "chanId": OTHER, "key": "deriv:tBTCF0:USTF0"}
    told = read(state, [OTHER, said], [OTHER, [1704067200000, *[None] * 23]])
    assert told.events.instrument.symbol == "BTC-USDT-PERP"
    more = told.events.more
    assert (more["index_price"]["price"][0], more["mark_price"]["price"][0]) == (100.5, 100.25)
    assert more["insurance_fund"]["balance"].tolist() == [5e6]
    assert more["funding"][["rate", "next_ts"]].tolist() == [(-0.0001, 1704096000 * 10**9)]
    assert more["open_interest"]["size"].tolist() == [7.5]
    assert isnan(more["open_interest"]["value"][0])


def test_what_is_known_and_of_no_use(read):
    candles = {"event": "subscribed", "channel": "candles", "chanId": OTHER, "key": "trade:1m:tBTCUSD"}
    told = read(
        {"event": "info", "version": 2},
        {"event": "conf", "status": "OK", "flags": 65536},
        [BOOK, "hb", 1],
        subscribed("book", BOOK, prec="P2"),
        [BOOK, [[100, 1, 1]], 2],
        candles,
        [OTHER, [[1, 2, 3, 4, 5, 6]], 3],
        {"event": "subscribed", "channel": "status", "chanId": TICKER, "key": "liq:global"},
        [TICKER, [["pos", 1, 2, None, "tBTCF0:USTF0"]], 4],
        {"event": "unsubscribed", "status": "OK", "chanId": OTHER},
        {"event": "pong", "ts": 1},
        [0, "hb", 5],
    )
    assert (told.messages, len(told.events)) == (12, 0)
    funding = subscribed("trades", TRADES, "fUSD")
    assert read(funding, [TRADES, "fte", [1, 2, 3, 4, 5], 1]).trades == 0


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("tBTCUSD", "BTC-USD"),
        ("tDOGE:USD", "DOGE-USD"),
        ("tBTCUST", "BTC-USDT"),
        ("tUSTUSD", "USDT-USD"),
        ("tBCHN:USD", "BCH-USD"),
        ("tBTCF0:USTF0", "BTC-USDT-PERP"),
        ("tTESTBTC:TESTUSD", "TESTBTC-TESTUSD"),
        ("fUSD", "USD"),
    ],
)
def test_names(name, symbol):
    assert venue("bitfinex").symbol(name) == symbol


def test_what_it_asks_for():
    bitfinex = venue("bitfinex")
    names = [f"tAA{n}USD" for n in range(8)] + ["tBTCF0:USTF0"]
    streams = bitfinex.streams(names)
    assert [len(stream.hello) for stream in streams] == [19, 11]  # at most 25 channels each, after the flags
    assert [list(stream.symbols) for stream in streams] == [names[:6], names[6:]]
    assert orjson.loads(streams[0].hello[0]) == {"event": "conf", "flags": 65_536 + 32_768}
    assert orjson.loads(streams[1].hello[-1])["key"] == "deriv:tBTCF0:USTF0"
    assert bitfinex.learn(bitfinex.listings_urls[0], [["BTCUSD", "DOGE:UST"]])
    assert bitfinex.listings["tDOGE:UST"].symbol == "DOGE-USDT"
    assert bitfinex.listings["tBTCUSD"].tick is None
    assert not bitfinex.learn("https://x/else", [])


def test_the_real_capture(shared_data, plain):
    """Against a book kept by hand: a dictionary of prices a side."""
    folder = shared_data / "venues"
    names: dict[int, str] = {}
    books: dict[str, dict[float, float]] = defaultdict(dict)
    numbers = []
    for message in plain(folder / "BITFINEX.ws.11.0.xz"):
        if isinstance(message, list):
            numbers.append(message[-1])
            if message[0] in names and message[1] != "hb":
                for price, count, amount in message[1] if isinstance(message[1][0], list) else [message[1]]:
                    books[names[message[0]]].pop(price, None)
                    if count:
                        books[names[message[0]]][price] = amount
        elif message.get("channel") == "book":
            names[message["chanId"]] = message["symbol"]
    assert numbers == list(range(1, len(numbers) + 1))
    *rows, nameless = import_capture("bitfinex", [folder / "BITFINEX.ws.11.0.xz"], [folder / "BITFINEX.0.xz"])
    assert (nameless.symbol, nameless.messages, nameless.unexplained) == (None, 4, 0)
    assert len(rows) == len(books) == 7
    for row in rows:
        book = books[f"t{row.symbol.replace('-', ':' if row.symbol.startswith('TEST') else '')}"]
        best = max(price for price in book if book[price] > 0), min(price for price in book if book[price] < 0)
        assert (float(row.best_bid), float(row.best_ask)) == best
        assert (row.unexplained, row.gaps, row.crossed, row.unknown_deletes, row.trades) == (0, 0, 0, 0, 1)
