"""Hostile clients of the exchange: it answers each with the right code or lets it go, and nobody's money changes."""

import asyncio
import gc
import json
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from urllib.parse import quote, urlencode

import httpx
import numpy as np
import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.exchange.client import Client
from api.exchange.door import Limits as DoorLimits
from api.exchange.meter import Allowance
from api.exchange.signature import sign
from atom.stream.socket import Limits
from tests.integration.exchange_scene import Scene, conserved

pytestmark = pytest.mark.e2e
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "50000"}
CLIENT = httpx.Client(verify=False)  # loopback, in the clear
NUMBERS = (
    "1e400", "NaN", "-0", "-1", "+1", "Infinity", "0x10", "1_000", "\u0661", " 1", "1 ", "1.", ".1", "", "0", "0.00000",
    "9" * 21, "9" * 400, "1." + "0" * 30, "1." + "3" * 30, "0." + "0" * 25 + "1", "1,5", "null", "[1]", "1e-5", "\x00",
)  # fmt: skip


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    made = Scene(Allowance(weight=10**7, orders=10**6, connections=10**6))
    yield made
    CLIENT.close()
    made.close()


@pytest.fixture(autouse=True)
def unharmed(scene: Scene) -> Iterator[None]:
    """Whatever was tried, balances are as they were, add up to nothing, and the next client is served."""
    before = scene.do(scene.service.exchange.ledger.balances.copy)
    yield
    assert scene.do(lambda: conserved(scene.service))
    assert np.array_equal(before, scene.do(scene.service.exchange.ledger.balances.copy))
    assert CLIENT.get(f"{scene.url}/api/v3/ping").json() == {}


