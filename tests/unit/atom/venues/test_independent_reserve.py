"""Independent Reserve: each order of each currency's book, and its place in the queue."""

import lzma
from collections import OrderedDict
from decimal import Decimal

import orjson
import pytest

from atom.book import Order
from atom.events import Action, Flag, Side, StatusKind
from atom.reader import read_capture
from atom.venues.independent_reserve import IndependentReserve
from atom.venues.template import order_id
from fusion.errors import CaptureError

A, B, C = (f"{n}0000000-0000-4000-8000-000000000000" for n in (1, 2, 3))
SNAPSHOT = "https://api.independentreserve.com/Public/GetAllOrders?primaryCurrencyCode=xbt&secondaryCurrencyCode=aud"
CODES = "https://api.independentreserve.com/Public/GetValidSecondaryCurrencyCodes"


def event(kind, nonce, guid, volume=None, price=None, side="LimitBid"):
    data = {"OrderType": side, "OrderGuid": guid}
    if volume is not None:
        data["Volume"] = volume
    if price is not None:
        data["Price"] = {"aud": price, "usd": price / 2}
    return {"Channel": "orderbook-xbt", "Nonce": nonce, "Data": data, "Time": 1704067200000 + nonce, "Event": kind}


def picture(*bids):
    orders = [{"Guid": guid, "Price": price, "Volume": volume} for guid, price, volume in bids]
    return {"BuyOrders": orders, "SellOrders": [], "CreatedTimestampUtc": "2024-01-01T00:00:00.0050001Z"}


@pytest.fixture
def read(tmp_path):
    """Reads messages that came a second apart; a picture stands among them as what it is."""

    def reads(*messages):
        stream, answers = tmp_path / "ws", tmp_path / "http"
        told = [(1704067200 + n, message) for n, message in enumerate(messages)]
        stream.write_text("".join(f"{at}: {orjson.dumps(m).decode()}\n" for at, m in told if "BuyOrders" not in m))
        codes = f'{CODES} -> 1704067199: ["Aud","Usd"]\n'
        pictures = [f"{SNAPSHOT} -> {at}: {orjson.dumps(m).decode()}\n" for at, m in told if "BuyOrders" in m]
        answers.write_text(codes + "".join(pictures))
        found = read_capture("independent_reserve", [stream], [answers])
        assert found.unexplained == 0
        return {one.events.instrument.symbol: one for one in found.recordings}

    return reads


def test_one_message_is_about_a_book_for_each_currency(read):
    books = read(event("NewOrder", 7, A, 2, 50.5), picture((A, 50.5, 2)), event("NewOrder", 8, B, 0.125, 50))
    assert sorted(books) == ["BTC-AUD", "BTC-USD"]
    assert books["BTC-AUD"].events.instrument.venue_symbol == "xbt-aud"
    assert [level.price for level in books["BTC-AUD"].replay.book.levels(Side.BID)] == [505, 500]
    assert books["BTC-USD"].replay.book.best_bid is None  # nobody gave a picture of that one
    assert books["BTC-USD"].events.book["action"].tolist() == [Action.ADD, Action.ADD]  # and still nothing is lost
    assert all(one.gaps == 0 for one in books.values())


def test_an_order_that_the_picture_held_keeps_its_place(read):
    told = [event("NewOrder", 7, A, 2, 50), picture((A, 50, 2), (B, 50, 3)), event("NewOrder", 8, B, 3, 50)]
    book = read(*told, event("NewOrder", 9, C, 4, 50))["BTC-AUD"].replay.book
    assert book.orders(Side.BID, 50) == [Order(order_id(A), 2), Order(order_id(B), 3), Order(order_id(C), 4)]
    assert book.ahead(order_id(C)) == (2, 5)
    assert book.unknown_deletes == 0


def test_what_remains_becomes_what_was_filled(read):
    told = [event("NewOrder", 7, A, 2, 50), picture((A, 50, 2)), event("OrderChanged", 8, A, 0.5)]
    partly = read(*told)["BTC-AUD"]
    assert partly.replay.book.orders(Side.BID, 50) == [Order(order_id(A), 5)]
    assert partly.events.book[-1][["action", "price", "size"]].tolist() == (Action.FILL, 50, 15)
    wholly = read(*told, event("OrderChanged", 9, A, 0))["BTC-AUD"]
    assert wholly.replay.book.levels(Side.BID) == []
    assert wholly.events.book["size"][-1] == 5


