"""Coinbase: a book by price without numbers, a book by order with one, and trades that are told of the past."""

import orjson
import pyarrow.parquet as pq
import pytest

from atom.book import Level, Order
from atom.events import Action, Flag, Side, StatusKind
from atom.imports import import_capture
from atom.reader import read_capture
from atom.store import Store
from atom.venues import venue
from atom.venues.template import order_id

A, B, C, D = (f"{n}aaaaaaa-0000-4000-8000-000000000000" for n in range(1, 5))
TIME = "2024-01-01T00:00:00.000001Z"
PICTURE = "https://api.exchange.coinbase.com/products/BTC-USD/book?level=3"


def at(kind, **fields):
    return {"type": kind, "product_id": "BTC-USD", "time": TIME, **fields}


def told(kind, sequence, order, **fields):
    """A message of the book by order."""
    return at(kind, sequence=sequence, order_id=order, side="buy", **fields)


def match(sequence, maker, taker, size, kind="match", trade_id=7):
    ids = {"maker_order_id": maker, "taker_order_id": taker, "trade_id": trade_id}
    return at(kind, sequence=sequence, side="buy", price="100.5", size=size, **ids)


SNAPSHOT = at("snapshot", bids=[["100.5", "2"], ["100", "1"]], asks=[["101", "3"]])


@pytest.fixture
def read(write, tmp_path):
    """Reads messages a millisecond apart; the picture by order, if any, came with the first."""

    def reads(*messages, picture=None):
        answers = []
        if picture is not None:
            answers.append(tmp_path / "http")
            answers[0].write_text(f"{PICTURE} -> 1704067200.0005: {orjson.dumps(picture).decode()}\n")
        found = read_capture("coinbase", [write(*messages)], answers)
        assert found.unexplained == 0
        (recording,) = found.recordings
        assert recording.unexplained == 0
        return recording

    return reads


def test_a_book_by_price(read):
    changes = [["buy", "100.5", "0.00000000"], ["sell", "100.9", "0.25"], ["buy", "100.2", "4"]]
    book = read(SNAPSHOT, at("l2update", changes=changes))
    assert book.replay.book.levels(Side.BID) == [Level(1002, 400), Level(1000, 100)]
    assert book.replay.book.levels(Side.ASK) == [Level(1009, 25), Level(1010, 300)]
    assert (book.events.book["ts_event"] == 1704067200 * 10**9 + 1000).all()
    assert (book.events.book["flags"] & Flag.NO_SEQUENCE != 0).all()
    assert book.replay.book.unknown_deletes == 0


def test_a_match_is_a_trade_of_the_other_side(read):
    first, second = match(5, A, B, "0.5", kind="last_match"), match(9, C, D, "0.25", trade_id=8)
    trades = read(first, second, match(9, C, D, "0.25", kind="last_match", trade_id=8))
    rows = trades.events.trade
    assert trades.trades == 3
    assert rows["trade_id"].tolist() == [7, 8]  # a new connection tells the last one once more
    assert rows["sequence"].tolist() == [5, 9]
    assert rows["side"].tolist() == [Side.ASK, Side.ASK]  # the maker bought
    assert rows["maker_order_id"].tolist() == [order_id(A), order_id(C)]
    assert rows["taker_order_id"].tolist() == [order_id(B), order_id(D)]
    assert [bool(flags & Flag.SNAPSHOT) for flags in rows["flags"]] == [True, False]


@pytest.mark.parametrize("sizes", [{}, {"best_bid_size": "0.5", "best_ask_size": "2"}])
def test_a_ticker_is_a_quote(read, sizes):
    (quote,) = read(at("ticker", sequence=7, best_bid="100.5", best_ask="101", **sizes)).events.quote
    assert (quote["bid_price"], quote["ask_price"], quote["sequence"]) == (1005, 1010, 7)
    assert bool(quote["flags"] & Flag.NO_SIZE) is not bool(sizes)
    assert (quote["bid_size"], quote["ask_size"]) == ((5, 20) if sizes else (0, 0))


