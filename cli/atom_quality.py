"""`fusion atom quality`: what a record is worth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json
from cli.session import Session

BRIEF = (
    *("venue", "symbol", "date", "recorded_s", "valid", "book", "trades", "gaps", "checksums_bad", "disconnects"),
    *("crossed", "silence_s", "latency_p50_ms", "latency_p99_ms"),
)


def quality(
    venue: Annotated[str | None, typer.Option(help="Of this venue alone, such as binance.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Of this symbol alone, such as BTC-USDT.")] = None,
    date: Annotated[str | None, typer.Option(metavar="DATE", help="Of this day alone, such as 2024-08-08.")] = None,
    html: Annotated[Path | None, typer.Option(help="Where the page with the plots goes.")] = None,
    as_json: Json = False,
) -> None:
    """Shows what the record is worth, with a page of plots.

    A row a symbol and day: how long the book was valid, what was lost, how late it came.
    """
    from atom.quality import assess, days, page
    from atom.store import Store
    from cli.output import progress, rows
    from cli.values import parse_day
    from fusion.errors import BadInput, FusionError

    home = Session().settings.home
    wanted, store = None if date is None else parse_day(date, "--date"), Store(home / "atom")
    found = [of for of in days(store, venue, symbol) if wanted in {None, of[2]}]
    if not found:
        raise BadInput("nothing of that is stored; `fusion atom ls` shows what is")
    with progress("quality") as report:
        told = []
        for number, of in enumerate(found):
            report(f"{of[0]} {of[1]} {of[2]}", number / len(found))
            told.append(assess(store, *of))
    place = html or (None if as_json else home / "quality.html")
    if place is not None:
        try:
            place.write_text(page(told), encoding="utf-8")
        except OSError as error:
            raise FusionError(f"the page cannot be written to {place}: {error.strerror or error}") from error
    shown = [each.as_dict() for each in told]
    rows(shown if as_json else [_brief(row) for row in shown], as_json=as_json)
    if place is not None:
        typer.echo(f"plots: {place}", err=True)


def _brief(row: Mapping[str, str | int | float | None]) -> dict[str, object]:
    """What fits a terminal; the page and `--json` have all of it."""
    return {name: _short(row[name]) for name in BRIEF}


def _short(value: str | int | float | None) -> object:
    return round(value, 4) if isinstance(value, float) else value
