"""The exchange's streams: who follows their rules has the exchange's book, and Atom records it like any venue."""

import asyncio
import json
import socket
import urllib.request
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.exchange.meter import Allowance
from atom.book import Book
from atom.events import Flag
from atom.events import Side as BookSide
from atom.live import Recorder, Timing
from atom.stream.socket import Limits
from node.exchange.core.command import Kind, Side, Type
from node.exchange.exchange import command
from tests.integration.exchange_scene import MIDDLES, PATIENCE, Scene, conserved, request, to

STEPS = 60
Truth = dict[int, tuple[dict[int, int], dict[int, int]]]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    made = Scene(Allowance(weight=10**6, orders=10**6))
    yield made
    assert made.do(lambda: conserved(made.service))
    made.close()


def read_book(scene: Scene) -> tuple[dict[int, int], dict[int, int]]:
    depth = scene.service.depth(0, 10_000)
    return dict(depth.bids.tolist()), dict(depth.asks.tolist())


def step(scene: Scene, random: Random, truth: Truth) -> None:
    """A few commands of the maker, and what the book is after them."""
    rows = []
    for _ in range(random.randint(1, 12)):
        price = MIDDLES[0] + random.randint(-400, 400)
        kind = Type.MARKET if random.random() < 0.15 else Type.LIMIT
        rows.append(
            command(
                kind=Kind.NEW, type=kind, side=random.choice(list(Side)), account=scene.maker, price=price,
                quantity=random.randint(1000, 90_000 if kind is Type.LIMIT else 30_000),
            )
        )  # fmt: skip
    mine = scene.service.orders.open(scene.maker, 0)
    rows += [
        command(kind=Kind.CANCEL, account=scene.maker, order=each.id) for each in random.sample(mine, min(len(mine), 4))
    ]
    scene.service.place(np.concatenate(rows))
    truth[scene.service.rows] = read_book(scene)


async def churn(scene: Scene, truth: Truth, seed: int, begun: asyncio.Event | None = None) -> int:
    """Trades for a while; the last number of the journal, at which the book certainly has changed."""
    random = Random(seed)
    for number in range(STEPS):
        if begun and number == STEPS // 2:
            await begun.wait()  # what follows comes after the client's picture, however slow the messages are
        await asyncio.to_thread(scene.do, lambda: step(scene, random, truth))
        await asyncio.sleep(0.02)

    def end() -> int:
        price = MIDDLES[0] // 2 - seed - len(truth)
        scene.service.place(command(kind=Kind.NEW, account=scene.maker, price=price, quantity=20_000))
        truth[scene.service.rows] = read_book(scene)
        return scene.service.rows

    return await asyncio.to_thread(scene.do, end)


def ask(scene: Scene, path: str) -> Any:
    with urllib.request.urlopen(f"{scene.url}{path}") as answer:
        return json.load(answer)


def ticks(levels: list[list[str]]) -> dict[int, int]:
    return {int(price.replace(".", "")): int(size.replace(".", "")) for price, size in levels}


@pytest.mark.parametrize("speed", ["100ms", "1000ms"])
def test_a_book_of_snapshot_and_changes_is_the_exchanges_after_every_message(scene, speed):
    async def played() -> None:
        truth: Truth = {}
        scene.do(lambda: truth.update({scene.service.rows: read_book(scene)}))
        async with to(scene, f"/ws/btcusdt@depth@{speed}") as connection:
            pictured = asyncio.Event()
            trading = asyncio.create_task(churn(scene, truth, len(speed), pictured))
            first = json.loads(await connection.recv())
            picture = await asyncio.to_thread(ask, scene, "/api/v3/depth?symbol=BTCUSDT&limit=5000")
            last, bids, asks = picture["lastUpdateId"], ticks(picture["bids"]), ticks(picture["asks"])
            assert (bids, asks) == truth[last]
            pictured.set()
            message, begun, compared = first, False, 0
            while True:
                if message["u"] > last:
                    assert message["U"] == last + 1 if begun else message["U"] <= last + 1
                    for side, changes in ((bids, message["b"]), (asks, message["a"])):
                        side.update(ticks(changes))
                        for gone in [price for price, size in side.items() if size == 0]:
                            del side[gone]
                    last, begun, compared = message["u"], True, compared + 1
                    assert (bids, asks) == truth[last]
                receiving = asyncio.create_task(connection.recv())
                if not trading.done():
                    await asyncio.wait({receiving, trading}, return_when=asyncio.FIRST_COMPLETED)
                if trading.done() and last >= trading.result():
                    receiving.cancel()
                    break
                message = json.loads(await receiving)
            assert compared > (5 if speed == "100ms" else 0)

    asyncio.run(played())


