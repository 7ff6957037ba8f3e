"""What cryptofeed's own parsers make of recorded lines, against our own reader where both know a venue."""

import asyncio
import inspect
import json
import re
import zlib

import orjson
import pytest

from atom.book import Order
from atom.capture import Capture, Form, Line
from atom.events import Flag, Side, StatusKind
from atom.gather.desk import Desk
from atom.imports import READERS
from atom.reader import read_capture
from atom.venues import VENUES, cryptofeed
from atom.venues.table import table
from fusion.errors import BadInput, CaptureError

GEMINI = "https://api.gemini.com/v1/symbols"
BTC = {"symbol": "BTCUSD", "base_currency": "BTC", "quote_currency": "USD", "tick_size": 1e-8, "status": "open"}
BOOK = {"type": "l2_updates", "symbol": "BTCUSD", "changes": [["buy", "9122.04", "0.121425"], ["sell", "9122.07", "1"]]}
TRADE = {"type": "trade", "symbol": "BTCUSD", "event_id": 169841458, "timestamp": 1560976400428, "price": "9122.04"}
TRADE |= {"quantity": "0.0073173", "side": "sell"}
GATEIO = "https://api.gateio.ws/api/v4/spot/currency_pairs"
PICTURE = "https://api.gateio.ws/api/v4/spot/order_book?currency_pair=BTC_USDT&limit=100&with_id=true"
BLOCKCHAIN = "https://api.blockchain.com/mercury-gateway/v1/instruments"


@pytest.fixture
def read(tmp_path):
    """Reads messages that came a second apart, and answers by the second in which they came."""

    def reads(venue, *messages, answers=()):
        stream, http = tmp_path / "ws", tmp_path / "http"
        told = [m if isinstance(m, str) else orjson.dumps(m).decode() for m in messages]
        stream.write_text("".join(f"{1704067200 + n}: {message}\n" for n, message in enumerate(told)))
        http.write_text("".join(f"{url} -> {1704067200 + at}: {json.dumps(body)}\n" for at, url, body in answers))
        return read_capture(venue, [stream], [http] if answers else [])

    return reads


def gemini():
    other = {**BTC, "symbol": "ETHUSD", "base_currency": "ETH"}
    answers = [(-3, GEMINI, ["btcusd", "ethusd"])]
    return [*answers, (-2, f"{GEMINI}/details/btcusd", BTC), (-1, f"{GEMINI}/details/ethusd", other)]


def test_levels_and_trades(read):
    change = {**BOOK, "changes": [["buy", "9122.04", "0"], ["buy", "9121.5", "2"]]}
    (one,) = read("gemini", BOOK, {"type": "heartbeat"}, TRADE, change, answers=gemini()).recordings
    assert (one.events.instrument.venue, one.events.instrument.symbol) == ("gemini", "BTC-USD")
    assert (one.messages, one.unexplained, one.trades) == (4, 0, 1)
    price = one.events.instrument.price_text
    assert price(one.replay.book.best_bid.price) == "9121.50"
    assert price(one.replay.book.best_ask.price) == "9122.07"
    trade = one.events.trade[0]
    assert (trade["side"], trade["trade_id"], trade["ts_event"]) == (Side.ASK, 169841458, 1560976400428000000)
    assert trade["ts_recv"] == 1704067202 * 10**9
    assert trade["flags"] & Flag.NO_TRADE_ID == 0


def test_what_cryptofeed_complains_of_is_not_understood(read):
    (one,) = read("gemini", BOOK, {"type": "new"}, answers=gemini()).recordings
    assert one.unexplained == 1


def test_bytes_come_as_python_shows_them(read):
    listed = {"data": [{"base-currency": "btc", "quote-currency": "usdt", "state": "online", "symbol": "btcusdt"}]}
    tick = {"id": 7, "ts": 1704067200001, "amount": 0.5, "price": 42000.1, "direction": "sell", "tradeId": 8}
    trade = {"ch": "market.btcusdt.trade.detail", "ts": 1704067200002, "tick": {"id": 7, "ts": 1, "data": [tick]}}
    answers = [(-1, "https://api.huobi.pro/v1/common/symbols", listed)]
    packed = zlib.compress(orjson.dumps(trade), wbits=31)
    (one,) = read("huobi", repr(packed), answers=answers).recordings
    assert (one.unexplained, one.trades, one.events.instrument.symbol) == (0, 1, "BTC-USDT")
    with pytest.raises(CaptureError, match="no bytes as Python shows them"):
        read("huobi", "b'x", answers=answers)


@pytest.mark.parametrize(("told", "words"), [([], "no answer of .*symbols came"), (None, "cryptofeed cannot read it")])
def test_what_is_missing_or_malformed_is_refused(read, told, words):
    message = {**BOOK, "changes": [["buy", "many", "1"]]} if told is None else BOOK
    with pytest.raises(CaptureError, match=f"ws:1: .*{words}"):
        read("gemini", message, answers=gemini() if told is None else told)