def test_sizes_that_are_not_told_are_null(read, tmp_path):
    path, *_ = Store(tmp_path / "events").write(read(at("ticker", sequence=7, best_bid="100.5", best_ask="101")))
    kept = pq.read_table(path, partitioning=None)
    assert (kept["bid_size"].null_count, kept["ask_size"].null_count, kept["bid_price"].null_count) == (1, 1, 0)


FULL = {"sequence": 10, "bids": [["100.5", "2", A], ["100.5", "1", B]], "asks": [["101", "3", C]], "time": TIME}


def test_a_book_by_order(read):
    """What is before the picture is in it; an order that is received does not rest before it is open."""
    book = read(
        told("open", 9, D, price="99", remaining_size="9"),
        told("open", 10, B, price="100.5", remaining_size="1"),
        told("received", 11, D, price="99.5", size="4", order_type="limit"),
        told("open", 12, D, price="99.5", remaining_size="3"),
        told("change", 13, D, price="99.5", old_size="3", new_size="2"),
        told("done", 14, B, price="100.5", remaining_size="1", reason="canceled"),
        picture=FULL,
    )
    assert (book.gaps, book.replay.book.unknown_deletes) == (0, 0)
    assert book.replay.book.orders(Side.BID, 1005) == [Order(order_id(A), 2)]
    assert book.replay.book.orders(Side.BID, 995) == [Order(order_id(D), 2)]
    assert book.events.book["action"].tolist() == [5, 1, 1, 1, Action.ADD, Action.MODIFY, Action.CANCEL]
    assert not (book.events.book["flags"][1:] & Flag.BY_PRICE).any()


def test_a_fill_changes_the_book_once(read):
    """The maker's `done` says nothing that its matches have not said, nor does that of an order that never rested."""
    book = read(
        at("heartbeat", sequence=10, last_trade_id=6),
        told("received", 11, D, size="2.5", order_type="market"),
        match(12, A, D, "2"),
        told("done", 13, A, price="100.5", remaining_size="0", reason="filled"),
        match(14, B, D, "0.5", trade_id=8),
        match(14, B, D, "0.5", trade_id=8),  # where `matches` is subscribed to as well
        told("done", 15, D, remaining_size="0", reason="filled"),
        told("received", 16, D, price="100.5", size="1", order_type="limit"),
        told("done", 17, D, price="100.5", remaining_size="1", reason="canceled"),
        told("activate", 18, D, stop_price="90"),
        picture=FULL,
    )
    assert book.replay.book.orders(Side.BID, 1005) == [Order(order_id(B), 5)]
    assert book.events.book["action"].tolist()[4:] == [Action.FILL, Action.FILL]
    assert book.replay.book.unknown_deletes == 0
    assert (book.trades, len(book.events.trade)) == (3, 2)
    assert not book.status


def test_a_missing_number_makes_the_book_invalid(read):
    lost = read(told("open", 11, D, price="99", remaining_size="1"), match(13, A, B, "1"), picture=FULL)
    assert lost.gaps == 1
    assert lost.replay.book.best_bid is None
    assert lost.status[-1].kind is StatusKind.GAP


def test_an_order_may_come_to_rest_unseen(read):
    """Its `open` is lost, and the next picture holds it: its end is not taken for that of one that never rested."""
    book = read(
        told("received", 5, A, price="100.5", size="2", order_type="limit"),
        told("activate", 10, D, stop_price="90"),
        told("done", 11, A, price="100.5", remaining_size="2", reason="canceled"),
        picture=FULL,
    )
    assert book.replay.book.orders(Side.BID, 1005) == [Order(order_id(B), 1)]


