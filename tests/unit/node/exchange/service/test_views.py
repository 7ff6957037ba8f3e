"""What users see of orders, trades, candles and depth is what the journal says."""

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.core.command import Flag, Group, Kind, Selftrade, Tif, Type
from node.exchange.core.journal import JOURNAL, Reason, Record
from node.exchange.exchange import command
from node.exchange.service.batch import Batch
from node.exchange.service.candles import CANDLE, Candles, closing
from node.exchange.service.indexed import Wanted
from node.exchange.service.order import Status
from node.exchange.service.orders import Orders
from node.exchange.service.record import Names
from node.exchange.service.trade import TRADE
from tests.unit.node.exchange.service.conftest import MIDDLE, House, funded, order

DAY = 86_400_000_000_000


def test_an_order_is_followed_from_its_first_step_to_its_last(house: House) -> None:
    service = house.open()
    ann, bob = funded(service, "ann"), funded(service, "bob")
    resting = service.place(order(ann, 0, MIDDLE, 500), ["mine"]).reports
    assert [(each.kind, each.order.status) for each in resting] == [(Record.ACK, Status.NEW)]
    met = service.place(order(bob, 1, MIDDLE, 200))
    assert [(each.kind, each.order.account, each.order.status) for each in met.reports] == [
        (Record.ACK, bob, Status.NEW),
        (Record.FILL, bob, Status.FILLED),
        (Record.FILL, ann, Status.PARTIALLY_FILLED),
    ]
    taken, made = (each.execution for each in met.reports[1:])
    assert taken is not None
    assert made is not None
    assert (taken.maker, made.maker, taken.trade) == (False, True, made.trade)
    assert service.exchange.assets[made.asset].name == "BTC"
    assert service.trades_of(Wanted(ann, 0, 5))["id"].tolist() == [made.trade]
    gone = service.place(command(kind=Kind.CANCEL, account=ann, order=resting[0].order.id)).reports[0].order
    assert (gone.status, gone.filled, gone.worth) == (Status.CANCELED, 200, 200 * MIDDLE)
    assert service.orders.labelled(ann, 0, "mine") == gone
    assert service.orders.open(ann) == []


def test_a_market_order_by_quote_is_filled_when_the_rest_is_less_than_a_lot(house: House) -> None:
    service = house.open()
    ann = funded(service, "ann")
    asked = command(kind=Kind.NEW, account=ann, type=Type.MARKET, tif=Tif.IOC, flags=Flag.BY_QUOTE, quantity=10**9 + 1)
    last = service.place(asked).reports[-1].order
    assert last.status is Status.FILLED
    assert 0 < last.worth * 10 <= 10**9  # a tick of a lot is ten base units


def test_an_order_that_met_its_own_account_expires(house: House) -> None:
    service = house.open()
    ann = funded(service, "ann")
    service.place(order(ann, 0, MIDDLE, 100))
    own = service.place(order(ann, 1, MIDDLE, 100, selftrade=Selftrade.DECREMENT)).reports
    assert [(each.kind, each.order.status, each.order.prevented) for each in own[1:]] == [
        (Record.PREVENTED, Status.EXPIRED, 100)
    ] * 2


def test_a_label_is_free_again_when_its_order_is_closed(house: House) -> None:
    service = house.open()
    ann = funded(service, "ann")
    first = service.place(order(ann, 0, MIDDLE - 500, 100), ["a"]).reports[0].order
    with pytest.raises(BadInput, match="label 'a' already"):
        service.place(order(ann, 0, MIDDLE - 500, 100), ["a"])
    with pytest.raises(BadInput, match="at most 64 bytes"):
        service.place(order(ann, 0, MIDDLE - 500, 100), ["a" * 65])
    service.place(command(kind=Kind.CANCEL, account=ann, order=first.id))
    second = service.place(order(ann, 0, MIDDLE - 500, 100), ["a"]).reports[0].order
    assert service.labelled(ann, 0, "a") == second
    made = service.place(order(ann, 0, MIDDLE - 500, 100)).placed.label
    taken = f"fusion-{int(made.removeprefix('fusion-')) + 2}"
    service.place(order(ann, 0, MIDDLE - 500, 100), [taken])
    assert service.place(order(ann, 0, MIDDLE - 500, 100)).placed.label == f"{taken}-"


