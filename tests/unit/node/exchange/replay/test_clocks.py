"""When what a record tells is carried out, where its clocks are wrong or its streams late."""

from decimal import Decimal
from typing import Literal

import numpy as np
import pytest

from atom.events import Action, Events, Flag, Rows, empty
from atom.events import Side as Half
from atom.instrument import Instrument
from node.exchange.core.command import Kind
from node.exchange.listing import Asset, Listing
from node.exchange.replay.tape import Tape

LISTING = Listing("A-B", Asset("A", 4), Asset("B", 4), *map(Decimal, ("0.1", "0.01", "0.01", "1000", "0")))
SECOND, HOUR = 10**9, 3600 * 10**9
BOOK, TRADE = Kind.REPLAY_SET, Kind.REPLAY_TRADE


def book() -> Rows:
    """A message a second, which arrives 1 ms later."""
    rows = empty("book", 5)
    for at in range(5):
        time = (at + 1) * SECOND
        flags = Flag.LAST | Flag.BY_PRICE | (Flag.SNAPSHOT if at == 0 else 0)
        rows[at] = (time, time + 10**6, at, flags, Action.MODIFY, Half.BID, 100 + at, 5, 0)
    return rows


def trades(*times: tuple[int, int]) -> Rows:
    """Trades by when they happened and arrived."""
    rows = empty("trade", len(times))
    for at, (event, recv) in enumerate(times):
        rows[at] = (event, recv, at, Flag.LAST | Flag.NO_ORDER, Half.ASK, 100, 1, at + 1, 0, 0)
    return rows


def told(book: Rows, trades: Rows, clock: Literal["event", "recv"]) -> list[tuple[Kind, float]]:
    """Kinds and seconds of the commands."""
    events = Events(Instrument("v", "A-B", "AB", LISTING.tick, LISTING.lot), book, trades, empty("quote"))
    rows = np.concatenate([each.copy() for each in Tape(LISTING, 0, [events], clock=clock).blocks()])[1:]
    return [(Kind(row["kind"]), int(row["time"]) / SECOND) for row in rows]


@pytest.mark.parametrize("wrong", ["book", "trade"])
def test_one_wrong_clock_holds_nothing_back(wrong: str) -> None:
    """A row that says it happened an hour after it arrived is taken to have happened then."""
    levels = book()
    deals = trades(*(((at + 2) * SECOND - 1, (at + 2) * SECOND) for at in range(3)))
    row = levels[1:2] if wrong == "book" else deals[:1]
    row["ts_event"], row["flags"] = HOUR, row["flags"] | np.uint16(Flag.BAD_CLOCK)

    rows = told(levels, deals, "event")

    assert [kind for kind, _ in rows] == [BOOK, TRADE, BOOK, TRADE, BOOK, TRADE, BOOK, BOOK]
    assert all(abs(time - due) < 0.01 for (_, time), due in zip(rows, (1, 2, 2, 3, 3, 4, 4, 5), strict=True))


def test_a_clock_that_is_a_little_ahead_is_kept() -> None:
    levels = book()
    levels["ts_recv"] = levels["ts_event"] - SECOND // 100
    levels["flags"] |= np.uint16(Flag.BAD_CLOCK)
    assert [time for _, time in told(levels, trades(), "event")] == [1, 2, 3, 4, 5]


def test_a_late_trade_drags_nothing_along() -> None:
    """By arrival, a trade that comes two seconds after the message which shows it has been by the time of that."""
    rows = told(book(), trades((2 * SECOND, 4 * SECOND)), "recv")
    assert rows[1:3] == [(TRADE, 2.001), (BOOK, 2.001)]
    assert [time for kind, time in rows if kind == BOOK] == [1.001, 2.001, 3.001, 4.001, 5.001]
