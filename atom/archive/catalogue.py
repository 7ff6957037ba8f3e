"""Catalogue: which manifests are here and were found true. All else of them is in the content store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atom.archive.cut import Span
from atom.archive.manifest import Manifest
from fusion.content.cid import Cid
from fusion.errors import FusionError, Retryable

NAME: Final = "archive.sqlite"
_SCHEMA: Final = """
create table if not exists manifest (
    cid text primary key, signer text not null, venue text not null, symbol text not null,
    start integer not null, "end" integer not null, cut text not null, whole integer not null
) strict;
create index if not exists of_market on manifest (venue, symbol, start);
"""
_COLUMNS: Final = 'cid, signer, venue, symbol, start, "end", cut, whole'


@dataclass(frozen=True, slots=True)
class Entry:
    """A manifest that is here.

    Attributes:
        manifest: its CID.
        signer: address of its recorder.
        venue, symbol: of which market.
        span: from and to, ns.
        window: root of the market's facts.
        whole: whether the recorder is sure that nothing is missing.
    """

    manifest: Cid
    signer: str
    venue: str
    symbol: str
    span: Span
    window: Cid
    whole: bool

    @classmethod
    def of(cls, cid: Cid, told: Manifest) -> "Entry":
        """The entry of a manifest."""
        return cls(cid, told.recorder, told.venue, told.symbol, told.span, told.window, told.whole)


class Catalogue:
    """The manifests in a file.

    Args:
        path: made when the first is added.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, entry: Entry) -> None:
        """Adds one, if it is not here. It survives a power cut.

        Raises:
            Retryable: another process holds the file for too long.
            FusionError: the disk refuses.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        row = (
            str(entry.manifest),
            entry.signer,
            entry.venue,
            entry.symbol,
            *entry.span,
            str(entry.window),
            int(entry.whole),
        )
        with self._open() as held, held:
            held.executescript(_SCHEMA)
            held.execute(f"insert or ignore into manifest ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608  # constant

    def has(self, cid: Cid) -> bool:
        """Whether a manifest is here."""
        return bool(self._found("where cid = ?", str(cid)))

    def of_market(self, venue: str, symbol: str, start: int = 0, end: int = 2**63 - 1) -> list[Entry]:
        """Those whose windows lie in part within a span, by time."""
        return self._found(
            'where venue = ? and symbol = ? and start < ? and "end" > ? order by start, "end", cid',
            venue,
            symbol,
            end,
            start,
        )

    def heads(self) -> list[Entry]:
        """The last of each signer and market."""
        last = (
            "select max(start) from manifest b where b.signer = a.signer and b.venue = a.venue and b.symbol = a.symbol"
        )
        return self._found(f"where start = ({last}) order by venue, symbol, signer, cid")

    def head(self, signer: str, venue: str, symbol: str) -> Entry | None:
        """The last of a signer and market."""
        mine = [entry for entry in self.of_market(venue, symbol) if entry.signer == signer]
        return mine[-1] if mine else None

    def _found(self, where: str, *values: object) -> list[Entry]:
        if not self._path.exists():
            return []
        with self._open() as held:
            rows = held.execute(f"select {_COLUMNS} from manifest a {where}", values).fetchall()  # noqa: S608  # constants
        return [
            Entry(Cid.parse(cid), signer, venue, symbol, Span(start, end), Cid.parse(window), bool(whole))
            for cid, signer, venue, symbol, start, end, window, whole in rows
        ]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=30.0)) as held:
                yield held
        except sqlite3.OperationalError as error:
            raise Retryable(f"{self._path} cannot be used: {error}") from error
        except sqlite3.Error as error:
            raise FusionError(f"{self._path} is no catalogue of an archive: {error}; move it away") from error
