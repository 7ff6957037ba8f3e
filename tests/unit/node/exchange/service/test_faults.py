"""What breaks in the midst of something: nothing more is taken then, and the next start does what the log has."""

import numpy as np
import pytest

from fusion.errors import BadInput, StorageFull
from node.exchange.core import growth, state
from node.exchange.core.command import Kind
from node.exchange.core.rules import Rules
from node.exchange.exchange import command
from node.exchange.service import snapshot
from node.exchange.service.service import Service
from tests.unit.node.exchange.service.conftest import MIDDLE, House, funded, order, seen


@pytest.mark.parametrize("fault", [MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("part", ["orders.expect", "orders.take", "exchange.carry_out"])
def test_memory_that_broke_is_not_kept(
    house: House, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException], part: str
) -> None:
    service = house.open()
    account = funded(service, "ann")
    with monkeypatch.context() as patch:
        _breaks(service, part, fault, patch)
        with pytest.raises(fault):
            service.place(order(account, 0, MIDDLE - 10, 100), ["mine"])
    _stays_as_the_log_has_it(house, service)
    assert house.open().labelled(account, 0, "mine") is not None


@pytest.mark.parametrize("part", ["exchange.open_account", "users.add", "users.allow"])
def test_a_user_who_is_kept_and_not_there_is_a_fault(house: House, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    service = house.open()
    with monkeypatch.context() as patch:
        _breaks(service, part, MemoryError, patch)
        with pytest.raises(MemoryError):
            funded(service, "ann")
    _stays_as_the_log_has_it(house, service)
    assert house.open().users.named("ann")


def _breaks(service: Service, part: str, fault: type[BaseException], patch: pytest.MonkeyPatch) -> None:
    of, name = part.split(".")

    def breaks(*_: object) -> None:
        raise fault

    patch.setattr(getattr(service, of), name, breaks)


def _stays_as_the_log_has_it(house: House, service: Service) -> None:
    """Nothing more is taken nor kept of what may be torn."""
    newest = snapshot.files(house.folder / "snapshots")[-1]
    with pytest.raises(BadInput, match="stopped at a fault"):
        service.enrol("bob", {})
    service.tidy()
    service.close()
    assert snapshot.files(house.folder / "snapshots")[-1] == newest


def test_whoever_listens_and_breaks_does_not_stop_the_exchange(house: House) -> None:
    service, told = house.open(), list[int]()
    account = funded(service, "ann")

    def breaks(_: object) -> None:
        raise IndexError

    service.listeners += [breaks, lambda batch: told.append(len(batch.rows))]
    for label in ("mine", "other"):
        service.place(order(account, 0, MIDDLE - 10, 100), [label])
    assert told == [1, 1]
    before = seen(service)
    assert seen(house.open()) == before


def test_an_order_without_room_in_its_market_is_refused_before_it_is_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log would ask for it at every start, and no start could do it."""
    service = house.open()
    account = funded(service, "ann")
    live = int(service.exchange.markets[0].state["live"][0])
    with monkeypatch.context() as patch:
        patch.setattr(growth, "SPARED", 16)
        patch.setattr(state, "MOST", live + 16 + 4 + 2)
        held = [service.place(order(account, 0, MIDDLE - away, 100)).placed for away in (10, 11)]
        before = seen(service)
        with pytest.raises(StorageFull, match="wait until some have left"):
            service.place(order(account, 0, MIDDLE - 12, 100), ["mine"])
        assert seen(service) == before
        assert service.labelled(account, 0, "mine") is None
        service.place(command(kind=Kind.CANCEL, account=account, order=held[0].id))
        service.place(order(account, 0, MIDDLE - 12, 100), ["mine"])
    before = seen(service)
    assert seen(house.open()) == before


def test_orders_for_which_there_is_no_memory_are_refused_before_they_are_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = house.open()
    account = funded(service, "ann")
    market = service.exchange.markets[0]
    before, room = seen(service), len(market.nodes)
    many = np.repeat(order(account, 0, MIDDLE - 10, 100), room // 4)
    with monkeypatch.context() as patch:
        patch.setattr(state, "grown", _no_memory)
        with pytest.raises(StorageFull, match="no memory"):
            service.place(many)
    assert seen(service) == before
    service.place(order(account, 0, MIDDLE - 10, 100), ["mine"])
    assert house.open().labelled(account, 0, "mine") is not None


def _no_memory(_: object) -> None:
    raise MemoryError


def test_a_market_never_has_more_orders_than_ids_have_places_for() -> None:
    """Two orders would have one id."""
    market = state.market(Rules(0, 0, 1, 1, 1), orders=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "MOST", 16)
        larger = state.grown(market)
        with pytest.raises(StorageFull, match="15 orders"):
            state.grown(larger)
