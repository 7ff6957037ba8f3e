"""Listing: what is stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from atom.events import DTYPES, Rows
from atom.instrument import Instrument
from atom.store import parquet
from atom.store.view import View, steadily


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a market.

    Attributes:
        venue, symbol: which.
        types: of events.
        first, last: least and greatest arrival, as text with nanoseconds, UTC.
        rows: of all types.
        bytes: on the disk, checkpoints included and the log not.
    """

    venue: str
    symbol: str
    types: tuple[str, ...]
    first: str
    last: str
    rows: int
    bytes: int

    def as_dict(self) -> dict[str, object]:
        """The row as JSON has it."""
        return {**asdict(self), "types": list(self.types)}


def listing(folder: Path) -> list[Stored]:
    """What is stored, by venue and symbol; log included."""
    return steadily(folder, _listed)


def _listed(view: View) -> list[Stored]:
    found = (_stored(view, *each) for each in sorted(view.symbols()))
    return [each for each in found if each is not None]


def _stored(view: View, venue: str, symbol: str) -> Stored | None:
    types, spans, rows, size = [], [], 0, 0
    for kind in (*DTYPES, "status", parquet.CHECKPOINT):
        held = view.ordered(venue, symbol, kind)
        if held and kind != parquet.CHECKPOINT:
            types.append(kind)
            spans += [(file.name.first, file.name.last) for file, _ in held]
            rows += sum(_count(file.path, told) for file, told in held)
        size += sum(file.path.stat().st_size for file, told in held if told is None)
    if not spans:  # nothing but Status, and that not yet Parquet
        return None
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    return Stored(venue, symbol, tuple(types), _text(first), _text(last), rows, size)


def _count(path: Path, told: Sequence[tuple[Instrument, Rows]] | None) -> int:
    return parquet.count(path) if told is None else sum(len(rows) for _, rows in told)


def _text(ns: int) -> str:
    seconds, rest = divmod(ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
