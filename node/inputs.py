"""Input tables for jobs and tests: the quotes of a feed with their metrics, and which column feeds which port."""

from collections.abc import Iterable, Mapping

from atom import open_feed
from atom.window import quotes, with_metrics
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.content.table import Column, Table, add_table
from fusion.errors import BadInput

ROWS = 5_000


def feed_table(feed: str, *, rows: int = ROWS) -> Table:
    """The first `rows` changes of the best bid and ask of `feed`, one row each.

    Columns: ts (ns), bid, ask, bid_size, ask_size, and the metrics of `atom.metrics` (mid, spread, ...).
    """
    return with_metrics(quotes(open_feed(feed), rows=rows))


def port_columns(table: Table, ports: Iterable[str], chosen: Mapping[str, str]) -> dict[str, Column]:
    """The column of each port: the chosen one, or the one of its own name.

    Raises:
        BadInput: a port has no column, or a choice names no port or no column.
    """
    wanted = {port: chosen.get(port, port) for port in ports}
    for port in chosen:
        if port not in wanted:
            raise BadInput(f"--input {port}: the module has no such port; its ports are {', '.join(wanted)}")
    for port, name in wanted.items():
        if name not in table:
            raise BadInput(
                f"port {port} needs a column {name}, the feed has {', '.join(table)}; "
                f"choose one with --input {port}=COLUMN"
            )
    return {port: table[name] for port, name in wanted.items()}


def add_inputs(store: BlockStore, columns: Mapping[str, Column]) -> dict[str, Cid]:
    """Keeps the columns as one table named by port, and returns it for every port."""
    return dict.fromkeys(columns, add_table(store, columns))
