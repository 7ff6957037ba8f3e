"""`fusion atom replay` and `fusion atom watch`: recorded and live data as a stream."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session import Session
from fusion.errors import BadInput

if TYPE_CHECKING:
    from atom.events import Events

Venue = Annotated[str | None, typer.Option(help="Venue of the event log.")]
Symbol = Annotated[str | None, typer.Option(help="Fusion's name of a symbol, such as BTC-USDT.")]
Feed = Annotated[
    str, typer.Option(help="book, orders (one by one), trades, quotes, top, metrics (each second), status, funding ...")
]


def replay(
    source: Annotated[
        str | None, typer.Argument(help="`simulated`, `simulated:<seed>` or `<venue>:<file>`; else the event log.")
    ] = None,
    venue: Venue = None,
    symbol: Symbol = None,
    speed: Annotated[str, typer.Option(help="1 for real time, 10 for ten times as fast, max for flat out.")] = "1",
    serve: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Port for WebSocket clients; else lines are printed.", min=0, max=65535),
    ] = None,
    host: Annotated[str, typer.Option(help="Address it listens on.")] = "127.0.0.1",
    feed: Feed = "book",
    clients: Annotated[int, typer.Option(help="Subscriptions it waits for before it begins.", min=0)] = 1,
) -> None:
    """Plays recorded data as they arrived.

    To WebSocket clients with --serve, else as lines of JSON.
    """
    import asyncio
    import sys

    from atom.stream import Bus, Key
    from atom.stream.bus import Direct, Frame
    from atom.stream.replay import replay as replayed
    from atom.stream.stage import play

    pace = _pace(speed)
    (of, recorded) = _recorded(source, venue, symbol)
    bus = Bus([of])
    if serve is not None:
        asyncio.run(
            play(
                bus,
                [recorded],
                speed=pace,
                at=(host, serve),
                clients=clients,
                ready=lambda url: typer.echo(f"fusion: {url}", err=True),
            )
        )
        return

    def put(frame: Frame) -> None:
        _refuse(frame.text)
        sys.stdout.buffer.write(frame.text + b"\n")
        sys.stdout.buffer.flush()

    bus.subscribe(Key(*of, feed), Direct(put))
    asyncio.run(replayed([recorded], bus, speed=pace))


def watch(
    url: Annotated[str, typer.Argument(help="Such as ws://127.0.0.1:8765/market/stream.")],
    venue: Annotated[str, typer.Option(help="Venue id.")],
    symbol: Annotated[str, typer.Option(help="Fusion's name, such as BTC-USDT.")],
    feed: Feed = "book",
    count: Annotated[int | None, typer.Option(help="Lines after which it ends.", min=1)] = None,
) -> None:
    """Prints the lines of a subscription, until the stream ends."""
    import asyncio
    import sys

    from atom.stream.client import lines
    from atom.stream.messages import Key

    async def printed() -> None:
        number = 0
        async for line in lines(url, Key(venue, symbol, feed)):
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
            number += 1
            if number == count:
                return

    asyncio.run(printed())


def _refuse(lines: bytes) -> None:
    """Ends at a line that says why there are none."""
    if b'{"op":"error"' in lines:  # in no text of a feed, whose quotes are escaped
        line = next(line for line in lines.split(b"\n") if line.startswith(b'{"op":"error"'))
        raise BadInput(json.loads(line)["message"])


def _pace(speed: str) -> float | None:
    if speed == "max":
        return None
    try:
        pace = float(speed)
    except ValueError:
        pace = 0.0
    if not 0.001 <= pace <= 1e6:
        raise BadInput(f"a speed is `max` or a number from 0.001 to 1000000, not {speed[:40]!r}")
    return pace


def _recorded(source: str | None, venue: str | None, symbol: str | None) -> "tuple[tuple[str, str], Iterable[Events]]":
    """The venue and symbol of what is replayed, and its events in pieces."""
    from atom.feed import open_feed
    from atom.store import Store

    if source is not None:
        if venue is not None:
            raise BadInput("give a source or a venue of the event log, not both")
        recording = open_feed(source, symbol=symbol)
        events = replace(recording.events, status=recording.status)
        return (events.instrument.venue, events.instrument.symbol), [events]
    if venue is None or symbol is None:
        raise BadInput("say what to replay: a source such as `simulated`, or --venue and --symbol of the event log")
    return (venue, symbol), [Store(Session().settings.home / "atom").read(venue, symbol)]
