"""Store: an exchange's home on disk: what was asked, what was answered, and pictures of all of it.

    commands/   the log: all that was asked, kept before it was done
    journal/    rows of the journal: all that was answered
    orders/     users' closed orders        trades/   users' trades
    snapshots/  all that the exchange is, from time to time

Only the log and the snapshots matter: the rest is made again from them.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import structlog

from fusion.errors import StorageFull
from node.exchange.core.journal import JOURNAL
from node.exchange.exchange import Journal
from node.exchange.service import snapshot
from node.exchange.service.archive import Archive
from node.exchange.service.indexed import Indexed
from node.exchange.service.log import Log
from node.exchange.service.snapshot import Arrays, Snapshot
from node.exchange.service.table import Table
from node.exchange.service.trade import TRADE, Trades

_HELD: Final = 1 << 16
"""Rows that wait to be written, at the most."""
_SPACING: Final = 5.0
"""Seconds between two snapshots, at the least."""
FOLDERS = COMMANDS, JOURNAL_ROWS, ORDERS, TRADES, SNAPSHOTS = "commands", "journal", "orders", "trades", "snapshots"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a store keeps.

    Attributes:
        sync: whether what is asked waits until the disk has it.
        every: rows of the journal after which there is a new snapshot.
        most: bytes that the log and the journal may have; the oldest go.
    """

    sync: bool = False
    every: int = 200_000
    most: int = 1 << 32


class Store:
    """The files of one exchange. One process at a time has them; see `Home`."""

    def __init__(self, folder: Path, keeping: Keeping) -> None:
        self._folder, self._keeping = folder, keeping
        for torn in (folder / SNAPSHOTS).glob("*.part"):
            torn.unlink()
        self.log = Log(folder / COMMANDS, sync=keeping.sync)
        self.journal = Table(folder / JOURNAL_ROWS, JOURNAL)
        self.archive = Archive(folder / ORDERS)
        self.trades = Indexed(
            folder / TRADES,
            TRADE,
            1 << 16,
            [("taker", itemgetter("taker_order")), ("maker", itemgetter("maker_order"))],
        )
        self._since, self._taken = 0, -_SPACING
        self._writer = ThreadPoolExecutor(1, "snapshot")
        self._written: Future[Path] | None = None

    # What is asked and answered

    def write(self, records: Sequence[tuple[int, bytes]]) -> None:
        """Keeps what will be done; StorageFull where there is no room, and nothing was kept."""
        if self.journal.held > _HELD:
            self.flush()
        self.log.append(records)

    def told(self, rows: Journal, trades: Sequence[Trades]) -> None:
        """Keeps what was answered, and users' trades among it."""
        self.journal.append(rows)
        self._since += len(rows)
        for each in trades:
            self.trades.append(each)

    def flush(self) -> None:
        """Writes what waits; StorageFull where there is no room, and then it waits still."""
        for each in (self.journal, self.archive.table, self.trades):
            each.flush()

    # Snapshots

    @property
    def due(self) -> bool:
        """Whether it is time for a snapshot."""
        if self._since < self._keeping.every or time.monotonic() - self._taken < _SPACING:
            return False
        return self._written is None or self._written.done()

    def keep_snapshot(self, arrays: Arrays, facts: dict[str, Any]) -> None:
        """Writes a snapshot in the background; what follows goes to new files of the log. One that finds no room is
        told in the log and tried again later.
        """
        self.settle()
        self._since, self._taken = 0, time.monotonic()
        try:
            self.flush()
        except StorageFull as error:
            _log.warning("no snapshot", why=str(error))
            return
        tables = {"journal": self.journal.count, "orders": self.archive.table.count, "trades": self.trades.count}
        taken = Snapshot(self.log.last, arrays, {**facts, "tables": tables})
        self.log.rotate()
        self._written = self._writer.submit(snapshot.write, self._folder / SNAPSHOTS, taken)

    def settle(self) -> None:
        """Waits for the snapshot that is being written, and lets go what is too old then."""
        if self._written is not None:
            try:
                self._written.result()
                self._trim()
            except StorageFull as error:
                _log.warning("no snapshot", why=str(error))
            self._written = None

    def close(self) -> None:
        """Writes all that waits."""
        self.settle()
        self._writer.shutdown()
        self.flush()
        self.log.close()

    def cut(self, tables: dict[str, int]) -> None:
        """Forgets answers that are newer than a snapshot: they are made again."""
        self.journal.cut(tables["journal"])
        self.archive.table.cut(tables["orders"])
        self.trades.cut(tables["trades"])

    def _trim(self) -> None:
        """Lets the oldest go while there is too much; the two newest snapshots and all after them stay."""
        kept = snapshot.files(self._folder / SNAPSHOTS)
        while len(kept) > 2 and self._size() > self._keeping.most:
            kept.pop(0).unlink()
            self.log.drop(int(kept[0].stem))
            self.journal.drop(snapshot.facts(kept[0])["tables"]["journal"])

    def _size(self) -> int:
        folders = (self._folder / COMMANDS, self._folder / JOURNAL_ROWS)
        return sum(path.stat().st_size for folder in folders for path in folder.iterdir())