def test_the_same_in_lists(read):
    """Which say no side, and of an order that is done neither why nor what remains."""

    def listed(kind, number, *fields):
        return [kind, "BTC-USD", str(number), *fields, TIME]

    book = read(
        {"type": "level3", "schema": {}},
        listed("noop", 11),
        listed("open", 12, D, "sell", "100.9", "4"),
        listed("match", 13, A, C, "100.5", "2"),
        listed("done", 14, A),
        listed("match", 15, D, C, "100.9", "1"),
        listed("change", 16, D, "100.9", "2"),
        listed("done", 17, B),
        listed("done", 18, "5aaaaaaa-0000-4000-8000-000000000000"),
        picture=FULL,
    )
    assert book.replay.book.best_bid is None
    assert book.replay.book.orders(Side.ASK, 1009) == [Order(order_id(D), 2)]
    actions = [Action.ADD, Action.FILL, Action.FILL, Action.MODIFY, Action.CANCEL]
    assert book.events.book["action"].tolist()[4:] == actions
    assert book.events.book["side"].tolist()[4:] == [Side.ASK, Side.BID, Side.ASK, Side.ASK, Side.BID]
    assert book.events.trade["side"].tolist() == [Side.ASK, Side.BID]
    assert (book.gaps, book.replay.book.unknown_deletes, book.trades) == (0, 0, 2)


def test_one_symbol_has_one_book(read):
    """By price, where that came first: a book is never half of each kind."""
    both = read(SNAPSHOT, told("open", 11, D, price="100.7", remaining_size="1"), match(12, A, B, "1"), picture=FULL)
    assert both.replay.book.best_bid == Level(1005, 2)
    assert (both.events.book["flags"] & Flag.BY_PRICE != 0).all()
    assert both.trades == 1


def test_what_names_no_product_is_known():
    coinbase = venue("coinbase")
    assert all(coinbase.is_nameless({"type": kind}) for kind in ("subscriptions", "status", "error"))
    assert not coinbase.is_nameless({"type": "else"})
    assert not coinbase.is_nameless([1])


def test_what_it_asks_for():
    coinbase = venue("coinbase")
    (stream,) = coinbase.streams(["BTC-USD", "ETH-USD"])
    assert orjson.loads(stream.hello[0])["product_ids"] == ["BTC-USD", "ETH-USD"]
    entry = {"id": "BTC-USD", "quote_increment": "0.01", "base_increment": "0.00000001"}
    assert coinbase.learn(coinbase.listings_urls[0], [entry])
    assert str(coinbase.listings["BTC-USD"].tick) == "0.01"
    assert coinbase.answered("https://x/products/BTC-USD/book?level=3") == "BTC-USD"
    assert not coinbase.learn("https://x/else", [])


def test_the_real_capture(shared_data, plain):
    """Against a book kept by hand: a dictionary of prices a side."""
    folder = shared_data / "venues"
    books: dict[str, dict[str, dict]] = {}
    for message in plain(folder / "COINBASE.ws.28.0.xz"):
        if message["type"] == "snapshot":
            books[message["product_id"]] = {"buy": dict(message["bids"]), "sell": dict(message["asks"])}
        for side, price, size in message.get("changes", ()):
            books[message["product_id"]][side][price] = size
            if float(size) == 0:
                del books[message["product_id"]][side][price]
    *rows, nameless = import_capture("coinbase", [folder / "COINBASE.ws.28.0.xz"], [folder / "COINBASE.0.xz"])
    assert (nameless.symbol, nameless.messages, nameless.unexplained) == (None, 3, 0)
    assert sorted(books) == [row.symbol for row in rows]
    for row in rows:
        best = max(books[row.symbol]["buy"], key=float), min(books[row.symbol]["sell"], key=float)
        assert (float(row.best_bid), float(row.best_ask)) == tuple(map(float, best))
        assert (row.unexplained, row.gaps, row.crossed, row.unknown_deletes) == (0, 0, 0, 0)
    assert sum(row.trades for row in rows) == 107
    assert sum(row.messages for row in rows) == 9943
