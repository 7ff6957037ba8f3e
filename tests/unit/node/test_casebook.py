"""What a challenger keeps on disk."""

import errno
import os
import stat
from pathlib import Path

import pytest

from fusion.errors import BadInput
from node.executor import casebook as casebook_module
from node.executor import durable
from node.executor.casebook import Case, Casebook, Ending, Stage
from node.executor.durable import NoRoom

CASE = Case(7, b"spec", b"proposed", "drawn")


def test_a_case_outlives_its_process(tmp_path: Path) -> None:
    first = Casebook(tmp_path / "book")
    first.open(CASE)
    first.differs(7, b"other")
    first.sending(7, 500)
    secret = first.secret
    first.close()

    then = Casebook(tmp_path / "book")
    case = then.get(7)
    assert case is not None
    assert (case.stage, case.outcome, case.bond, case.proposed) == (Stage.SENDING, b"other", 500, b"proposed")
    assert (then.bonds(), then.secret, len(secret)) == (500, secret, 32)
    then.opened(7, 501, "0xab")
    then.opened(7, 501)
    assert then.get(7).tx == "0xab"
    then.end(7, Ending.WON, reward=9)
    then.opened(7, 501)  # what was sent late changes nothing
    assert (then.active(), then.bonds(), then.endings(), then.rewards()) == ([], 0, {"won": 1}, 9)
    then.close()


def test_nobody_else_reads_its_secret(tmp_path: Path) -> None:
    books = [Casebook(tmp_path / name) for name in "ab"]

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert books[0].secret != books[1].secret
    for book in books:
        book.close()


def test_a_case_of_another_outcome_begins_anew(tmp_path: Path) -> None:
    book = Casebook(tmp_path / "book")
    book.open(CASE)
    book.differs(7, b"other")
    book.open(Case(7, b"spec", b"another", "drawn"))

    assert book.get(7) == Case(7, b"spec", b"another", "drawn")
    book.forget(7)
    assert book.get(7) is None
    book.close()


def test_it_is_of_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "BUSY", 0.01)
    book = Casebook(tmp_path / "book")

    with pytest.raises(BadInput, match="is in use: another operator runs with this home"):
        Casebook(tmp_path / "book")
    book.close()


def test_a_damaged_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "book").write_bytes(b"no database" * 1000)

    with pytest.raises(BadInput, match="cannot be read"):
        Casebook(tmp_path / "book")


def test_old_cases_go_but_not_what_was_won_or_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casebook_module, "KEPT", 2)
    book = Casebook(tmp_path / "book")
    for job_id, ending in enumerate((Ending.WON, Ending.AGREED, Ending.LOST, Ending.AGREED, Ending.AGREED), 1):
        book.open(Case(job_id, b"", b"", "drawn"))
        book.end(job_id, ending)

    assert book.endings() == {"won": 1, "lost": 1, "agreed": 2}
    book.close()


def test_a_stop_is_kept(tmp_path: Path) -> None:
    book = Casebook(tmp_path / "book")
    assert book.stopped == ""
    book.stop("was wrong")
    book.close()

    again = Casebook(tmp_path / "book")
    assert again.stopped == "was wrong"
    again.stop("")
    assert again.stopped == ""
    again.close()


def test_a_folder_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "touch", full)
    number = errno.ENOSPC
    with pytest.raises(NoRoom, match="make room on its disk"):
        Casebook(tmp_path / "book")
    number = errno.EACCES
    with pytest.raises(BadInput, match=r"cannot be opened \(Permission denied\)"):
        Casebook(tmp_path / "book")


def test_one_of_an_earlier_version_is_closed_to_others(tmp_path: Path) -> None:
    files = tmp_path / "book", tmp_path / "book-wal"
    for file in files:
        file.touch(mode=0o644)
    book = Casebook(tmp_path / "book")
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    book.close()
