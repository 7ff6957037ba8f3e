"""An exchange that is opened again is what it was, byte for byte, and a crash in between changes nothing."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from fusion.errors import BadInput, StorageFull
from node.exchange.core.command import Group, Kind, Side, Tif, Type
from node.exchange.exchange import command
from node.exchange.service import disk, log
from node.exchange.service.home import Home
from node.exchange.service.indexed import Wanted
from node.exchange.service.store import Keeping
from node.exchange.service.verify import verified
from tests.unit.node.exchange.service.conftest import MIDDLE, House, funded, live, order, seen, settled

DAY = 86_400_000_000_000


def test_it_goes_on_where_it_was_after_a_crash(house: House) -> None:
    service = house.open(Keeping(every=1000))
    accounts = [funded(service, name) for name in ("ann", "bob")]
    key = service.add_key("ann", ["read"])
    service.revoke_key(service.add_key("bob").code)
    for crash in range(3):
        live(service, accounts, crash)
        if crash == 1:
            service.keep()
            live(service, accounts, 9)
        before = seen(service)
        service = house.open()
        assert seen(service) == before
    assert service.users.key(key.code) == key
    assert len(service.users.keys("bob")) == 1
    assert service.exchange.ledger.balances.sum(axis=(0, 2)).tolist() == [0, 0]


def test_the_journal_on_disk_is_what_the_log_leads_to(house: House) -> None:
    service = house.open()
    live(service, [funded(service, "ann"), funded(service, "bob")], 5)
    with pytest.raises(BadInput, match="another process"):
        verified(house.folder, _quiet)
    service.close()
    house.leave()
    told = verified(house.folder, _quiet)
    assert told["rows"] > 40
    assert told["missing"] == 0
    (path,) = (house.folder / "journal").iterdir()
    data = bytearray(path.read_bytes())
    data[64 * 7 + 40] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadInput, match="row 7 of the journal"):
        verified(house.folder, _quiet)


def test_a_full_disk_refuses_an_order_and_nothing_of_it_is_there(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    service = house.open()
    account = funded(service, "ann")
    before, pwrite = seen(service), os.pwrite

    def full(file: int, data: memoryview, at: int) -> int:
        pwrite(file, data[:7], at)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log.os, "pwrite", full)
    with pytest.raises(StorageFull, match="make room"):
        service.place(order(account, 0, MIDDLE - 10, 100), ["mine"])
    assert {**seen(service), "facts": None} == {**before, "facts": None}
    monkeypatch.undo()
    service.place(order(account, 0, MIDDLE - 10, 100), ["mine"])
    before = seen(service)
    service = house.open()
    assert seen(service) == before
    assert [each.label for each in service.orders.open(account)] == ["mine"]


def test_closed_orders_are_found_however_old(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.exchange.service.orders.KEPT", 3)
    service = house.open()
    account = funded(service, "ann")
    numbers = []
    for at in range(8):
        placed = service.place(order(account, 0, MIDDLE - 500, 100), [f"label-{at}"])
        numbers.append(placed.reports[0].order.id)
        service.place(command(kind=Kind.CANCEL, account=account, order=numbers[-1]))
    service = house.open()
    assert service.orders.find(account, 0, numbers[0]) is None
    found = service.order(account, 0, numbers[0])
    assert found is not None
    assert found.label == "label-0"
    assert service.labelled(account, 0, "label-1") == service.order(account, 0, numbers[1])
    assert [each.id for each in service.orders_of(Wanted(account, 0, 5))] == numbers[-5:]
    assert [each.id for each in service.orders_of(Wanted(account, 0, 3, numbers[2]))] == numbers[2:5]
    assert service.order(account + 1, 0, numbers[0]) is None


def test_lists_of_orders_are_found_however_old(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number, name and time, with all their orders, also after a crash that lost rows that were not written."""
    monkeypatch.setattr("node.exchange.service.orders.KEPT", 3)
    service = house.open()
    ann, bob = funded(service, "ann"), funded(service, "bob")
    numbers = []
    for at in range(5):
        legs = [order(ann, 0, MIDDLE - gap, 100) for gap in (500, 600, 700)]
        legs[0]["kind"], legs[0]["order"] = Kind.GROUP, Group.OTO if at % 2 else Group.OTOCO
        for leg in legs[1:]:
            leg["kind"] = Kind.LEG
        legs[1]["side"] = legs[2]["side"] = Side.SELL
        legs[1]["type"], legs[1]["trigger"], legs[1]["price"] = Type.STOP_LOSS, MIDDLE - 2000, 0
        batch = service.place(np.concatenate(legs[: 2 if at % 2 else 3]), [], [f"list-of-{at % 3}"])
        assert not batch.refused
        numbers.append(batch.placed.group)
        service.place(command(kind=Kind.CANCEL, account=ann, order=numbers[-1]))
        if at == 2:
            service.tidy()
    for found in (service, house.open()):
        listed = found.lists_of(Wanted(ann, 0, 100))
        assert [(each[0].id, len(each)) for each in listed] == list(zip(numbers, [3, 2, 3, 2, 3], strict=True))
        assert {order.name for order in listed[1]} == {"list-of-1"}
        assert [each[0].id for each in found.lists_of(Wanted(ann, 0, 2, numbers[1]))] == numbers[1:3]
        assert [each[0].id for each in found.lists_of(Wanted(ann, 0, 2))] == numbers[3:]
        assert found.lists_numbered(ann, 0, [numbers[2]]) == [listed[2]]
        assert found.lists_numbered(ann, 0, [0, numbers[2] + 1]) == []
        assert found.lists_named(ann, 0, "list-of-1") == [listed[1], listed[4]]
        assert found.lists_of(Wanted(bob, 0, 9)) == []


