"""`fusion atom record`: live market data into the event log."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.options import Json
from cli.session import Session
from fusion.errors import BadInput, Retryable

if TYPE_CHECKING:
    from atom.live import Recorder
    from atom.store.upkeep import Upkeep
    from atom.stream.server import StreamServer

_EACH: Final = 0.5  # seconds between two looks of the line at a terminal


def record(
    venue: Annotated[list[str], typer.Option(help="Venue id; give it once for each.")],
    symbol: Annotated[
        list[str], typer.Option(help="BTC-USDT at all these venues, or okx:BTC-USDT-PERP at one of them.")
    ],
    seconds: Annotated[float | None, typer.Option("--for", metavar="SECONDS", help="Ends after so long.")] = None,
    raw: Annotated[Path | None, typer.Option(help="Folder for what came over the wire, as `import` reads it.")] = None,
    host: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS=ADDRESS", help="A proxy's address for a venue's.")
    ] = None,
    serve: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port on which WebSocket clients get it too.", min=0, max=65535)
    ] = None,
    as_json: Json = False,
) -> None:
    """Records venues live into the event log, until it is interrupted. Started again, it goes on there."""
    from atom.live import Recorder
    from atom.sink import Sink
    from atom.store.log import Log
    from atom.store.upkeep import Upkeep
    from atom.stream import Bus
    from atom.stream.server import StreamServer
    from cli.output import rows

    if seconds is not None and not 0 < seconds < float("inf"):
        raise BadInput(f"--for takes a positive number of seconds, not {seconds}")
    wanted, hosts = _wanted(venue, symbol), dict(map(_host, host or ()))
    sinks: list[Sink] = []
    recorder = Recorder(wanted, sinks, hosts=hosts, raw=raw)
    stream = None
    if serve is not None:
        bus = Bus((at, name) for at, names in wanted.items() for name in names)
        stream = StreamServer(bus, port=serve)
        sinks.append(bus)
    folder = Session().settings.home / "atom"
    with Log(folder) as log, _line() as report:
        sinks.append(log)
        asyncio.run(_until_told(recorder, seconds, report, stream, Upkeep(folder)))
    if not recorder.recorded:
        of = ", ".join(wanted)
        raise Retryable(f"nothing came from {of}; look for the way to the internet, or name a proxy with --host")
    rows([one.as_dict() for one in recorder.recorded.values()], as_json=as_json)


async def _until_told(
    recorder: "Recorder",
    seconds: float | None,
    report: "Callable[[Recorder], None]",
    stream: "StreamServer | None",
    upkeep: "Upkeep",
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    async with _beside(upkeep.run()):
        if stream is None:
            await recorder.run(stop, report)
            return
        async with stream:
            print(f"fusion: {stream.url}", file=sys.stderr)
            await recorder.run(stop, report)


@asynccontextmanager
async def _beside(running: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Runs something that ends with what is inside."""
    task = asyncio.create_task(running)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _wanted(venues: Sequence[str], symbols: Sequence[str]) -> dict[str, list[str]]:
    """Symbols by venue."""
    wanted: dict[str, list[str]] = {venue: [] for venue in venues}
    for symbol in symbols:
        at, colon, name = symbol.partition(":")
        if colon and at in wanted:
            wanted[at].append(name)
        elif colon:
            raise BadInput(f"{symbol[:60]!r} is of a venue that --venue does not name")
        else:
            for each in wanted.values():
                each.append(symbol)
    for venue, names in wanted.items():
        if not names:
            raise BadInput(f"no symbol of {venue} is named; give --symbol {venue}:BTC-USDT")
    return wanted


def _host(told: str) -> tuple[str, str]:
    beginning, equals, instead = told.partition("=")
    if not (equals and "://" in beginning and "://" in instead):
        raise BadInput(f"--host takes such as wss://a.example=ws://127.0.0.1:9000, not {told[:80]!r}")
    return beginning, instead


@contextmanager
def _line() -> "Iterator[Callable[[Recorder], None]]":
    """A line on how it goes when stderr is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda recorder: None
        return
    from rich.console import Console

    with Console(stderr=True).status("connecting") as status:
        at, before = monotonic(), 0

        def show(recorder: "Recorder") -> None:
            nonlocal at, before
            now = monotonic()
            if now - at < _EACH:
                return
            events = sum(one.events for one in recorder.recorded.values())
            (up, of), lags = recorder.up, [one.lag for one in recorder.recorded.values() if one.lag is not None]
            lag = f", {max(lags) / 1e6:,.0f} ms behind the venue" if lags else ""
            troubles = ", ".join(f"{kind} {count}" for kind, count in sorted(recorder.told.items()))
            status.update(
                f"{(events - before) / (now - at):,.0f} events/s, {events:,} in all, {up} of {of} connections{lag}"
                + (f"; {troubles}" if troubles else "")
            )
            at, before = now, events

        yield show