def test_atom_records_it_and_its_books_are_the_exchanges(scene):
    class Judge:
        """Compares Atom's book with the exchange's, whenever a message has been taken whole."""

        def __init__(self) -> None:
            self.book, self.last, self.compared, self.trades = Book(), 0, 0, 0

        def take(self, events: Any) -> None:
            assert (str(events.instrument.tick), str(events.instrument.lot)) == ("0.01", "0.00001")
            assert not [each for each in events.status if each.kind.value == "gap"]
            self.trades += len(events.trade)
            ends = np.flatnonzero(events.book["flags"] & Flag.LAST) + 1
            for begin, end in zip([0, *ends], ends, strict=False):
                self.book.apply(events.book[begin:end])
                self.last = int(events.book["sequence"][end - 1])
                if self.book.valid:
                    found = tuple(dict(self.book.levels(side)) for side in (BookSide.BID, BookSide.ASK))
                    assert found == truth[self.last]
                    self.compared += 1

    truth: Truth = {}
    judge = Judge()

    async def played() -> None:
        scene.do(lambda: truth.update({scene.service.rows: read_book(scene)}))
        here = scene.url
        hosts = {"ws://127.0.0.1:8090": here.replace("http", "ws"), "http://127.0.0.1:8090": here}
        timing = Timing(batch=0.01, connects=0.0, requests=0.0, picture=5.0)
        recorder, stop = (
            Recorder({"fusion": ["BTC-USDT"]}, [judge], timing=timing, hosts=hosts, seed=0),
            asyncio.Event(),
        )
        trading: asyncio.Task[int] | None = None

        def look(_: Recorder) -> None:
            nonlocal trading
            if trading is None and judge.book.valid:
                trading = asyncio.create_task(churn(scene, truth, 3))
            if trading is not None and trading.done() and judge.last >= trading.result():
                stop.set()

        prompt = asyncio.create_task(prompted())
        async with asyncio.timeout(PATIENCE):
            await recorder.run(stop, look)
        prompt.cancel()

    async def prompted() -> None:
        """A change now and then, since a book begins with the first one."""
        for number in range(1000):
            await asyncio.sleep(0.1)
            if judge.book.valid:
                return
            await asyncio.to_thread(scene.do, lambda: step(scene, Random(number), truth))  # noqa: B023  # it is awaited

    asyncio.run(played())
    assert judge.compared > 5
    assert judge.trades > 5


def test_streams_may_be_asked_for_in_every_way(scene):
    async def played() -> None:
        async with to(scene, "/stream?streams=btcusdt@depth5@100ms/ethusdt@miniTicker") as both:
            told = [json.loads(await both.recv()) for _ in range(2)]
            assert {each["stream"] for each in told} == {"btcusdt@depth5@100ms", "ethusdt@miniTicker"}
        async with to(scene, "/ws/ethusdt@kline_1m") as one:
            assert json.loads(await one.recv())["k"]["s"] == "ETHUSDT"
        async with to(scene, "/ws") as none:
            answer = await request(none, method="SUBSCRIBE", params=["btcusdt@ticker"], id=7)
            assert answer == {"result": None, "id": 7}
            assert json.loads(await none.recv())["e"] == "24hrTicker"
            await none.send(json.dumps({"method": "UNSUBSCRIBE", "params": ["btcusdt@ticker"], "id": 8}))
            while json.loads(await none.recv()) != {"result": None, "id": 8}:
                pass
            assert (await request(none, method="LIST_SUBSCRIPTIONS", id=9))["result"] == []
            refused = await request(none, method="SUBSCRIBE", params=["nope@trade"], id="x")
            assert (refused["id"], refused["error"]["code"]) == ("x", 2)
        for path in ("/nowhere", "/ws/nope@trade", "/stream?streams=btcusdt@nothing"):
            with pytest.raises(InvalidStatus):
                async with to(scene, path):
                    pass

    asyncio.run(played())


