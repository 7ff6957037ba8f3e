"""The follower: what it reads belongs to one chain, whenever the chain changes."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.bindings.job_market import Posted as PostedLog
from fusion.chain.client import Block
from fusion.chain.contract import LogRef
from node.executor.follow import Follower
from node.executor.journal import Journal

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

    def events(self, first: int, last: int) -> list[PostedLog]:
        return [self.posted(at) for at in range(first, last + 1) if self.has(at) and self.letters[at].isupper()]

    def posted(self, at: int) -> PostedLog:
        log = LogRef(at, 0, self.letters[: at + 1], "0xt", 0, WHO)
        return PostedLog(at, WHO, 1, 0, 1, 1, 1, 0, at, at, bytes(32), self.letters[at].encode(), log=log)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def _jobs(journal: Journal) -> list[int]:
    return [entry.job_id for entry in journal.active()]


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
