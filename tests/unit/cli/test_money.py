"""Amounts on the command line are exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import money
from fusion.errors import BadInput


@given(st.integers(0, 2**96 - 1))
def test_what_is_shown_is_read_back(units: int) -> None:
    assert money.parse(money.show(units).replace(",", ""), "--price") == units


@pytest.mark.parametrize("text", ["", "abc", "-1", "nan", "inf", "0.0000001", "1e80", "1,5", "0x10"])
def test_what_is_no_amount_is_refused_with_its_value(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        money.parse(text, "--price")
    assert str(refused.value).startswith(f"--price is {text!r}")
