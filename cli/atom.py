"""`fusion atom`: recorded market data in, numbers out."""

from pathlib import Path
from typing import Annotated

import typer

from cli import (
    atom_archive,
    atom_chain,
    atom_history,
    atom_metrics,
    atom_quality,
    atom_record,
    atom_store,
    atom_stream,
)
from cli.options import Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Import and show market data.")
app.add_typer(atom_chain.app, name="chain")
app.command()(atom_record.record)
app.command()(atom_store.ls)
app.command()(atom_store.sql)
app.command()(atom_store.compact)
app.command()(atom_archive.publish)
app.command()(atom_archive.mirror)
app.command()(atom_archive.backfill)
app.command()(atom_stream.replay)
app.command()(atom_stream.watch)
app.command()(atom_metrics.metrics)
app.command()(atom_history.history)
app.command()(atom_metrics.flows)
app.command()(atom_quality.quality)


@app.command()
def venues(*, as_json: Json = False) -> None:
    """Lists the venues and how each is read.

    With its channels, and what of that no recording has proved.
    """
    from dataclasses import asdict

    from atom.venues.table import table
    from cli.output import rows

    shown = [asdict(row) for row in table()]
    if not as_json:
        shown = [{**row, **{name: ", ".join(row[name]) for name in ("channels", "unverified")}} for row in shown]
    rows(shown, as_json=as_json)


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="RAW...", help="Recorded streams of one venue.")],
    venue: Annotated[str, typer.Option(help="Venue id, such as binance or binance_futures.")],
    http: Annotated[list[Path] | None, typer.Option(help="Recorded HTTP answers that belong to them.")] = None,
    as_json: Json = False,
) -> None:
    """Reads a capture into the event log. That is under FUSION_HOME; prints what the capture holds, a row a symbol."""
    from atom.imports import import_capture
    from atom.store import Store
    from cli.output import progress, rows

    store = Store(Session().settings.home / "atom")
    with progress("import") as report:
        report(f"{len(files)} files", 0.1)
        counted = import_capture(venue, files, http or (), store=store)
    rows([row.as_dict() for row in counted], as_json=as_json)


@app.command()
def show(
    feed: Annotated[str, typer.Argument(help="`simulated`, `simulated:<seed>` or `<venue>:<file>`.")] = "simulated",
    count: Annotated[int, typer.Option("--rows", help="Rows to show, the newest.", min=1)] = 10,
    as_json: Json = False,
) -> None:
    """Shows the newest quotes of a feed with its book metrics."""
    from atom import open_feed
    from atom.window import quotes, with_metrics
    from cli.output import rows

    table = with_metrics(quotes(open_feed(feed)))
    last = {name: column[-count:].tolist() for name, column in table.items()}
    rows([dict(zip(last, row, strict=True)) for row in zip(*last.values(), strict=True)], as_json=as_json)
