"""The follower: what it reads belongs to one chain, whenever the chain changes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.bindings.job_market import Failed, Finalized
from fusion.chain.bindings.job_market import Posted as PostedLog
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.panel import Called, Decided
from fusion.chain.bindings.types import Failure, Fault, JobTerms, OutcomeKind
from fusion.chain.client import Block
from fusion.chain.contract import Event, LogRef
from node.executor.duty import Contract, Duty
from node.executor.follow import Follower
from node.executor.journal import Journal, Slash

WHO = "0x" + "1" * 40


class Chain:
    """Blocks of one letter each; a job is posted in every capital one, its id the block's number."""

    def __init__(self, letters: str) -> None:
        self.letters = letters
        self.deployment = SimpleNamespace(block=0)

    def head(self) -> Block:
        found = self.block(len(self.letters) - 1)
        assert found is not None
        return found

    def block(self, number: int) -> Block | None:
        return Block(number, self.letters[: number + 1], self.letters[:number], number) if self.has(number) else None

    def has(self, number: int) -> bool:
        return number < len(self.letters)

    def events(self, first: int, last: int) -> Sequence[Event]:
        return [self.posted(at) for at in range(first, last + 1) if self.has(at) and self.letters[at].isupper()]

    def posted(self, at: int) -> PostedLog:
        terms = JobTerms(1, 1, 0, 0, 1, 0, 1, 0, 1, 1)
        return PostedLog(at, WHO, 1, terms, WHO, 0, 1, at, at, bytes(32), self.letters[at].encode(), log=self.log(at))

    def log(self, at: int) -> LogRef:
        return LogRef(at, 0, self.letters[: at + 1], "0xt", 0, WHO)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def _jobs(journal: Journal) -> list[int]:
    return [entry.job_id for entry in journal.active() if entry.contract is Contract.JOB]


def test_a_fork_below_what_is_being_read_is_not_passed_over(journal: Journal) -> None:
    chain = Chain("aaaa")
    follower = Follower(cast("Any", chain), journal)
    assert follower.catch_up(chain.head())

    chain.letters = "aaaabb"
    fork = "aaCcccc"
    blocks = chain.block

    def block(number: int) -> Block | None:
        found = blocks(number)
        if number == 3:  # the last one known is asked for, and then the chain changes
            chain.letters = fork
        return found

    chain.block = block  # type: ignore[method-assign]
    head = blocks(5)
    assert head is not None
    assert not follower.catch_up(head)
    assert follower.catch_up(chain.head())
    assert _jobs(journal) == [2]


def test_panels_are_found_and_ended_by_their_logs(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain("aBcd")
    follower = Follower(cast("Any", chain), journal)
    job, panel = Duty(Contract.JOB, 1), Duty(Contract.PANEL, 7)
    told: list[Event] = [chain.posted(1), Called(7, 1, False, 2, 9, log=chain.log(2))]
    monkeypatch.setattr(
        chain, "events", lambda first, last: [each for each in told if first <= each.log.block_number <= last]
    )
    assert follower.catch_up(chain.head())
    assert [(entry.duty, entry.spec) for entry in journal.active()] == [(job, b"B"), (panel, b"B")]

    chain.letters += "ef"
    told.append(Decided(7, 1, OutcomeKind.NONE, bytes(32), 0, log=chain.log(4)))
    told.append(Failed(1, Failure.NO_MAJORITY, 0, 0, log=chain.log(5)))
    fourth = chain.block(4)
    assert fourth is not None
    assert follower.catch_up(fourth)
    assert [entry.duty for entry in journal.active()] == [job]
    assert follower.catch_up(chain.head())
    assert journal.active() == []


def test_what_was_earned_and_lost_is_noted_of_this_operator_alone(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain("aBCdef")
    other = "0x" + "2" * 40
    follower = Follower(cast("Any", chain), journal, WHO)
    told: list[Event] = [
        chain.posted(1),
        chain.posted(2),
        Finalized(1, OutcomeKind.RESULT, bytes(32), (other, WHO), log=chain.log(3)),
        Finalized(2, OutcomeKind.RESULT, bytes(32), (other,), log=chain.log(4)),
        Slashed(WHO, 2, Fault.WRONG, 5, 4, log=chain.log(4)),
        Slashed(other, 2, Fault.WRONG, 5, 4, log=replace(chain.log(4), log_index=1)),
    ]
    monkeypatch.setattr(
        chain, "events", lambda first, last: [each for each in told if first <= each.log.block_number <= last]
    )
    assert follower.catch_up(chain.head())
    for number, ending in ((1, "paid"), (2, "unpaid")):
        entry = journal.get(Duty(Contract.JOB, number))
        assert entry is not None
        assert (entry.ending, entry.done_time) == (ending, 5), "its end is known by the last block of the reading"
    assert journal.slashed() == [Slash(4, 0, 2, "WRONG", 4)]
    assert follower.taken_back is None

    chain.letters = "aBCdxyz"
    told[3:] = []
    assert follower.catch_up(chain.head())
    assert follower.taken_back == chain.deployment.block - 1, "for whoever knows what may be another now"
    assert journal.slashed() == []
    assert [entry.number for entry in journal.active()] == [2]
