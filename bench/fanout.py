#!/usr/bin/env python
"""Fan-out: one market to a hundred WebSocket clients, of whom one more does not read, against other ways to serve it.

.venv/bin/python bench/fanout.py            # a table, as Markdown
.venv/bin/python bench/fanout.py --json     # for programs
.venv/bin/python bench/fanout.py --quick    # one run each

A message is a line of JSON with a number of its own; a frame has twenty, as 10 ms of 2,000 messages a second make. All
servers are fed by the same bus with the same frames, each line is written out once, and the clients, in a process of
their own, count every number. A run counts when each of the hundred has got every message, and ours only when it has
dropped the one that does not read; its peers keep all that such a client leaves unread.
"""

import argparse
import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file: the rooms lie beside `bench`

import numpy as np
import uvicorn
from fastapi import FastAPI, WebSocket
from websockets.asyncio.server import ServerConnection, broadcast, serve

from atom.events import MARKET, Events, Flag
from atom.stream import Bus, Key
from atom.stream.bus import Direct, Frame
from atom.stream.replay import slices
from atom.stream.server import StreamServer
from atom.stream.socket import Limits
from atom.venues.simulated import INSTRUMENT, simulate
from bench.rows import Row, told
from bench.served import CLIENTS, Served, listening

KEY = Key(INSTRUMENT.venue, INSTRUMENT.symbol, "book")
HELLO = json.dumps({"op": "subscribe", **KEY._asdict()})
_MESSAGES, _FRAME = 2_000, 20
_PATIENCE_S = 60.0


@asynccontextmanager
async def ours(bus: Bus) -> AsyncIterator[Served]:
    async with StreamServer(bus, limits=Limits(behind=2**19, patience_s=1)) as server:
        yield Served(int(server.url.split(":")[2].split("/")[0]), lambda: sum(one.behind for one in server.connections))


@asynccontextmanager
async def by_broadcast(bus: Bus) -> AsyncIterator[Served]:
    """Websockets' own server and its `broadcast`, which never drops a client."""
    clients: set[ServerConnection] = set()

    async def handle(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send((bus.picture(KEY) or Frame([])).text, text=True)
        clients.add(connection)
        await connection.wait_closed()
        clients.discard(connection)

    bus.subscribe(KEY, Direct(lambda frame: broadcast(clients, frame.text.decode())))
    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=1) as server:
        port = server.sockets[0].getsockname()[1]
        yield Served(port, lambda: sum(one.transport.get_write_buffer_size() > 0 for one in clients))
        for client in clients:
            client.transport.abort()


@asynccontextmanager
async def by_uvicorn(bus: Bus) -> AsyncIterator[Served]:
    """FastAPI's WebSocket under uvicorn, a queue and a task a client."""
    app, queues = FastAPI(), set[asyncio.Queue[str]]()

    @app.websocket("/market/stream")
    async def handle(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive_text()
        await socket.send_text((bus.picture(KEY) or Frame([])).text.decode())
        queue: asyncio.Queue[str] = asyncio.Queue()
        queues.add(queue)
        with suppress(asyncio.CancelledError):
            while True:
                await socket.send_text(await queue.get())

    def put(frame: Frame) -> None:
        text = frame.text.decode()
        for queue in queues:
            queue.put_nowait(text)

    bus.subscribe(KEY, Direct(put))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_level="critical", ws_ping_interval=None, ws_per_message_deflate=False)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listening]))
        yield Served(listening.getsockname()[1], lambda: sum(not queue.empty() for queue in queues))
        server.force_exit = server.should_exit = True
        await task


Candidate = Callable[[Bus], AbstractAsyncContextManager[Served]]
PEERS: dict[str, Candidate] = {"websockets broadcast": by_broadcast, "FastAPI on uvicorn": by_uvicorn}


async def run(candidate: Candidate, pieces: list[Events], last: int) -> float:
    """Messages delivered a second."""
    bus = Bus([(KEY.venue, KEY.symbol)])
    async with candidate(bus) as served, listening(served, last, HELLO) as clients:
        for piece in pieces:
            bus.take(piece)
            await served.read()
        said = await clients.said()
        left = bus.subscriptions
    complete = sum(end == last and count >= last for end, count in zip(said.last, said.messages, strict=True))
    if complete != CLIENTS or (candidate is ours and left != CLIENTS):
        raise RuntimeError(f"{complete} of {CLIENTS} clients got all, {left} are left")
    return CLIENTS * last / said.seconds


def measured(times: int, rounds: int) -> list[Row]:
    """Rows of the benchmark: so many runs each, in turn, of so many times the same market."""
    events = simulate(5, _MESSAGES)
    single = [piece for _, piece in slices([events], step_ns=1)]
    pieces = [joined(single[at : at + _FRAME]) for at in range(0, len(single), _FRAME)] * rounds
    last = int(np.count_nonzero(events.book["flags"] & Flag.LAST)) * rounds

    def rate(candidate: Candidate) -> float:
        return asyncio.run(asyncio.wait_for(run(candidate, pieces, last), _PATIENCE_S))

    turns = [(rate(ours), [rate(each) for each in PEERS.values()]) for _ in range(times)]
    return [
        Row.of("fan-out", "messages/s", name, [(mine, theirs[at]) for mine, theirs in turns])
        for at, name in enumerate(PEERS)
    ]


def joined(pieces: list[Events]) -> Events:
    """One batch of several."""
    book, trade, quote = (np.concatenate([one.tables()[kind] for one in pieces]) for kind in MARKET)
    return Events(pieces[0].instrument, book, trade, quote)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--quick", action="store_true", help="one run each")
    asked = parser.parse_args()
    rows = measured(*((1, 10) if asked.quick else (3, 10)))
    print(
        told(f"messages of one market to {CLIENTS} local clients, and one that does not read", rows, as_json=asked.json)
    )


if __name__ == "__main__":
    main()
