"""A key that was revoked is good for nothing, wherever it was shown before; and one's own streams are one's own."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from node.exchange.core.command import Kind
from node.exchange.exchange import command
from tests.integration.exchange_scene import Scene, request, to

STREAM = "/api/v3/userDataStream"


def pay(scene: Scene, account: int) -> None:
    """Something that the account's own streams tell."""
    scene.do(lambda: scene.service.place(command(kind=Kind.DEPOSIT, account=account, order=0, quantity=1)))


def listen_key(scene: Scene, key: str) -> str:
    answer = httpx.post(f"{scene.url}{STREAM}", headers={"X-MBX-APIKEY": key})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["listenKey"])


async def told(connection: ClientConnection) -> Any:
    return json.loads(await connection.recv())


def test_a_revoked_key_ends_what_it_began(scene: Scene) -> None:
    """Its session, its streams and its listen key; another key of the same user goes on."""

    async def played() -> None:
        key = await asyncio.to_thread(scene.do, lambda: scene.service.add_key("user"))
        name = await asyncio.to_thread(listen_key, scene, key.code)
        kept = await asyncio.to_thread(listen_key, scene, scene.key)
        async with (
            to(scene, "/ws-api/v3") as session,
            to(scene, f"/ws/{name}") as own,
            to(scene, f"/ws/{kept}") as good,
        ):
            signed = scene.signed(key.code, key.secret)
            assert (await request(session, id=1, method="session.logon", params=signed))["status"] == 200
            assert (await request(session, id=2, method="userDataStream.subscribe"))["status"] == 200
            assert (await request(session, id=3, method="openOrders.status"))["status"] == 200
            await asyncio.to_thread(scene.do, lambda: scene.service.revoke_key(key.code))
            await asyncio.to_thread(pay, scene, scene.account)
            assert (await told(good))["e"] == "balanceUpdate"
            assert (await told(session))["event"]["e"] == "eventStreamTerminated"
            assert (await told(own))["e"] == "listenKeyExpired"
            for method, code in (("openOrders.status", -1102), ("userDataStream.subscribe", -2015)):
                assert (await request(session, id=4, method=method))["error"]["code"] == code
            assert (await request(session, id=6, method="session.status"))["result"]["apiKey"] is None
            renewed = httpx.put(f"{scene.url}{STREAM}?listenKey={name}", headers={"X-MBX-APIKEY": scene.key})
            assert renewed.json()["code"] == -1125

    asyncio.run(played())


@pytest.mark.parametrize("may", ["read", "trade"])
def test_a_key_may_do_what_it_was_made_for(scene: Scene, may: str) -> None:
    async def played() -> None:
        key = await asyncio.to_thread(scene.do, lambda: scene.service.add_key("user", [may]))
        async with to(scene, "/ws-api/v3") as session:
            await request(session, id=1, method="session.logon", params=scene.signed(key.code, key.secret))
            read = await request(session, id=2, method="account.status")
            own = await request(session, id=3, method="userDataStream.subscribe")
            order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.00100"}
            trade = await request(session, id=4, method="order.place", params=order)
            while "event" in trade:
                trade = await told(session)
        seen = [each.get("error", {}).get("code", 0) for each in (read, own, trade)]
        assert seen == ([0, 0, -2015] if may == "read" else [-2015, -2015, 0])

    asyncio.run(played())


def test_streams_of_two_users_on_one_connection(scene: Scene) -> None:
    """Each is told with its name, may be listed and ended, and both are let go with the connection."""

    async def played() -> None:
        maker = await asyncio.to_thread(scene.do, lambda: scene.service.add_key("maker"))
        names = [await asyncio.to_thread(listen_key, scene, key) for key in (scene.key, maker.code)]
        async with to(scene, f"/stream?streams={'/'.join(names)}") as both:
            assert (await request(both, method="LIST_SUBSCRIPTIONS", id=1))["result"] == names
            for account, name in zip((scene.account, scene.maker), names, strict=True):
                await asyncio.to_thread(pay, scene, account)
                seen = [await told(both), await told(both)]
                assert [each["stream"] for each in seen] == [name, name]
                assert [each["data"]["e"] for each in seen] == ["balanceUpdate", "outboundAccountPosition"]
            await request(both, method="UNSUBSCRIBE", params=names[:1], id=2)
            assert (await request(both, method="LIST_SUBSCRIPTIONS", id=3))["result"] == names[1:]
        while await asyncio.to_thread(scene.do, lambda: len(scene.server.clients)):
            await asyncio.sleep(0.01)
        assert not scene.do(lambda: dict(scene.server._own._heard))

    asyncio.run(played())


def test_a_message_that_is_no_text_is_answered(scene: Scene) -> None:
    """Half of a surrogate pair can be written in JSON; nothing can be made of it."""

    async def played() -> None:
        async with to(scene, "/ws-api/v3") as asking, to(scene, "/ws") as streams:
            for text in (r'{"id":"\ud800","method":"ping"}', r'{"id":1,"method":"depth","params":{"a":"\udfff"}}'):
                await asking.send(text)
                assert (await told(asking))["error"]["code"] == -1000
            await streams.send(r'{"id":1,"method":"SUBSCRIBE","params":["\ud800"]}')
            assert (await told(streams))["error"]["code"] == 2
            whole = await request(asking, id="\U0001f600", method="ping")
            assert (whole["id"], whole["status"]) == ("\U0001f600", 200)

    asyncio.run(played())


def test_a_stream_that_nobody_hears_any_more_leaves_nothing(scene: Scene) -> None:
    async def played() -> None:
        async with to(scene, "/ws") as streams:
            for number in range(20):
                for method in ("SUBSCRIBE", "UNSUBSCRIBE"):
                    text = {"method": method, "params": ["btcusdt@depth", "btcusdt@kline_1m"], "id": number}
                    await streams.send(json.dumps(text))
            ends = 0
            while ends < 2:
                ends += (await told(streams)).get("id") == 19
        feed = scene.server._feed
        assert scene.do(lambda: (dict(feed._depths), dict(feed._due), dict(feed._candles))) == ({}, {}, {})

    asyncio.run(played())
