"""Deribit: changes that name the one before, and numbers in JSON."""

import lzma
from decimal import Decimal

import numpy as np
import orjson
import pytest

from atom.book import Level
from atom.events import Action, Side, StatusKind, Unit
from atom.imports import import_capture
from atom.reader import read_capture
from atom.venues.deribit import Deribit
from fusion.errors import CaptureError

NAME = "ETH-30JUL21-2800-C"
STREAM, LISTINGS = "DERIBIT.ws.1.0.xz", "DERIBIT.0.xz"


def told(channel, data):
    return {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}


def book(kind, last, bids=(), asks=(), previous=None, name=NAME):
    data = {"type": kind, "timestamp": 1704067200001, "instrument_name": name, "change_id": last}
    if previous is not None:
        data["prev_change_id"] = previous
    return told(f"book.{name}.100ms", {**data, "bids": list(bids), "asks": list(asks)})


def ticker(name=NAME, **more):
    data = {"timestamp": 1704067200001, "instrument_name": name, "mark_price": 1e-06, "index_price": 2006.72}
    tops = {"best_bid_price": 0.0015, "best_bid_amount": 4714.0, "best_ask_price": 0.0, "best_ask_amount": 0.0}
    return told(f"ticker.{name}.100ms", {**data, **tops, "open_interest": 3709.0, **more})


def trade(name=NAME, **more):
    data = {"trade_seq": 30, "trade_id": "ETH-48079289", "timestamp": 1704067200001, "instrument_name": name}
    return {**data, "price": 0.0025, "direction": "sell", "amount": 5.0, **more}


PICTURE = book("snapshot", 10, [["new", 0.0015, 4714.0], ["new", 0.001, 861.0]], [["new", 0.0025, 873.0]])


@pytest.fixture
def read(write):
    def reads(*messages, http=()):
        found = read_capture("deribit", [write(*messages)], http)
        assert found.unexplained == 0
        return found.recordings[0]

    return reads


def test_a_picture_and_its_changes(read):
    changes = [["change", 0.0015, 1e-05], ["delete", 0.001, 0.0], ["new", 1e-05, 1]]
    recording = read(PICTURE, book("change", 12, changes, previous=10), book("change", 13, [], previous=12))
    instrument = recording.events.instrument
    assert (instrument.symbol, instrument.tick, instrument.lot) == (NAME, Decimal("1e-5"), Decimal("1e-5"))
    assert recording.replay.book.levels(Side.BID) == [Level(150, 1), Level(1, 100_000)]
    assert recording.replay.book.levels(Side.ASK) == [Level(250, 87_300_000)]
    assert recording.events.book["sequence"][-1] == 12
    assert recording.events.book["ts_event"][-1] == 1704067200001 * 10**6
    assert (recording.gaps, recording.messages) == (0, 3)


def test_a_change_that_names_another_is_a_gap_until_the_next_picture(read):
    lost = [PICTURE, book("change", 14, [["new", 0.002, 1.0]], previous=12)]
    recording = read(*lost)
    assert (recording.gaps, recording.replay.book.valid) == (1, False)
    assert recording.events.book["action"][-1] == Action.CLEAR
    found = read(*lost, book("snapshot", 20, [["new", 0.001, 1.0]]))
    assert [status.kind for status in found.status] == [StatusKind.GAP, StatusKind.RESYNC]
    assert found.replay.book.valid


def test_a_few_levels_again_and_again(read):
    few = {"timestamp": 1704067200001, "instrument_name": NAME, "change_id": 9, "asks": []}
    recording = read(*(told(f"book.{NAME}.none.10.100ms", {**few, "bids": [[0.001, size]]}) for size in (1, 2.5)))
    assert recording.replay.book.levels(Side.BID) == [Level(1, 25)]
    both = read(PICTURE, told(f"book.{NAME}.none.10.100ms", {**few, "bids": []}))
    assert len(both.replay.book.levels(Side.BID)) == 2  # what tells all is not replaced by what tells less


def test_trades(read):
    all_options = told("trades.option.any.100ms", [trade(), trade(trade_id="7", direction="buy", trade_seq=31)])
    recording = read(all_options)
    assert recording.trades == 1
    fields = recording.events.trade[["side", "price", "size", "trade_id", "sequence"]].tolist()
    assert fields == [(Side.ASK, 25, 5, 48079289, 30), (Side.BID, 25, 5, 7, 31)]


@pytest.mark.parametrize(("who", "closing"), [("T", [Side.ASK]), ("M", [Side.BID]), ("MT", [Side.BID, Side.ASK])])
def test_a_forced_trade_is_a_liquidation_of_one_side_or_both(read, who, closing):
    liquidations = read(told(f"trades.{NAME}.raw", [trade(liquidation=who)])).events.more["liquidation"]
    assert liquidations["side"].tolist() == closing
    assert (liquidations["price"] == 0.0025).all()


def test_a_ticker(read):
    events = read(ticker()).events
    assert events.quote[["bid_price", "bid_size", "ask_price", "ask_size"]].tolist() == [(15, 4714, 0, 0)]
    assert (events.more["mark_price"]["price"][0], events.more["index_price"]["price"][0]) == (1e-06, 2006.72)
    interest = events.more["open_interest"][0]
    assert (interest["unit"], interest["size"]) == (Unit.BASE, 3709)
    assert np.isnan(interest["value"])
    assert "funding" not in events.more
    perpetual = read(ticker("BTC-PERPETUAL", current_funding=-0.00012, best_ask_price=None)).events
    interest = perpetual.more["open_interest"][0]
    assert (interest["unit"], interest["size"], interest["value"]) == (Unit.QUOTE, 3709, 3709)
    assert perpetual.more["funding"][["rate", "next_ts"]].tolist() == [(-0.00012, 0)]


