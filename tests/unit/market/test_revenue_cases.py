"""What the ledger is tested with is up to date, and the arithmetic here is the same."""

from fusion.chain.bindings.types import Split
from fusion.market.splits import NOBODY, passed_on
from tests.contracts.ledger.revenue import FILE, cases, owed, text


def test_the_cases_of_the_solidity_tests_are_up_to_date() -> None:
    assert FILE.read_text() == text(), "run `python -m tests.contracts.ledger.revenue`"


def test_what_would_be_passed_on_is_what_the_ledger_passes_on() -> None:
    for case in cases():
        splits = [Split(NOBODY, version, ppm) for version, ppm in enumerate(case["ppm"], 1)]
        received = settled = 0
        for income, after in zip(case["incomes"], case["settled"], strict=True):
            received += income
            before, now = owed(settled, case["ppm"]), owed(after, case["ppm"])
            expected = [new - old for old, new in zip(before, now, strict=True)] if after > settled else []
            assert passed_on(settled, received, splits) == expected
            settled = after