def test_one_process_has_a_home(house: House) -> None:
    house.open()
    with pytest.raises(BadInput, match="another process"), Home(house.folder):
        pass


def _quiet(stage: str, part: float) -> None:
    """Progress nobody looks at."""


def test_a_folder_of_something_else_is_left_alone(house: House) -> None:
    theirs = house.folder / "thesis" / "chapter.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("years of work")
    with pytest.raises(BadInput, match=r"holds thesis and no markets\.json"):
        house.open()
    assert theirs.read_text() == "years of work"


def test_an_exchange_whose_description_is_lost_is_not_begun_anew(house: House) -> None:
    service = house.open()
    funded(service, "ann")
    before = seen(service)
    described = house.folder / "markets.json"
    kept = described.read_bytes()
    described.unlink()
    with pytest.raises(BadInput, match="put that file back"):
        house.open()
    described.write_bytes(kept)
    assert seen(house.open()) == before


def test_an_opening_that_was_cut_off_is_begun_anew(house: House) -> None:
    house.folder.mkdir(parents=True)
    (house.folder / "begun").touch()
    (house.folder / "commands").mkdir()
    (house.folder / "commands" / "left").write_bytes(b"of an earlier try")
    house.open()
    assert not (house.folder / "commands" / "left").exists()
    assert not (house.folder / "begun").exists()


def test_an_answer_is_of_the_order_that_was_asked_for(house: House) -> None:
    service = house.open()
    ann, bob = funded(service, "ann"), funded(service, "bob")
    now = service.clock.now()
    service.place(order(ann, 0, MIDDLE - 10, 100, tif=Tif.GTD, expiry=now + 2_000_000), ["hers"])
    time.sleep(0.01)  # until then it has expired, and is told of first
    batch = service.place(order(bob, 0, MIDDLE - 20, 100), ["his"])
    assert batch.reports[0].order.account == ann
    assert (batch.placed.account, batch.placed.label) == (bob, "his")


def test_a_list_of_orders_has_its_name_and_kind_from_its_first_step_to_the_next_start(house: House) -> None:
    service = house.open()
    ann = funded(service, "ann")
    told: list[tuple[str, int]] = []
    service.listeners.append(lambda batch: told.extend((each.order.name, each.order.kind) for each in batch.reports))
    legs = [order(ann, 0, MIDDLE - gap, 100) for gap in (500, 600)]
    legs[0]["kind"], legs[0]["order"], legs[1]["kind"] = Kind.GROUP, Group.OTO, Kind.LEG
    single = order(ann, 0, MIDDLE - 700, 100)
    service.place(np.concatenate([*legs, single]), ["first", "second"], ["pair"])
    assert told == [("pair", Group.OTO), ("pair", Group.OTO), ("", 0)]
    service = house.open()
    assert [(each.label, each.name, each.kind) for each in service.orders.open(ann)][:2] == [
        ("first", "pair", Group.OTO),
        ("second", "pair", Group.OTO),
    ]
    service.place(command(kind=Kind.CANCEL_ALL, account=ann))
    service.close()
    assert [each.name for each in house.open().orders_of(Wanted(ann, 0, 5))] == ["pair", "pair", ""]


