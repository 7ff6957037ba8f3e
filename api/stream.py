"""`/market/stream`: the stream of a recorder, passed on, so that a page of this app may read it."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit

from fastapi import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from atom.stream.requests import error

_TRY_AGAIN = 1013
_NO_CODES = frozenset({1005, 1006, 1015})  # which nobody may send


async def relay(client: WebSocket, recorder: str, origins: Collection[str] = ()) -> None:
    """Passes on what a client asks and what the recorder at that address answers, until one of them ends.

    A client that does not read keeps the recorder waiting, who then drops it with a reason. A page of another site,
    which browsers let open any WebSocket, is answered 403.

    Args:
        client: not yet accepted.
        recorder: the address.
        origins: sites besides our own whose pages may read it.
    """
    if not _may_read(client, origins):
        await client.close()
        return
    await client.accept()
    if not recorder:
        await _refuse(client, "this API passes on no stream; set FUSION_STREAM to that of `fusion atom record --serve`")
        return
    try:
        async with connect(recorder, max_size=None, compression=None, max_queue=4) as source:
            ways = [asyncio.create_task(_down(source, client)), asyncio.create_task(_up(client, source))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        code = source.close_code or _TRY_AGAIN
        with suppress(RuntimeError, WebSocketDisconnect):  # the client was first
            await client.close(_TRY_AGAIN if code in _NO_CODES else code, source.close_reason or "")
    except (OSError, InvalidHandshake, InvalidURI) as refused:
        await _refuse(client, f"the recorder at {recorder} does not answer: {refused}")


def _may_read(client: WebSocket, origins: Collection[str]) -> bool:
    origin = client.headers.get("origin")  # of a page; programs send none
    return origin is None or origin in origins or urlsplit(origin).netloc == client.headers.get("host")


async def _down(source: ClientConnection, client: WebSocket) -> None:
    async for frame in source:
        await client.send_text(frame if isinstance(frame, str) else frame.decode())


async def _up(client: WebSocket, source: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        while (message := await client.receive())["type"] == "websocket.receive":
            await source.send(message.get("text") or message.get("bytes") or "")


async def _refuse(client: WebSocket, message: str) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):
        await client.send_text(error("no_stream", message))
        await client.close(_TRY_AGAIN, message[:120])
