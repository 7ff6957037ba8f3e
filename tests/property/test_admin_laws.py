"""Whatever an admin asks, it is done, or refused in one line; and what is refused changes nobody's balance."""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from itertools import count
from typing import Any

import httpx
import pytest

from node.exchange.service.admin import Admin
from node.exchange.service.office import KEY_HEADER, Office
from node.exchange.service.plan import LADDER, Plan, standard
from node.exchange.service.recovery import made
from node.exchange.service.service import Service

KEY = "k" * 64
START = 1_700_000_000_000_000_000
USUAL: dict[str, list[dict[str, Any]]] = {
    "status": [{}],
    "users": [{}],
    "add-user": [{"name": "new", "funds": {"USDT": "5"}, "maker": 0, "taker": 0}],
    "fund": [{"name": "ann", "asset": asset, "amount": "1"} for asset in ("USDT", "BTC")],
    "add-key": [{"name": "ann", "may": ["read"]}],
    "revoke-key": [{"key": "none", "name": "ann"}],
    "halt": [{"symbol": "BTC-USDT"}],
    "resume": [{"symbol": "BTC-USDT"}],
    "shock": [{"symbol": symbol, of: "1"} for symbol in ("BTC-USDT", "BTCPERP-USDT") for of in ("percent", "quantity")],
    "speed": [{"speed": 2}],
    "rob": [{"name": "ann"}],
}


def _deep(levels: int) -> Any:
    return [_deep(levels - 1)] if levels else []


WORDS = ["", "x", "\x00", "\n", "é" * 300, "5" * 5000, "BTC-USDT", "BTCPERP", "USDT", "ann", "a b"]
AMOUNTS = ["5", "-5", "0", "-0", "1e-9", "1e30", "-1e30", "1e400", "-1e400", "1e-400", "1e9999999999999999999", "1_0"]
AMOUNTS += ["nan", "-inf", "sNaN", "100000000000", "46116860184", "46116860184.27387904", "9223372036854775807", " 7 "]
NUMBERS = [0, 1, -1, 0.1, -0.0, 1e-9, 1e30, -1e308, 2**31, 2**53 + 1, 2**62, -(2**62), 2**63, 2**64 - 1, -(2**63)]
OTHERS = [None, True, False, [], {}, [1], ["read", "rule"], {"a": 1}, {"USDT": None}, _deep(300)]
ODD: list[Any] = [*WORDS, *AMOUNTS, *NUMBERS, *OTHERS, *({"USDT": each} for each in (*AMOUNTS, *NUMBERS, *OTHERS))]


def asked() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each verb as it should be asked, and with each field missing, odd or unknown."""
    for verb, cases in USUAL.items():
        for fields in cases:
            yield verb, fields
            yield verb, {**fields, "other": 1}
            for name in fields:
                yield verb, {other: each for other, each in fields.items() if other != name}
                yield from ((verb, {**fields, name: each}) for each in ODD)


@pytest.fixture
def service() -> Service:
    service = made(Plan(standard(["BTC-USDT", "BTCPERP-USDT"]), LADDER, start=START))
    while service.step(START):
        pass
    return service


def test_an_admin_is_never_told_of_a_fault(service: Service) -> None:
    fresh = count()

    async def visit() -> None:
        async with Office(Admin(service), KEY, lambda: None) as at, httpx.AsyncClient(trust_env=False) as client:
            for verb, fields in [("add-user", {"name": "ann", "funds": {"USDT": "5"}}), *asked()]:
                given = fields | {"name": f"new-{next(fresh)}"} if fields.get("name") == "new" else fields
                before = service.exchange.ledger.balances.tobytes()
                answer = await client.post(f"{at.url}/{verb}", json=given, headers={KEY_HEADER: KEY})
                assert answer.status_code in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST), (verb, given, answer.text)
                if answer.status_code == HTTPStatus.OK:
                    assert verb != "rob"
                    continue
                told = answer.json()["error"]
                assert told.isprintable(), (verb, given, told)
                assert 0 < len(told) < 400, (verb, given, told)
                assert service.exchange.ledger.balances.tobytes() == before, (verb, given, told)

    asyncio.run(visit())
    assert not service.fault
    total = service.exchange.ledger.balances.sum(axis=(0, 2))
    held = service.exchange.markets[1].positions
    total[service.exchange.assets.index(service.exchange.listings[1].quote)] += (held["margin"] - held["cost"]).sum()
    assert not total.any()
