"""The integers of the chain keep every bit, and their floats are the nearest."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atom.onchain import words

WORDS = st.integers(-(2**255), 2**255 - 1)
EDGES = [0, 1, -1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 2**128 - 1, 2**255 - 1, -(2**255)]


@settings(deadline=None)
@given(st.lists(WORDS))
def test_words_keep_every_bit(values: list[int]) -> None:
    assert words.to_ints(words.from_ints(values)) == values


def test_the_edges_keep_every_bit_and_tell_who_fits_64() -> None:
    held = words.from_ints(EDGES)
    assert words.to_ints(held) == EDGES
    narrow, fits = words.to_int64(held)
    assert fits.tolist() == [-(2**63) <= value < 2**63 for value in EDGES]
    assert narrow[fits].tolist() == [value for value in EDGES if -(2**63) <= value < 2**63]
    assert words.negative(held).tolist() == [value < 0 for value in EDGES]
    assert words.to_ints(words.unpacked(held).view("V32")[:, 0]) == EDGES


@pytest.mark.parametrize("value", [2**255, -(2**255) - 1])
def test_a_number_of_more_bits_is_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        words.from_ints([value])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**255 - 1), st.integers(0, 2**255 - 1))))
def test_differences_are_exact(pairs: list[tuple[int, int]]) -> None:
    first, second = (words.from_ints(side) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
    assert words.to_ints(words.subtract(first, second)) == [left - right for left, right in pairs]


@settings(deadline=None)
@given(st.lists(WORDS | st.integers(-(10**20), 10**20) | st.sampled_from(EDGES)), st.integers(0, 77))
def test_floats_are_the_nearest(values: list[int], decimals: int) -> None:
    floats = words.to_floats(words.from_ints(values), decimals)
    assert floats.tolist() == [float(Fraction(value, 10**decimals)) for value in values]


def test_hashes_and_addresses_as_text() -> None:
    raw = np.frombuffer(bytes(range(40)), "V20")
    assert words.text(raw) == ["0x" + bytes(range(20)).hex(), "0x" + bytes(range(20, 40)).hex()]