def delta(first, last, *bids):
    result = {"t": 1704067200000, "s": "BTC_USDT", "U": first, "u": last, "b": list(bids), "a": []}
    return {"channel": "spot.order_book_update", "event": "update", "time": 1704067200, "result": result}


def gateio(*, at=None):
    pair = {"id": "BTC_USDT", "base": "BTC", "quote": "USDT", "precision": 2, "trade_status": "tradable"}
    listed = [(-1, GATEIO, [pair])]
    picture = {"id": 10, "bids": [["100", "1"]], "asks": [["101", "1"]]}
    return listed if at is None else [*listed, (at, PICTURE, picture)]


def test_changes_wait_for_the_picture_that_is_asked_for(read):
    told = [delta(11, 11, ["100.5", "2"]), delta(12, 12, ["100.6", "3"])]
    (one,) = read("gateio", *told, delta(13, 13, ["100", "0"]), answers=gateio(at=1.5)).recordings
    assert one.unexplained == 0
    assert [level.price for level in one.replay.book.levels(Side.BID)] == [1006, 1005]
    assert one.events.book["ts_recv"][-1] == 1704067202 * 10**9


def test_a_picture_that_never_comes_is_told(read):
    with pytest.raises(CaptureError, match="none of 1 messages is about a symbol"):
        read("gateio", delta(11, 11, ["100.5", "2"]), answers=gateio())


def test_orders_and_a_number_that_is_missing(read):
    order = {"id": "12", "px": 100.5, "qty": 2.0}
    l3 = {"channel": "l3", "symbol": "BTC-USD"}
    first = {"seqnum": 0, "event": "snapshot", **l3, "bids": [order, {**order, "id": "13"}], "asks": []}
    change = {"seqnum": 1, "event": "updated", **l3, "bids": [{**order, "qty": 0.5}], "asks": []}
    answers = [(-1, BLOCKCHAIN, LISTED)]
    (one,) = read("blockchain", first, change, answers=answers).recordings
    assert one.replay.book.orders(Side.BID, 1005) == [Order(12, 5), Order(13, 20)]
    (lost,) = read("blockchain", first, {**change, "seqnum": 3}, answers=answers).recordings
    assert (lost.gaps, lost.replay.book.best_bid) == (1, None)
    assert StatusKind.GAP in [status.kind for status in lost.status]


LISTED = [{"symbol": "BTC-USD", "status": "open"}]
L3 = {"channel": "l3", "symbol": "BTC-USD", "bids": [{"id": "12", "px": 100.5, "qty": 2.0}], "asks": []}


def line(form, body, *, stream=0, url=""):
    return Line(1704067200 * 10**9, form, url, orjson.dumps(body), 0, stream)


def test_a_live_recorder_is_served_too():
    of = cryptofeed.venue("blockchain")()
    desk = Desk(of)

    async def record():
        desk.receive(line(Form.ANSWER, LISTED, url=of.listings_urls[0]))
        (stream,) = of.streams(["BTC-USD"])
        assert desk.receive(line(Form.MESSAGE, {**L3, "seqnum": 0, "event": "snapshot"}, stream=1))
        return stream

    stream = asyncio.run(record())
    assert stream.url == "wss://ws.blockchain.info/mercury-gateway/v1/ws"
    assert {"action": "subscribe", "symbol": "BTC-USD", "channel": "l3"} in map(orjson.loads, stream.hello)
    assert '"l2"' not in "".join(stream.hello)  # one book of a symbol is enough
    assert not desk.columns["BTC-USD"].stale
    assert of.listings["BTC-USD"].symbol == "BTC-USD"


def test_a_connection_that_is_made_anew_leaves_the_others_alone():
    of = cryptofeed.venue("blockchain")()
    desk = Desk(of)
    desk.take(line(Form.ANSWER, [*LISTED, {"symbol": "ETH-USD", "status": "open"}], url=of.listings_urls[0]))
    for stream, name in ((1, "BTC-USD"), (2, "ETH-USD")):
        desk.take(line(Form.CONNECT, "", stream=stream, url="wss://ws.blockchain.info"))
        desk.take(line(Form.MESSAGE, {**L3, "seqnum": 0, "event": "snapshot", "symbol": name}, stream=stream))
    desk.take(line(Form.CONNECT, "", stream=1, url="wss://ws.blockchain.info"))
    assert (desk.columns["BTC-USD"].stale, desk.columns["ETH-USD"].stale) == (True, False)
    desk.take(line(Form.MESSAGE, {**L3, "seqnum": 1, "event": "updated", "symbol": "ETH-USD"}, stream=2))
    desk.take(line(Form.MESSAGE, {**L3, "seqnum": 0, "event": "snapshot"}, stream=1))
    assert not any(columns.stale or columns.gaps for columns in desk.columns.values())


