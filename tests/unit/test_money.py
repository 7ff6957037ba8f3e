"""Amounts on the command line are exact."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion import money
from fusion.errors import BadInput


@given(st.integers(0, 2**96 - 1))
def test_what_is_shown_is_read_back(units: int) -> None:
    assert money.parse(money.show(units).replace(",", ""), "--price") == units


@pytest.mark.parametrize(
    ("units", "text"),
    [(0, "0.00"), (1, "0.000001"), (12_500_000, "12.50"), (10_000_000_000, "10,000.00"), (2_437_510, "2.43751")],
)
def test_a_person_reads_tokens_and_a_program_base_units(units: int, text: str) -> None:
    assert str(money.Units(units)) == money.show(units) == text
    assert json.dumps({"paid": money.Units(units)}) == json.dumps({"paid": units})


@pytest.mark.parametrize("text", ["", "abc", "-1", "nan", "inf", "0.0000001", "1e80", "1,5", "0x10"])
def test_what_is_no_amount_is_refused_with_its_value(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        money.parse(text, "--price")
    assert str(refused.value).startswith(f"--price is {text!r}")
