"""What the journal forgets, and what it does where there is no room."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.executor.durable import LOG_BYTES, NoRoom
from node.executor.duty import Contract, Duty
from node.executor.journal import Called, Ended, Journal, Posted, Slash, Stage

FIRST, SECOND = Duty(Contract.JOB, 1), Duty(Contract.JOB, 2)
PANEL = Duty(Contract.PANEL, 1)
POSTED = [Posted(1, 5, b"spec one"), Posted(2, 6, b"spec two")]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def _ended(journal: Journal, *duties: Duty, block: int = 9, time: int = 1_000) -> None:
    journal.advance(block, "0xb", [], [], [Ended(duty, block, "paid") for duty in duties], time=time)


def test_what_ended_long_ago_is_forgotten_with_its_documents_told_before(journal: Journal) -> None:
    journal.advance(8, "0xa", POSTED)
    for duty in (FIRST, SECOND):
        journal.ready(duty, 1, b"document %d" % duty.number, b"h", b"s%d" % duty.number)
    _ended(journal, FIRST)
    assert journal.prune(1_000, 1_500) == 0, "it had not ended before that time"
    assert journal.documents(1_001) == ([b"document 2"], [b"document 1"])
    assert journal.prune(1_001, 1_500) == 1
    assert journal.get(FIRST) is None
    assert journal.get(SECOND) is not None, "what goes on stays however old"


def test_a_job_is_kept_while_a_panel_of_it_goes_on(journal: Journal) -> None:
    journal.advance(8, "0xa", POSTED, [Called(1, 1, 7)])
    _ended(journal, FIRST)
    assert journal.prune(2_000, 2_000) == 0
    _ended(journal, PANEL, block=10, time=1_900)
    assert journal.prune(1_500, 2_000) == 1, "the panel's own time is not over"
    assert journal.prune(2_000, 2_000) == 1


def test_what_the_chain_takes_back_is_no_end(journal: Journal) -> None:
    journal.advance(8, "0xa", POSTED)
    _ended(journal, FIRST)
    journal.rewind(8)
    assert journal.prune(5_000, 5_000) == 0
    entry = journal.get(FIRST)
    assert entry is not None
    assert (entry.stage, entry.done_time, entry.ending) == (Stage.SEEN, 0, "")


def test_endings_are_counted_of_what_had_an_outcome_here(journal: Journal) -> None:
    journal.advance(8, "0xa", POSTED)
    journal.ready(FIRST, 1, b"document", b"h", b"s")
    _ended(journal, FIRST, SECOND)
    assert journal.endings(Contract.JOB) == {"paid": 1}


def test_what_was_slashed_is_noted_once_and_taken_back_with_its_block(journal: Journal) -> None:
    slash = Slash(9, 3, 1, "SILENT", 50)
    for _ in range(2):
        journal.advance(9, "0xb", [], slashed=[slash])
    assert journal.slashed() == [slash]
    journal.rewind(8)
    assert journal.slashed() == []


def test_a_journal_of_the_first_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.advance(8, "0xa", POSTED)
    _ended(journal, FIRST)
    journal.close()
    with sqlite3.connect(path) as db:  # as it was before ends had a time
        db.execute("DROP VIEW closed")
        db.execute("ALTER TABLE duties DROP COLUMN done_time")
        db.execute("ALTER TABLE duties DROP COLUMN ending")
        db.execute("PRAGMA user_version = 0")
    db.close()
    journal = Journal(path)
    assert [entry.number for entry in journal.active()] == [2]
    assert journal.prune(1_900, 2_000) == 0, "it is kept for its time from now on"
    assert journal.prune(2_001, 3_000) == 1
    journal.close()


def _full(journal: Journal) -> None:
    """As on a disk without room: no page may be added."""
    journal._db.execute("PRAGMA max_page_count = 1")  # of those that are there none is taken


def _room(journal: Journal) -> None:
    journal._db.execute("PRAGMA max_page_count = 1000000")


def test_without_room_a_write_changes_nothing_and_reading_goes_on(journal: Journal) -> None:
    journal.advance(8, "0xa", POSTED)
    _full(journal)
    large = bytes(100_000)
    with pytest.raises(NoRoom, match="make room on its disk"):
        journal.ready(FIRST, 1, large, b"h", b"s")
    with pytest.raises(NoRoom):
        journal.advance(9, "0xb", [Posted(3, 9, large)])
    entry = journal.get(FIRST)
    assert entry is not None
    assert (entry.stage, entry.salt) == (Stage.SEEN, b"")
    assert journal.blocks() == [(8, "0xa")], "and it will read the same blocks again"
    _room(journal)
    journal.ready(FIRST, 1, large, b"h", b"s")
    journal.advance(9, "0xb", [Posted(3, 9, large)])
    assert len(journal.active()) == 3


def test_the_log_does_not_grow_for_ever(journal: Journal, tmp_path: Path) -> None:
    journal.advance(8, "0xa", POSTED)
    for _ in range(60):
        journal.failed(FIRST, "x" * 100_000, counted=True)
    log = tmp_path / "journal.sqlite-wal"
    assert 0 < log.stat().st_size < LOG_BYTES
    journal.prune(0, 0)
    assert log.stat().st_size == 0
    assert journal.size() < LOG_BYTES
