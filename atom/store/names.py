"""Names: what a file's name tells, and so which files a reader takes, in which order.

    FIRST-LAST.parquet, the least and the greatest arrival in it      an import
    FIRST-LAST-LOW-HIGH.parquet, and the log's segments it came from  what was recorded live

The rows of a segment stand in its own file, and after a compaction in a file of more segments: that one counts, and
the files of segments within it do not. So a compaction takes effect at one rename, and whoever finds both files knows
which to read.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from fusion.errors import CaptureError

_NAME = re.compile(r"(\d{19})-(\d{19})(?:-(\d{10})-(\d{10}))?\.parquet")


@dataclass(frozen=True, slots=True)
class Name:
    """A file's name.

    Attributes:
        first, last: least and greatest arrival of its rows, ns.
        segments: first and last segment of the log whose rows it holds; None for an import.
    """

    first: int
    last: int
    segments: tuple[int, int] | None = None

    def __str__(self) -> str:
        span = f"{self.first:019d}-{self.last:019d}"
        return (
            f"{span}.parquet" if self.segments is None else f"{span}-{{:010d}}-{{:010d}}.parquet".format(*self.segments)
        )

    def within(self, other: "Name") -> bool:
        """Whether another file holds all of its rows, and more."""
        if self.segments is None or other.segments is None or self.segments == other.segments:
            return False
        return other.segments[0] <= self.segments[0] and self.segments[1] <= other.segments[1]


@dataclass(frozen=True, slots=True)
class File:
    """A file of a type, and what its name tells."""

    path: Path
    name: Name


def folder_of(venue: str, symbol: str, kind: str) -> Path:
    """Where a symbol's files of a type are. A symbol may hold any character a venue likes; a path must not."""
    return Path(f"venue={quote(venue, safe='')}", f"symbol={quote(symbol, safe='')}", f"type={kind}")


def told(part: str) -> str:
    """What a folder such as `symbol=BTC-USDT` names."""
    return unquote(part.partition("=")[2])


def segments(folder: Path) -> set[int]:
    """The greatest segment of each file in a store: numbers that were used, though the log itself was removed."""
    found = (parsed(path).segments for path in folder.glob("venue=*/symbol=*/type=*/date=*/*.parquet"))
    return {each[1] for each in found if each is not None}


def files(paths: Iterable[Path], held: Collection[int] = ()) -> list[File]:
    """The files that count among those of one symbol and type, in order.

    Args:
        paths: in folders `date=...`.
        held: segments that are read from the log instead.

    Raises:
        CaptureError: a name is not of this form.
    """
    counting: list[File] = []
    for folder in _by_folder(paths):
        for file in folder:
            segments = file.name.segments
            if segments is not None and segments[0] in held:
                continue
            if not any(file.name.within(other.name) for other in folder):
                counting.append(file)
    return ordered(counting)


def ordered(those: Iterable[File]) -> list[File]:
    """Files of one symbol and type in the order in which their rows took effect."""
    counting = list(those)
    live = sorted((file for file in counting if file.name.segments is not None), key=_taken)
    begun: dict[Path, tuple[int, int]] = {}
    latest = 0
    for place, file in enumerate(live):  # a clock that was put back does not put rows back
        latest = max(latest, file.name.first)
        begun[file.path] = (latest, place)
    return sorted(counting, key=lambda file: begun.get(file.path, (file.name.first, -1)))


def _taken(file: File) -> tuple[int, str]:
    if file.name.segments is None:
        raise ValueError(f"{file.path} was not recorded live")
    return file.name.segments[0], file.path.parent.name


def _by_folder(paths: Iterable[Path]) -> list[list[File]]:
    folders: dict[Path, list[File]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(File(path, parsed(path)))
    return list(folders.values())


def parsed(path: Path) -> Name:
    """What a file's name tells; CaptureError where it is not of this form."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise CaptureError(f"{path} is no file of this store: a name is FIRST-LAST.parquet, with times in nanoseconds")
    first, last, low, high = (None if text is None else int(text) for text in match.groups())
    segments = None if low is None or high is None else (low, high)
    return Name(first or 0, last or 0, segments)
