"""Market data end to end: events go to the log and the bus, and come back over WebSocket and REST."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CloseCode
from websockets.typing import Origin

from api.app import create_app
from atom.book import Book
from atom.events import Side
from atom.store import Log
from atom.stream import Bus, Key
from atom.stream.client import lines
from atom.stream.replay import slices
from atom.stream.server import StreamServer
from atom.venues.simulated import INSTRUMENT, simulate
from fusion.chain.contract import checksum
from fusion.chain.deployment import CONTRACTS, Deployment
from fusion.settings import Settings

OF = {"venue": INSTRUMENT.venue, "symbol": INSTRUMENT.symbol}
PATIENCE = 60.0


@asynccontextmanager
async def served(home: Path, stream: str) -> AsyncIterator[str]:
    """The app under uvicorn, as `fusion api serve` runs it; its address."""
    contracts = {kind.NAME: checksum(f"0x{number:040x}") for number, kind in enumerate(CONTRACTS, start=1)}
    settings = Settings(home=home, rpc="http://127.0.0.1:1", stream=stream)
    deployment = Deployment(chain_id=31337, contracts=contracts, block=1, hash="test")
    app = create_app(settings, deployment, origins=["https://friend.example"])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws_max_size=65536))
        task = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def read(url: str, feed: str) -> list[dict[str, object]]:
    return [json.loads(line) async for line in lines(url, Key(*OF.values(), feed))]


def test_what_is_recorded_comes_back_the_same_over_websocket_and_rest(tmp_path: Path) -> None:
    events = simulate(12, 800)
    book = Book()
    book.apply(events.book)

    async def recorded() -> list[list[dict[str, object]]]:
        bus = Bus([(INSTRUMENT.venue, INSTRUMENT.symbol)])
        async with StreamServer(bus) as recorder, served(tmp_path, recorder.url) as address:
            wanted = ((recorder.url, "book"), (recorder.url, "trades"), (f"ws://{address}/market/stream", "book"))
            reading = [asyncio.create_task(read(*one)) for one in wanted]
            while bus.subscriptions < 3:
                await asyncio.sleep(0.01)
            with Log(tmp_path / "atom") as log:
                for _, piece in slices([events]):
                    for sink in (log, bus):
                        sink.take(piece)
                    await asyncio.sleep(0)
            await bus.room()
            for client in recorder.connections:
                client.end(CloseCode.NORMAL_CLOSURE, "done")
            return list(await asyncio.gather(*reading))

    async def asked() -> dict[str, dict[str, list[dict[str, object]]]]:
        async with served(tmp_path, "") as address, httpx.AsyncClient(base_url=f"http://{address}/market") as client:
            return {
                "trades": (await client.get("/trades", params={**OF, "limit": 10_000})).json(),
                "book": (await client.get("/book", params=OF)).json(),
            }

    async def both() -> None:
        async with asyncio.timeout(PATIENCE):
            direct, trades, passed_on = await recorded()
            past = await asked()
        assert passed_on == direct
        assert [line["seq"] for line in direct] == list(range(802))
        for line in trades:
            for name in ("type", "venue", "symbol", "seq"):
                del line[name]
        assert sorted(past["trades"]["rows"], key=lambda line: int(str(line["trade_id"]))) == trades
        for name, side in (("bids", Side.BID), ("asks", Side.ASK)):
            held = [(price * INSTRUMENT.tick, size * INSTRUMENT.lot) for price, size in book.levels(side)]
            assert [(Decimal(str(price)), Decimal(str(size))) for price, size in past["book"][name]] == held

    asyncio.run(both())


def test_without_a_recorder_the_stream_says_so(tmp_path: Path) -> None:
    async def said(stream: str) -> tuple[str, int | None]:
        async with (
            asyncio.timeout(PATIENCE),
            served(tmp_path, stream) as address,
            connect(f"ws://{address}/market/stream") as client,
        ):
            told = json.loads(await client.recv())
            with suppress(ConnectionClosed):
                await client.recv()
            return f"{told['code']}: {told['message']}", client.close_code

    assert asyncio.run(said("")) == (
        "no_stream: this API passes on no stream; set FUSION_STREAM to that of `fusion atom record --serve`",
        1013,
    )
    told, code = asyncio.run(said("ws://127.0.0.1:1/market/stream"))
    assert told.startswith("no_stream: the recorder at ws://127.0.0.1:1/market/stream does not answer")
    assert code == 1013


def test_a_page_of_another_site_may_not_read_the_stream(tmp_path: Path) -> None:
    async def opened() -> None:
        async with asyncio.timeout(PATIENCE), served(tmp_path, "") as address:
            for mine in (f"http://{address}", "https://friend.example"):
                async with connect(f"ws://{address}/market/stream", origin=Origin(mine)) as client:
                    assert json.loads(await client.recv())["code"] == "no_stream"
            for other in ("https://evil.example", f"http://{address}.evil.example", "null"):
                with pytest.raises(InvalidStatus, match="403"):
                    await connect(f"ws://{address}/market/stream", origin=Origin(other))

    asyncio.run(opened())
