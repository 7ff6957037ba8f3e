"""Reader: recorded traffic of one venue, line by line, into recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atom.capture import Capture
from atom.gather.desk import BadLineError, Desk
from atom.recording import Recording
from atom.venues import venue
from fusion.errors import CaptureError


@dataclass(frozen=True, slots=True)
class CaptureRead:
    """A capture, read.

    Attributes:
        recordings: one a symbol, by symbol.
        messages, unexplained: lines that name no symbol, and those among them that nobody understood. Where there is
            one symbol they are counted to it instead, and both are 0.
    """

    recordings: tuple[Recording, ...]
    messages: int
    unexplained: int


def read_capture(venue_id: str, files: Sequence[Path], http_files: Sequence[Path] = ()) -> CaptureRead:
    """Reads recorded traffic of one venue.

    Args:
        venue_id: such as `binance`.
        files: recorded streams, of either form that `atom.capture` knows.
        http_files: recorded HTTP answers (snapshots, instrument data) that belong to them.

    Raises:
        BadInput: the venue is unknown.
        CaptureError: a file is missing, cut short or no capture of that venue; tells the file and the line.
    """
    of, capture = venue(venue_id), Capture([*files, *http_files])
    desk = Desk(of, capture.where)
    try:
        for lines in capture.blocks():
            desk.take_all(lines)
        if not desk.columns:
            count = desk.messages + desk.early
            raise CaptureError(f"{capture}: none of {count} messages is about a symbol of {of.id}")
        return _finished(desk)
    except BadLineError as error:
        raise CaptureError(f"{capture.where(error.place)}: {error}") from error


def _finished(desk: Desk) -> CaptureRead:
    messages, unexplained = desk.messages, len(desk.unexplained) + desk.venue.waiting
    if len(desk.columns) == 1:
        columns = next(iter(desk.columns.values()))
        columns.messages += messages
        columns.unexplained += unexplained
        for line in desk.unexplained:
            desk.note(columns, line)
        messages = unexplained = 0
    recordings = sorted((_recording(desk, name) for name in desk.columns), key=lambda one: one.events.instrument.symbol)
    return CaptureRead(tuple(recordings), messages, unexplained)


def _recording(desk: Desk, name: str) -> Recording:
    columns = desk.columns[name]
    columns.abandon()
    events = desk.events(name)
    return Recording(
        events,
        columns.messages,
        columns.unexplained,
        columns.trades,
        columns.gaps,
        columns.checksums_ok,
        columns.checksums_bad,
    )
