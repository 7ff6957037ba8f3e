"""Rules: how a venue keeps its books."""

from typing import NamedTuple

from atom.book.checksum import Form


class Rules(NamedTuple):
    """How a venue keeps its books.

    Attributes:
        chained: each delta names the one before it.
        form: of its checksums.
        depth: levels a side that it tells of, unless a full picture says otherwise; what falls below is gone without a
            word. None for all.
        timed: its numbers are times, of which many changes may have the same: they tell what is older than a picture.
        remaining: a FILL of an order tells what remains of it, and the picture may hold changes that follow it.
    """

    chained: bool = False
    form: Form | None = None
    depth: int | None = None
    timed: bool = False
    remaining: bool = False
