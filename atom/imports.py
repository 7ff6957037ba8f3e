"""Import counts: what a raw capture holds, one row a symbol."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from atom.onchain.forms import FAMILIES
from atom.onchain.gmx import GMX, read_gmx
from atom.onchain.read import read_logs
from atom.reader import CaptureRead, read_capture
from atom.recording import Recording
from atom.store import Store
from atom.venues import is_known, known
from fusion.errors import BadInput

READERS: Final[dict[str, Callable[[str, Sequence[Path], Sequence[Path]], CaptureRead]]] = {
    **dict.fromkeys(FAMILIES, read_logs),
    GMX: read_gmx,
}
"""What reads the files of venues on chain, which are no traffic."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """What a capture holds of one symbol.

    Attributes:
        symbol: Fusion's name, or None for the row of lines that name none of several symbols.
        messages: received lines, snapshots included.
        unexplained: lines among them that nobody understood.
        events: rows of the book, trades and quotes made from them.
        trades: messages about trades.
        gaps: times the book became invalid because updates were missing.
        checksums_ok, checksums_bad: book checksums of the venue that matched, and did not.
        crossed: messages after which the book stood crossed.
        unknown_deletes: deletes of an order or level that the book did not hold; by price normal beyond its depth.
        best_bid, best_ask: decimal text, the book at the end; None where it is invalid or has no such side.
    """

    symbol: str | None
    messages: int
    unexplained: int
    events: int
    trades: int
    gaps: int
    checksums_ok: int
    checksums_bad: int
    crossed: int
    unknown_deletes: int
    best_bid: str | None
    best_ask: str | None

    def as_dict(self) -> dict[str, str | int | None]:
        """The row as JSON has it."""
        return asdict(self)


def import_capture(
    venue: str, files: Sequence[Path], http_files: Sequence[Path] = (), *, store: Store | None = None
) -> list[ImportRow]:
    """Reads a capture whole, then keeps its events in `store`, if one is given.

    Args:
        venue: venue id, such as `binance`.
        files: recorded streams.
        http_files: recorded HTTP answers that belong to them; of a venue on chain, what is known of its pools.
        store: where the events go; nothing is written when the capture is refused.

    Raises:
        BadInput: the venue is unknown.
        CaptureError: a file is missing, cut short or no capture of that venue.
        FusionError: the disk refuses the events.
    """
    if venue not in READERS and not is_known(venue):
        raise BadInput(f"unknown venue {venue[:40]!r}; known are {', '.join([*known(), *READERS])}")
    read = READERS.get(venue, read_capture)(venue, files, http_files)
    rows = [_row(recording) for recording in read.recordings]
    if read.messages:
        rows.append(ImportRow(None, read.messages, read.unexplained, 0, 0, 0, 0, 0, 0, 0, None, None))
    if store is not None:
        store.write(*read.recordings)
    return rows


def _row(recording: Recording) -> ImportRow:
    replay, instrument = recording.replay, recording.events.instrument
    bid, ask = replay.book.best_bid, replay.book.best_ask
    return ImportRow(
        symbol=instrument.symbol,
        messages=recording.messages,
        unexplained=recording.unexplained,
        events=len(recording.events),
        trades=recording.trades,
        gaps=recording.gaps,
        checksums_ok=recording.checksums_ok,
        checksums_bad=recording.checksums_bad,
        crossed=replay.crossed,
        unknown_deletes=replay.book.unknown_deletes,
        best_bid=None if bid is None else instrument.price_text(bid.price),
        best_ask=None if ask is None else instrument.price_text(ask.price),
    )
