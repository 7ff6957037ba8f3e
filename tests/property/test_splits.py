"""The revenue table: whatever it is given, it sums to the whole, is sorted, and pays no upstream too little."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fusion.errors import BadInput
from fusion.market.splits import MAX_UPSTREAM, WHOLE, Upstream, parse_percent, percent, revenue_table

ADDRESSES = st.integers(1, 2**160 - 1).map(lambda number: f"0x{number:040x}")
AUTHOR = "0x" + "a" * 40


@st.composite
def upstreams(draw: st.DrawFn) -> list[Upstream]:
    versions = draw(st.lists(st.integers(1, 2**64 - 1), unique=True, max_size=6))
    found = []
    for version in versions:
        minimum = draw(st.integers(0, 60_000))
        found.append(Upstream(version, f"m{version}", minimum, draw(st.integers(max(minimum, 1), 80_000))))
    return found


@given(st.dictionaries(ADDRESSES, st.integers(1, 60_000), max_size=6), upstreams())
def test_a_table_is_sorted_sums_to_the_whole_and_keeps_every_share(
    shares: dict[str, int], above: list[Upstream]
) -> None:
    rows = revenue_table(AUTHOR, shares, above)
    keys = [(row.version, int(row.account, 16)) for row in rows]
    assert keys == sorted(set(keys))
    assert sum(row.ppm for row in rows) == WHOLE
    assert all(row.ppm > 0 for row in rows)
    assert all((row.version == 0) != (int(row.account, 16) == 0) for row in rows)
    paid = {row.account: row.ppm for row in rows if not row.version}
    assert all(paid[account] >= ppm for account, ppm in shares.items())
    assert {row.version: row.ppm for row in rows if row.version} == {each.version: each.ppm for each in above}


@given(st.integers(1, WHOLE), st.integers(0, WHOLE))
def test_an_undercut_upstream_is_refused(minimum: int, ppm: int) -> None:
    assume(ppm < minimum)
    with pytest.raises(BadInput, match="asks for at least"):
        revenue_table(AUTHOR, {}, [Upstream(1, "ema", minimum, ppm)])


@given(st.integers(MAX_UPSTREAM + 1, WHOLE))
def test_upstreams_take_at_most_a_half(ppm: int) -> None:
    with pytest.raises(BadInput, match="the upstreams take"):
        revenue_table(AUTHOR, {}, [Upstream(1, "ema", 0, ppm)])


def test_shares_must_leave_something_for_the_author() -> None:
    with pytest.raises(BadInput, match="leave 0% for the author"):
        revenue_table(AUTHOR, {"0x" + "1" * 40: 600_000, "0x" + "2" * 40: 400_000}, [])


def test_what_shares_lack_is_told_exactly() -> None:
    with pytest.raises(BadInput, match=r"leave -0\.5% for the author"):
        revenue_table(AUTHOR, {"0x" + "1" * 40: 605_000, "0x" + "2" * 40: 400_000}, [])


@given(st.integers(0, WHOLE))
def test_a_percentage_is_read_as_it_is_written(ppm: int) -> None:
    assert parse_percent(percent(ppm), "--share") == ppm


@pytest.mark.parametrize("text", ["", "x", "-1%", "101%", "0.00001%", "nan", "inf", "1e99", "1e999999"])
def test_a_bad_percentage_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--share is"):
        parse_percent(text, "--share")
