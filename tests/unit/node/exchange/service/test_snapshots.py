"""Snapshots: which are kept, and which are passed over."""

from pathlib import Path

import pytest

from node.exchange.service import snapshot
from node.exchange.service.recovery import quiet
from node.exchange.service.store import Keeping
from node.exchange.service.verify import verified
from tests.unit.node.exchange.service.conftest import MIDDLE, House, funded, live, order, seen, settled


def test_a_snapshot_that_is_torn_is_passed_over(house: House) -> None:
    service = house.open()
    accounts = [funded(service, "ann"), funded(service, "bob")]
    live(service, accounts, 1)
    service.close()
    before = seen(service)
    newest = snapshot.files(house.folder / "snapshots")[-1]
    newest.write_bytes(newest.read_bytes()[:-50])
    assert seen(house.open()) == before


def test_the_oldest_go_when_there_is_too_much(house: House) -> None:
    service = house.open(Keeping(most=1))
    accounts = [funded(service, "ann"), funded(service, "bob")]
    for round_ in range(4):
        live(service, accounts, round_)
        service.keep()
        if service._store is not None:
            service._store.settle()
    assert len(snapshot.files(house.folder / "snapshots")) == 2
    assert len(list((house.folder / "commands").iterdir())) <= 2
    before = seen(service)
    assert seen(house.open()) == before


def test_many_snapshots_are_thinned_and_the_oldest_stays(house: House) -> None:
    service = house.open()
    account = funded(service, "ann")
    settled(service)
    oldest = snapshot.files(house.folder / "snapshots")[0]
    for at in range(12):
        service.place(order(account, 0, MIDDLE - 500 - at, 100))
        settled(service)
    kept = snapshot.files(house.folder / "snapshots")
    assert (len(kept), kept[0]) == (6, oldest)
    service.close()
    house.leave()
    assert verified(house.folder, quiet)["records"] > 12


def _zeroed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    path.write_bytes(data)


def test_a_damaged_snapshot_does_not_stop_the_exchange_nor_take_a_good_one_with_it(house: House) -> None:
    service = house.open(Keeping(most=1))
    accounts = [funded(service, "ann"), funded(service, "bob")]
    settled(service)
    good, damaged = snapshot.files(house.folder / "snapshots")[-2:]
    _zeroed(damaged)
    for round_ in range(3):
        live(service, accounts, round_)
        before = {path: path.exists() for path in (good, damaged)}
        settled(service)
        files = snapshot.files(house.folder / "snapshots")
        assert len([each for each in files if each != damaged]) == 2
        assert round_ or before[good]
    assert not good.exists()
    assert not damaged.exists()  # it went with what was older than the two
    for path in files[1:]:
        _zeroed(path)
    before = seen(service)
    assert seen(house.open()) == before


def test_answers_are_on_disk_before_the_snapshot_after_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    service = house.open()
    live(service, [funded(service, "ann"), funded(service, "bob")], 1)
    synced: list[Path] = []
    monkeypatch.setattr("node.exchange.service.disk.sync", synced.append)
    monkeypatch.setattr(snapshot, "write", lambda *_: synced.append(house.folder / "written"))
    settled(service)
    before = synced[: synced.index(house.folder / "written")]
    rows = {path for name in ("orders", "trades", "journal") for path in (house.folder / name).iterdir()}
    assert {*rows, *(path.parent for path in rows)} <= set(before)
