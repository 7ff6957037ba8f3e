"""The rules that two replays are compared by: what each of them fills, and what it does not."""

import numpy as np
import pytest

from bench.hft_events import ADD, CANCEL, DEPTH, FILL, MODIFY, TRADE
from bench.hft_rule import STANDS, Step, by_order, by_price
from node.exchange.tester.memory import ARRIVED, Rows

BID, ASK = 0, 1
BOOK: list[Step] = [(ADD, BID, 99, 5, 1, 1), (ADD, ASK, -101, 5, 2, 1)]


def given(side: int, price: int, at: int = 5) -> Rows:
    rows = np.zeros(1, ARRIVED)
    rows["arrived"], rows["side"], rows["price"] = at, side, price
    return rows


@pytest.mark.parametrize(
    ("more", "filled", "swept"),
    [
        ([(FILL, BID, 99, 5, 1, 9)], 0, 0),  # it stood before
        ([(ADD, BID, 99, 1, 3, 7), (FILL, BID, 99, 1, 3, 9)], 1, 1),  # it came after
        ([(ADD, BID, 99, 1, 3, 7), (FILL, BID, 99, 1, 3, 6 + STANDS)], 0, 0),  # too late
        ([(MODIFY, BID, 99, 4, 1, 7), (FILL, BID, 99, 4, 1, 9)], 0, 0),  # a smaller one keeps its turn
        ([(MODIFY, BID, 99, 9, 1, 7), (FILL, BID, 99, 9, 1, 9)], 1, 1),  # and a larger one does not
        ([(ADD, BID, 98, 1, 3, 7), (FILL, BID, 98, 1, 3, 9)], 0, 1),  # a trade goes past it
        ([(CANCEL, ASK, -101, 5, 2, 7), (ADD, ASK, -99, 1, 3, 9)], 1, 1),  # the other side comes to it
    ],
)
def test_by_order(more: list[Step], filled: int, swept: int) -> None:
    assert by_order([*BOOK, *more], given(BID, 99)) == filled
    assert by_order([*BOOK, *more], given(BID, 99), swept=True) == swept


LEVELS: list[Step] = [(DEPTH, BID, 99, 5, 0, 1), (DEPTH, ASK, -101, 5, 0, 1)]


@pytest.mark.parametrize(
    ("more", "filled"),
    [
        ([(TRADE, ASK, -99, 5, 0, 9)], 0),  # as much as stood before it
        ([(TRADE, ASK, -99, 6, 0, 9)], 1),
        ([(TRADE, ASK, -99, 3, 0, 8), (DEPTH, BID, 99, 2, 0, 9), (TRADE, ASK, -99, 2, 0, 9)], 0),  # one and the same
        ([(DEPTH, BID, 99, 2, 0, 8), (TRADE, ASK, -99, 3, 0, 9)], 1),  # told first, a trade counts twice
        ([(DEPTH, BID, 99, 0, 0, 8), (TRADE, ASK, -99, 1, 0, 9)], 1),
        ([(TRADE, ASK, -98, 1, 0, 9)], 1),  # at a worse price
        ([(TRADE, BID, 99, 9, 0, 9)], 0),  # of the other side's makers
    ],
)
def test_by_price(more: list[Step], filled: int) -> None:
    assert by_price([*LEVELS, *more], given(BID, 99)) == filled


def test_one_that_meets_the_other_side_is_filled_at_once() -> None:
    assert by_price([*LEVELS, (DEPTH, BID, 90, 1, 0, 9)], given(BID, 100)) == 0
    assert by_price([*LEVELS, (DEPTH, BID, 90, 1, 0, 9)], given(BID, 101)) == 1
