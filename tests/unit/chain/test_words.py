"""How members of enums are said."""

from enum import IntEnum

import pytest

from fusion.chain.bindings.types import Access, Failure, OutcomeKind, Sells, Status
from fusion.chain.words import word, words


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (OutcomeKind.INPUT_UNAVAILABLE, "InputUnavailable"),
        (Failure.TOO_FEW_COMMITS, "TooFewCommits"),
        (Status.NO_QUORUM, "NoQuorum"),
        (Access.OPEN, "Open"),
        (Sells.BOTH, "Both"),
    ],
)
def test_enums_are_said_as_the_contracts_say_them(member: IntEnum, said: str) -> None:
    assert word(member) == said


def test_in_a_sentence_they_are_plain_words() -> None:
    assert words(Status.NO_QUORUM) == "no quorum"
