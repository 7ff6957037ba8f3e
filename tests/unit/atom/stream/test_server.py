"""The stream server over real WebSockets: all and in order for who reads, an end with a reason for who does not."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode

from atom.events import Events
from atom.stream import Bus, Key
from atom.stream.client import StreamEnded, lines
from atom.stream.replay import replay, slices
from atom.stream.server import StreamServer
from atom.stream.socket import Limits
from atom.venues.simulated import INSTRUMENT, simulate
from fusion.errors import BadInput

OF = (INSTRUMENT.venue, INSTRUMENT.symbol)
BOOK = Key(*OF, "book")
PATIENCE = 60.0

Act = Callable[[Bus, StreamServer], Awaitable[Sequence[asyncio.Task[None]] | None]]


@pytest.fixture(scope="module")
def events() -> Events:
    return simulate(4, 1500)


def run(act: Act, **settings: Any) -> None:
    """Runs what a test does with a bus and its server."""

    async def played() -> None:
        bus = Bus([OF])
        async with asyncio.timeout(PATIENCE):
            async with StreamServer(bus, **settings) as server:
                reading = await act(bus, server)
            await asyncio.gather(*reading or ())  # clients that read to the end

    asyncio.run(played())


async def ask(connection: ClientConnection, **told: object) -> dict[str, Any]:
    await connection.send(json.dumps(told))
    return await answer(connection)


async def answer(connection: ClientConnection) -> dict[str, Any]:
    found = json.loads(await connection.recv())
    assert isinstance(found, dict)
    return found


def narrow(server: StreamServer) -> socket.socket:
    """A connection of which the system keeps little unread."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = server.url.split("/")[2].split(":")
    made.connect((host, int(port)))
    made.setblocking(False)
    return made


async def until_closed(connection: ClientConnection) -> AsyncIterator[str | bytes]:
    with suppress(ConnectionClosed):
        while True:
            yield await connection.recv()


async def subscribed(bus: Bus, count: int) -> None:
    while bus.subscriptions < count:
        await asyncio.sleep(0.001)


async def kept(url: str, key: Key, into: list[bytes]) -> None:
    into.extend([line async for line in lines(url, key)])


def test_a_client_gets_what_a_listener_in_the_process_gets(events: Events) -> None:
    inside: list[bytes] = []
    outside: list[bytes] = []

    async def act(bus: Bus, server: StreamServer) -> list[asyncio.Task[None]]:
        task = asyncio.create_task(kept(server.url, BOOK, outside))
        await subscribed(bus, 1)
        listener = bus.listen(*BOOK)
        await replay([[events]], bus, speed=None)
        async for line in listener:
            inside.append(line)
            if not listener.behind and json.loads(line)["seq"] == 1501:
                break
        return [task]

    run(act)
    assert outside == inside
    assert len(inside) == 1502


def test_one_that_does_not_read_is_dropped_with_a_reason_and_nobody_is_harmed(events: Events) -> None:
    got: list[list[bytes]] = [[] for _ in range(5)]
    end: list[Any] = []

    async def act(bus: Bus, server: StreamServer) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(kept(server.url, BOOK, into)) for into in got]
        async with connect(server.url, max_queue=1, compression=None, sock=narrow(server)) as lazy:
            await lazy.send(json.dumps({"op": "subscribe", **BOOK._asdict()}))
            await subscribed(bus, 6)
            pieces = [piece for _, piece in slices([events])]
            rounds = 0
            while bus.subscriptions == 6:  # until the system's own buffers are full too
                assert rounds < 200
                rounds += 1
                for piece in pieces:
                    bus.take(piece)
                    await asyncio.sleep(0)
                while sum(client.behind for client in server.connections) > 1:
                    await asyncio.sleep(0.001)
            frames = [frame async for frame in until_closed(lazy)]
            end.extend((json.loads(frames[-1]), lazy.close_code, lazy.close_reason))
        await bus.room()
        assert bus.subscriptions == 5
        return tasks

    run(act, limits=Limits(behind=2**18))
    told, code, reason = end
    assert (told["op"], told["code"]) == ("error", "slow_consumer")
    assert code == 1008
    assert reason.startswith("slow consumer")
    numbers = [json.loads(line)["seq"] for line in got[0]]
    assert numbers == list(range(len(numbers)))
    assert all(other == got[0] for other in got)


@pytest.mark.parametrize(
    ("sent", "code", "told"),
    [
        ("{", "bad_request", "JSON"),
        ("[]", "bad_request", "op"),
        ('{"op":"dance"}', "bad_request", "subscribe"),
        ('{"op":"subscribe"}', "bad_request", '"venue" is text'),
        ('{"op":"subscribe","venue":1,"symbol":"a","feed":"book"}', "bad_request", '"venue" is text'),
        (
            '{"op":"subscribe","venue":"no","symbol":"SIM-USD","feed":"book"}',
            "cannot_subscribe",
            "SIM-USD on simulated",
        ),
        ('{"op":"subscribe","venue":"simulated","symbol":"SIM-USD","feed":"no"}', "cannot_subscribe", "known are book"),
        ('{"op":"unsubscribe","venue":"simulated","symbol":"SIM-USD","feed":"book"}', "cannot_unsubscribe", "no sub"),
    ],
)
def test_a_bad_request_is_answered_and_the_connection_goes_on(sent: str, code: str, told: str) -> None:
    async def act(_: Bus, server: StreamServer) -> None:
        async with connect(server.url) as connection:
            for form in (sent, sent.encode()):
                await connection.send(form)
                error = await answer(connection)
                assert (error["op"], error["code"]) == ("error", code)
                assert told in error["message"]
            assert await ask(connection, op="ping") == {"op": "pong"}

    run(act)


