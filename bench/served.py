"""Served: a server that is heard by a hundred clients, in a process of their own, and one more that does not read."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

CLIENTS: Final = 100
_SETTLE_S: Final = 0.5


class Served(NamedTuple):
    """A server.

    Attributes:
        port: where.
        unread: how many clients have not read all.
    """

    port: int
    unread: Callable[[], int]

    async def read(self) -> None:
        """Waits until all clients but the one that never does have read what was told."""
        await asyncio.sleep(0)
        while self.unread() > 1:
            await asyncio.sleep(0)


class Said(NamedTuple):
    """What the clients say once all have the last message.

    Attributes:
        seconds: since they were all there.
        messages: how many each of them read.
        last: the number of its last one.
    """

    seconds: float
    messages: list[int]
    last: list[int]


class Clients:
    """Those who read."""

    def __init__(self, output: asyncio.StreamReader) -> None:
        self._output, self._began = output, time.monotonic()

    async def said(self) -> Said:
        found = json.loads(await self._output.readline())
        return Said(found["at"] - self._began, found["messages"], found["last"])


@asynccontextmanager
async def listening(served: Served, last: int, hello: str = "", *more: str) -> AsyncIterator[Clients]:
    """Clients of a server, all of them there; they go at the end.

    Args:
        last: the number of the last message.
        hello: what they subscribe with.
        more: what they ask for, and what comes before a message's number; see `bench/fanout_clients.py`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("fanout_clients.py")),
        str(served.port), str(CLIENTS), str(last), hello, *more,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    output = process.stdout
    if output is None:
        raise RuntimeError("the clients have no output")
    await output.readline()
    await asyncio.sleep(_SETTLE_S)
    yield Clients(output)
    await process.communicate(b"")
