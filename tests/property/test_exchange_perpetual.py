"""Perpetuals amid crashes: both engines tell one journal, and no law is broken, whoever pays for whose loss."""

from tests.soak.exchange.perpetual import Pit


def test_engines_agree_while_prices_crash() -> None:
    pit = Pit(7)
    pit.run(4_000)
    assert {"LIQUIDATION", "ADL", "FUNDING", "INSURANCE", "MARGIN", "ISOLATED", "TRIGGER", "PREVENTED"} <= set(
        pit.records
    )
    assert {"REDUCE_ONLY", "LIQUIDATED", "INSUFFICIENT_FUNDS", "BREAKER", "GROUP", "TIME"} <= set(pit.reasons)
    assert {"mark", "helped", "bankrupt"} == set(pit.ways)


def test_engines_agree_while_prices_crash_beside_a_record() -> None:
    pit = Pit(8)
    pit.run(4_000)
    assert {"FILL", "LIQUIDATION", "ADL", "FUNDING"} <= set(pit.records)
    assert {"REDUCE_ONLY", "LIQUIDATED", "INSUFFICIENT_FUNDS"} <= set(pit.reasons)
