"""The perpetuals' long fuzz in short: both engines tell one journal, and no law is broken while prices crash."""

from node.exchange.core.journal import Record
from tests.soak.exchange.perpetual import Pit


def test_engines_agree_while_prices_crash() -> None:
    pit = Pit(1)
    pit.run(10_000)
    assert set(pit.records) == {each.name for each in Record}
    assert {"REDUCE_ONLY", "LIQUIDATED", "INSUFFICIENT_FUNDS", "BREAKER"} <= set(pit.reasons)