def test_requests_too_large_or_too_many_end_in_an_error_and_not_in_a_crash() -> None:
    async def act(bus: Bus, server: StreamServer) -> None:
        for number in range(1000):
            bus.expect("simulated", f"S{number}")
        async with connect(server.url) as greedy, connect(server.url) as huge:
            for number in range(1000):
                await greedy.send(
                    json.dumps({"op": "subscribe", "venue": "simulated", "symbol": f"S{number}", "feed": "trades"})
                )
            ops = [(await answer(greedy)) for _ in range(1000)]
            assert sum(one["op"] == "subscribed" for one in ops) == 500
            assert {one["code"] for one in ops if one["op"] == "error"} == {"too_many"}
            await huge.send("x" * 5000)
            with pytest.raises(ConnectionClosed) as closed:
                await huge.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
            assert await ask(greedy, op="ping") == {"op": "pong"}
        while bus.subscriptions:
            await asyncio.sleep(0.001)

    run(act)


def masked(opcode: Opcode, data: bytes) -> bytes:
    return WireFrame(opcode, data).serialize(mask=True)


def test_one_that_sends_pings_and_reads_no_answer_is_dropped() -> None:
    async def act(_: Bus, server: StreamServer) -> None:
        async with connect(server.url, max_queue=1, compression=None, sock=narrow(server)) as lazy:
            lazy.transport.pause_reading()
            flood = masked(Opcode.PING, b"x" * 125) * 500
            rounds = 0
            while all(client.open for client in server.connections):  # until the system's own buffers are full too
                assert rounds < 1000, "what waits for one that does not read grows without bound"
                rounds += 1
                lazy.transport.write(flood)
                while lazy.transport.get_write_buffer_size():
                    await asyncio.sleep(0)
                    if not all(client.open for client in server.connections):
                        break
            lazy.transport.abort()

    run(act, limits=Limits(behind=2**18))


def test_what_is_no_websocket_is_refused() -> None:
    async def act(_: Bus, server: StreamServer) -> None:
        with pytest.raises(InvalidStatus, match="404"):
            await connect(server.url + "s")
        host, port = server.url.split("/")[2].split(":")
        for sent, told in ((b"GET /market/stream HTTP/1.1\r\nHost: a\r\n\r\n", b"426"), (b"\x16\x03\x01\r\n\r\n", b"")):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            assert told in await reader.read()
            writer.close()
        while server.connections:
            await asyncio.sleep(0.001)

    run(act)


def test_more_clients_than_there_may_be_are_sent_away() -> None:
    async def act(_: Bus, server: StreamServer) -> None:
        async with connect(server.url):
            with pytest.raises(InvalidStatus, match="503"):
                await connect(server.url)

    run(act, limits=Limits(clients=1))


def test_who_never_finishes_the_opening_or_the_closing_is_cut_off() -> None:
    async def act(_: Bus, server: StreamServer) -> None:
        host, port = server.url.split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /market")
        assert await reader.read() == b""
        writer.close()

    run(act, limits=Limits(patience_s=0.05))


def test_heartbeats_subscriptions_and_their_end(events: Events) -> None:
    async def act(bus: Bus, server: StreamServer) -> None:
        async with connect(server.url) as connection:
            beat = await answer(connection)
            assert beat["op"] == "heartbeat"
            assert int(beat["time"]) > 0

            async def told() -> dict[str, Any]:
                while (found := await answer(connection))["op"] == "heartbeat":
                    pass
                return found

            await connection.send(json.dumps({"op": "markets"}))
            assert (await told())["markets"] == [{"venue": OF[0], "symbol": OF[1]}]
            for op, seq in (("subscribe", {"seq": 0}), ("unsubscribe", {})):
                await connection.send(json.dumps({"op": op, "venue": OF[0], "symbol": OF[1], "feed": "trades"}))
                assert await told() == {"op": op + "d", "venue": OF[0], "symbol": OF[1], "feed": "trades", **seq}
            bus.take(events)
            await connection.send(json.dumps({"op": "ping"}))
            assert await told() == {"op": "pong"}  # and no trade before it

    run(act, heartbeat_s=0.01)


def test_a_port_in_use_is_told() -> None:
    async def act(_: Bus, server: StreamServer) -> None:
        port = int(server.url.split("/")[2].split(":")[1])
        with pytest.raises(BadInput, match=f"cannot listen on 127.0.0.1:{port}"):
            async with StreamServer(Bus(), port=port):
                pass

    run(act)


def test_a_client_tells_why_there_is_no_stream() -> None:
    async def reads(url: str, key: Key) -> None:
        async for _ in lines(url, key):
            pass

    async def act(_: Bus, server: StreamServer) -> None:
        with pytest.raises(BadInput, match="not streamed here"):
            await reads(server.url, Key("no", "no", "book"))
        with pytest.raises(BadInput, match="no address"):
            await reads("http:/x", BOOK)
        with pytest.raises(StreamEnded, match="no stream at"):
            await reads("ws://127.0.0.1:1/market/stream", BOOK)

    run(act)
