"""As time passes agents act, orders end, and nothing that was seen is another thing after a crash."""

import asyncio
import os

import numpy as np
import pytest

from node.exchange.core.command import Flag, Group, Kind, Tif, Type
from node.exchange.exchange import command
from node.exchange.service import log
from node.exchange.service.indexed import Wanted
from node.exchange.service.order import Status
from node.exchange.service.pulse import Pulse, catch_up
from node.exchange.service.service import Service
from node.exchange.service.store import Keeping
from node.exchange.service.verify import verified
from tests.unit.node.exchange.service.conftest import START, House, funded, order, seen

SECOND = 1_000_000_000


def _pass(service: Service, seconds: int) -> None:
    service.clock.put(service.clock.now() + seconds * SECOND)
    pulse = Pulse(service)
    while pulse.advance():
        pass
    pulse.expire()


def _trade(service: Service, account: int) -> None:
    """Orders of many kinds, in both markets, that agents meet."""
    for market in (0, 1):
        best = service.depth(market, 1)
        bid, ask = int(best.bids[0, 0]), int(best.asks[0, 0])
        least = service.exchange.listings[market].lots(service.exchange.listings[market].least)
        limit = {"quantity": 20 * least, "market": market}
        service.place(order(account, 0, bid, **limit))
        service.place(order(account, 1, ask, **limit, tif=Tif.GTD, expiry=service.clock.now() + 30 * SECOND))
        by_quote = {"flags": Flag.BY_QUOTE, "quantity": 10**10, "market": market}
        service.place(command(kind=Kind.NEW, account=account, type=Type.MARKET, tif=Tif.IOC, **by_quote))
        first = order(account, 0, bid - 20, **limit)
        second = order(account, 1, 0, **limit, type=Type.STOP_LOSS, trigger=bid - 40)
        first["kind"], first["order"], second["kind"] = Kind.GROUP, Group.OTO, Kind.LEG
        service.place(np.concatenate([first, second]), [], [f"pair-{service.rows}"])


def test_what_agents_and_users_did_is_the_same_after_a_crash(town: House) -> None:
    service = town.open()
    ann = funded(service, "ann")
    for crash in range(3):
        _trade(service, ann)
        _pass(service, 20)
        if crash == 1:
            service.keep()
        _trade(service, ann)
        _pass(service, 40)
        before, by_quote = seen(service), [each for each in service.orders.closed(ann, 0) if each.by_quote]
        assert {each.status for each in by_quote} == {Status.FILLED}
        service.note_time()
        time = service.clock.now()
        service = town.open()
        assert seen(service) == before
        assert service.clock.now() == time
    assert len(service.trades_of(Wanted(ann, 1, 1000))) > 10
    service.close()
    town.leave()
    assert verified(town.folder, lambda stage, part: None)["missing"] == 0


def test_an_order_ends_when_its_time_comes_though_nobody_asks(house: House) -> None:
    service = house.open()
    service.set_speed(0)
    ann = funded(service, "ann")
    until = service.clock.now() + 10 * SECOND
    placed = service.place(order(ann, 0, 5_000_000, 100, tif=Tif.GTD, expiry=until)).placed
    _pass(service, 9)
    assert service.orders.open(ann) == [placed]
    _pass(service, 2)
    assert service.orders.open(ann) == []
    assert service.orders.closed(ann, 0)[0].status is Status.EXPIRED


def test_what_was_missed_is_caught_up_with_before_anybody_is_let_in(town: House) -> None:
    service, told = town.open(), list[float]()
    service.clock.follows = True
    service.clock.wall = lambda: START + 1800 * SECOND  # type: ignore[method-assign]  # half an hour was missed
    catch_up(service, lambda stage, part: told.append(part), lambda: len(told) >= 1)
    assert len(told) == 1
    catch_up(service, lambda stage, part: told.append(part), lambda: False)
    due = service.due()
    assert due is not None
    assert due > START + 1799 * SECOND
    assert len(told) >= 3


def test_what_finds_no_room_is_done_when_there_is_some(town: House, monkeypatch: pytest.MonkeyPatch) -> None:
    service, pwrite, refused = town.open(), os.pwrite, list[int]()
    service.clock.put(START + 5 * SECOND)

    def full(file: int, data: bytes, at: int) -> int:
        refused.append(file)
        if len(refused) > 3:
            monkeypatch.setattr(log.os, "pwrite", pwrite)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log.os, "pwrite", full)

    async def live() -> None:
        pulse = asyncio.get_running_loop().create_task(Pulse(service).run())
        while (service.due() or 0) <= service.clock.now():
            await asyncio.sleep(0.01)
            assert not pulse.done()
        pulse.cancel()
        await asyncio.gather(pulse, return_exceptions=True)

    asyncio.run(live())
    assert len(refused) > 3
    before = seen(service)
    assert seen(town.open()) == before


def _asked(service: Service) -> int:
    """Records of the log so far."""
    assert service._store is not None
    return service._store.log.last


def test_an_order_that_waits_for_its_time_writes_nothing_meanwhile(house: House) -> None:
    service = house.open()
    service.set_speed(0)
    ann = funded(service, "ann")
    until = service.clock.now() + 3600 * SECOND
    service.place(order(ann, 0, 5_000_000, 100, tif=Tif.GTD, expiry=until))
    service.note_time()
    before = _asked(service)
    for _ in range(50):
        _pass(service, 60)
    assert _asked(service) == before
    _pass(service, 601)
    assert _asked(service) == before + 1
    assert service.orders.open(ann) == []
    _pass(service, 10)
    assert _asked(service) == before + 1


def test_a_log_that_leads_to_no_rows_is_trimmed_too(house: House) -> None:
    service = house.open(Keeping(every=100))
    store = service._store
    assert store is not None
    service.keep()
    store.settle()
    store._taken -= 5
    for at in range(100):
        assert not store.due
        service.clock.put(START + at * SECOND)
        service.note_time()
    assert store.due
    service = house.open(Keeping(every=100))
    store = service._store
    assert store is not None
    assert store.due
    service.keep()
    store.settle()
    store._taken -= 5
    assert not store.due
    store.write([(9, bytes(100 * 256))])
    assert store.due


def test_time_of_its_own_is_noted_by_itself_too(house: House) -> None:
    service = house.open()
    service.set_speed(1_000_000)

    async def live() -> None:
        pulse = asyncio.get_running_loop().create_task(Pulse(service).run())
        begun = _asked(service)
        while _asked(service) < begun + 2:
            await asyncio.sleep(0.01)
            assert not pulse.done()
        pulse.cancel()
        await asyncio.gather(pulse, return_exceptions=True)

    begun = service.clock.now()
    asyncio.run(asyncio.wait_for(live(), 20))
    assert house.open().clock.now() > begun


def test_a_month_in_which_nobody_was_there_may_be_left_out(town: House) -> None:
    service, month = town.open(), START + 30 * 86_400 * SECOND
    service.clock.follows = True
    service.clock.wall = lambda: month  # type: ignore[method-assign]
    rows = service.rows
    service.skip()
    catch_up(service, lambda stage, part: None, lambda: False)
    due = service.due()
    assert due is not None
    assert month <= due <= month + SECOND
    assert service.rows == rows
    while service.step(month + 20 * SECOND):
        pass
    assert service.rows > rows
    assert service.tapes[0].recent(1)["time"] > month
    before = seen(service)
    assert seen(town.open()) == before
