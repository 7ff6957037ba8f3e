"""The long fuzz in short: hostile commands of every kind give one journal in both engines, and no law is broken."""

import pytest

from node.exchange.core.journal import Reason, Record
from tests.soak.exchange.run import Outcome, run


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run(seed=1, commands=30_000)


def test_journals_are_equal(outcome: Outcome) -> None:
    core, plain = outcome.digests
    assert core == plain
    assert outcome.commands == 30_000


def test_journals_are_equal_beside_a_record_and_where_batches_stop_midway() -> None:
    core, plain = run(seed=6, commands=6_000).digests
    assert core == plain


def test_everything_happens(outcome: Outcome) -> None:
    assert set(outcome.records) >= {each.name for each in Record if each is not Record.RECORDED}
    assert set(outcome.reasons) >= {each.name for each in Reason if each}
