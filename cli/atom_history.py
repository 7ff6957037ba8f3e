"""`fusion atom history`: candles and administrative data of the past, into the store."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.options import Json
from cli.session import Session
from fusion.errors import BadInput


def history(
    venue: Annotated[str, typer.Option(help="Venue id, such as binance_futures.")],
    symbol: Annotated[str, typer.Option(help="Such as BTC-USDT or BTC-USDT-PERP.")],
    kind: Annotated[str, typer.Option(help="candle, funding, open_interest, long_short or taker_volume.")],
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="First day or moment, UTC: 2024-01-01[T12:00].")],
    end: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Up to this one; now by default.")] = None,
    period: Annotated[str, typer.Option(help="Length of a candle, or distance of rows: 5m, 1h, 1d.")] = "5m",
    host: Annotated[str | None, typer.Option(help="Another server that speaks the venue's API.")] = None,
    as_json: Json = False,
) -> None:
    """Fetches the past of a symbol into the store under FUSION_HOME. Run again, it goes on where it ended."""
    from atom.history import fetch_history
    from atom.store import Store
    from atom.venues.history import History
    from cli.output import progress, record

    span = _nanoseconds(start), None if end is None else _nanoseconds(end)
    of = History(venue, host=host)
    with progress(f"{venue} {symbol} {kind}") as report:
        store = Store(Session().settings.home / "atom")
        fetched = fetch_history(store, of, symbol, kind=kind, period=period, span=span, report=report)
    record(asdict(fetched), as_json=as_json)


def _nanoseconds(told: str) -> int:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError as error:
        raise BadInput(f"{told[:40]!r} is no date; write it like 2024-01-01 or 2024-01-01T12:00") from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if not 1970 <= moment.year < 2262:
        raise BadInput(f"{told[:40]!r} is no date of a market; years are from 1970 on")
    return int(moment.timestamp()) * 10**9
