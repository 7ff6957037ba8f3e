"""Queries: SQL over what is stored, through DuckDB, each type of events as a view of its name.

A view has the columns of its files with venue and symbol before them; times are UTC. Prices and sizes are exact
decimals, whatever ticks and lots the files have: `price_ticks` and the like keep the integers. Only the files that
count are read, so a compaction shows no row twice. What arrived since the last rotation is still in the log, and not
seen.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb
import polars as pl
import pyarrow as pa

from atom.events import DTYPES, MARKET, PRICES, SIZES
from atom.instrument import Instrument, ratio
from atom.store import parquet
from atom.store.view import View, steadily
from fusion.errors import BadInput

_DIGITS: Final = 19  # of a step, beside the 19 of an integer
_KINDS: Final = (*DTYPES, "status")


def query(folder: Path, sql: str, only: tuple[str, str] | None = None) -> pl.DataFrame:
    """The answer to a query.

    Args:
        folder: the store's.
        sql: as DuckDB has it.
        only: (venue, symbol) of the one market that is wanted; all by default.

    Raises:
        BadInput: the query is refused; tells why.
    """
    return steadily(folder, lambda view: _answer(view, sql, only))


def _answer(view: View, sql: str, only: tuple[str, str] | None) -> pl.DataFrame:
    connection, read = duckdb.connect(), list[Path]()
    try:
        for kind in _KINDS:
            files = list(_files(view, kind, only))
            read += [path for path, _ in files]
            if files:
                _make(connection, kind, files)
        answer = connection.sql(sql)
        return pl.DataFrame() if answer is None else pl.DataFrame(answer.to_arrow_table())
    except (pl.exceptions.PolarsError, pa.ArrowException) as error:  # an interval, say, or two columns of one name
        raise _refused(error) from error
    except duckdb.Error as error:
        if not all(path.exists() for path in read):  # a compaction took its files away
            raise FileNotFoundError(str(error)) from error
        raise _refused(error) from error
    finally:
        connection.close()


def _refused(error: Exception) -> BadInput:
    return BadInput(f"the query is refused: {' '.join(str(error).split())[:300]}")


def _files(view: View, kind: str, only: tuple[str, str] | None) -> Iterator[tuple[Path, Instrument]]:
    for venue, symbol in sorted(view.symbols()) if only is None else [only]:
        for file in view.files(venue, symbol, kind):
            yield file.path, parquet.instrument(file.path)


def _make(connection: duckdb.DuckDBPyConnection, kind: str, files: Sequence[tuple[Path, Instrument]]) -> None:
    told = pa.table(
        {
            "filename": [str(path) for path, _ in files],
            "venue": [of.venue for _, of in files],
            "symbol": [of.symbol for _, of in files],
            "tick": [str(of.tick) for _, of in files],
            "lot": [str(of.lot) for _, of in files],
        }
    )
    connection.register(f"_{kind}", told)
    steps = {"tick": [of.tick for _, of in files], "lot": [of.lot for _, of in files]}
    columns = []
    for name in parquet.columns(kind):
        step = None if kind not in MARKET else "tick" if name in PRICES else "lot" if name in SIZES else None
        if step is not None:
            columns.append(f'{_number(name, step, steps[step])} AS "{name}", rows."{name}" AS {name}_{step}s')
        elif name.startswith("ts_"):  # of times with a zone and nanoseconds DuckDB knows too little
            columns.append(f'CAST(rows."{name}" AS TIMESTAMP_NS) AS "{name}"')
        else:
            columns.append(f'rows."{name}"')
    connection.execute(
        f"CREATE VIEW {kind} AS SELECT f.venue, f.symbol, {', '.join(columns)} "  # noqa: S608  # names of ours
        f"FROM read_parquet({[str(path) for path, _ in files]}, filename = true, hive_partitioning = false) AS rows "
        f"JOIN _{kind} AS f ON f.filename = rows.filename"
    )


def _number(name: str, step: str, steps: Sequence[Decimal]) -> str:
    """A column of steps as a decimal, or as a float where no decimal holds the steps of all files."""
    places = max(ratio(each)[1] for each in steps)
    if places + max(len(str(int(each))) for each in steps) > _DIGITS:
        return f"CAST(rows.{name} AS DOUBLE) * CAST(f.{step} AS DOUBLE)"
    return f"CAST(rows.{name} AS DECIMAL({_DIGITS}, 0)) * CAST(f.{step} AS DECIMAL({_DIGITS}, {places}))"