def test_an_amendment_gives_its_order_another_name(house: House) -> None:
    """The old one is free again; what is refused changes nothing, and all of it is so after a restart."""
    service = house.open()
    ann = funded(service, "ann")
    one, two = (service.place(order(ann, 0, MIDDLE - 500, 100), [label]).placed for label in ("one", "two"))

    def amend(quantity: int, label: str, number: int = one.id) -> list[str]:
        row = command(kind=Kind.AMEND, account=ann, order=number, price=MIDDLE - 500, quantity=quantity)
        return [each.order.label for each in service.place(row, [label] if label else []).reports]

    assert amend(90, "new") == ["new"]
    with pytest.raises(BadInput, match="label 'two' already"):
        amend(80, "two")
    assert amend(80, "new") == amend(70, "") == ["new"]
    assert amend(60, "other", one.id + 1) == []
    service.place(order(ann, 0, MIDDLE - 500, 100), ["other"])
    third = service.place(order(ann, 0, MIDDLE - 500, 100), ["one"]).placed
    for found in (service, house.open()):
        numbers = {label: found.labelled(ann, 0, label) for label in ("one", "two", "new")}
        assert {label: each and each.id for label, each in numbers.items()} == {
            "one": third.id, "two": two.id, "new": one.id,
        }  # fmt: skip


def test_two_open_groups_have_two_names(house: House) -> None:
    service = house.open()
    ann = funded(service, "ann")

    def pair(name: str = "") -> Batch:
        legs = [order(ann, 0, MIDDLE - gap, 100) for gap in (500, 600)]
        legs[0]["kind"], legs[0]["order"], legs[1]["kind"] = Kind.GROUP, Group.OTO, Kind.LEG
        return service.place(np.concatenate(legs), [], [name] if name else [])

    first = pair("pair").placed
    with pytest.raises(BadInput, match="list has the name 'pair' already"):
        pair("pair")
    service.place(command(kind=Kind.CANCEL, account=ann, order=first.id))
    second = pair("pair").placed
    assert [each[0].id for each in service.lists_named(ann, 0, "pair")] == [first.id, second.id]
    made = pair().placed.name
    taken = f"list-{int(made.removeprefix('list-')) + 4}"
    pair(taken)
    assert pair().placed.name == f"{taken}-"


def test_changes_added_to_a_picture_are_the_next_picture(house: House) -> None:
    service = house.open()
    ann, chance = funded(service, "ann"), np.random.default_rng(1)
    told = service.changes(0)
    books = [dict(side.tolist()) for side in (told.bids, told.asks)]
    for _ in range(30):
        price = MIDDLE + int(chance.integers(-40, 40))
        service.place(order(ann, int(chance.integers(2)), price, int(chance.integers(10, 3000))))
        change = service.changes(0)
        assert change.first == told.last + 1
        told = change
        for book, side in zip(books, (change.bids, change.asks), strict=True):
            book.update(side.tolist())
    picture = service.depth(0, 5000)
    for book, side in zip(books, (picture.bids, picture.asks), strict=True):
        assert {price: lots for price, lots in book.items() if lots} == dict(side.tolist())
    assert (np.diff(picture.bids[:, 0]) < 0).all()
    assert (np.diff(picture.asks[:, 0]) > 0).all()


