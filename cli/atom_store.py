"""`fusion atom`: what is stored."""

from math import isfinite
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.session import Session

if TYPE_CHECKING:
    import polars as pl


def ls(as_json: Json = False) -> None:
    """Lists what is stored.

    Venue, symbol, types of events, first and last arrival, rows and bytes.
    """
    from atom.store.listing import listing
    from cli.output import rows

    rows([each.as_dict() for each in listing(Session().settings.home / "atom")], as_json=as_json)


def sql(
    query: Annotated[str, typer.Argument(help="Such as: select symbol, count(*) from trade group by symbol")],
    as_json: Json = False,
) -> None:
    """Asks what is stored in SQL, as DuckDB has it. Each type of events is a table, with venue and symbol."""
    from atom.store.query import query as ask
    from cli.output import rows

    answer = _plain(ask(Session().settings.home / "atom", query)).to_dicts()
    rows([{name: _told(value) for name, value in row.items()} for row in answer], as_json=as_json)


def compact(
    before: Annotated[
        str | None, typer.Option(metavar="DATE", help="Days before this one, such as 2024-01-31; today by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Makes one file of the many that a recorder wrote on a day. Readers see each row once all the while."""
    from atom.store.compaction import compact as run
    from cli.output import progress, rows

    folder = Session().settings.home / "atom"
    made = []
    with progress("compact") as report:
        for each in run(folder, before):
            made.append(
                {
                    "path": str(each.path.relative_to(folder)),
                    "files": each.files,
                    "before": each.before,
                    "after": each.after,
                }
            )
            report(f"{len(made)} days", 0.5)
    rows(made, as_json=as_json)


def _plain(answer: "pl.DataFrame") -> "pl.DataFrame":
    """Decimals, times and bytes as text, in all their digits."""
    import polars as pl
    import polars.selectors as cs

    return answer.with_columns(
        cs.decimal().cast(pl.String),
        cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S.%9fZ"),
        cs.binary().bin.encode("hex"),
        (cs.date() | cs.time() | cs.duration()).cast(pl.String),
    )


def _told(value: object) -> object:
    """What JSON can hold, also within lists and records, where times have microseconds; null for what is no number."""
    match value:
        case dict():
            return {str(name): _told(one) for name, one in value.items()}
        case list():
            return [_told(one) for one in value]
        case float():
            return value if isfinite(value) else None
        case bytes():
            return value.hex()
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)
