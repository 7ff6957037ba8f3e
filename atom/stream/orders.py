"""Orders: the queues of a book as text, and what each message did to them.

What is told is what became of the book: a cancel names the size that it took away, a fill one that is no more than what
rested, and what did nothing, such as the cancel of an order that the book does not hold, is not told.
"""

from collections.abc import Iterator

import numpy as np

from atom.book import Book
from atom.book.picture import picture
from atom.events import Action, Flag, Rows, Side
from atom.instrument import Ints
from atom.stream import messages
from atom.stream.levels import ENDED, VALID, Stretch
from atom.stream.messages import Queues, Scale
from fusion.errors import BadInput

_ACTIONS = {int(action): action.name.lower() for action in Action}
_SIDES = ("bid", "ask")


class LevelsAlone(BadInput):
    """A venue tells levels of a symbol, without the orders behind them."""

    def __init__(self, venue: str, symbol: str) -> None:
        super().__init__(
            f"{venue[:40]} tells levels of {symbol[:40]}, not the orders behind them: the feed `book` has them"
        )


class OrderFeed:
    """What the subscribers of a book's orders know of it.

    Attributes:
        levels_alone: whether the book holds levels without orders since it was last empty.
    """

    def __init__(self) -> None:
        self.levels_alone = False
        self._rows = np.zeros(0, bool)
        self._was_valid = self._was_refused = False

    def begin(self, rows: Rows) -> None:
        """Takes rows of the book, of which stretches will come."""
        clears = rows["action"] == Action.CLEAR
        levels = (rows["flags"] & Flag.BY_PRICE != 0) & ~clears
        if levels.any() or self.levels_alone:
            number = np.arange(2, len(rows) + 2)
            last_clear, last_level = (np.maximum.accumulate(np.where(those, number, 0)) for those in (clears, levels))
            self._rows = np.maximum(last_level, int(self.levels_alone)) > last_clear
            self.levels_alone = bool(self._rows[-1]) if len(rows) else self.levels_alone
        else:
            self._rows = np.zeros(len(rows), bool)

    def states(self, stretch: Stretch) -> tuple[Ints, Ints, Ints]:
        """What there is to tell of the messages of a stretch.

        Returns:
            the numbers of those that are told, whether the queues stand after each of all, and the numbers of those
            that showed first that there are levels alone.
        """
        alone = self._rows[stretch.tops[:, ENDED]]
        sound = stretch.tops[:, VALID] == 1
        valid, refused = sound & ~alone, sound & alone
        found = refused & ~np.append(self._was_refused, refused[:-1])
        told = np.flatnonzero(valid | np.append(self._was_valid, valid[:-1]))
        self._was_valid, self._was_refused = bool(valid[-1]), bool(refused[-1])
        return told, valid, np.flatnonzero(found)


def queues(book: Book, scale: Scale, depth: int | None = None) -> tuple[Queues, Queues] | None:
    """The bids and the asks of a valid book with their queues; None where it holds levels without orders."""
    rows = picture(book)[1:]
    if (rows["flags"] & Flag.BY_PRICE).any():
        return None
    bids, asks = (_queues(rows[rows["side"] == side], scale, depth) for side in (Side.BID, Side.ASK))
    return bids, asks


def _queues(rows: Rows, scale: Scale, depth: int | None) -> Queues:
    """Of one side, whose best level is last."""
    starts = np.flatnonzero(np.diff(rows["price"], prepend=rows["price"][:1] - 1))
    told = list(zip(rows["order_id"].tolist(), map(scale.size, rows["size"].tolist()), strict=True))
    spans = zip(starts.tolist(), [*starts[1:].tolist(), len(rows)], strict=True) if len(rows) else ()
    levels = [(scale.price(int(rows["price"][first])), told[first:end]) for first, end in spans]
    return levels[::-1][:depth]


def deltas(stamps: list[str], stretch: Stretch, told: Ints, scale: Scale) -> Iterator[str]:
    """What each of some messages did, after the sequence."""
    cuts = np.searchsorted(stretch.changes[:, 0], np.stack((told, told + 1))).T.tolist()
    rows = stretch.changes[:, 1:].tolist()
    for stamp, (first, end) in zip(stamps, cuts, strict=True):
        changes = (
            (_ACTIONS[action], _SIDES[side], scale.price(price), order_id, scale.size(size))
            for action, side, price, size, order_id in rows[first:end]
        )
        yield messages.orders_delta(stamp, changes)