def test_changes_that_the_picture_held_do_no_harm(read):
    late = [event("OrderChanged", 8, A, 1), event("OrderCanceled", 9, B), event("OrderChanged", 10, C, 1)]
    book = read(event("NewOrder", 7, A, 2, 50), picture((A, 50, 1)), *late)["BTC-AUD"].replay.book
    assert book.orders(Side.BID, 50) == [Order(order_id(A), 1)]
    assert book.unknown_deletes == 2  # B and C, which were gone before the picture


def test_a_cancel_tells_what_it_took_away(read):
    told = [event("NewOrder", 7, A, 2, 50), picture((A, 50, 2)), event("OrderCanceled", 8, A)]
    row = read(*told)["BTC-AUD"].events.book[-1]
    assert row[["action", "side", "price", "size"]].tolist() == (Action.CANCEL, Side.BID, 50, 2)


def test_a_missing_number_is_a_gap_until_the_next_picture(read):
    gap = [event("NewOrder", 7, A, 2, 50), picture((A, 50, 2)), event("NewOrder", 9, C, 1, 51)]
    lost = read(*gap)["BTC-AUD"]
    assert (lost.gaps, lost.replay.book.best_bid) == (1, None)
    assert lost.events.book["action"].tolist()[-2:] == [Action.CLEAR, Action.ADD]
    found = read(*gap, picture((B, 49, 1), (C, 51, 1)))["BTC-AUD"]
    assert found.replay.book.best_bid.price == 51
    assert [status.kind for status in found.status] == [StatusKind.GAP, StatusKind.RESYNC]


def test_numbers_that_begin_anew_are_a_gap(read):
    told = [event("NewOrder", 7, A, 2, 50), picture((A, 50, 2)), event("NewOrder", 1, B, 1, 51)]
    again = [picture((A, 50, 2), (B, 51, 1)), event("NewOrder", 2, C, 1, 52)]
    assert read(*told)["BTC-AUD"].replay.book.best_bid is None
    book = read(*told, *again)["BTC-AUD"]
    assert (book.gaps, book.replay.book.best_bid.price) == (1, 52)


def test_a_picture_before_the_first_message_counts(read):
    book = read(picture((A, 50, 2)), event("NewOrder", 7, B, 1, 51), event("NewOrder", 9, C, 1, 52))["BTC-AUD"]
    assert book.gaps == 1
    assert book.replay.tops["bid_price"].tolist() == [50, 51, 0, 0]


def test_trades_name_both_orders(read):
    trade = {
        "Channel": "ticker-xbt",
        "Nonce": 3,
        "Event": "Trade",
        "Time": 1704067200009,
        "Data": {"TradeGuid": C, "Price": {"Aud": 50.5}, "Volume": 2, "BidGuid": A, "OfferGuid": B, "Side": "Buy"},
    }
    older = {**trade, "Channel": "ticker-xbt-aud", "Data": {**trade["Data"], "Price": 50.0, "Side": "Sell"}}
    books = read(trade, older)
    rows = books["BTC-AUD"].events.trade
    assert (list(books), books["BTC-AUD"].trades) == (["BTC-AUD"], 2)
    assert rows["price"].tolist() == [505, 500]
    assert rows["side"].tolist() == [Side.BID, Side.ASK]
    assert rows["maker_order_id"].tolist() == [order_id(B), order_id(A)]
    assert not (rows["flags"] & (Flag.NO_ORDER | Flag.NO_TRADE_ID)).any()


@pytest.mark.parametrize(
    "broken", [{"Nonce": "7"}, {"Data": {"OrderType": "LimitBid", "OrderGuid": "x"}}, {"Time": ""}]
)
def test_a_malformed_message_is_refused_by_its_line(read, broken):
    with pytest.raises(CaptureError, match="ws:2"):
        read(event("OrderCanceled", 6, A), {**event("OrderCanceled", 7, A), **broken})


def test_currencies_without_end_are_refused(read):
    many = event("NewOrder", 7, A, 2, 50.5)
    many["Data"]["Price"] = {f"c{n}": 1 for n in range(100)}
    with pytest.raises(CaptureError, match=r"ws:1: .*more than 64 secondary currencies"):
        read(many)


