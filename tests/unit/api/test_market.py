"""`/market`: pages are complete and disjoint, forms agree, and a bad request is told what is wrong with it."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

from api.market import market
from atom.book import Book
from atom.events import Side
from atom.feed import open_feed
from atom.market import Market
from atom.store import Store
from atom.stream import Bus, Key
from atom.stream.bus import Frame
from atom.venues.simulated import INSTRUMENT

OF = {"venue": INSTRUMENT.venue, "symbol": INSTRUMENT.symbol}
RECORDING = open_feed("simulated:7")
TRADES = RECORDING.events.trade

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("store"))
    made.write(RECORDING)
    return made


@pytest.fixture(scope="module")
def get(store: Store) -> Get:
    app = FastAPI()
    app.include_router(market(store))

    async def ask(path: str, params: dict[str, object]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return await client.get(f"/market/{path}", params=params)

    return lambda path, **params: asyncio.run(ask(path, params))


def pages(get: Get, path: str, **params: object) -> list[list[dict[str, str]]]:
    found, cursor = [], None
    while True:
        answer = get(path, **OF, **params, **({} if cursor is None else {"cursor": cursor})).json()
        found.append(answer["rows"])
        cursor = answer["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [7, 1000, 10_000])
def test_pages_of_trades_are_complete_and_disjoint(get: Get, limit: int) -> None:
    span = {"start": int(TRADES["ts_recv"][10]), "end": int(TRADES["ts_recv"][200 if limit == 7 else -1])}
    found = pages(get, "trades", limit=limit, **span)
    by_arrival = TRADES[np.argsort(TRADES["ts_recv"], kind="stable")]
    wanted = by_arrival[(by_arrival["ts_recv"] >= span["start"]) & (by_arrival["ts_recv"] < span["end"])]
    assert [int(row["trade_id"]) for page in found for row in page] == wanted["trade_id"].tolist()
    assert all(len(page) == limit for page in found[:-1])


def test_the_book_is_that_of_the_moment(get: Get) -> None:
    rows = RECORDING.events.book
    at = int(rows["ts_recv"][5000])
    book = Book()
    book.apply(rows[: int(np.argmax(rows["ts_recv"] > at))])
    answer = get("book", **OF, at=at, depth=5).json()
    for name, side in (("bids", Side.BID), ("asks", Side.ASK)):
        wanted = [(price * INSTRUMENT.tick, size * INSTRUMENT.lot) for price, size in book.levels(side, 5)]
        assert [(Decimal(price), Decimal(size)) for price, size in answer[name]] == wanted
        queues = get("book", **OF, at=at, depth=5, orders="true").json()[name]
        assert [(Decimal(price), [int(order_id) for order_id, _ in queue]) for price, queue in queues] == [
            (price, [order_id for order_id, _ in book.orders(side, tick)])
            for (price, _), (tick, _) in zip(wanted, book.levels(side, 5), strict=True)
        ]
        assert [sum(Decimal(size) for _, size in queue) for _, queue in queues] == [size for _, size in wanted]
    assert (
        get("book", **OF, at=1).json()["state"] == get("book", **OF, at=1, orders="true").json()["state"] == "invalid"
    )


@pytest.mark.parametrize(("limit", "start"), [(10_000, 0), (501, 0), (97, 300)])
def test_pages_of_the_top_are_what_the_stream_told(get: Get, limit: int, start: int) -> None:
    told: list[str] = []

    class Reader:
        behind = False

        def put(self, frame: Frame) -> None:
            told.extend(frame.text.decode().split("\n"))

    bus = Bus([(OF["venue"], OF["symbol"])])
    bus.subscribe(Key(OF["venue"], OF["symbol"], "top"), Reader())
    bus.take(RECORDING.events)
    lines = [json.loads(line) for line in told][start:]
    for line in lines:
        for name in ("type", "venue", "symbol", "seq"):
            del line[name]
    span = {"start": lines[0]["ts_recv"]} if start else {}
    if start:
        lines = lines[:400]
        span["end"] = str(int(lines[-1]["ts_recv"]) + 1)
    found = pages(get, "metrics", each="message", limit=limit, **span)
    assert [row for page in found for row in page][: len(lines)] == lines
    assert all(len(page) == limit for page in found[:-1])


@pytest.mark.parametrize(("limit", "start"), [(10_000, 0), (60, 0), (41, 90_500_000_000)])
def test_pages_of_metrics_are_the_periods_of_their_span(get: Get, store: Store, limit: int, start: int) -> None:
    begin = start and int(RECORDING.events.book["ts_recv"][0]) + start
    end = begin + 130 * 10**9 if start else 2**63 - 1
    wanted = Market(store, OF["venue"], OF["symbol"]).metrics(begin or None, end, periods=True)
    found = pages(get, "metrics", limit=limit, start=begin, end=end)
    rows = [row for page in found for row in page]
    assert [int(row.pop("ts")) for row in rows] == wanted["ts"].cast(int).to_list()
    for name in wanted.columns[1:]:
        told = np.array([np.nan if row[name] is None else row[name] for row in rows], np.float64)
        assert told.tobytes() == wanted[name].to_numpy().tobytes(), name
    assert all(len(page) == limit for page in found[:-1])
    assert len(rows) > 100


def test_candles_are_those_of_the_trades(get: Get) -> None:
    found = [row for page in pages(get, "candles", interval="10s", limit=3) for row in page]
    of_each: dict[int, list[tuple[Decimal, Decimal]]] = {}
    for trade in TRADES:
        span = int(trade["ts_event"]) // 10**10 * 10**10
        of_each.setdefault(span, []).append((trade["price"] * INSTRUMENT.tick, trade["size"] * INSTRUMENT.lot))
    assert [int(row["ts"]) for row in found] == sorted(of_each)
    for row in found:
        prices, sizes = zip(*of_each[int(row["ts"])], strict=True)
        told = [Decimal(row[name]) for name in ("open", "high", "low", "close", "volume")]
        assert told == [prices[0], max(prices), min(prices), prices[-1], sum(sizes)]
        assert row["trades"] == len(prices)


@pytest.mark.parametrize(
    "path", ["trades", "quotes", "candles", "status", "metrics", "top", "funding", "open_interest"]
)
def test_all_forms_tell_the_same(get: Get, path: str) -> None:
    rows = get(path, **OF, limit=50).json()["rows"]
    lines = get(path, **OF, limit=50, format="ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = list(csv.DictReader(io.StringIO(get(path, **OF, limit=50, format="csv").text)))
    assert [list(row) for row in table] == [list(row) for row in rows]
    assert table == [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    parquet = pq.read_table(io.BytesIO(get(path, **OF, limit=50, format="parquet").content))
    assert parquet.num_rows == len(rows)
    if rows and path == "trades":
        assert parquet["price"].to_pylist() == [Decimal(row["price"]) for row in rows]


def test_what_there_is_can_be_asked(get: Get) -> None:
    assert get("venues").json() == {"venues": [{"venue": "simulated", "symbols": ["SIM-USD"]}]}
    (one,) = get("symbols").json()["symbols"]
    assert (one["tick"], one["lot"], one["first"]) == ("0.01", "0.001", str(RECORDING.events.book["ts_recv"][0]))
    assert get("symbols", venue="okx").json() == {"symbols": []}


@pytest.mark.parametrize(
    ("path", "params", "status", "told"),
    [
        ("trades", {}, 400, "venue is missing"),
        ("trades", {"venue": "simulated", "symbol": "NO"}, 404, "'NO' on 'simulated'"),
        ("trades", {**OF, "limit": 0}, 400, "limit is a whole number from 1"),
        ("trades", {**OF, "limit": "10001"}, 400, "10001"),
        ("trades", {**OF, "limt": 5}, 400, "unknown parameter 'limt'"),
        ("trades", {**OF, "start": "yesterday"}, 400, "'yesterday'"),
        ("trades", {**OF, "start": 5, "end": 4}, 400, "before start"),
        ("trades", {**OF, "start": "9" * 30}, 400, "start is"),
        ("trades", {**OF, "cursor": "x"}, 400, "no cursor"),
        ("trades", {**OF, "format": "xml"}, 400, "'xml'"),
        ("book", {**OF, "depth": -1}, 400, "depth is"),
        ("book", {**OF, "orders": "yes"}, 400, "orders is one of false, true"),
        ("metrics", {**OF, "each": "hour"}, 400, "each is one of period, message"),
        ("candles", {**OF, "interval": "5x"}, 400, "'5x'"),
        ("candles", {**OF, "interval": "99999d"}, 400, "up to"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    get: Get, path: str, params: dict[str, object], status: int, told: str
) -> None:
    answer = get(path, **params)
    assert answer.status_code == status
    assert told in answer.json()["error"]["message"]


def test_times_may_be_written_as_dates(get: Get) -> None:
    early = get("trades", **OF, start="2024-01-01T00:00:00Z", limit=1).json()
    assert early["rows"][0]["trade_id"] == "1"
    assert get("trades", **OF, start="2024-01-02", limit=1).json()["rows"] == []
