"""Untold: rows of the journal that a source has not heard of yet."""

from typing import Final

from node.exchange.core.journal import JOURNAL, joined
from node.exchange.exchange import Journal
from node.exchange.source import Source

MOST: Final = 1 << 16
"""Rows that wait, about."""


class Untold:
    """Rows wait here until their source acts, so that it hears of many at once; it does not matter how they are parted.

    What waits for a source that does not listen, or is asked nothing any more, would wait for nothing, and is let go.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows: list[Journal] = []
        self._count = 0

    def add(self, rows: Journal) -> None:
        if not len(rows) or not self._source.listens or self._source.next_time() is None:
            return
        self._rows.append(rows)
        self._count += len(rows)
        if self._count >= MOST:
            self.tell()

    def tell(self) -> None:
        """Lets the source hear all that waits."""
        if self._rows:
            self._source.told(joined(self._rows, JOURNAL))
            self._rows, self._count = [], 0

    def save(self) -> Journal:
        return joined(self._rows, JOURNAL)

    def load(self, rows: Journal) -> None:
        self._rows, self._count = [], 0
        self.add(rows)
