"""Tables: what was gathered of messages as structured rows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from atom.book.engine import jit
from atom.events import DTYPES, Action, Flag, Rows, Side, empty
from atom.gather.decimals import DecimalColumn, UnreadableError, on_one_step
from atom.instrument import Ints

_ADD, _MODIFY, _CANCEL, _CLEAR = (int(each) for each in (Action.ADD, Action.MODIFY, Action.CANCEL, Action.CLEAR))
_BID, _ASK = int(Side.BID), int(Side.ASK)
_SNAPSHOT, _LAST, _NO_ORDER = int(Flag.SNAPSHOT), int(Flag.LAST), int(Flag.NO_ORDER)

COMMON = ("ts_event", "ts_recv", "sequence", "flags")
PLACE, CLEAR, BIDS, ASKS = range(4, 8)
"""Of a message of the book after the common columns: its line, whether it begins with a CLEAR, its bids and asks."""


class Messages:
    """Rows of integers, gathered one by one or many at once.

    Args:
        width: integers of a row.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._arrays: list[Ints] = []
        self._rows: list[tuple[int, ...]] = []
        self._before = 0

    def __len__(self) -> int:
        return self._before + len(self._rows)

    def append(self, row: tuple[int, ...]) -> None:
        """Adds one."""
        self._rows.append(row)

    def extend(self, rows: Ints) -> None:
        """Adds many, shape (rows, width)."""
        self._close()
        self._arrays.append(rows)
        self._before += len(rows)

    def array(self) -> Ints:
        """All of them, shape (rows, width)."""
        self._close()
        if len(self._arrays) != 1:
            self._arrays = [np.concatenate([np.zeros((0, self._width), np.int64), *self._arrays])]
        return self._arrays[0]

    def _close(self) -> None:
        if self._rows:
            self._arrays.append(np.array(self._rows, np.int64))
            self._before += len(self._rows)
            self._rows = []


class MisreadError(ValueError):
    """A number at `place` cannot be read."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


def common(rows: Rows, messages: Ints) -> Rows:
    """`rows` with the common columns of their messages, one message a row."""
    for index, name in enumerate(COMMON):
        rows[name] = messages[:, index]
    return rows


def counts(messages: Ints) -> Ints:
    """How many rows of the book each message makes."""
    return np.asarray(messages[:, CLEAR] + messages[:, BIDS] + messages[:, ASKS])


def book(messages: Ints, prices: Ints, sizes: Ints, orders: Ints) -> Rows:
    """Rows of the book: for each message its CLEAR if it has one, its bids, its asks.

    Args:
        messages: see `PLACE`.
        prices, sizes: of each row but a CLEAR.
        orders: action, side and order id of each row of the messages that tell of orders.
    """
    rows = np.empty(int(counts(messages).sum()), DTYPES["book"])
    _fill(messages, prices, sizes, orders, rows)
    return rows


@jit
def _fill(messages: Ints, prices: Ints, sizes: Ints, orders: Ints, rows: Any) -> None:
    row = told = order = 0
    for message in messages:
        flags = message[3]
        for index in range(message[CLEAR] + message[BIDS] + message[ASKS]):
            one = rows[row]
            row += 1
            one.ts_event, one.ts_recv, one.sequence, one.flags = message[0], message[1], message[2], flags
            one.order_id = 0
            if index < message[CLEAR]:
                one.action, one.side, one.price, one.size = _CLEAR, 0, 0, 0
                continue
            one.price, one.size = prices[told], sizes[told]
            if flags & _NO_ORDER == 0:
                one.action, one.side, one.order_id = orders[order]
                order += 1
            else:
                one.side = _BID if index < message[CLEAR] + message[BIDS] else _ASK
                if one.size == 0:
                    one.action = _CANCEL
                else:
                    one.action = _ADD if flags & _SNAPSHOT else _MODIFY
            told += 1
        if message[CLEAR] + message[BIDS] + message[ASKS] > 0:
            rows[row - 1].flags |= _LAST


def trades(messages: Ints, prices: Ints, sizes: Ints) -> Rows:
    """Rows of trades; a message is the common columns, its line, its side, its id, the orders of maker and taker."""
    rows = common(empty("trade", len(messages)), messages)
    for index, name in enumerate(("side", "trade_id", "maker_order_id", "taker_order_id"), PLACE + 1):
        rows[name] = messages[:, index]
    rows["price"], rows["size"] = prices, sizes
    return rows


def quotes(messages: Ints, prices: Mapping[str, Ints], sizes: Mapping[str, Ints]) -> Rows:
    """Rows of quotes; prices and sizes are those of "bid" and "ask"."""
    rows = common(empty("quote", len(messages)), messages)
    for side in ("bid", "ask"):
        rows[f"{side}_price"], rows[f"{side}_size"] = prices[side], sizes[side]
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
