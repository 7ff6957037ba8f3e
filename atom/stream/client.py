"""Client: the lines of a subscription, from any stream server."""

from collections.abc import AsyncIterator

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from atom.stream.messages import Key
from fusion.errors import BadInput, Retryable


class StreamEnded(Retryable):
    """The server ended the stream, or cannot be reached."""


async def lines(url: str, key: Key) -> AsyncIterator[bytes]:
    """The lines of one subscription until the stream ends, heartbeats and answers left out.

    Raises:
        BadInput: the address is none, or the server refuses the subscription.
        StreamEnded: it cannot be reached, or drops the client; tells its reason.
    """
    try:
        async with connect(url, max_size=None, compression=None) as connection:
            await connection.send(orjson.dumps({"op": "subscribe", **key._asdict()}).decode())
            async for frame in connection:
                for line in (frame.encode() if isinstance(frame, str) else frame).split(b"\n"):
                    if not line.startswith(b'{"op"'):
                        yield line
                    elif (answer := orjson.loads(line))["op"] == "error":
                        raise (StreamEnded if answer["code"] == "slow_consumer" else BadInput)(answer["message"])
    except InvalidURI as error:
        raise BadInput(f"{url!r:.80} is no address of a stream, such as ws://127.0.0.1:8765/market/stream") from error
    except (OSError, InvalidHandshake, ConnectionClosed, EOFError) as error:
        raise StreamEnded(f"no stream at {url}: {error}") from error