def test_a_spot_market_has_no_open_interest(read):
    spot = ticker("BTC_USDC")
    del spot["params"]["data"]["open_interest"]
    assert set(read(spot).events.more) == {"mark_price", "index_price"}


def test_combinations_are_not_read(read):
    name = "BTC-FS-27DEC24_PERP"
    recording = read(book("snapshot", 1, [["new", -12.5, 10.0]], name=name), ticker(name, best_bid_price=-12.5))
    assert (recording.messages, len(recording.events)) == (2, 0)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTC-PERPETUAL", "BTC-USD-PERP"),
        ("SOL_USDC-PERPETUAL", "SOL-USDC-PERP"),
        ("BTC_USDC", "BTC-USDC"),
        ("BTC-24SEP21", "BTC-24SEP21"),
        ("BTC-24SEP21-8000-P", "BTC-24SEP21-8000-P"),
        ("XRP_USDC-28JUN24-0d6-C", "XRP_USDC-28JUN24-0d6-C"),
        ("BTC-FS-27DEC24_PERP", "BTC-FS-27DEC24_PERP"),
    ],
)
def test_names(name, symbol):
    assert Deribit().symbol(name) == symbol


def test_instrument_data(read, tmp_path):
    steps = [{"above_price": 0.005, "tick_size": 0.0005}, {"above_price": 0.0, "tick_size": 0.0001}]
    entry = {"instrument_name": NAME, "tick_size": 0.0005, "min_trade_amount": 1, "contract_size": 1.0}
    http = tmp_path / "http"
    body = orjson.dumps({"result": [{**entry, "tick_size_steps": steps}]}).decode()
    http.write_text(f"https://www.deribit.com/api/v2/public/get_instruments?currency=ETH -> 1704067199: {body}\n")
    recording = read(PICTURE, ticker(), http=[http])
    assert (recording.events.instrument.tick, recording.events.instrument.lot) == (Decimal("0.0001"), Decimal(1))
    assert recording.events.more["open_interest"]["contract_size"].tolist() == [1]


def test_what_names_no_symbol(read):
    nameless = [
        {"jsonrpc": "2.0", "id": 1, "result": ["book.X.raw"]},
        {"jsonrpc": "2.0", "id": 2, "error": {"code": 13778, "message": "raw_subscriptions_not_available"}},
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}},
        told("deribit_price_index.btc_usd", {"timestamp": 1704067200001, "price": 3.9, "index_name": "btc_usd"}),
        told("markprice.options.btc_usd", [{"mark_price": 0.1, "instrument_name": NAME}]),
        told("perpetual.BTC-PERPETUAL.raw", {"interest": 0.004, "index_price": 7872.88}),
    ]
    assert read(PICTURE, *nameless[:5]).messages == 6
    assert read(nameless[5]).events.instrument.symbol == "BTC-USD-PERP"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (book("change", 12), "the message lacks 'prev_change_id'"),
        (book("new", 12), "'new' is no type of a book"),
        (book("change", 1.5, previous=10), "1.5 is no integer"),
        (book("change", 12, [["moved", 1, 1]], previous=10), "'moved' is nothing that happens to a level"),
        (book("change", 12, [["new", 1]], previous=10), "not enough values"),
        (book("change", 12, [["new", -1.5, 1]], previous=10), "'-1.5' is no unsigned decimal number"),
        (book("change", 12, [["new", True, 1]], previous=10), "True is no number"),
        (told("trades.X.raw", [trade(direction="up")]), "the message lacks 'up'"),
        (ticker(mark_price=None), "None is no number"),
        (ticker(timestamp=2**60), "does not fit 64 bits"),
    ],
)
def test_a_malformed_message_is_told_with_its_line(read, message, error):
    with pytest.raises(CaptureError) as caught:
        read(PICTURE, message)
    assert "capture.txt:2: " in str(caught.value)
    assert error in str(caught.value)


def test_what_is_asked_for():
    names = [f"BTC-{n}" for n in range(150)]
    (stream,) = Deribit().streams(names)
    asked = [orjson.loads(each)["params"]["channels"] for each in stream.hello]
    assert [len(channels) for channels in asked] == [300, 150]
    assert sorted({channel.split(".")[1] for channels in asked for channel in channels}) == sorted(names)


def test_a_real_capture(shared_data):
    files = [shared_data / "venues" / STREAM], [shared_data / "venues" / LISTINGS]
    rows = import_capture("deribit", *files)
    assert sum(row.messages for row in rows) == 136
    assert all((row.unexplained, row.gaps, row.crossed, row.unknown_deletes) == (0, 0, 0, 0) for row in rows)
    with lzma.open(files[0][0]) as file:
        messages = [orjson.loads(line.partition(b": ")[2]) for line in file if b'"subscription"' in line]
    held = {}
    for data in (message["params"]["data"] for message in messages if "book." in message["params"]["channel"]):
        sides = held.setdefault(data["instrument_name"], {"bids": {}, "asks": {}})
        for side, changes in ((side, data[side]) for side in sides):
            sides[side] |= {price: size for _, price, size in changes}
            sides[side] = {price: size for price, size in sides[side].items() if size}
    assert len(held) == 10
    for row in rows[:-1]:
        bids, asks = held[row.symbol]["bids"], held[row.symbol]["asks"]
        assert (row.best_bid and float(row.best_bid)) == max(bids, default=None)
        assert (row.best_ask and float(row.best_ask)) == min(asks, default=None)
    recordings = read_capture("deribit", *files).recordings
    assert sum(len(one.events.quote) for one in recordings) == 89
    assert all(one.events.more.keys() == {"index_price", "mark_price", "open_interest"} for one in recordings)
