"""Rows are found by account, market, number and time as a look through all of them would."""

from operator import itemgetter
from pathlib import Path

import numpy as np
import pytest

from node.exchange.exchange import Ints
from node.exchange.service import indexed
from node.exchange.service.indexed import EVER, Indexed, Wanted
from node.exchange.service.table import Rows
from node.exchange.service.trade import TRADE

EACH, COUNT = 64, 500
BY = [("taker", itemgetter("taker_order")), ("maker", itemgetter("maker_order"))]


@pytest.fixture
def rows() -> Rows:
    """In no order of number or time, as closed orders are."""
    chance = np.random.default_rng(7)
    made = np.zeros(COUNT, TRADE)
    made["id"], made["time"] = chance.permutation(COUNT), chance.integers(0, 1000, COUNT)
    for name in ("taker", "maker"):
        made[name], made[f"{name}_order"] = chance.integers(2, 6, COUNT), chance.integers(0, 9, COUNT)
    made["market"] = chance.integers(0, 2, COUNT)
    return made


def _looked_through(rows: Rows, wanted: Wanted) -> list[int]:
    mine = np.zeros(len(rows), bool)
    for side in ("taker", "maker"):
        mine |= (rows[side] == wanted.account) & (wanted.mark is None or rows[f"{side}_order"] == wanted.mark)
    mine &= (rows["market"] == wanted.market) & (rows["id"] >= wanted.first)
    found = np.sort(rows["id"][mine & (rows["time"] >= wanted.begin) & (rows["time"] <= wanted.end)])
    return list((found[: wanted.limit] if wanted.first >= 0 else found[-wanted.limit :]).tolist())


def _table(folder: Path) -> Indexed:
    return Indexed(folder, TRADE, EACH, BY)


def test_what_is_found_is_what_a_look_through_all_finds(tmp_path: Path, rows: Rows) -> None:
    table, chance = _table(tmp_path), np.random.default_rng(8)
    for at, some in enumerate(np.split(rows, np.sort(chance.integers(0, COUNT, 40)))):
        table.append(some)
        if at % 7 == 0:
            table.flush()
    table.chosen(Wanted(3, 1, 1))
    assert not list(tmp_path.glob("*.index"))  # whoever answers does not wait for one
    for at in range(300):
        if at == 100:
            table.index()
            assert len(list(tmp_path.glob("*.index"))) == len(list(tmp_path.glob("*.rows"))) - 1
        first, begin, mark = (int(each) for each in chance.integers((-200, 0, -9), (COUNT, 900, 9)))
        end = EVER if chance.random() < 0.5 else begin + int(chance.integers(400))
        account, market, limit = (int(each) for each in chance.integers((2, 0, 1), (7, 2, 60)))
        wanted = Wanted(account, market, limit, max(-1, first), begin, end, mark if mark >= 0 else None)
        assert table.chosen(wanted)["id"].tolist() == _looked_through(rows, wanted), wanted


def test_an_index_that_is_gone_or_out_of_date_is_made_again(tmp_path: Path, rows: Rows) -> None:
    table, wanted = _table(tmp_path), Wanted(3, 1, COUNT)
    table.append(rows)
    table.flush()
    table.index()
    next(iter(tmp_path.glob("*.index"))).unlink()
    assert _table(tmp_path).chosen(wanted)["id"].tolist() == _looked_through(rows, wanted)
    again = _table(tmp_path)
    again.cut(100)
    other = np.concatenate([rows[:100], rows[100:][::-1]])
    again.append(other[100:])
    again.flush()
    again.index()
    assert _table(tmp_path).chosen(Wanted(3, 1, 5, 200))["id"].tolist() == _looked_through(other, Wanted(3, 1, 5, 200))


def test_an_index_that_a_power_cut_emptied_is_made_again(tmp_path: Path, rows: Rows) -> None:
    table, wanted = _table(tmp_path), Wanted(3, 1, COUNT)
    table.append(rows)
    table.flush()
    table.index()
    for path in tmp_path.glob("*.index"):
        path.write_bytes(b"")
    again = _table(tmp_path)
    assert again.chosen(wanted)["id"].tolist() == _looked_through(rows, wanted)
    again.index()
    assert {path.stat().st_size for path in tmp_path.glob("*.index")} == {7 * 2 * EACH * 8}


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_indexes_on_disk_take_few_descriptors_and_those_without_the_number_are_not_opened(
    tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexed, "_MAPPED", 2)
    table, wanted = _table(tmp_path), Wanted(3, 1, COUNT)
    rows["id"] = np.arange(COUNT)
    table.append(rows)
    table.flush()
    table.index()
    before = _descriptors()
    assert table.chosen(wanted)["id"].tolist() == _looked_through(rows, wanted)
    assert _descriptors() <= before + 2
    opened, on_disk = list[int](), Indexed._on_disk

    def counted(table: Indexed, number: int) -> Ints:
        opened.append(number)
        return on_disk(table, number)

    monkeypatch.setattr(Indexed, "_on_disk", counted)
    for number in _looked_through(rows[: 5 * EACH], wanted):
        assert table.numbered(3, 1, [number])["id"].tolist() == [number]
        assert opened.pop() == number // EACH
        assert not opened


def test_rows_are_found_by_many_numbers_at_once(tmp_path: Path, rows: Rows) -> None:
    table = _table(tmp_path)
    table.append(rows[:300])
    table.flush()
    table.append(rows[300:])
    mine = _looked_through(rows, Wanted(3, 1, COUNT))
    assert table.numbered(3, 1, range(-5, COUNT + 5))["id"].tolist() != []
    assert sorted(table.numbered(3, 1, range(-5, COUNT + 5))["id"].tolist()) == mine
    assert table.numbered(3, 1, [mine[4], mine[4], COUNT])["id"].tolist() == [mine[4]]
    assert len(table.numbered(99, 1, mine)) == 0


def test_a_row_is_sorted_in_a_few_times_however_often_one_looks(
    tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a look at one row reads no others: what is asked for one by one is read once."""
    made, taken, sorted_in, table = indexed._sorted, list[int](), list[int](), Indexed(tmp_path, TRADE, 1 << 16, BY)
    at = Indexed._at

    def counted(found: Ints) -> Ints:
        sorted_in.append(found.shape[1])
        return made(found)

    def read(table: Indexed, places: Ints) -> Rows:
        taken.append(len(places))
        return at(table, places)

    monkeypatch.setattr(indexed, "_sorted", counted)
    monkeypatch.setattr(Indexed, "_at", read)
    for row in rows.reshape(-1, 1):
        table.append(row)
        table.chosen(Wanted(int(row["taker"][0]), int(row["market"][0]), 1, int(row["id"][0])))
    assert sum(taken) == len(rows)
    assert sum(sorted_in) < 2 * len(rows) * 12
