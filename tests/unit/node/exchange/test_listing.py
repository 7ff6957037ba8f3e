"""Listings turn what people write into the core's whole numbers, and refuse what does not fit."""

from decimal import Decimal

import pytest

from fusion.errors import BadInput
from node.exchange.listing import Asset, Listing

BTC, USDT = Asset("BTC"), Asset("USDT", 6)


def listing(tick: str = "0.01", lot: str = "0.0001") -> Listing:
    return Listing(
        "BTC-USDT", BTC, USDT, Decimal(tick), Decimal(lot), Decimal("0.0002"), Decimal(100), Decimal(5), Decimal("0.8")
    )


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
