"""Stage: a replay from its first client to its last line."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from atom.events import Events
from atom.stream.bus import Bus
from atom.stream.replay import replay
from atom.stream.server import StreamServer

_STILL_S = 0.5
_POLL_S = 0.01

Recorded = Sequence[Iterable[Events]]


async def play(
    bus: Bus,
    recorded: Recorded,
    *,
    speed: float | None,
    at: tuple[str, int],
    clients: int,
    ready: Callable[[str], None],
) -> None:
    """Serves a replay to WebSocket clients, and ends with it.

    It begins when there are so many subscriptions and half a second has passed without another, so that a client that
    subscribes to several feeds gets each from its beginning.

    Args:
        bus: which knows what there will be.
        recorded: of each symbol its events, in pieces that follow one another.
        speed: 1 for real time; None for as fast as the clients read.
        at: where it listens.
        clients: subscriptions it waits for.
        ready: told the address.
    """
    async with StreamServer(bus, *at) as server:
        ready(server.url)
        seen, still = 0, 0.0
        while seen < clients or still < _STILL_S:
            await asyncio.sleep(_POLL_S)
            still = still + _POLL_S if bus.subscriptions == seen else 0.0
            seen = bus.subscriptions
        await replay(recorded, bus, speed=speed, room=bus.room)
