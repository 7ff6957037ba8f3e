"""What was asked is found again whole, whatever happened while it was written."""

from pathlib import Path

import pytest

from fusion.errors import BadInput, StorageFull
from node.exchange.service import log
from node.exchange.service.log import Log


def _filled(folder: Path, count: int = 5) -> Log:
    kept = Log(folder)
    for number in range(count):
        kept.append([(1, bytes([number]) * 10)])
    return kept


def _contents(folder: Path, after: int = 0) -> list[int]:
    return [each.content[0] for each in log.read(folder, after)]


def test_a_group_is_one_write_and_numbers_go_on_in_the_next_file(tmp_path: Path) -> None:
    kept = _filled(tmp_path, 2)
    kept.rotate()
    kept.append([(2, b"x"), (3, b"y")])
    kept.close()
    assert [(each.number, each.kind) for each in Log(tmp_path).read(1)] == [(2, 1), (3, 2), (4, 3)]
    again = Log(tmp_path)
    again.append([(1, b"z")])
    assert again.last == 5


@pytest.mark.parametrize("torn", [1, 9, 20, 30])
def test_what_was_written_in_part_is_cut_off_and_written_over(tmp_path: Path, torn: int) -> None:
    _filled(tmp_path).close()
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    path.write_bytes(data[:-torn])
    again = Log(tmp_path)
    assert again.last == 4
    again.append([(1, b"\x09")])
    assert _contents(tmp_path) == [0, 1, 2, 3, 9]


def test_zeros_at_the_end_are_nothing(tmp_path: Path) -> None:
    _filled(tmp_path).close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + bytes(100))
    assert Log(tmp_path).last == 5
    assert _contents(tmp_path) == [0, 1, 2, 3, 4]


def test_a_record_that_is_whole_and_wrong_is_never_passed_over(tmp_path: Path) -> None:
    _filled(tmp_path).close()
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for at in range(16, len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(BadInput, match="damaged at byte"):
            list(log.read(tmp_path))


def test_a_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    kept = _filled(tmp_path, 2)
    for _ in range(2):
        kept.rotate()
        kept.append([(1, b"x"), (1, b"y")])
    sorted(tmp_path.iterdir())[1].unlink()
    with pytest.raises(BadInput, match="records 3 to 4 are missing"):
        list(log.read(tmp_path))
    assert [each.number for each in log.read(tmp_path, after=4)] == [5, 6]


def test_a_full_disk_keeps_none_of_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, write = _filled(tmp_path, 2), log._write

    def full(file: int, at: int, data: bytes) -> None:
        write(file, at, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "_write", full)
    with pytest.raises(StorageFull, match="No space left"):
        kept.append([(1, b"a"), (1, b"b")])
    monkeypatch.undo()
    kept.append([(1, b"\x07")])
    assert _contents(tmp_path) == [0, 1, 7]


def test_old_files_go_and_newer_ones_stay(tmp_path: Path) -> None:
    kept = _filled(tmp_path, 2)
    kept.rotate()
    kept.append([(1, b"\x05")])
    kept.drop(1)
    assert log.first(tmp_path) == 1
    kept.drop(2)
    assert log.first(tmp_path) == 3


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_last_record_of_which_a_sector_never_came_to_the_disk_is_cut_off(tmp_path: Path, lost: int) -> None:
    kept = _filled(tmp_path, 2)
    kept.append([(1, bytes([7]) * 2000)])
    kept.close()
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: 512 * lost] + bytes(min(512, len(whole) - 512 * lost)) + whole[512 * (lost + 1) :])
    assert _contents(tmp_path) == [0, 1]
    again = Log(tmp_path)
    again.append([(1, b"x")])
    again.rotate()
    again.append([(1, b"y")])
    assert again.last == 4


def test_numbers_go_on_above_a_snapshot_and_a_gap_before_is_missed(tmp_path: Path) -> None:
    kept = _filled(tmp_path, 2)
    kept.reach(7)
    kept.append([(1, b"\x09")])
    assert _contents(tmp_path, 7) == [9]
    with pytest.raises(BadInput, match="records 3 to 7 are missing"):
        list(log.read(tmp_path))
    kept.drop(7)
    with pytest.raises(BadInput, match="records 1 to 7 are missing"):
        list(log.read(tmp_path))
