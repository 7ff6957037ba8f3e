"""Memory: all that the loop works on, as arrays.

Two sides are kept apart. The market's side is where time is the exchange's: commands, and own orders as they stand
there. The strategy's side is what has been told: `book`, `event`, `orders`. Between them everything waits in three
queues until its latency is over: `feed` and `answers` on the way to the strategy, `sent` on the way to the market.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import COMMAND
from node.exchange.core.entry import opener
from node.exchange.core.journal import JOURNAL
from node.exchange.replay.latency import Latency, none
from node.exchange.tester.book import DEPTH, Book, Event
from node.exchange.tester.orders import GROUP, PLACES, ROOM, Orders

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[Any]

NEVER: Final = (1 << 63) - 1
"""A time that does not come, ns."""
MESSAGE: Final = GROUP
"""Commands that may go together: the orders of a group."""


def _ints(*names: str) -> np.dtype[Any]:
    return np.dtype([(name, "<i8") for name in names])


CONTROL = _ints(
    "exchange",  # address of its table
    "account", "number", "selftrade",  # whose orders these are, at which market, and how they meet each other
    "now", "seen_bid", "seen_ask", "levels",  # the strategy's time, the best prices and how many levels it sees
    "ref", "open",  # the least that its next ref may be, its open orders
    "chain", "timed",  # what it sent since the market did anything by itself; 1 while a timer's call is the last
    "position", "has_base", "has_quote", "buying", "selling",  # what `book` shows, which a strategy may spoil
    "next", "count", "until", "end",  # commands: the next row, rows there are; none comes before `until`; the last time
    "feed_head", "feed_tail", "feed_last", "feed_count",
    "together",  # news that reaches the strategy up to then joins the last that is on its way; -1: none does
    "answers_head", "answers_tail", "answers_last", "answers_count",
    "sent_head", "sent_tail", "sent_last", "sent_count",
    "every", "timer", "wake", "waited", "fresh",  # ns between timers, the next; events a wake, since the last; 1 after
    "keep", "rows",  # whether the journal is kept for others, and its rows
    "marks", "log", "arrived",  # rows of each
    "bid", "ask", "bid_size", "ask_size", "mark",  # the market's top, and its mark price
    "others_bid", "others_ask",  # its best prices without own orders
    "passed",  # commands of the market that have come
    "signal", "seen",  # the next row of `signals`; exchange time of the last event of the market that was told
    "base", "quote", "cash", "scale",  # what the account began with; what it counts as; base units of 1 quote currency
    "commands", "events",  # so many were carried out, and told
)  # fmt: skip
WAITING = _ints(
    "local", "time", "kind", "side", "price", "quantity", "bid", "ask", "bid_size", "ask_size", "passed", "mark",
    "before", "last", "last_size", "bought", "sold",
)  # fmt: skip
"""An event of the market on its way to the strategy; `local` is when it arrives. `before` others are told with it: the
last trade of these, where `last` is not 0, and lots that takers bought and sold in them."""
ANSWER = _ints(
    "local", "time", "kind", "side", "price", "quantity", "ref", "reason", "maker", "fee", "left", "base", "quote",
    "bid", "ask", "order",
)  # fmt: skip
"""An answer to an own order; `base` and `quote` is what the account gets by it, base units; `left` is what stays open;
`bid` and `ask` the market's after it."""
SENT = _ints("arrival", "sent", "bid", "ask", "seen", "rows")
"""An own command on its way to the market: when it gets there, when it left, the best prices that were seen then, when
the market had them, and how many rows from here on are one message."""
OWN = _ints("ref", "order", "side", "price", "left", "acked")
"""An own order as it stands at the market, at ref % PLACES."""
ARRIVED = _ints(
    "ref", "kind", "side", "type", "price", "quantity", "sent", "arrived",
    "seen_bid", "seen_ask", "seen", "bid", "ask",
)  # fmt: skip
"""An own command when it reached the market, with the best prices before it, and those that were seen when it was
sent, which the market had at the time `seen`."""
MARK = _ints("time", "bid", "ask", "mark")
"""The market's best prices from a time on without own orders, 0 where nobody else is on a side; a perpetual's mark
price, 0 where there is none."""