@pytest.mark.parametrize("number", [2**63, "7"])
def test_a_number_that_does_not_count_is_refused(read, number):
    with pytest.raises(CaptureError, match=r"ws:1: .*cryptofeed cannot read it"):
        read(
            "blockchain",
            {**L3, "seqnum": number, "event": "snapshot"},
            answers=[(-1, cryptofeed.venue("blockchain").listings_urls[0], LISTED)],
        )


def test_what_is_told_of_a_symbol_that_nobody_wants_is_not_kept():
    desk = Desk(cryptofeed.venue("gemini")())
    for at, url, body in gemini():
        desk.take(Line(at + 10, Form.ANSWER, url, orjson.dumps(body), 0, 0))
    desk.take(Line(20, Form.NOTE, "wss://gemini", b'expect ["BTCUSD"]', 0, 1))
    for n in range(50):
        desk.receive(Line(21 + n, Form.MESSAGE, "", orjson.dumps({**TRADE, "symbol": "ETHUSD", "event_id": n}), 0, 1))
    assert list(desk.columns) == ["BTCUSD"]
    assert sum(map(len, desk._streams[1].venue._reader.told.values())) <= 2


@pytest.mark.parametrize("name", ["gateio", "kucoin", "huobi"])
def test_what_works_on_recordings_alone_is_said(name):
    with pytest.raises(BadInput, match=f"{name} cannot be recorded live: recorded traffic only"):
        cryptofeed.venue(name)().streams(["BTC-USDT"])


def test_names_are_ours():
    assert cryptofeed._ours("BTC-USD-24U27") == "BTC-USD-240927"
    assert cryptofeed._ours("BTC-USDT-PERP") == "BTC-USDT-PERP"
    assert cryptofeed.venue("bitmex")().symbol("XBTU24") == "XBTU24"  # nothing is known of it yet


def test_the_table_names_each_venue_once():
    rows = table()
    assert [row.id for row in rows if row.how == "own"] == sorted(VENUES)
    others = {row.id: row for row in rows if row.how == "cryptofeed"}
    chain = {row.id for row in rows if row.how == "chain"}
    assert chain == READERS.keys()
    assert len(rows) == len({row.id for row in rows}) == len(VENUES) + len(others) + len(chain)
    assert others.keys() == cryptofeed.NAMES.keys() - VENUES.keys()
    assert "recorded traffic only" in others["kucoin"].limit
    assert all(row.channels and row.name for row in rows)


def test_the_table_names_what_is_read():
    rows = {row.id: row.channels for row in table()}
    for name, of in VENUES.items():
        parents = [parent for parent in of.__mro__ if parent.__module__.startswith("atom.venues.")]
        source = "".join(inspect.getsource(parent) for parent in parents)
        assert set(re.findall(r'columns\.note\("(\w+)"', source)) <= set(rows[name])
        assert "columns.quote(" not in source or "quote" in rows[name]


def test_the_command_lists_them(capsys):
    from cli.atom import venues

    venues(as_json=True)
    told = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert (told["okx"]["how"], told["gemini"]["how"]) == ("own", "cryptofeed")
    assert told["independent_reserve"]["unverified"] == ["fill", "trade"]


@pytest.mark.parametrize(("name", "trades"), [("binance", 2), ("binance_futures", 91)])
def test_the_same_trades_and_book_as_our_own_reader(shared_data, name, trades):
    parts = ("ws.1.0", "http.0.0", "0")
    stream, *answers = (shared_data / "venues" / f"{name.upper()}.{part}.xz" for part in parts)
    capture = Capture([stream, *answers])
    desk = Desk(cryptofeed.venue(name)(), capture.where)
    for line in capture:
        desk.take(line)
    assert not desk.unexplained
    theirs = {desk.venue.symbol(symbol): desk.events(symbol) for symbol in desk.columns}
    ours = {one.events.instrument.symbol: one for one in read_capture(name, [stream], answers).recordings}
    assert theirs.keys() == ours.keys()
    assert sum(len(events.trade) for events in theirs.values()) == trades
    for symbol, one in ours.items():
        events, instrument = theirs[symbol], one.events.instrument
        assert told(events.trade, events.instrument) == told(one.events.trade, instrument)
        assert levels(events.book, events.instrument) == levels(one.events.book, instrument)


def told(rows, instrument):
    sizes = instrument.prices(rows["price"]).tolist(), instrument.sizes(rows["size"]).tolist()
    return *sizes, rows["side"].tolist(), rows["trade_id"].tolist(), rows["ts_event"].tolist(), rows["ts_recv"].tolist()


def levels(rows, instrument):
    from atom.book import replay

    book = replay(rows).book
    both = [[(instrument.tick * at.price, instrument.lot * at.size) for at in book.levels(side)] for side in (1, 2)]
    assert min(map(len, both)) > 100
    return both
