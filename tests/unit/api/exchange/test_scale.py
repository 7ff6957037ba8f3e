"""Whole numbers and decimal text are one another, exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.exchange.refusal import Refusal
from api.exchange.scale import Scale, Steps, fixed
from node.exchange.listing import Asset, Listing

LISTING = Listing(
    "A-B", Asset("A"), Asset("B"), tick=Decimal("0.05"), lot=Decimal("0.001"), least=Decimal("0.001"),
    most=Decimal(10), notional=Decimal(1),
)  # fmt: skip


@given(st.integers(-(10**20), 10**20), st.integers(0, 12))
def test_a_number_is_its_text(value, places):
    assert Decimal(fixed(value, places)) == Decimal(value).scaleb(-places)


@given(st.integers(0, 2**50))
def test_ticks_and_lots_go_there_and_back(count):
    scale = Scale(LISTING)
    assert scale.ticks(Decimal(scale.price(count))) == count
    assert scale.lots(Decimal(scale.size(count))) == count


def test_what_is_traded_is_told_in_the_quote_asset():
    assert Decimal(Scale(LISTING).worth(3 * 7)) == 3 * Decimal("0.05") * 7 * Decimal("0.001")


@pytest.mark.parametrize(("text", "code"), [("0.07", -1013), ("0.123456789", -1111), ("9" * 20, -1013)])
def test_what_is_between_two_or_beyond_all_is_refused(text, code):
    with pytest.raises(Refusal) as caught:
        Scale(LISTING).ticks(Decimal(text))
    assert caught.value.code == code


def test_texts_are_kept_but_not_without_bound():
    steps = Steps(Decimal("0.5"))
    assert [steps(1), steps(2)] == ["0.5", "1.0"]
    for count in range(70_000):
        steps(count)
    assert len(steps._texts) <= 1 << 16
