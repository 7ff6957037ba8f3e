"""Parameters are read as what they have to be, exactly, or refused by Binance's code."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.exchange.parameter import Amount, Asked, Choice, Names, Parameter, Text, Truth, Whole
from api.exchange.refusal import Refusal

KNOWN = (
    Parameter("price", Amount()),
    Parameter("limit", Whole(1, 1000)),
    Parameter("side", Choice(("BUY", "SELL"), -1117, "Invalid side."), needed=True),
)


def code(known, *pairs):
    with pytest.raises(Refusal) as caught:
        Asked(known, pairs)
    return caught.value.code


@given(st.decimals(min_value=0, max_value=10**18, places=8).filter(bool))
def test_an_amount_is_exact(value):
    asked = Asked([Parameter("price", Amount())], [("price", f"{value:f}")])
    assert asked.amount("price") == value


@given(st.text(max_size=60))
def test_whatever_text_comes_is_read_or_refused(text):
    for kind in (Amount(), Amount(zero=True), Whole(), Text(), Truth(), Names(), Choice(("a",))):
        with suppress(Refusal):
            kind.read("x", text)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], -1102),
        ([("side", "")], -1102),
        ([("side", "HOLD")], -1117),
        ([("side", "BUY"), ("side", "BUY")], -1101),
        ([("side", "BUY"), ("more", "1")], -1104),
        ([("side", "BUY"), ("price", "")], -1105),
        ([("side", "BUY"), ("price", "1e5")], -1100),
        ([("side", "BUY"), ("price", "0")], -1013),
        ([("side", "BUY"), ("price", "1." + "1" * 21)], -1111),
        ([("side", "BUY"), ("limit", "0")], -1130),
        ([("side", "BUY"), ("limit", "1.0")], -1100),
    ],
)
def test_each_fault_has_its_code(pairs, expected):
    assert code(KNOWN, *pairs) == expected


def test_what_is_read_is_told_by_its_type():
    asked = Asked(KNOWN, [("side", "BUY"), ("price", "1.50"), ("limit", "7")])
    assert (asked.text("side"), asked.amount("price"), asked.whole("limit")) == ("BUY", Decimal("1.50"), 7)
    assert "price" in asked
    assert asked.names("symbols") == ()
