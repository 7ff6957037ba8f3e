"""Whoever shows the key of the home administers an exchange, nobody else; what is asked wrongly changes nothing."""

import asyncio
from functools import partial
from typing import Any

import pytest

from fusion.errors import BadInput, NotReady, Retryable
from node.exchange.service import log, office, payment
from node.exchange.service.admin import Admin
from node.exchange.service.office import Office
from node.exchange.service.pulse import Pulse
from tests.unit.node.exchange.service.conftest import House, order

_RUDE = (
    (b"\r\n\r\n", b"400"),
    (b"GET / HTTP/1.1\r\n\r\n", b"401"),
    (b"POST /stop HTTP/1.1\r\ncontent-length: x\r\n\r\n", b"400"),
)


def test_users_are_added_funded_and_given_keys(house: House) -> None:
    service = house.open()
    admin = Admin(service)
    made = admin.ask("add-user", {"name": "ann", "funds": {"USDT": "100.5"}})
    key = service.users.key(made["api_key"])
    assert key is not None
    assert (key.secret, key.user.account) == (made["secret"], made["account"])
    assert admin.ask("fund", {"name": "ann", "asset": "USDT", "amount": "-0.5"})["free"] == "100.00000000"
    (told,) = admin.ask("users", {})
    assert told["equity"] == {"USDT": "100.00"}
    other = admin.ask("add-key", {"name": "ann", "may": ["read"]})
    admin.ask("add-user", {"name": "bob"})
    with pytest.raises(BadInput, match="bob has no key"):
        admin.ask("revoke-key", {"name": "bob", "key": other["api_key"]})
    admin.ask("revoke-key", {"key": other["api_key"]})
    assert service.users.key(other["api_key"]) is None


