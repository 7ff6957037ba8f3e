"""Order-book metrics of one instrument, as its events come or all at once: the same code, the same bits."""

from typing import Final, NamedTuple

import numpy as np

from atom.book import engine
from atom.book.growth import grown
from atom.book.scale import rescale
from atom.events import Events, Flag
from atom.instrument import Floats, Instrument, Ints
from atom.metrics import look, machine
from atom.metrics.look import VIEW
from atom.metrics.order import Clock, Columns, times
from atom.metrics.parameters import Parameters
from atom.metrics.walk import PERIODS, Work, walk
from fusion.errors import BadInput

_LEVELS, _ORDERS = 1_024, 1_024
_PRICES: Final = 2**47  # ticks, so that a price times 40,000 fits 64 bits
_SIZES: Final = 2**53  # lots, which a float holds; a thousand of them fit 64 bits
_NO_TOPS: Final = np.zeros((0, engine.TOP_FIELDS), np.int64)


class Values(NamedTuple):
    """Metrics, a column each; NaN is null.

    Attributes:
        messages: one row after each message of the book: ts (ns, on the clock; 0 while that is unknown) and the metrics
            of the book.
        periods: one row for each period in which something happened, known at its end: ts (its end), the metrics of the
            book after the last message, and those of the period.
    """

    messages: Columns
    periods: Columns


class BookMetrics:
    """All order-book metrics in one pass.

    Args:
        instrument: whose events will come; its tick and lot may become finer, never coarser.
        parameters: what they are made with.
        clock: "venue" makes the same periods for every recorder; "arrival" those that a trader here has seen.
    """

    def __init__(
        self, instrument: Instrument, parameters: Parameters | None = None, *, clock: Clock = "arrival"
    ) -> None:
        parameters = parameters or Parameters()
        self._names = _of_messages(parameters)
        self._state = machine.fresh(parameters, instrument, len(self._names))
        self._book = engine.empty(_LEVELS, _ORDERS)
        self._instrument = instrument
        self._period = parameters.period
        self._clock: Clock = clock

    def update(self, events: Events) -> Values:
        """Takes the events that follow those before, and tells the messages and the periods that they complete.

        Pieces may be cut anywhere, if all of a piece come before all of the next on the clock.

        Raises:
            BadInput: they are of another instrument, without arrival where that is the clock, or of numbers so large
                that sums of them would not be exact.
        """
        self._scale(events.instrument)
        book, trades = np.ascontiguousarray(events.book), np.ascontiguousarray(events.trade)
        for rows in (book, trades):
            if _largest(rows["price"]) >= _PRICES or _largest(rows["size"]) >= _SIZES:
                raise BadInput(
                    f"prices of {events.instrument.symbol} reach {_largest(rows['price'])} ticks and sizes "
                    f"{_largest(rows['size'])} lots; metrics are exact below {_PRICES} and {_SIZES}"
                )
        clocked = (times(book, self._clock), times(trades, self._clock))
        messages, periods = int(np.count_nonzero(book["flags"] & Flag.LAST)), self._ends(clocked)
        at, width = np.zeros(4, np.int64), len(self._names)
        told = (np.zeros(messages, np.int64), np.zeros((messages, width)))
        ended = (np.zeros(periods, np.int64), np.zeros((periods, width + len(PERIODS))))
        work = Work(book, trades, *clocked, at, *told, *ended, _NO_TOPS)
        while not walk(self._book, self._state, work):
            self._book = grown(self._book)
        ts, values = work.period_ts[: at[3]], work.periods[: at[3]]
        return Values(_table(*told, self._names), _table(ts, values, (*self._names, *PERIODS)))

    def profile(self) -> Columns:
        """Where size rests now: `distance` from the mid to the middle of each bucket (bps), and `bid` and `ask` (base).

        Without rows unless the book is sound and its last message whole.
        """
        state = self._state
        if not state.ints[machine.SOUND] or state.ints[machine.TORN]:
            return {name: np.zeros(0) for name in ("distance", "bid", "ask")}
        width = int(state.ints[machine.WIDTH])
        told: Columns = {"distance": (np.arange(len(state.profile), dtype=np.float64) + 0.5) * width}
        for side, name in enumerate(("bid", "ask")):
            look.profile(self._book, state, side)
            told[name] = self._instrument.sizes(state.profile)
        return told

    def _scale(self, now: Instrument) -> None:
        before = self._instrument
        if (now.venue, now.symbol) != (before.venue, before.symbol):
            raise BadInput(f"events of {now.venue} {now.symbol} came to the metrics of {before.venue} {before.symbol}")
        if (now.tick, now.lot) == (before.tick, before.lot):
            return
        finer = now.finer_than(before)
        if finer is None:
            raise BadInput(f"tick {now.tick} and lot {now.lot} are no parts of {before.tick} and {before.lot}")
        rescale(self._book, *finer)
        machine.rescale(self._state, *finer)
        machine.set_scale(self._state, now)
        self._instrument = now

    def _ends(self, clocked: tuple[Ints, Ints]) -> int:
        """At least as many periods as can end: one a row, and one a length of time."""
        rows = np.concatenate(clocked)
        last = int(rows.max(initial=0))
        end = int(self._state.ints[machine.END]) or int(rows.min(initial=last, where=rows > 0))
        return min(len(rows), max(0, last - end) // self._period + 2)


def book_metrics(events: Events, parameters: Parameters | None = None, *, clock: Clock = "arrival") -> Values:
    """The order-book metrics of all events of an instrument."""
    return BookMetrics(events.instrument, parameters, clock=clock).update(events)


def of_periods(parameters: Parameters) -> tuple[str, ...]:
    """The names of the metrics of a period, in their order."""
    return (*_of_messages(parameters), *PERIODS)


def _of_messages(parameters: Parameters) -> tuple[str, ...]:
    return (*VIEW, *(f"{side}_depth_{bps}" for bps in parameters.depths for side in ("bid", "ask")))


def _table(ts: Ints, values: Floats, names: tuple[str, ...]) -> Columns:
    return {"ts": ts, **{name: np.ascontiguousarray(column) for name, column in zip(names, values.T, strict=True)}}


def _largest(values: Ints) -> int:
    """The largest number, whatever its sign."""
    return max(int(values.max(initial=0)), -int(values.min(initial=0)))
