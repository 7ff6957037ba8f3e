"""The protocolFee as a person says it."""

import pytest

from cli.protocol import _bps
from fusion.errors import BadInput


@pytest.mark.parametrize(("text", "bps"), [("3%", 300), ("300", 300), ("3", 3), ("2.5%", 250), ("0", 0), ("5%", 500)])
def test_a_fee_is_a_percentage_or_basis_points(text: str, bps: int) -> None:
    assert _bps(text) == bps


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("501", "at most 5%, 500 basis points"),
        ("5.01%", "at most 5%"),
        ("9" * 30, "at most 5%"),
        ("2.5", "a percentage such as 3%, or whole basis points"),
        ("0.001%", "two decimals"),
        ("x%", "give a percentage"),
        ("-1", "give a percentage"),
        ("", "give a percentage"),
    ],
)
def test_a_fee_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        _bps(text)
