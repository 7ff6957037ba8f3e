"""What breaks in the midst of something: nothing more is taken then, and the next start does what the log has."""

import pytest

from fusion.errors import BadInput
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
