"""Store: an exchange's home on disk: what was asked, what was answered, and pictures of all of it.

    commands/   the log: all that was asked, kept before it was done
    journal/    rows of the journal: all that was answered
    orders/     users' closed orders        trades/   users' trades
    lists/      users' groups of orders
    snapshots/  all that the exchange is, from time to time

A snapshot has what came before it but answers, and is there only when the disk has those. So the log and the snapshots
matter: what is newer than a snapshot is made again from them.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog

from fusion.errors import BadInput, StorageFull
from node.exchange.core.journal import JOURNAL
from node.exchange.exchange import Journal
from node.exchange.service import disk, snapshot
from node.exchange.service.archive import Archive
from node.exchange.service.indexed import Indexed
from node.exchange.service.lists import Lists
from node.exchange.service.log import Log
from node.exchange.service.maker import made_by
from node.exchange.service.snapshot import Arrays, Snapshot
from node.exchange.service.table import Table
from node.exchange.service.trade import TRADE, Trades

_HELD: Final = 1 << 16
"""Rows that wait to be written, at the most."""
_SNAPSHOTS: Final = 6
"""As many at the most."""
_SPACING: Final = 5.0
"""Seconds between two snapshots, at the least."""
COMMANDS, JOURNAL_ROWS, SNAPSHOTS = "commands", "journal", "snapshots"
ORDERS, TRADES, LISTS = "orders", "trades", "lists"
FOLDERS = COMMANDS, JOURNAL_ROWS, ORDERS, TRADES, LISTS, SNAPSHOTS
_USUAL: Final = 256
"""Bytes of a record of the log."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a store keeps.

    Attributes:
        sync: whether what is asked waits until the disk has it.
        every: rows of the journal after which there is a new snapshot; or as many records of the log, which may lead to
            no rows, or the bytes of that many usual ones.
        most: bytes that the log, the journal and the snapshots may have; the oldest go.
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
        self.archive, self.lists = Archive(folder / ORDERS), Lists(folder / LISTS)
        self.trades = Indexed(
            folder / TRADES,
            TRADE,
            1 << 16,
            [("taker", itemgetter("taker_order")), ("maker", itemgetter("maker_order"))],
        )
        self._since, self._asked, self._number, self._taken = 0, 0, self.log.last, -_SPACING
        self._writer = ThreadPoolExecutor(1, "snapshot")
        self._written: Future[dict[int, int]] | None = None
        self._looked: dict[tuple[Path, int, int], int | None] = {}
        self._unsynced: set[Path] = set()
        self._again: int | None = None

    # What is asked and answered

    def write(self, records: Sequence[tuple[int, bytes]]) -> None:
        """Keeps what will be done; StorageFull where there is no room, and nothing was kept."""
        if self.journal.held > _HELD:
            self.flush()
        self.log.append(records)
        self._asked += sum(len(content) for _, content in records)

    def told(self, rows: Journal, trades: Sequence[Trades]) -> None:
        """Keeps what was answered, and users' trades among it."""
        self.journal.append(rows if self._again is None else self._compared(rows))
        self._since += len(rows)
        for each in trades:
            self.trades.append(each)

    def flush(self) -> None:
        """Writes what waits; StorageFull where there is no room, and then it waits still."""
        for each in self._tables.values():
            each.flush()

    @property
    def _tables(self) -> dict[str, Table]:
        tables = {"journal": self.journal, "orders": self.archive.table, "trades": self.trades}
        return {**tables, "lists": self.lists.table}

    # Snapshots

    @property
    def due(self) -> bool:
        """Whether it is time for a snapshot."""
        much = max(self._since, self.log.last - self._number, self._asked // _USUAL)
        if much < self._keeping.every or time.monotonic() - self._taken < _SPACING:
            return False
        return self._written is None or self._written.done()

    def keep_snapshot(self, arrays: Arrays, facts: dict[str, Any]) -> None:
        """Writes a snapshot in the background; what follows goes to new files of the log. One that finds no room is
        told in the log and tried again later.
        """
        self.settle()
        self._since, self._asked, self._number, self._taken = 0, 0, self.log.last, time.monotonic()
        try:
            self.flush()
        except StorageFull as error:
            _log.warning("no snapshot", why=str(error))
            return
        for each in self._tables.values():
            self._unsynced |= each.unsynced
            each.unsynced.clear()
        tables = {name: each.count for name, each in self._tables.items()}
        taken = Snapshot(self.log.last, arrays, {**facts, "tables": tables, "made_by": made_by()})
        self.log.rotate()
        self._written = self._writer.submit(self._put, taken, sorted(self._unsynced))

    def _put(self, taken: Snapshot, unsynced: Sequence[Path]) -> dict[int, int]:
        """Writes a snapshot when the disk has the answers before it, and what finds them. Returns the snapshots that
        are whole now: the number of each, and how many rows of the journal came before it.
        """
        try:
            for path in (*unsynced, *(self._folder / each for each in FOLDERS), self._folder):
                disk.sync(path)
        except OSError as error:
            raise StorageFull(f"{self._folder} takes no more ({error.strerror}); make room") from error
        for table in (self.archive.table, self.trades):
            table.index()
        snapshot.write(self._folder / SNAPSHOTS, taken)
        counts = {int(path.stem): self._count(path) for path in snapshot.files(self._folder / SNAPSHOTS)}
        return {number: count for number, count in counts.items() if count is not None}

    def _count(self, path: Path) -> int | None:
        """Rows of the journal before a snapshot; None where it is damaged, which is told of once."""
        found = path.stat()
        key = path, found.st_mtime_ns, found.st_size
        if key not in self._looked:
            try:
                self._looked[key] = int(snapshot.checked(path)["tables"]["journal"])
            except BadInput as error:
                _log.warning("a snapshot is passed over", why=str(error))
                self._looked[key] = None
        return self._looked[key]

    def settle(self) -> None:
        """Waits for the snapshot that is being written, and lets go what is too old then."""
        if self._written is not None:
            written, self._written = self._written, None
            try:
                whole = written.result()
            except StorageFull as error:
                _log.warning("no snapshot", why=str(error))
            else:
                self._unsynced.clear()
                self._trim(whole)

    def close(self, *, whole: bool = True) -> None:
        """Writes all that waits, or where what was answered is in doubt nothing more."""
        try:
            self.settle()
        finally:
            self._writer.shutdown()
            try:
                if whole:
                    self.flush()
            finally:
                self.log.close()

    # What was kept, read again

    def reaches(self, tables: dict[str, int]) -> bool:
        """Whether all answers are there that came before a snapshot."""
        return all(each.count >= tables.get(name, 0) for name, each in self._tables.items())

    def resume(self, number: int, tables: dict[str, int]) -> None:
        """Goes on after a snapshot of that number. What is newer is told again: rows of the journal that are there are
        compared with it.
        """
        self.log.reach(number)
        self._number = number
        self.archive.table.cut(tables["orders"])
        self.trades.cut(tables["trades"])
        self.lists.table.cut(tables.get("lists", 0))  # snapshots of earlier versions tell of none
        self._again = tables["journal"]

    def resumed(self) -> None:
        """All that the log has was told again."""
        if self._again is not None and self._again < self.journal.count:
            _log.warning("the log has lost its end, and so does the journal", rows=self.journal.count - self._again)
            self.journal.cut(self._again)
        self._again = None
        try:
            for table in (self.archive.table, self.trades):
                table.flush()
                table.index()
        except StorageFull as error:  # they are made with the next snapshot
            _log.warning("no indexes", why=str(error))

    def _compared(self, rows: Journal) -> Journal:
        """Those rows that the journal has not; BadInput where one differs from what it has."""
        at = self._again or 0
        kept = self.journal.read(at, at + len(rows))
        lost = np.flatnonzero(kept["kind"] == 0)
        if len(lost):  # a power cut left them empty, and what came after them is in doubt
            kept = kept[: lost[0]]
            self.journal.cut(at + len(kept))
        raw = f"V{JOURNAL.itemsize}"
        other = np.flatnonzero(kept.view(raw) != rows[: len(kept)].view(raw))
        if len(other):
            raise BadInput(
                f"row {at + other[0]} of the journal in {self._folder} is not what the log leads to now: serve it with"
                " the version that made it, or begin with a fresh home"
            )
        self._again = at + len(kept) if len(kept) == len(rows) else None
        return rows[len(kept) :]

    def _trim(self, whole: dict[int, int]) -> None:
        """Snapshots that lie closest together go where there are many, and the oldest while there is too much; the two
        newest and all after them stay. Those that are damaged count for nothing, and go with what is older than others.

        Args:
            whole: numbers of those that are not, and rows of the journal before each.
        """
        paths = {int(path.stem): path for path in snapshot.files(self._folder / SNAPSHOTS)}
        kept = sorted(whole)
        while len(kept) > _SNAPSHOTS:
            gaps = [late - early for early, late in zip(kept, kept[2:-1], strict=False)]
            paths.pop(kept.pop(1 + gaps.index(min(gaps)))).unlink()
        while len(kept) > 2 and self._size() > self._keeping.most:
            del kept[0]
            for number in [each for each in paths if each < kept[0]]:
                paths.pop(number).unlink()
            self.log.drop(kept[0])
            self.journal.drop(whole[kept[0]])

    def _size(self) -> int:
        folders = (self._folder / COMMANDS, self._folder / JOURNAL_ROWS, self._folder / SNAPSHOTS)
        return sum(path.stat().st_size for folder in folders for path in folder.iterdir())
