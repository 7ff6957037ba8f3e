"""NAME=VALUE pairs."""

import pytest

from cli.values import parse_bps, parse_moment, parse_seconds, parse_settings, parse_share, parse_shares
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


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("6h", 21_600), ("30d", 2_592_000)]
)
def test_a_time_is_seconds_with_or_without_a_unit(text: str, seconds: int) -> None:
    assert parse_seconds(text, "--duration") == seconds


@pytest.mark.parametrize("text", ["", "d", "-1", "1.5h", "1w", "1h30m", "\N{SUPERSCRIPT TWO}", "9" * 13])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--duration is"):
        parse_seconds(text, "--duration")


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("15m", 1_900),
        ("0s", 1_000),
        ("1735689600", 1_735_689_600),
        ("2025-01-01T00:00:00Z", 1_735_689_600),
        ("2025-01-01T01:00:00+01:00", 1_735_689_600),
    ],
)
def test_a_moment_is_a_date_a_second_or_a_time_from_now(text: str, second: int) -> None:
    assert parse_moment(text, "--opens", 1_000) == second


@pytest.mark.parametrize(
    ("text", "told"),
    [("2025-01-01T00:00:00", "say of which time zone"), ("soon", "give a time from now such as 15m"), ("", "give a")],
)
def test_a_moment_that_is_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        parse_moment(text, "--opens", 1_000)


def test_basis_points_are_whole() -> None:
    assert parse_bps("2.5%", "--referral") == 250
    with pytest.raises(BadInput, match=r"--referral is '0\.001%'"):
        parse_bps("0.001%", "--referral")


@pytest.mark.parametrize(("text", "share"), [("0", 0.0), ("0.05", 0.05), ("5%", 0.05), ("1", 1.0), ("100%", 1.0)])
def test_a_share_is_a_part_or_a_percentage(text: str, share: float) -> None:
    assert parse_share(text, "--watch-share") == share


@pytest.mark.parametrize("text", ["5", "-0.1", "101%", "nan", "some", "%", ""])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--watch-share is"):
        parse_share(text, "--watch-share")