def test_what_is_asked_of_it():
    of = IndependentReserve()
    for url, codes in zip(of.listings_urls, (["Aud", "Usd"], ["Xbt", "Eth"]), strict=True):
        assert of.learn(url, codes)
    assert {name: listing.symbol for name, listing in of.listings.items()} == {
        "xbt-aud": "BTC-AUD",
        "xbt-usd": "BTC-USD",
        "eth-aud": "ETH-AUD",
        "eth-usd": "ETH-USD",
    }
    (stream,) = of.streams(["xbt-aud", "xbt-usd", "eth-aud"])
    channels = ["orderbook-xbt", "ticker-xbt", "orderbook-eth", "ticker-eth"]
    assert [orjson.loads(hello) for hello in stream.hello] == [{"Event": "Subscribe", "Data": channels}]
    assert of.answered(of.snapshot_url("xbt-aud")) == "xbt-aud"


def replayed(stream, picture, base, quote):
    """The book as a plain dict of orders, in the order in which they came; and cancels of what it did not hold."""
    sides = (("LimitBid", "BuyOrders"), ("LimitOffer", "SellOrders"))
    orders = OrderedDict(
        (each["Guid"], (side, Decimal(str(each["Price"])), Decimal(str(each["Volume"]))))
        for side, name in sides
        for each in picture[name]
    )
    unknown = 0
    for message in stream:
        if message.get("Channel") != f"orderbook-{base}":
            continue
        data = message["Data"]
        if message["Event"] == "OrderCanceled":
            unknown += orders.pop(data["OrderGuid"], None) is None
        elif data["OrderGuid"] not in orders:
            told = data["OrderType"], Decimal(str(data["Price"][quote])), Decimal(str(data["Volume"]))
            orders[data["OrderGuid"]] = told
    return orders, unknown


def test_a_real_capture_order_by_order(shared_data):
    stream, pictures, codes = (
        shared_data / "venues" / f"INDEPENDENT_RESERVE.{part}.xz" for part in ("ws.1.0", "http.0.0", "0")
    )
    read = read_capture("independent_reserve", [stream], [pictures, codes])
    assert (len(read.recordings), read.unexplained) == (20, 0)
    assert all((one.unexplained, one.gaps, one.replay.crossed) == (0, 0, 0) for one in read.recordings)
    books = {one.events.instrument.symbol: one for one in read.recordings}
    with lzma.open(stream) as lines:
        messages = [orjson.loads(line.split(b": ", 1)[1]) for line in lines if line[:1].isdigit()]
    with lzma.open(pictures) as lines:
        told = [orjson.loads(line.split(b": ", 2)[1]) for line in lines if b" -> " in line]
    assert len(told) == 5
    for picture in told:
        base, quote = picture["PrimaryCurrencyCode"], picture["SecondaryCurrencyCode"]
        one = books[f"{base}-{quote}".upper()]
        orders, unknown = replayed(messages, picture, base.lower(), quote.lower())
        book, of = one.replay.book, one.events.instrument
        assert book.unknown_deletes == unknown
        queues = {}
        for guid, (side, price, size) in orders.items():
            queues.setdefault((side, price), []).append((order_id(guid), int(size / of.lot)))
        assert sum(len(queue) for queue in queues.values()) == len(orders) > 50
        assert max(len(queue) for queue in queues.values()) > 1
        for (kind, price), queue in queues.items():
            side = Side.BID if kind == "LimitBid" else Side.ASK
            assert book.orders(side, int(price / of.tick)) == queue
            last, before = queue[-1], queue[:-1]
            assert book.ahead(last[0]) == (len(before), sum(size for _, size in before))


def test_every_event_of_a_real_capture_is_kept(shared_data):
    stream = shared_data / "venues" / "INDEPENDENT_RESERVE.ws.1.0.xz"
    books = {one.events.instrument.symbol: one for one in read_capture("independent_reserve", [stream]).recordings}
    rows = [books[f"{base}-USD"].events.book for base in ("BCH", "DOT", "ETH", "MATIC", "PMGT")]
    assert sum(int((each["action"] == Action.ADD).sum()) for each in rows) == 831
    assert sum(int((each["action"] == Action.CANCEL).sum()) for each in rows) == 832
    assert all((each["sequence"][1:] - each["sequence"][:-1] == 1).all() for each in rows)
