"""Tables: what was gathered of messages as structured rows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from atom.decimals import DecimalColumn, UnreadableError, on_one_step
from atom.events import DTYPES, Action, Flag, Rows, Side, empty
from atom.instrument import Ints

COMMON = ("ts_event", "ts_recv", "sequence", "flags")
PLACE, CLEAR, BIDS, ASKS = range(4, 8)
"""Of a message of the book after the common columns: its line, whether it begins with a CLEAR, its bids and asks."""

Messages = Sequence[tuple[int, ...]]


class MisreadError(ValueError):
    """A number at `place` cannot be read."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


def column(messages: Messages, index: int) -> Ints:
    """One field of all messages."""
    return np.fromiter((message[index] for message in messages), dtype=np.int64, count=len(messages))


def common(rows: Rows, messages: Messages, pick: Ints | slice = slice(None)) -> Rows:
    """`rows` with the common columns of the messages in `pick`."""
    for index, name in enumerate(COMMON):
        rows[name] = column(messages, index)[pick]
    return rows


def counts(messages: Messages) -> Ints:
    """How many rows of the book each message makes."""
    return column(messages, CLEAR) + column(messages, BIDS) + column(messages, ASKS)


def book(messages: Messages, prices: Ints, sizes: Ints, orders: Sequence[tuple[int, int, int]]) -> Rows:
    """Rows of the book: for each message its CLEAR if it has one, its bids, its asks.

    Args:
        prices, sizes: of each row but a CLEAR.
        orders: likewise action, side and order id, where the venue tells of orders; else empty.
    """
    clear, bids = column(messages, CLEAR), column(messages, BIDS)
    of_each = counts(messages)
    ends = np.cumsum(of_each)
    message = np.repeat(np.arange(len(messages)), of_each)
    within = np.arange(len(message)) - np.repeat(ends - of_each, of_each)
    is_clear = within < clear[message]
    rows = common(empty("book", len(message)), messages, message)
    rows["flags"][ends[of_each > 0] - 1] |= np.uint16(Flag.LAST)
    rows["price"][~is_clear] = prices
    rows["size"][~is_clear] = sizes
    if orders:
        for index, name in enumerate(("action", "side", "order_id")):
            rows[name][~is_clear] = column(orders, index)
    else:
        rows["side"] = np.where(within - clear[message] < bids[message], Side.BID, Side.ASK)
        rows["action"] = np.where(rows["flags"] & Flag.SNAPSHOT, Action.ADD, Action.MODIFY)
        rows["action"][rows["size"] == 0] = Action.CANCEL
    rows["side"][is_clear] = Side.NONE
    rows["action"][is_clear] = Action.CLEAR
    return rows


def notes(kind: str, told: Sequence[tuple[float, ...]]) -> Rows:
    """Rows of administrative data; each is the common columns and then the fields of the type."""
    rows = empty(kind, len(told))
    for index, name in enumerate(DTYPES[kind].names or ()):
        rows[name] = [row[index] for row in told]
    return rows


def integers(
    columns: Mapping[str, DecimalColumn], places: Mapping[str, Ints], step: Decimal | None
) -> tuple[dict[str, Ints], Decimal]:
    """Several columns of decimals as integers of one step.

    Args:
        places: of each column the lines of its numbers.
        step: the one that is wanted, where it is known.

    Raises:
        MisreadError: a text is no number, or they do not fit 64 bits together.
    """
    finished = {}
    for kind, of in columns.items():
        try:
            finished[kind] = of.finish()
        except UnreadableError as error:
            raise MisreadError(int(places[kind][error.index]), str(error)) from error
    try:
        return on_one_step(finished, step)
    except OverflowError as error:
        first = min((int(of[0]) for of in places.values() if len(of)), default=0)
        raise MisreadError(first, str(error)) from error
