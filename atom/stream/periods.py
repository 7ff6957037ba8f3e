"""Periods: the order-book metrics of each period as text, made while somebody reads them."""

from typing import Final

from atom.book import Book
from atom.book.picture import picture
from atom.events import Events, empty
from atom.metrics import BookMetrics, Parameters
from atom.metrics.book import of_periods
from atom.metrics.order import Columns
from atom.stream import messages
from atom.stream.messages import Texts

NAMES: Final = of_periods(Parameters())
"""What a period tells, after `ts`."""


class PeriodFeed:
    """The metrics of one book, with the default parameters and on the clock of arrival."""

    def __init__(self) -> None:
        self._machine: BookMetrics | None = None

    def begun(self, events: Events, book: Book) -> BookMetrics:
        """What makes the metrics of these events and those after them; it knows the book that stands before them."""
        if self._machine is None:
            self._machine = BookMetrics(events.instrument)
            self._machine.update(Events(events.instrument, picture(book), empty("trade"), empty("quote")))
        return self._machine

    def end(self) -> None:
        """Forgets all; there is nobody who reads."""
        self._machine = None


def bodies(periods: Columns) -> Texts:
    """Periods after the sequence; `ts` is a period's end, ns."""
    told = messages.numbers(NAMES, [periods[name].tolist() for name in NAMES])
    return [f',"ts":"{ts}",{values}}}' for ts, values in zip(periods["ts"].tolist(), told, strict=True)]
