"""What is offered for gas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.chain.fees import GWEI, HEADROOM, JITTER, USUAL_TIP, Fees, Market, gwei
from fusion.errors import ChainUnavailable

BLOCK = {"baseFeePerGas": hex(10 * GWEI)}
WEI = st.integers(1, 10**15)


def history(tips: list[int], used: list[float], following: int = 9 * GWEI) -> dict[str, object]:
    return {
        "baseFeePerGas": ["0x1"] * len(tips) + [hex(following)],
        "gasUsedRatio": used,
        "reward": [[hex(tip)] for tip in tips],
    }


def test_the_tip_is_the_median_of_blocks_that_had_anything_in_them() -> None:
    told = Market.told(BLOCK, history([0, 3, 50, 0, 7], [0.0, 0.5, 0.1, 0.0, 1.0]), hex(GWEI))

    assert told == Market(10 * GWEI, 7)


def test_the_next_block_may_cost_more_than_the_last() -> None:
    assert Market.told(BLOCK, history([3], [0.5], 11 * GWEI), hex(GWEI)).base == 11 * GWEI


@pytest.mark.parametrize(
    "told", [history([0, 0], [0.0, 0.0]), {}, {"baseFeePerGas": []}, None, "0x", ChainUnavailable("away")]
)
def test_without_a_history_the_node_suggests_a_tip(told: object) -> None:
    assert Market.told(BLOCK, told, hex(5)) == Market(10 * GWEI, 5)


@pytest.mark.parametrize("suggestion", [None, "much", ChainUnavailable("away")])
def test_without_a_suggestion_the_usual_tip_is_paid(suggestion: object) -> None:
    assert Market.told(BLOCK, None, suggestion).tip == USUAL_TIP


def test_our_own_tips_read_back_do_not_rise() -> None:
    tip = Market(GWEI, 3 * JITTER + 5).fees(10**12).tip
    for _ in range(1000):
        tip = Market(GWEI, tip).fees(10**12).tip
    assert 3 * JITTER <= tip < 4 * JITTER


@given(base=WEI, tip=WEI, most=WEI)
def test_an_offer_has_headroom_and_stays_below_the_most(base: int, tip: int, most: int) -> None:
    offer = Market(base, tip).fees(most)

    assert offer.tip <= offer.limit <= most
    assert offer.limit == min(HEADROOM * base + offer.tip, most)


@given(limit=WEI, tip=WEI, base=WEI, now=WEI, most=WEI)
def test_a_raise_is_one_that_nodes_take(limit: int, tip: int, base: int, now: int, most: int) -> None:
    before = Fees(max(limit, tip), tip)

    after = before.raised(Market(base, now), most)

    if after is None:
        assert before.limit * 5 // 4 >= most or before.tip * 5 // 4 >= most
    else:
        assert after.tip <= after.limit <= most
        assert after.limit * 8 >= before.limit * 9
        assert after.tip * 8 >= before.tip * 9


def test_gas_prices_as_people_say_them() -> None:
    assert [gwei(wei) for wei in (0, 1, GWEI, 1_500_000_000, 20 * GWEI)] == [
        "0 gwei",
        "0.000000001 gwei",
        "1 gwei",
        "1.5 gwei",
        "20 gwei",
    ]