def test_candles_do_not_depend_on_how_trades_came(house: House) -> None:
    chance = np.random.default_rng(3)
    trades = np.zeros(400, TRADE)
    trades["time"] = 1_700_000_000_000_000_000 + np.sort(chance.integers(0, 3 * DAY, 400))
    trades["price"], trades["quantity"] = chance.integers(90, 110, 400), chance.integers(1, 9, 400)
    trades["id"], trades["side"] = np.arange(400), chance.integers(0, 2, 400)
    whole, parted = Candles(), Candles()
    whole.take(trades)
    for each in np.split(trades, np.sort(chance.integers(0, 400, 60))):
        parted.take(each)
    end = int(trades["time"][-1])
    for interval in ("1m", "15m", "4h", "1d", "1w", "1M"):
        rows = whole.read(interval, 0, end, 10_000)
        assert rows.tobytes() == parted.read(interval, 0, end, 10_000).tobytes()
        assert rows.dtype == CANDLE
        assert rows["volume"].sum() == trades["quantity"].sum()
        assert rows["close"][-1] == trades["price"][-1]
        assert all(closing(int(a), interval) + 1 == b for a, b in zip(rows["time"], rows["time"][1:], strict=False))
    with pytest.raises(BadInput, match="an interval is one of"):
        whole.read("7m", 0, end, 5)


def test_candles_of_any_window_are_those_of_the_whole() -> None:
    chance = np.random.default_rng(4)
    trades = np.zeros(300, TRADE)
    trades["time"] = 1_700_000_000_000_000_000 + np.sort(chance.integers(0, 30 * DAY, 300))
    trades["price"], trades["quantity"] = chance.integers(90, 110, 300), 1
    candles = Candles()
    candles.take(trades)
    begun, end = int(trades["time"][0]), int(trades["time"][-1]) + DAY
    for interval, span in (("1m", 60), ("15m", 900), ("4h", 14400), ("1d", 86400), ("1w", 604800)):
        whole = candles.read(interval, 0, end, 1 << 20)
        assert (np.diff(whole["time"]) == span * 10**9).all()
        for _ in range(20):
            first, limit = int(chance.integers(begun - DAY, end)), int(chance.integers(1, 1000))
            last = first + int(chance.integers(40 * DAY))
            inside = whole[(whole["time"] >= first) & (whole["time"] <= last)][:limit]
            assert candles.read(interval, first, min(last, end), limit).tobytes() == inside.tobytes()
            before = whole[whole["time"] <= first][-limit:]
            assert candles.read(interval, 0, first, limit).tobytes() == before.tobytes()


def test_orders_of_one_number_in_two_markets_are_two() -> None:
    orders = Orders([(0, 1), (2, 1)], lambda _: None)
    orders.admit(5)
    orders.expect(command(kind=Kind.NEW, account=5, ref=1), Names(["mine"], []))
    rows = np.zeros(4, JOURNAL)
    rows["kind"], rows["order"], rows["account"] = (Record.ACK, Record.ACK, Record.FILL, Record.EXPIRE), 1 << 22, 5
    rows["market"], rows["ref"], rows["quantity"], rows["price"] = (1, 0, 0, 1), (2, 1, 3 << 22, 0), (7, 9, 4, 7), 100
    rows["flags"][1], rows["reason"][3] = Flag.BY_QUOTE, Reason.TIME
    reports = orders.take(rows, np.zeros(4, np.int64), np.zeros(4, np.int64))
    assert [(each.order.market, each.order.status) for each in reports[2:]] == [
        (0, Status.FILLED),
        (1, Status.EXPIRED),
    ]


def test_a_new_market_has_a_book_and_candles_and_takes_a_bid_at_half_the_price(house: House) -> None:
    service = house.open()
    candles = service.candles[0].read("1m", 0, service.clock.now(), 500)
    assert len(candles) >= 500
    assert len(service.depth(0, 100).bids) == len(service.depth(0, 100).asks) == 100
    listing = service.exchange.listings[0]
    least = listing.lots(listing.least)
    assert listing.least * listing.tick * MIDDLE >= 2 * listing.notional
    assert not service.place(order(funded(service, "ann"), 0, MIDDLE // 2, least)).refused
