"""NAME=VALUE pairs."""

import pytest

from cli.values import parse_settings, parse_shares
from fusion.errors import BadInput


def test_settings_are_read_as_what_they_look_like() -> None:
    read = parse_settings(["a=3", "b=0.5", "c=true", "d=false", "e=fast", "f=1e3", "g=nan", "h=x=y"])
    assert read == {"a": 3, "b": 0.5, "c": True, "d": False, "e": "fast", "f": 1000.0, "g": "nan", "h": "x=y"}
    assert isinstance(read["a"], int)


@pytest.mark.parametrize("pair", ["span", "=3", ""])
def test_a_pair_without_name_or_value_is_refused(pair: str) -> None:
    with pytest.raises(BadInput, match="write it as NAME=VALUE"):
        parse_settings([pair])


def test_a_name_is_given_once() -> None:
    with pytest.raises(BadInput, match="gives span twice"):
        parse_settings(["span=1", "span=2"])


def test_shares_are_parts_per_million() -> None:
    assert parse_shares(["ema=12.5%", "obi=3"], "--royalty") == {"ema": 125_000, "obi": 30_000}
