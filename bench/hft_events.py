"""Events in the form of hftbacktest, so that it does the same work."""

from typing import Final

import numpy as np
import numpy.typing as npt

from atom.events import Action, Events, Rows, Side

EVENT: Final = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ]
)
OURS: Final = 1 << 30
"""Events of its trader's book alone, which knows no queues."""
BOTH: Final = OURS | 1 << 31
"""Events of that and of its venue's, which keeps the queue of each level: what its users give it."""
KIND: Final = 0xFF
"""Bits of an event's kind."""
DEPTH, TRADE, CLEAR, ADD, CANCEL, MODIFY, FILL = 1, 2, 3, 10, 11, 12, 13
BUYS, SELLS = 1 << 29, 1 << 28
"""Of an order or a level: a bid, an ask. Of a trade: who took."""
_SIDES: Final = {int(Side.NONE): 0, int(Side.BID): BUYS, int(Side.ASK): SELLS}
_BY_ORDER: Final = {Action.ADD: ADD, Action.CANCEL: CANCEL, Action.MODIFY: MODIFY}


def orders(events: Events, whose: int, *, traded: bool = False) -> npt.NDArray[np.void]:
    """Rows of a book by order. It knows no fills that change a book: one is a change to what is left, or a cancel.

    Args:
        traded: each of these comes after a row that lets its users' orders before it in the queue trade.
    """
    rows, rest = events.book, dict[int, int]()
    kinds, sizes = np.zeros(len(rows), np.int64), rows["size"].copy()
    for at, (action, order, size) in enumerate(
        zip(rows["action"].tolist(), rows["order_id"].tolist(), rows["size"].tolist(), strict=True)
    ):
        if action == Action.CLEAR:
            rest, kinds[at] = {}, CLEAR
            continue
        kind = Action(action)
        if kind is Action.FILL:
            rest[order] -= size
            kind = Action.MODIFY if rest[order] else Action.CANCEL
            sizes[at] = rest[order]
        elif kind is not Action.CANCEL:
            rest[order] = size
        kinds[at] = _BY_ORDER[kind]
    made = _rows(events, rows, kinds | whose, sizes)
    if not traded:
        return made
    fills = rows["action"] == Action.FILL
    repeated = np.repeat(made, 1 + fills)
    firsts = np.flatnonzero(fills) + np.arange(np.count_nonzero(fills))
    repeated["ev"][firsts] = FILL | BOTH & ~OURS | (repeated["ev"][firsts] & (BUYS | SELLS))
    return repeated


def levels(events: Events) -> npt.NDArray[np.void]:
    """Rows of a book by price, and trades, by arrival."""
    book = _rows(events, events.book, np.where(events.book["action"] == Action.CLEAR, CLEAR, DEPTH) | BOTH)
    book["qty"][events.book["action"] == Action.CANCEL] = 0
    trade = _rows(events, events.trade, np.full(len(events.trade), TRADE | BOTH))
    whole = np.concatenate((book, trade))
    return whole[np.argsort(whole["local_ts"], kind="stable")]


def _rows(
    events: Events, rows: Rows, kinds: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.void]:
    made = np.zeros(len(rows), EVENT)
    sides = np.array([_SIDES[side] for side in range(3)])
    made["ev"] = kinds | sides[rows["side"]]
    made["exch_ts"], made["local_ts"] = rows["ts_event"], rows["ts_recv"]
    made["px"] = events.instrument.prices(rows["price"])
    made["qty"] = events.instrument.sizes(rows["size"] if sizes is None else sizes)
    if "order_id" in (rows.dtype.names or ()):
        made["order_id"] = rows["order_id"]
    return made
