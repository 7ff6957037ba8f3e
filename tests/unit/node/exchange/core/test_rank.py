"""Rank: products of four numbers are exact, however large."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from node.exchange.core.rank import _product

NUMBERS = st.integers(0, (1 << 63) - 1) | st.integers(0, 3) | st.sampled_from([(1 << 32) - 1, 1 << 32, (1 << 63) - 1])


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_a_product_of_four_is_exact(factors: tuple[int, int, int, int]) -> None:
    told = 0
    for word in _product(*map(np.int64, factors)):
        told = told << 64 | int(word)
    a, b, c, d = factors
    assert told == a * b * c * d