class Desk(NamedTuple):
    """All arrays of one run. Those of one row are records."""

    control: Rows
    book: Rows
    event: Rows
    orders: Rows
    mine: Ints
    """What `orders.mine` shows."""
    listed: Ints
    """What `orders.listed` shows."""
    commands: Rows
    one: Rows
    """Own commands that are carried out together, and in the last row a TIMER."""
    journal: Rows
    feed: Rows
    levels: Ints
    """(rows of `feed`, 4 DEPTH): price and size of each level, the bids' first."""
    answers: Rows
    sent: Rows
    queued: Rows
    """The commands that `sent` tells of."""
    own: Rows
    refs: Ints
    """The ref of the own order at each place of the market's orders; 0: another's."""
    log: Rows
    arrived: Rows
    marks: Rows
    feed_model: Ints
    feed_times: Ints
    feed_delays: Ints
    entry_model: Ints
    entry_times: Ints
    entry_delays: Ints
    response_model: Ints
    response_times: Ints
    response_delays: Ints
    signal_rows: Ints
    """After how many commands of the market each row of `signals` is known."""
    signals: Floats
    """(times, columns)."""


def desk(latency: Latency, signal_rows: Ints, signals: Floats, room: int = 1 << 12) -> Desk:
    """Empty memory.

    Args:
        signals: (times, columns); at least one column.
        room: rows of the shortest queue at first, a power of 2; all grow as they need.
    """
    control = np.zeros(1, CONTROL)
    for name in ("until", "end", "timer"):
        control[name] = NEVER
    control["ref"] = 1
    orders = np.zeros(1, Orders.dtype)
    orders["next"] = 1
    book = np.zeros(1, Book.dtype)
    book["mid"] = np.nan
    book["signals"] = np.nan
    return Desk(
        control=control,
        book=book,
        event=np.zeros(1, Event.dtype),
        orders=orders,
        mine=np.zeros((PLACES, 5), np.int64),
        listed=np.zeros(ROOM, np.int64),
        commands=np.zeros(0, COMMAND),
        one=np.zeros(MESSAGE + 1, COMMAND),
        journal=np.zeros(room, JOURNAL),
        feed=np.zeros(room, WAITING),
        levels=np.zeros((room, 4 * DEPTH), np.int64),
        answers=np.zeros(2 * room, ANSWER),
        sent=np.zeros(room, SENT),
        queued=np.zeros(room, COMMAND),
        own=np.zeros(PLACES, OWN),
        refs=np.zeros(room, np.int64),
        log=np.zeros(4 * room, ANSWER),
        arrived=np.zeros(4 * room, ARRIVED),
        marks=np.zeros(16 * room, MARK),
        feed_model=latency.feed.model,
        feed_times=latency.feed.times,
        feed_delays=latency.feed.delays,
        entry_model=latency.entry.model,
        entry_times=latency.entry.times,
        entry_delays=latency.entry.delays,
        response_model=latency.response.model,
        response_times=latency.response.times,
        response_delays=latency.response.delays,
        signal_rows=signal_rows,
        signals=np.ascontiguousarray(signals),
    )


def longer(array: Rows, least: int, used: int) -> Any:
    """The array, or one of at least so many rows that begins with its first `used` ones."""
    if len(array) >= least:
        return array
    more = np.zeros((max(least, 2 * len(array)), *array.shape[1:]), array.dtype)
    more[:used] = array[:used]
    return more


def unrolled(ring: Rows, head: int, tail: int) -> Any:
    """A ring of twice the length whose first row is the first that waits."""
    more = np.zeros((2 * len(ring), *ring.shape[1:]), ring.dtype)
    more[: tail - head] = ring[np.arange(head, tail) & (len(ring) - 1)]
    return more


open_desk = opener(desk(none(), np.zeros(0, np.int64), np.zeros((0, 1))))
