"""A TCP proxy before the chain's endpoint that can refuse, stall or cut what goes through it."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import Enum

BYTES = 64 << 10
CUT_AFTER = 200  # bytes of an answer, which is somewhere in its headers or early in its body


class Way(Enum):
    """What becomes of a connection."""

    OPEN = "goes through"
    REFUSED = "is refused"
    STALLED = "is taken, and nothing more is heard"
    CUT = "ends in the middle of an answer"


class Proxy:
    """Listens on a free port of 127.0.0.1 for the time of its loop; `turn` says what becomes of connections."""

    def __init__(self, loop: "Loop", target: int) -> None:
        self._loop = loop
        self._target = target
        self._way = Way.OPEN
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._carried: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop.call(self._listen())

    def turn(self, way: Way) -> None:
        """From now on each connection, those that are open too, goes this way."""
        self._loop.call(self._turn(way))

    def close(self) -> None:
        """Ends it with all that goes through it."""
        self._loop.call(self._turn(Way.REFUSED))

    async def _turn(self, way: Way) -> None:
        before, self._way = self._way, way
        if way is Way.STALLED:
            self._flows.clear()
        else:
            self._flows.set()
        if way is Way.REFUSED and self._server is not None:
            self._server.close()
            self._server = None
        if before is Way.STALLED or way is Way.REFUSED:
            for writer in list(self._writers):
                writer.transport.abort()
        if way is not Way.REFUSED and self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of ours: asyncio's own would complain of being ended with the loop.
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            answers, requests = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(requests)
        both = [self._pump(reader, requests, answer=False), self._pump(answers, writer, answer=True)]
        try:
            with suppress(OSError):
                await asyncio.gather(*both)
        finally:
            for each in (writer, requests):
                self._writers.discard(each)
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answer: bool) -> None:
        while data := await reader.read(BYTES):
            await self._flows.wait()
            if answer and self._way is Way.CUT:
                writer.write(data[:CUT_AFTER])
                await writer.drain()
                raise ConnectionAbortedError
            writer.write(data)
            await writer.drain()
        raise ConnectionAbortedError  # one end is gone, and the other goes with it


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[None, None, None]) -> None:
        """Runs it there, and waits until it is done."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10.0)

    def close(self) -> None:
        """Ends what is under way, and the thread."""
        self.call(self._cancelled())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10.0)
        self._loop.close()

    async def _cancelled(self) -> None:
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