def send(scene: Scene, path: str, told: dict[str, str], verb: str = "POST") -> httpx.Response:
    """A signed request."""
    text = urlencode({**told, "timestamp": str(time.time_ns() // 10**6), "recvWindow": "60000"})
    url = f"{scene.url}/api/v3/{path}?{text}&signature={sign(scene.secret, text)}"
    return CLIENT.request(verb, url, headers={"X-MBX-APIKEY": scene.key})


def raw(scene: Scene, data: bytes, patience: float = 30.0) -> bytes:
    """What is answered to bytes, until the exchange closes."""
    with socket.create_connection(("127.0.0.1", port(scene)), timeout=patience) as to:
        answer = b""
        try:
            to.sendall(data)
            to.shutdown(socket.SHUT_WR)
            while part := to.recv(65536):
                answer += part
        except OSError:  # it has closed already
            pass
        return answer


def port(scene: Scene) -> int:
    return int(scene.url.rpartition(":")[2])


@pytest.mark.parametrize("name", ["price", "quantity", "icebergQty", "stopPrice", "quoteOrderQty", "trailingDelta"])
def test_numbers_that_are_none_or_too_much(scene, name):
    for text in NUMBERS:
        if name == "icebergQty" and text in {"0", "0.00000"}:  # not an iceberg
            continue
        answer = send(scene, "order", {**ORDER, name: text})
        told = answer.json()
        assert (answer.status_code, set(told)) == (400, {"code", "msg"}), (text, told)
        assert told["code"] in {-1013, -1100, -1102, -1105, -1106, -1111, -1130, -2010}, (text, told)


def test_parameters_that_are_none(scene):
    """Each is answered by Binance's code."""
    for change, code in (
        ({"side": "HOLD"}, -1117), ({"type": "GUESS"}, -1116), ({"timeInForce": "SOON"}, -1115),
        ({"symbol": "X"}, -1121),
        ({"symbol": "btcusdt"}, -1100), ({"price": ""}, -1105), ({"bogus": "1"}, -1104), ({"side": ""}, -1102),
        ({"newClientOrderId": "x" * 37}, -1100), ({"newClientOrderId": "ä"}, -1100), ({"recvwindow": "5"}, -1104),
    ):  # fmt: skip
        assert send(scene, "order", {**ORDER, **change}).json()["code"] == code, change
    url = f"{scene.url}/api/v3/order?symbol=BTCUSDT&symbol=BTCUSDT&timestamp=1&signature=0"
    assert CLIENT.get(url, headers={"X-MBX-APIKEY": scene.key}).json()["code"] == -1101
    assert CLIENT.get(f"{scene.url}/api/v3/depth?symbol=%ff%fe").json()["code"] == -1100


def test_a_signature_is_of_all_that_is_said_and_of_one_secret(scene):
    text = urlencode({**ORDER, "timestamp": str(time.time_ns() // 10**6)})
    headers = {"X-MBX-APIKEY": scene.key}
    good = sign(scene.secret, text)
    for query, form in (
        (f"{text}&signature={sign('0' * 64, text)}", ""),
        (f"{text}&signature={good}&newClientOrderId=a", ""),
        (f"{text.replace('50000', '40000')}&signature={good}", ""),
        (f"signature={good}", text + "&x=1"),
        (f"{text}&signature={quote('ä')}", ""),
        (f"{text}&signature=", ""),
        (text, ""),
    ):
        answer = CLIENT.post(f"{scene.url}/api/v3/order?{query}", content=form, headers=headers)
        assert answer.json()["code"] in {-1022, -1102, -1104, -1100}, (query, answer.json())
    for key in ("", "ä", "x", "0" * 64, "a" * 5000):
        answer = CLIENT.get(
            f"{scene.url}/api/v3/account?timestamp=1&signature=0", headers=[(b"X-MBX-APIKEY", key.encode())]
        )
        assert (answer.status_code, answer.json()["code"] in {-2014, -2015}) == (401, True)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff\xfe" * 1000,
        b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n" + b"".join(b"h%d: v\r\n" % n for n in range(5000)) + b"\r\n",
        b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: k\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 10**6,
        b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: short\r\n\r\n",
    ],
    ids=range(10),
)
def test_bytes_that_are_no_request(scene, data):
    answer = raw(scene, data)
    assert answer == b"" or answer.split(b" ", 2)[1][:1] in {b"4", b"5"}


FRAME = bytes([0x81, 0x80 | 2]) + b"\0\0\0\0" + b"{}"


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x02{}",  # not masked
        b"\xf1\x80\0\0\0\0",  # reserved bits
        b"\x83\x80\0\0\0\0",  # a reserved opcode
        b"\x80\x80\0\0\0\0",  # goes on with nothing
        b"\x89\xfe\x01\x00\0\0\0\0" + b"a" * 256,  # a long ping
        b"\x81\xff" + struct.pack(">Q", 2**62) + b"\0\0\0\0",  # a message of exabytes
        b"\x81\xfe" + struct.pack(">H", 60_000) + b"\0\0\0\0" + b"a" * 60_000,  # longer than one may be
        b"\x81\x82\0\0\0\0\xff\xfe",  # no UTF-8
        b"\x88\x81\0\0\0\0a",  # half a reason to close
    ],
    ids=range(9),
)
@pytest.mark.parametrize("path", ["/ws", "/ws-api/v3"])
def test_frames_that_are_none(scene, path, frame):
    head = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()
    close = b"\x88\x80\0\0\0\0"
    answer = raw(scene, head + frame + close)
    assert answer.startswith(b"HTTP/1.1 101")


def test_messages_that_are_no_requests(scene):
    texts = [
        "", "{", "[]", "1", "null", '"x"', "[" * 5000, '{"a":' * 3000, '{"id":1}', '{"id":1,"method":5}',
        '{"id":1,"method":"order.place","params":[]}', '{"id":1,"method":"order.place","params":{"price":{}}}',
        '{"id":1e400,"method":"ping"}', '{"id":NaN,"method":"ping"}',
        '{"id":{},"method":"depth","params":{"symbol":"BTCUSDT","limit":-1}}',
        '{"id":1,"method":"order.place","params":{"apiKey":"x","timestamp":1e999,"signature":"","price":NaN}}',
        '{"id":1,"method":"__class__"}', '{"id":1,"method":"session.logon","params":{"apiKey":"' + "0" * 64 + '"}}',
        '{"id":1,"method":"userDataStream.subscribe"}', '{"method":"SUBSCRIBE","params":["' + "a" * 9000 + '"],"id":1}',
        '{"method":"SUBSCRIBE","params":[1,null,{}],"id":1}',
        '{"method":"SET_PROPERTY","params":["combined",7],"id":1}',
    ]  # fmt: skip

    async def played() -> None:
        for path in ("/ws", "/ws-api/v3"):
            async with asyncio.timeout(60), connect(scene.url.replace("http", "ws") + path, compression=None) as to:
                for text in texts:
                    await to.send(text)
                    told = json.loads(await to.recv())
                    refused = told.get("error") or {}
                    assert told.get("status") == 200 or refused.get("code"), (text, told)
                    assert told.get("status", 400) < 500

    asyncio.run(played())


async def flood(to: ClientConnection) -> None:
    for number in range(10_000):
        await to.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
        await to.recv()


def test_who_floods_is_ended(scene):
    async def played() -> None:
        async with asyncio.timeout(60), connect(scene.url.replace("http", "ws") + "/ws", compression=None) as to:
            with pytest.raises(ConnectionClosed, match="too many messages"):
                await flood(to)

    asyncio.run(played())


WEBSOCKET = (
    b"GET /ws/btcusdt@trade HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def hold(scene: Scene, data: bytes) -> socket.socket:
    """A connection that says something and then waits."""
    to = socket.create_connection(("127.0.0.1", port(scene)), timeout=30)
    to.sendall(data)
    return to


def wait_for(of: Scene, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not of.do(true) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert of.do(true)


def test_thousands_of_connections_at_once(scene):
    """Those beyond the bound are told so or closed, and all that were opened are forgotten."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    at_once = min(1500, max(50, files // 4))
    kinds = [b"", b"GET /api/v3/time HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /api/v3/ti", WEBSOCKET]
    random = Random(1)
    for _ in range(2):
        opened: list[socket.socket] = []
        for _ in range(at_once):
            with suppress(OSError):
                opened.append(hold(scene, random.choice(kinds)))
        for to in opened:
            to.close()
    wait_for(scene, lambda: not scene.server.clients and scene.server.requests <= 1)

    def kept() -> int:
        gc.collect()
        return sum(isinstance(each, (Client, H11Protocol)) for each in gc.get_objects())

    wait_for(scene, lambda: kept() <= 1)  # that of `CLIENT`


def test_who_leaves_amid_a_request_is_no_fault(scene, caplog):
    with hold(scene, b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"):
        wait_for(scene, lambda: scene.server.requests >= 1)
    wait_for(scene, lambda: scene.server.requests <= 1)  # that of `CLIENT`
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def test_a_full_house_says_so_and_lets_in_again():
    scene = Scene(Allowance(weight=10**6), Limits(clients=3), DoorLimits(requests=4))
    try:
        sockets = [hold(scene, WEBSOCKET) for _ in range(3)]
        assert all(to.recv(100).startswith(b"HTTP/1.1 101") for to in sockets)
        with hold(scene, WEBSOCKET) as beyond:
            assert beyond.recv(1000).startswith(b"HTTP/1.1 503")
        waiting = [hold(scene, b"GET /api/v3/ti") for _ in range(4)]
        wait_for(scene, lambda: scene.server.requests == 4)
        told = raw(scene, b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 503")
        assert b'"code":-1008' in told
        for to in (*waiting, *sockets):
            to.close()
        wait_for(scene, lambda: scene.server.requests == 0 and not scene.server.clients)
        assert httpx.get(f"{scene.url}/api/v3/ping").status_code == 200
        with hold(scene, WEBSOCKET) as again:
            assert again.recv(100).startswith(b"HTTP/1.1 101")
    finally:
        scene.close()


def test_a_fault_in_what_is_told_by_the_clock_is_no_secret(monkeypatch):
    """Who serves the exchange waits for that, and stops."""
    scene = Scene()
    try:

        def fail(_: int) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(scene.server._feed, "tick", fail)
        wait_for(scene, scene.server.ticks.done)
        assert isinstance(scene.server.ticks.exception(), ZeroDivisionError)
    finally:
        scene.close()