def test_more_streams_than_a_connection_has_are_refused_as_that(scene, monkeypatch):
    monkeypatch.setattr("api.exchange.client._MOST", 2)
    line = "a connection has at most 2 streams, not 3"
    two = ["btcusdt@trade", "ethusdt@trade"]

    async def played() -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with to(scene, f"/stream?streams={'/'.join(two)}/btcusdt@depth"):
                pass
        assert (refused.value.response.status_code, refused.value.response.body) == (400, f"{line}\n".encode())
        async with to(scene, f"/stream?streams={'/'.join(two)}") as both:
            again = await request(both, method="SUBSCRIBE", params=two, id=1)
            assert again == {"result": None, "id": 1}
            more = await request(both, method="SUBSCRIBE", params=["btcusdt@depth"], id=2)
            assert more["error"]["msg"] == f"Invalid request: {line}"

    asyncio.run(played())


def test_a_user_is_told_of_each_step_once_and_in_order(scene):
    async def played() -> None:
        async with to(scene, "/ws-api/v3") as connection:
            begun = await request(connection, id=1, method="userDataStream.subscribe.signature", params=scene.signed())
            assert begun["result"] == {"subscriptionId": 0}
            order = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": "7.0000"}
            await connection.send(json.dumps({"id": 2, "method": "order.place", "params": scene.signed(**order)}))
            told, answer = [], None
            while answer is None or told[-1]["e"] != "outboundAccountPosition":
                message = json.loads(await connection.recv())
                if "event" in message:
                    told.append(message["event"])
                else:
                    answer = message
            steps = [each for each in told if each["e"] == "executionReport"]
            assert [each["x"] for each in steps] == ["NEW", *["TRADE"] * (len(steps) - 1)]
            assert steps[-1]["X"] == "FILLED"
            fills = answer["result"]["fills"]
            assert [(each["L"], each["l"]) for each in steps[1:]] == [(each["price"], each["qty"]) for each in fills]
            balances = {each["a"]: each["f"] for each in told[-1]["B"]}
            account = await request(connection, id=3, method="account.status", params=scene.signed())
            free = {each["asset"]: each["free"] for each in account["result"]["balances"]}
            assert balances == {name: free[name] for name in balances}

    asyncio.run(played())


def test_who_does_not_read_is_dropped_and_nobody_else_is_harmed():
    scene = Scene(limits=Limits(behind=1_000_000))

    async def reads(connection: ClientConnection, count: int) -> list[int]:
        return [json.loads(await connection.recv())["t"] for _ in range(count)]

    def trade(count: int) -> None:
        for side in Side:
            row = command(kind=Kind.NEW, type=Type.MARKET, side=side, account=scene.maker, quantity=10)
            scene.service.place(np.concatenate([row] * count))

    async def played() -> None:
        path, each, times = "/ws/btcusdt@trade", 500, 36
        narrow = socket.socket()  # of which the system keeps little unread
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect(("127.0.0.1", int(scene.url.rpartition(":")[2])))
        narrow.setblocking(False)
        async with to(scene, path, sock=narrow) as slow, to(scene, path) as one:
            slow.transport.pause_reading()
            first = scene.service.tapes[0].count.trades
            reading = asyncio.create_task(reads(one, 2 * each * times))
            for _ in range(times):
                await asyncio.to_thread(scene.do, lambda: trade(each))
            assert await reading == list(range(first, first + 2 * each * times))
            slow.transport.resume_reading()
            with pytest.raises(ConnectionClosed, match="slow consumer"):
                await reads(slow, 10**9)

    try:
        asyncio.run(played())
    finally:
        scene.close()
