"""The journal: nothing once noted is lost or replaced."""

import sqlite3
from pathlib import Path

import pytest

from fusion.errors import BadInput
from node.executor.duty import Contract, Duty
from node.executor.journal import KEPT_BLOCKS, Called, Ended, Journal, Posted, Stage

JOB, PANEL = Duty(Contract.JOB, 1), Duty(Contract.PANEL, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.sqlite"


def _with_job(path: Path) -> Journal:
    journal = Journal(path)
    journal.advance(10, "0xa", [Posted(1, 9, b"spec")])
    return journal


def _reopened(journal: Journal, path: Path) -> Journal:
    journal.close()
    return Journal(path)


def test_each_stage_survives_a_restart(path: Path) -> None:
    journal = _with_job(path)
    journal = _reopened(journal, path)
    assert [entry.stage for entry in journal.active()] == [Stage.SEEN]
    journal.ready(JOB, 1, b"document", b"h" * 32, b"s" * 32)
    journal = _reopened(journal, path)
    entry = journal.get(JOB)
    assert entry is not None
    assert (entry.stage, entry.kind, entry.document, entry.salt) == (Stage.READY, 1, b"document", b"s" * 32)
    journal.committed(JOB, "0xc")
    journal = _reopened(journal, path)
    journal.revealed(JOB, "0xd")
    journal = _reopened(journal, path)
    entry = journal.get(JOB)
    assert entry is not None
    assert (entry.stage, entry.commit_tx, entry.reveal_tx) == (Stage.REVEALED, "0xc", "0xd")
    journal.advance(20, "0xe", [], ended=[Ended(JOB, 20)])
    assert journal.active() == []
    assert journal.counts(Contract.JOB) == {
        "seen": 0,
        "ready": 0,
        "committed": 0,
        "revealed": 0,
        "abstained": 0,
        "done": 1,
    }
    journal.close()


def test_an_outcome_is_never_replaced(path: Path) -> None:
    journal = _with_job(path)
    journal.ready(JOB, 1, b"first", b"h" * 32, b"s" * 32)
    journal.ready(JOB, 2, b"second", b"i" * 32, b"t" * 32)
    entry = journal.get(JOB)
    assert entry is not None
    assert (entry.kind, entry.document, entry.salt) == (1, b"first", b"s" * 32)
    journal.close()


def test_a_commitment_noted_without_its_transaction_keeps_the_known_one(path: Path) -> None:
    journal = _with_job(path)
    journal.committed(JOB, "0xc")
    journal.committed(JOB)
    entry = journal.get(JOB)
    assert entry is not None
    assert entry.commit_tx == "0xc"
    journal.close()


def test_the_same_spec_read_twice_keeps_the_outcome(path: Path) -> None:
    journal = _with_job(path)
    journal.ready(JOB, 1, b"document", b"h" * 32, b"s" * 32)
    journal.advance(11, "0xb", [Posted(1, 11, b"spec")])
    entry = journal.get(JOB)
    assert entry is not None
    assert entry.stage is Stage.READY
    journal.close()


def test_a_job_that_got_another_spec_starts_anew(path: Path) -> None:
    journal = _with_job(path)
    journal.ready(JOB, 1, b"document", b"h" * 32, b"s" * 32)
    journal.advance(11, "0xb", [Posted(1, 11, b"other")])
    entry = journal.get(JOB)
    assert entry is not None
    assert (entry.stage, entry.spec, entry.block, entry.salt, entry.document) == (Stage.SEEN, b"other", 11, b"", b"")
    journal.close()


def test_a_rewind_watches_again_what_ended_in_the_dropped_blocks(path: Path) -> None:
    journal = _with_job(path)
    journal.advance(11, "0xb", [Posted(2, 11, b"two"), Posted(3, 11, b"three")])
    journal.ready(Duty(Contract.JOB, 2), 1, b"document", b"h" * 32, b"s" * 32)
    ends = [(1, 11), (2, 12), (3, 12)]
    journal.advance(12, "0xc", [], ended=[Ended(Duty(Contract.JOB, number), block) for number, block in ends])
    journal.rewind(11)
    assert journal.blocks() == [(11, "0xb"), (10, "0xa")]
    assert [(entry.number, entry.stage) for entry in journal.active()] == [(2, Stage.READY), (3, Stage.SEEN)]
    journal.close()


def _with_panel(path: Path) -> Journal:
    journal = _with_job(path)
    journal.ready(JOB, 1, b"document", b"h" * 32, b"s" * 32)
    journal.advance(11, "0xb", [], [Called(1, 1, 11)])
    return journal


def test_a_panel_runs_its_job_s_spec_and_has_an_outcome_of_its_own(path: Path) -> None:
    journal = _with_panel(path)
    panel = journal.get(PANEL)
    assert panel is not None
    assert (panel.duty, panel.job_id, panel.spec, panel.stage, panel.salt) == (PANEL, 1, b"spec", Stage.SEEN, b"")
    journal.ready(PANEL, 1, b"document", b"h" * 32, b"t" * 32)
    journal.committed(PANEL, "0xp")
    journal = _reopened(journal, path)
    assert [(entry.duty, entry.salt, entry.commit_tx) for entry in journal.active()] == [
        (JOB, b"s" * 32, ""),
        (PANEL, b"t" * 32, "0xp"),
    ]
    journal.advance(12, "0xc", [], ended=[Ended(PANEL, 12)])
    assert [entry.duty for entry in journal.active()] == [JOB]
    assert journal.counts(Contract.PANEL)["done"] == 1
    journal.rewind(11)
    assert [entry.duty for entry in journal.active()] == [JOB, PANEL]
    journal.close()


def test_a_panel_of_another_spec_starts_anew_and_of_another_job_goes_on(path: Path) -> None:
    journal = _with_panel(path)
    journal.ready(PANEL, 1, b"document", b"h" * 32, b"t" * 32)
    journal.advance(12, "0xc", [Posted(2, 12, b"spec"), Posted(3, 12, b"other")], [Called(1, 2, 12)])
    panel = journal.get(PANEL)
    assert panel is not None
    assert (panel.job_id, panel.salt) == (2, b"t" * 32)
    journal.advance(13, "0xd", [], [Called(1, 3, 13)])
    panel = journal.get(PANEL)
    assert panel is not None
    assert (panel.job_id, panel.spec, panel.salt, panel.stage) == (3, b"other", b"", Stage.SEEN)
    journal.close()


def test_why_a_run_was_declined_is_kept(path: Path) -> None:
    journal = _with_job(path)
    journal.ready(JOB, 4, b"document", b"h" * 32, b"s" * 32, reason="no gateway has its inputs")
    journal.failed(JOB, "another failure", counted=True)
    journal.committed(JOB, "0xc")
    entry = journal.get(JOB)
    assert entry is not None
    assert (entry.reason, entry.error) == ("no gateway has its inputs", "")
    journal.close()


def test_what_ended_is_not_begun_again_by_what_is_noted_late(path: Path) -> None:
    journal = _with_panel(path)
    journal.ready(PANEL, 1, b"document", b"h" * 32, b"t" * 32)
    journal.advance(12, "0xc", [], ended=[Ended(PANEL, 12), Ended(JOB, 12)])
    journal.committed(PANEL, "0xp")
    journal.revealed(PANEL, "0xq")
    journal.abstained(JOB, "too late")
    assert journal.active() == []
    panel = journal.get(PANEL)
    assert panel is not None
    assert (panel.stage, panel.reveal_tx) == (Stage.DONE, "0xq")
    journal.close()


def test_old_blocks_are_forgotten(path: Path) -> None:
    journal = _with_job(path)
    journal.advance(10 + KEPT_BLOCKS, "0xb", [])
    assert journal.blocks() == [(10 + KEPT_BLOCKS, "0xb")]
    journal.close()


def test_advance_is_one_step(path: Path) -> None:
    journal = _with_job(path)
    with pytest.raises(sqlite3.IntegrityError):
        journal.advance(11, "0xb", [Posted(2, 11, b"two"), Posted(3, 11, None)])  # type: ignore[arg-type]
    assert journal.get(Duty(Contract.JOB, 2)) is None
    assert journal.blocks() == [(10, "0xa")]
    journal.close()


def test_one_operator_a_journal(path: Path) -> None:
    journal = _with_job(path)
    with pytest.raises(BadInput, match="another operator runs with this home"):
        Journal(path)
    journal.close()
    Journal(path).close()


def test_a_damaged_journal_is_told(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    with pytest.raises(BadInput, match="cannot be read"):
        Journal(path)


def test_writes_are_synchronous(path: Path) -> None:
    journal = _with_job(path)
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)
    journal.close()
