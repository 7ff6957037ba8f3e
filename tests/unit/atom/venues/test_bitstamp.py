"""Bitstamp: books whose changes have times instead of numbers."""

import orjson
import pytest

from atom.book import Level, Order
from atom.events import Action, Flag, Side
from atom.imports import import_capture
from atom.reader import read_capture
from atom.venues import venue

NOON = 1704067200_000000  # microseconds
PICTURE = "https://www.bitstamp.net/api/v2/order_book/btcusd/"


def channel(name, event, data):
    return {"channel": f"{name}_btcusd", "event": event, "data": data}


def change(time, bids=(), asks=(), name="diff_order_book"):
    return channel(name, "data", {"microtimestamp": str(NOON + time), "bids": bids, "asks": asks})


def order(event, time, number, price, size, side=0):
    data = {"id": number, "order_type": side, "price_str": price, "amount_str": size}
    return channel("live_orders", f"order_{event}", {**data, "microtimestamp": str(NOON + time)})


def picture(time, bids=(), asks=()):
    return {"microtimestamp": str(NOON + time), "bids": bids, "asks": asks}


@pytest.fixture
def read(tmp_path):
    """Reads messages a second apart; a picture stands among them as what it is."""

    def reads(*messages):
        stream, answers = tmp_path / "ws", tmp_path / "http"
        lines = [(1704067200 + n, message, "event" in message) for n, message in enumerate(messages)]
        stream.write_text("".join(f"{at}: {orjson.dumps(m).decode()}\n" for at, m, told in lines if told))
        pictures = [f"{PICTURE} -> {at}: {orjson.dumps(m).decode()}\n" for at, m, told in lines if not told]
        answers.write_text("".join(pictures) or "\n")
        (recording,) = read_capture("bitstamp", [stream], [answers] if pictures else []).recordings
        assert recording.unexplained == 0
        return recording

    return reads


def test_what_a_picture_holds_is_not_taken_again(read):
    book = read(
        change(10, [["100", "9"]]),
        change(20, [["100", "8"]]),
        picture(20, [["100", "1"], ["99", "2"]], [["101", "3"]]),
        change(30, [["99", "0.00000000"]], [["100.5", "0.5"]]),
    )
    assert book.replay.book.levels(Side.BID) == [Level(1000, 10)]
    assert book.replay.book.levels(Side.ASK) == [Level(1005, 5), Level(1010, 30)]
    assert (book.gaps, book.replay.book.unknown_deletes) == (0, 0)
    assert book.events.book["ts_event"].tolist()[-1] == (NOON + 30) * 1000
    assert book.events.book["sequence"].tolist()[-1] == NOON + 30


def test_a_picture_older_than_the_first_change_is_of_no_use(read):
    """What happened between them nobody has told."""
    lost = read(change(30, [["100", "9"]]), picture(20, [["100", "1"]]), change(40, [["100", "8"]]))
    assert lost.gaps == 1
    assert lost.replay.book.best_bid is None
    found = read(change(30, [["100", "9"]]), picture(20), picture(35, [["100", "1"]]), change(40, [["99", "8"]]))
    assert found.replay.book.levels(Side.BID) == [Level(100, 1), Level(99, 8)]


def test_a_quiet_market_has_no_change_before_its_picture(read):
    book = read(picture(20, [["100", "1"]]), change(30, [["99", "9"]]), change(40, [["100", "2"]]))
    assert (book.gaps, book.replay.book.best_bid) == (0, Level(100, 2))


def test_a_book_by_order(read):
    """Changes of one moment are taken one after the other."""
    book = read(
        order("created", 10, 1, "100", "1"),
        picture(10, [["100", "1", "1"], ["100", "2", "2"]], [["101", "3", "3"]]),
        order("created", 20, 4, "100", "4"),
        order("changed", 20, 2, "100", "0.5"),
        order("deleted", 20, 1, "100", "1"),
        order("created", 20, 5, "100.5", "5", side=1),
    )
    assert book.replay.book.orders(Side.BID, 1000) == [Order(2, 5), Order(4, 40)]
    assert book.replay.book.best_ask == Level(1005, 50)
    assert book.events.book["action"].tolist()[4:] == [Action.ADD, Action.MODIFY, Action.CANCEL, Action.ADD]
    assert book.replay.book.unknown_deletes == 0