def test_a_user_is_there_with_all_it_was_given_or_not_at_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    service = house.open()
    pwrite = os.pwrite

    def killed(file: int, data: memoryview, at: int) -> int:
        pwrite(file, data[: len(data) - 3], at)
        raise KeyboardInterrupt

    monkeypatch.setattr(log.os, "pwrite", killed)
    with pytest.raises(KeyboardInterrupt):
        service.enrol("ann", {0: 10**9, 1: 10**12}, 100, 200)
    monkeypatch.undo()
    service = house.open()
    assert service.users.all() == []
    key = service.enrol("ann", {0: 10**9, 1: 10**12}, 100, 200)
    before = seen(service)
    service = house.open()
    assert seen(service) == before
    assert service.users.key(key.code) == key
    assert service.balances(key.user.account) == [(10**9, 0), (10**12, 0)]
    service.place(order(key.user.account, 0, MIDDLE - 10, 100))


def test_time_of_its_own_goes_on_where_it_was(house: House) -> None:
    service = house.open()
    service.set_speed(0)
    at = service.clock.now()
    assert house.open().clock.now() == at
    service = house.open()
    service.clock.put(at + DAY)
    service.note_time()
    assert house.open().clock.now() == at + DAY
    service = house.open()
    service.clock.put(at + 2 * DAY)
    service.close()
    service = house.open()
    assert (service.clock.now(), service.clock.speed) == (at + 2 * DAY, 0)


def test_nothing_is_kept_for_a_source_that_is_done(house: House) -> None:
    service = house.open()
    account = funded(service, "ann")
    service.place(order(account, 0, MIDDLE - 10, 100))
    assert not len(service.save()[0]["untold-0"])


def test_answers_that_were_lost_before_a_snapshot_are_made_again(house: House) -> None:
    service = house.open()
    accounts = [funded(service, "ann"), funded(service, "bob")]
    live(service, accounts, 1)
    settled(service)
    before = seen(service)
    for name in ("orders", "trades", "journal"):
        (path,) = (house.folder / name).glob("*.rows")
        whole = path.read_bytes()
        os.truncate(path, len(whole) // 2)
        service = house.open()
        assert seen(service) == before
        service.tidy()
        assert path.read_bytes() == whole


def test_other_answers_than_were_given_are_not_taken(house: House) -> None:
    service = house.open()
    live(service, [funded(service, "ann"), funded(service, "bob")], 1)
    service.tidy()
    (path,) = (house.folder / "journal").iterdir()
    whole = path.read_bytes()
    os.truncate(path, len(whole) - 100)  # what was not written is made again
    assert house.open().rows
    assert path.read_bytes() == whole
    for row in (9, 30):
        path.write_bytes(whole[: 64 * row + 40] + b"\xff" + whole[64 * row + 41 :])
        with pytest.raises(BadInput, match=f"row {row} of the journal"):
            house.open()
        house.leave()
        assert len(path.read_bytes()) == len(whole)
    path.write_bytes(whole[: 64 * 9] + bytes(512) + whole[64 * 9 + 512 :])  # never came to the disk
    assert house.open().rows
    assert path.read_bytes() == whole


def test_a_file_is_written_whole_or_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "a.json", os.write
    disk.put(path, b"old")
    monkeypatch.setattr(disk.os, "write", lambda file, data: write(file, data[:2]))
    disk.put(path, b"in parts")
    assert path.read_bytes() == b"in parts"

    def full(file: int, data: memoryview) -> int:
        write(file, data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.os, "write", full)
    with pytest.raises(StorageFull, match="No space left"):
        disk.put(path, b"newer")
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
    assert path.read_bytes() == b"in parts"


def test_an_order_waits_for_the_disk_where_it_shall(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    service = house.open(Keeping(sync=True))
    account = funded(service, "ann")
    asked: list[int] = []
    monkeypatch.setattr(log.os, "fdatasync", asked.append)
    service.place(order(account, 0, MIDDLE - 10, 100), ["mine"])
    assert len(asked) == 1

    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(log.os, "fdatasync", broken)
    with pytest.raises(StorageFull, match="Input/output error"):
        service.place(order(account, 0, MIDDLE - 10, 100), ["other"])
    assert [each.label for each in service.orders.open(account)] == ["mine"]
    assert [each.label for each in house.open().orders.open(account)] == ["mine"]