@pytest.mark.parametrize(
    ("verb", "fields", "told"),
    [
        (
            "fund",
            {"name": "ann", "asset": "USDT", "amount": "-1"},
            "1.00000000 USDT cannot be taken: 0.00000000 are free",
        ),
        (
            "fund",
            {"name": "ann", "asset": "USDT", "amount": "100000000000"},
            "more than 46116860184.27387904, the most",
        ),
        ("fund", {"name": "ann", "asset": "USDT", "amount": "46116860184"}, "most that is left is 439"),
        ("fund", {"name": "ann", "asset": "USDT", "amount": "5", "ammount": "6"}, "takes amount, asset, name"),
        ("fund", {"name": "ann", "asset": "USDT", "amount": "1e-9"}, "finer than"),
        ("fund", {"name": "ann", "asset": "USDT", "amount": "nan"}, "is a number"),
        ("fund", {"name": "bob", "asset": "USDT", "amount": "1"}, "no user 'bob'"),
        ("fund", {"name": "ann", "asset": "DOGE", "amount": "1"}, "no asset 'DOGE'"),
        ("add-user", {"name": "ann"}, "a user 'ann' already"),
        ("add-user", {"name": "a b"}, "letters, digits"),
        ("add-user", {"name": "bob", "funds": {"USDT": "x"}}, "is a number"),
        ("add-user", {"name": "bob", "funds": {"USDT": "-5"}}, "begins with more than 0 USDT"),
        ("add-user", {"name": "bob", "funds": {"BTC": "1", "USDT": "46116860184"}}, "most that is left is 439"),
        ("add-user", {"name": "bob", "fund": {"USDT": "5"}}, "not asked with 'fund'"),
        ("add-user", {"name": "bob", "maker": -2000}, "a rebate is paid"),
        ("add-key", {"name": "ann", "may": ["rule"]}, "a permission is one of"),
        ("add-key", {"name": "ann", "may": []}, "not an empty list"),
        ("revoke-key", {"key": "none"}, "no key"),
        ("halt", {"symbol": ""}, "no market ''"),
        ("halt", {"symbol": []}, "`symbol` is text"),
        ("halt", {"symbol": "X-Y"}, "no market 'X-Y'"),
        ("speed", {"speed": -1}, "a speed is from 0"),
        ("speed", {"speed": float("nan")}, "a speed is from 0"),
        ("speed", {"speed": 10**400}, "a speed is from 0"),
        ("shock", {"symbol": "BTC-USDT"}, "either `percent` or `quantity`"),
        ("shock", {"symbol": "BTC-USDT", "percent": "-100"}, "above -100"),
        ("shock", {"symbol": "BTC-USDT", "quantity": "1e30"}, "of 0.0001 to 46116860184.27387904 BTC"),
        ("shock", {"symbol": "BTC-USDT", "quantity": "0"}, "of 0.0001 to"),
        ("reset", {}, "nothing called 'reset'"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    house: House, verb: str, fields: dict[str, Any], told: str
) -> None:
    service = house.open()
    admin = Admin(service)
    admin.ask("add-user", {"name": "ann"})
    before = admin.ask("users", {})
    with pytest.raises(BadInput, match=told):
        admin.ask(verb, fields)
    assert admin.ask("users", {}) == before
    assert Admin(house.open()).ask("users", {}) == before


def test_a_market_is_halted_shocked_and_opened_again(house: House) -> None:
    service = house.open()
    admin = Admin(service)
    account = admin.ask("add-user", {"name": "ann", "funds": {"USDT": "1000"}})["account"]
    admin.ask("halt", {"symbol": "BTC-USDT"})
    assert service.place(order(account, 0, 100_000, 200)).refused
    admin.ask("resume", {})
    moved = admin.ask("shock", {"symbol": "BTC-USDT", "percent": -5})
    assert float(moved["after"]) == pytest.approx(0.95 * float(moved["before"]), rel=0.02)
    assert not service.exchange.ledger.balances.sum(axis=(0, 2)).any()


def test_a_user_may_have_the_most_that_is_told(house: House) -> None:
    service = house.open()
    left = service.exchange.assets[1].amount(payment.most(service.exchange, 1))
    Admin(service).ask("add-user", {"name": "ann", "funds": {"USDT": str(left)}})
    with pytest.raises(BadInput, match=r"most that is left is 0\.0000"):
        Admin(service).ask("fund", {"name": "ann", "asset": "USDT", "amount": "1"})


def test_a_shock_that_trades_nothing_is_told(house: House) -> None:
    admin = Admin(house.open())
    admin.ask("halt", {})
    with pytest.raises(BadInput, match="nothing of it could be traded: halted"):
        admin.ask("shock", {"symbol": "BTC-USDT", "percent": 1})


def test_the_office_asks_for_the_key(house: House) -> None:
    service, key, stopped = house.open(), "k" * 64, []

    async def visit() -> None:
        async with Office(Admin(service), key, lambda: stopped.append(1)) as at:

            def asked(shown: str, verb: str, **fields: object) -> Any:
                return office.ask(at.url, shown, verb, fields)

            assert (await asyncio.to_thread(asked, key, "status"))["users"] == 0
            for shown, verb, told in (("x", "stop", "show the home's key"), (key, "speed", "`speed` is a number")):
                with pytest.raises(BadInput, match=told):
                    await asyncio.to_thread(asked, shown, verb)
            for verb, number in (("speed", float("inf")), ("percent", float("nan"))):
                with pytest.raises(BadInput, match=f"`{verb}` is a finite number, not {number}"):
                    await asyncio.to_thread(partial(asked, key, "shock", **{verb: number}))
            assert not stopped
            await asyncio.to_thread(asked, key, "stop")
            for words, status in _RUDE:
                reader, writer = await asyncio.open_connection(*at.url.removeprefix("http://").split(":"))
                writer.write(words)
                assert (await reader.read()).split(b" ")[1] == status
                writer.close()

    asyncio.run(visit())
    assert stopped


def test_a_fault_is_told_in_a_line_and_ends_the_exchange_where_it_tore_something(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, key = house.open(), "k" * 64

    def breaks(*_: object) -> None:
        raise IndexError("list index out of range")

    async def visit() -> None:
        async with Office(Admin(service), key, lambda: None) as at:
            ask = partial(office.ask, at.url, key)
            with monkeypatch.context() as patch:
                patch.setattr(service.clock, "now", breaks)
                with pytest.raises(Retryable, match=r"failed at 'status' \(IndexError\); its log tells more"):
                    await asyncio.to_thread(ask, "status", {})
            assert (await asyncio.to_thread(ask, "status", {}))["users"] == 0, "nothing was torn, and it goes on"
            monkeypatch.setattr(service.exchange, "carry_out", breaks)
            with pytest.raises(Retryable, match=r"failed at 'halt' \(IndexError\)"):
                await asyncio.to_thread(ask, "halt", {})
            with pytest.raises(Retryable, match=r"stopped at a fault \(IndexError.*start it again"):
                await Pulse(service).run()

    asyncio.run(visit())


def test_what_is_no_office_is_told(house: House) -> None:
    async def visit() -> None:
        async def other(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(other, "127.0.0.1", 0) as at:
            url = f"http://127.0.0.1:{at.sockets[0].getsockname()[1]}"
            with pytest.raises(NotReady, match="is no exchange"):
                await asyncio.to_thread(office.ask, url, "k", "status", {})

    asyncio.run(visit())


def test_an_admin_is_told_that_there_is_no_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    service, key = house.open(), "k" * 64
    Admin(service).ask("add-user", {"name": "ann"})

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    async def visit() -> None:
        async with Office(Admin(service), key, lambda: None) as at:
            ask = partial(office.ask, at.url, key)
            monkeypatch.setattr(log.os, "pwrite", full)
            for verb, fields in (
                ("add-user", {"name": "bob", "funds": {"USDT": "5"}}),
                ("fund", {"name": "ann", "asset": "USDT", "amount": "5"}),
                ("halt", {}),
            ):
                with pytest.raises(Retryable, match="make room"):
                    await asyncio.to_thread(ask, verb, fields)
            monkeypatch.undo()
            (told,) = await asyncio.to_thread(ask, "users", {})
            assert (told["name"], told["balances"]) == ("ann", {})
            assert (await asyncio.to_thread(ask, "status", {}))["markets"][0]["status"] == "open"

    asyncio.run(visit())