@pytest.mark.parametrize(
    ("name", "bids", "orders"),
    [("order_book", [["100", "1"]], []), ("detail_order_book", [["100", "1", "7"]], [Order(7, 1)])],
)
def test_the_best_again_and_again(read, name, bids, orders):
    book = read(change(1, [["99", "1", "6"][: len(bids[0])]], name=name), change(2, bids, name=name))
    assert book.replay.book.levels(Side.BID) == [Level(100, 1)]
    assert book.replay.book.orders(Side.BID, 100) == orders


def test_one_symbol_has_one_book(read):
    both = read(change(10, [["100", "1"]]), order("created", 15, 1, "105", "1"), picture(20, [["100", "2"]]))
    assert (both.events.book["flags"] & Flag.BY_PRICE != 0).all()
    assert both.replay.book.best_bid == Level(100, 2)


@pytest.mark.parametrize(("kind", "side", "orders"), [(0, Side.BID, (20, 10)), (1, Side.ASK, (10, 20))])
def test_a_trade(read, kind, side, orders):
    data = {"id": 5, "type": kind, "price_str": "100.50", "amount_str": "0.25", "microtimestamp": str(NOON)}
    told = read(channel("live_trades", "trade", {**data, "buy_order_id": 10, "sell_order_id": 20}))
    (trade,) = told.events.trade
    assert (trade["side"], trade["price"], trade["size"], trade["trade_id"]) == (side, 1005, 25, 5)
    assert (trade["maker_order_id"], trade["taker_order_id"]) == orders


def test_answers_and_what_names_no_symbol(read):
    told = read(
        channel("live_trades", "bts:subscription_succeeded", {}), {"event": "bts:request_reconnect", "data": ""}
    )
    assert told.messages == 2
    assert not venue("bitstamp").is_nameless({"event": "else"})


@pytest.mark.parametrize(
    ("listed", "name", "symbol"),
    [
        ({"url_symbol": "btcusd", "name": "BTC/USD"}, "btcusd", "BTC-USD"),
        ({"market_symbol": "btcusd-perp", "name": "BTC/USD-PERP"}, "btcusd-perp", "BTC-USD-PERP"),
        (None, "usdteur", "USDT-EUR"),
        (None, "btcusd-perp", "BTC-USD-PERP"),
        (None, "else", "ELSE"),
    ],
)
def test_names(listed, name, symbol):
    bitstamp = venue("bitstamp")
    if listed:
        assert bitstamp.learn(bitstamp.listings_urls[0], [{**listed, "base_decimals": 8, "counter_decimals": 2}])
        assert str(bitstamp.listings[name].lot) == "1E-8"
    assert bitstamp.symbol(name) == symbol


def test_what_it_asks_for():
    bitstamp = venue("bitstamp")
    (stream,) = bitstamp.streams(["btcusd"])
    assert [orjson.loads(each)["data"]["channel"] for each in stream.hello] == [
        "diff_order_book_btcusd",
        "live_trades_btcusd",
    ]
    assert bitstamp.answered(bitstamp.snapshot_url("btcusd")) == "btcusd"
    assert bitstamp.answered("https://www.bitstamp.net/api/v2/markets/") is None


def test_the_real_capture(shared_data, plain):
    """Against a book kept by hand: a dictionary of prices a side."""
    folder = shared_data / "venues"
    files = [folder / f"BITSTAMP.{part}.xz" for part in ("http.0.0", "0")]
    names = ("sgbeur", "ethusd", "xrpeur", "bateur", "usdteur", "usdtusd", "xlmgbp", "adaeur", "batbtc", "galaeur")
    books = dict(zip(names, plain(files[0]), strict=True))
    taken = {
        name: (int(book["microtimestamp"]), dict(book["bids"]), dict(book["asks"])) for name, book in books.items()
    }
    for message in plain(folder / "BITSTAMP.ws.1.0.xz"):
        name = message["channel"].rpartition("_")[2]
        if message["event"] == "data" and int(message["data"]["microtimestamp"]) > taken[name][0]:
            for side, changes in zip(taken[name][1:], (message["data"]["bids"], message["data"]["asks"]), strict=True):
                side.update(changes)
    rows = import_capture("bitstamp", [folder / "BITSTAMP.ws.1.0.xz"], files)
    assert len(rows) == len(names)
    assert all((row.unexplained, row.gaps, row.crossed, row.unknown_deletes) == (0, 0, 0, 0) for row in rows)
    for row in rows:
        _, bids, asks = taken[row.symbol.replace("-", "").lower()]
        best = (
            max(float(price) for price in bids if float(bids[price])),
            min(float(price) for price in asks if float(asks[price])),
        )
        assert (float(row.best_bid), float(row.best_ask)) == best
    assert sum(row.trades for row in rows) == 10
    assert sum(row.messages for row in rows) == 757
