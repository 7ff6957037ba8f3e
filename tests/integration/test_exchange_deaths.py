"""An exchange that is killed while it serves has every answer that it gave, when it serves again."""

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from cli.supervisor import fusion_command, own_environment
from node.exchange.service import office
from node.exchange.service.home import key_of, running

KILLS, WORKERS, ORDERS = 2, 3, 12
LONGEST_START = 500.0  # the first use of the core on a machine compiles it


class Server:
    """An exchange of a folder as a user starts it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        words = ("exchange", "serve", "--home", str(home), "--port", str(_free_port()), "--agents", "10")
        self.process = subprocess.Popen(fusion_command(*words), env=own_environment(), stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + LONGEST_START
        while (found := running(home) if home.exists() else None) is None:
            assert self.process.poll() is None, "the exchange ended"
            assert time.monotonic() < deadline, "the exchange does not start"
            time.sleep(0.05)
        self._found = found

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def administer(self, verb: str, **fields: object) -> Any:
        return office.ask(self._found["admin"], key_of(self._home), verb, fields)

    def ask(self, verb: str, path: str, **fields: object) -> Any:
        """A signed request; OSError where the server is gone before its answer was whole."""
        query = urlencode({**fields, "timestamp": time.time_ns() // 1_000_000, "recvWindow": 60_000})
        secret, key = self._found["secret"].encode(), self._found["api_key"]
        query += "&signature=" + hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()
        guest = http.client.HTTPConnection(self._found["url"].removeprefix("http://"), timeout=60)
        try:
            guest.request(verb, f"/api/v3/{path}?{query}", headers={"X-MBX-APIKEY": key})
            return json.loads(guest.getresponse().read())
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(str(error)) from error
        finally:
            guest.close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _trade(server: Server, worker: str, known: dict[str, dict[str, Any]], enough: threading.Event) -> None:
    """Places and cancels orders until the server is gone; keeps every answer."""
    for number in range(10_000):
        label = f"{worker}-{number}"
        try:
            side, price = ("BUY", "59000.00") if number % 3 else ("SELL", "59900.00")
            asked = {"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}
            told = server.ask("POST", "order", **asked, price=price, newClientOrderId=label)
            if "orderId" not in told:
                time.sleep(0.05)  # too many orders in a while
                continue
            known[label] = told
            if number % 4 == 1 and told["status"] == "NEW":
                known[label] = server.ask("DELETE", "order", symbol="BTCUSDT", orderId=told["orderId"])
        except OSError:
            return
        if number >= ORDERS:
            enough.set()


@pytest.mark.timeout(900)
def test_a_killed_exchange_has_every_order_and_balance_that_it_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    server = Server(home)
    known: dict[str, dict[str, Any]] = {}
    added: list[dict[str, Any]] = []
    try:
        for kill in range(KILLS):
            enough = threading.Event()
            workers = [
                threading.Thread(target=_trade, args=(server, f"{kill}-{each}", known, enough))
                for each in range(WORKERS)
            ]
            for each in workers:
                each.start()
            assert enough.wait(300)
            added.append(
                server.administer("add-user", name=f"late-{kill}", funds={"USDT": "7.5"}, maker=100, taker=200)
            )
            server.kill()
            for each in workers:
                each.join()
            server = Server(home)
            server.administer("halt")  # so that agents meet none of the orders meanwhile
            _check(server, known)
            server.administer("resume")
            users = {each["name"]: each for each in server.administer("users")}
            for each in added:
                user = users[each["name"]]
                assert (user["account"], user["keys"]) == (each["account"], [each["api_key"]])
                assert user["balances"] == {"USDT": {"free": "7.50000000", "locked": "0.00000000"}}
    finally:
        server.kill()
    assert len(known) > KILLS * ORDERS


def _check(server: Server, known: dict[str, dict[str, Any]]) -> None:
    listed = {each["orderId"]: each for each in server.ask("GET", "allOrders", symbol="BTCUSDT", limit=1000)}
    for told in known.values():
        found = listed[told["orderId"]]
        assert found["origQty"] == told["origQty"]
        if told["status"] in {"FILLED", "CANCELED"}:  # else an agent, or a request with no answer, may have ended it
            assert (found["status"], found["executedQty"]) == (told["status"], told["executedQty"])
    traded = server.ask("GET", "myTrades", symbol="BTCUSDT", limit=1000)
    assert {each["orderId"] for each in known.values() if each["status"] == "FILLED"} <= {
        each["orderId"] for each in traded
    }
    units = {"BTC": 100 * 10**8, "ETH": 100 * 10**8, "USDT": 1_000_000 * 10**8}
    for each in traded:
        sign, fee = (1 if each["isBuyer"] else -1), _units(each["commission"])
        units["BTC"] += sign * _units(each["qty"])
        units["USDT"] -= sign * _units(each["quoteQty"])
        units[each["commissionAsset"]] -= fee
    has = {
        each["asset"]: _units(each["free"]) + _units(each["locked"])
        for each in server.ask("GET", "account")["balances"]
    }
    assert has == units


def _units(amount: str) -> int:
    whole, _, part = amount.partition(".")
    return int(whole + part.ljust(8, "0"))
