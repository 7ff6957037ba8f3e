"""Listings turn what people write into the core's whole numbers, and refuse what does not fit."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fusion.errors import BadInput
from node.exchange.exchange import Exchange
from node.exchange.listing import Asset, Listing

BTC, USDT = Asset("BTC"), Asset("USDT", 6)


def listing(**terms: object) -> Listing:
    usual = {"tick": "0.01", "lot": "0.0001", "least": "0.0002", "most": "100", "notional": "5", "band": "0.8"}
    told = {name: Decimal(each) if isinstance(each, str) else each for name, each in (usual | terms).items()}
    return Listing("BTC-USDT", **({"base": BTC, "quote": USDT} | told))  # type: ignore[arg-type]  # as given


def test_the_core_gets_whole_numbers() -> None:
    rules = listing().rules(3, [USDT, BTC])
    assert (rules.market, rules.base, rules.quote) == (3, 1, 0)
    assert rules.lot == 10_000  # of 0.00000001 BTC
    assert rules.unit == 1  # 0.01 * 0.0001 USDT is 0.000001
    assert (rules.least, rules.most, rules.notional, rules.band) == (2, 1_000_000, 5_000_000, 800_000)


def test_a_tick_of_a_lot_is_not_finer_than_the_quote_asset() -> None:
    with pytest.raises(BadInput, match="finer than its 6 decimals"):
        listing(tick="0.001").rules(0, [USDT, BTC])


@pytest.mark.parametrize(
    "text", ["0.00015", "1e-9", "NaN", "Infinity", "1e999999999", "1.0000000000000000000000000000000001"]
)
def test_a_quantity_between_two_lots_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"multiple of 0\.0001"):
        listing().lots(Decimal(text))


def test_prices_and_quantities_of_any_size_stay_exact() -> None:
    assert listing().ticks(Decimal("92233720368547758.07")) == 2**63 - 1
    assert listing().lots(Decimal("0.3")) == 3_000


def test_amounts_come_back() -> None:
    assert USDT.amount(USDT.units(Decimal("12.345678"))) == Decimal("12.345678")
    with pytest.raises(BadInput, match="finer"):
        USDT.units(Decimal("0.0000001"))


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"tick": "0"}, "above 0, not 0 and"),
        ({"lot": "-0.0001"}, "above 0, not 0.01 and -0.0001"),
        ({"least": "0"}, "takes 0 to 100"),
        ({"least": "101"}, "takes 101 to 100"),
        ({"most": "1e15"}, r"the most of BTC-USDT, 1E\+15, is more than 64 bits hold of 8 decimals"),
        ({"notional": "5e12"}, "the notional of BTC-USDT"),
        ({"notional": "-1"}, "0 or more, not -1"),
        ({"tick": "1e17"}, "a tick of the least of BTC-USDT"),
        ({"base": Asset("BTC", 19)}, "BTC has 19 decimals; give 0 to 18"),
        ({"quote": Asset("BTC", 6)}, "trades BTC for itself"),
        ({"band": "0.0000004"}, "steps of 0.000001, not 4E-7"),
        ({"band": "1.5"}, "part of 1 in steps"),
        ({"breaker": "-0.1"}, "part of 1 in steps"),
        ({"band": "NaN"}, "band of BTC-USDT is a number, not NaN"),
        ({"most": "Infinity"}, "most of BTC-USDT is a number, not Infinity"),
        ({"pause": 0}, "a pause of BTC-USDT is 1 ns or more, and not 0"),
        ({"window": 1 << 62}, "a window of BTC-USDT"),
        ({"initial": "0.1", "maintenance": "0.2"}, "never keeps 0.2"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        listing(**terms).rules(0, [USDT, BTC])


def test_an_asset_has_one_number_of_decimals_in_all_markets() -> None:
    other = replace(listing(), symbol="ETH-USDT", base=Asset("ETH"), quote=Asset("USDT", 8))
    with pytest.raises(BadInput, match="markets trade USDT with 6 and 8 decimals; give one number"):
        Exchange([listing(), other])
