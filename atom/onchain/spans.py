"""Spans: which blocks of a pool are kept, written so that a kill at any moment leaves it true.

A span is noted before its files are written, and noted as kept after. One that was begun and not kept is written again,
the same blocks, so that its files replace those that a kill left.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

import orjson

from atom.store import disk
from fusion.errors import CaptureError


@dataclass(frozen=True, slots=True)
class Span:
    """Blocks `first` to `last`, both included, and the hash of the last."""

    first: int
    last: int
    hash: str


@dataclass(frozen=True, slots=True)
class Spans:
    """What is kept of a pool.

    Attributes:
        kept: by block, apart from one another.
        begun: first and last block of what was being written, if something was.
    """

    kept: tuple[Span, ...] = ()
    begun: tuple[int, int] | None = None

    @classmethod
    def read(cls, path: Path) -> "Spans":
        """Those that a file notes, none where there is no file; CaptureError where it is damaged."""
        if not path.exists():
            return cls()
        try:
            told = orjson.loads(path.read_bytes())
            begun = told["begun"]
            return cls(
                tuple(Span(int(each["first"]), int(each["last"]), str(each["hash"])) for each in told["kept"]),
                None if begun is None else (int(begun[0]), int(begun[1])),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise CaptureError(
                f"{path} does not tell what is kept of the pool; remove it and the pool's events, and fill again"
            ) from error

    def write(self, path: Path) -> None:
        """Notes them; on the disk when this returns."""
        content = orjson.dumps(asdict(self))

        def put(file: IO[bytes]) -> None:
            file.write(content)

        disk.settle(disk.stage(path, put), path)
        disk.sync(path.parent)

    def begin(self, first: int, last: int) -> "Spans":
        """Before the files of a span are written."""
        return replace(self, begun=(first, last))

    def keep(self, span: Span) -> "Spans":
        """After they were."""
        kept: list[Span] = []
        for each in sorted((*self.kept, span), key=lambda one: one.first):
            if kept and each.first <= kept[-1].last + 1:
                longer = max(kept[-1], each, key=lambda one: one.last)
                kept[-1] = Span(kept[-1].first, longer.last, longer.hash)
            else:
                kept.append(each)
        return Spans(tuple(kept), None)

    def missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """Of blocks `first` to `last` those that are not kept, in order."""
        gaps: list[tuple[int, int]] = []
        for span in self.kept:
            if span.last < first:
                continue
            if span.first > first:
                gaps.append((first, min(span.first - 1, last)))
            first = span.last + 1
            if first > last:
                break
        if first <= last:
            gaps.append((first, last))
        return [gap for gap in gaps if gap[0] <= gap[1]]
