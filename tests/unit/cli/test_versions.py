"""What is told of a version."""

from cli.versions import shares
from fusion.chain.bindings.types import Split
from fusion.market.splits import NOBODY


def test_a_revenue_table_is_percentages_to_a_person_and_parts_per_million_to_a_program() -> None:
    table = [Split("0xAda", 0, 875_000), Split(NOBODY, 4, 125_000)]
    assert shares(table, as_json=False) == ["87.5% to 0xAda", "12.5% to version 4"]
    assert shares(table, as_json=True)[1] == {"account": NOBODY, "version": 4, "ppm": 125_000}
