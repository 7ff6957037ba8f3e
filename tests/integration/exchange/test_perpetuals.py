"""A perpetual over the API: orders that only reduce, positions, margin, marks and fundings, with signed requests."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import ccxt
import httpx
import pytest
from websockets.asyncio.client import connect

from api.exchange.server import ExchangeServer
from api.exchange.signature import sign
from atom.reader import read_capture
from atom.venues import venue
from node.exchange.core.command import Kind
from node.exchange.exchange import command
from node.exchange.keeper import HOUR, SECOND
from node.exchange.service.home import Home
from node.exchange.service.plan import LADDER, Plan, standard
from node.exchange.service.recovery import opened
from node.exchange.service.store import Keeping

SYMBOL = "BTCPERPUSDT"
START = 1_700_000_000 * SECOND


class Pit:
    """An exchange with a perpetual and a spot market, and a user who has 10,000 USDT."""

    def __init__(self, home: Path) -> None:
        self._home, self._ready = home, Future[None]()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self._ready.result(500.0)

    async def _run(self) -> None:
        try:
            with Home(self._home) as home:
                plan = Plan(standard(["BTCPERP-USDT", "BTC-USDT"]), LADDER, start=START, speed=60.0)
                self.service = opened(home, Keeping(), plan)
                quote = int(self.service.exchange.markets[0].rules[0]["quote"])
                key = self.service.enrol("ann", {quote: 10**12}, 0, 0)
                self.key, self.secret = key.code, key.secret
                self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
                async with ExchangeServer(self.service) as server:
                    self.url = server.url
                    self._ready.set_result(None)
                    await self._stop.wait()
                self.service.close()
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    def do(self, act: Callable[[], Any]) -> Any:
        """Does something in the exchange's thread."""

        async def done() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(60)

    def until(self, time_ns: int) -> None:
        """Lets time pass."""

        def passed() -> None:
            while self.service.step(time_ns):
                pass

        self.do(passed)

    def ask(self, verb: str, path: str, **told: Any) -> Any:
        """What is answered to the user."""
        text = "&".join(f"{name}={value}" for name, value in {**told, "timestamp": time.time_ns() // 10**6}.items())
        url = f"{self.url}{path}?{text}&signature={sign(self.secret, text)}"
        return httpx.request(verb, url, headers={"X-MBX-APIKEY": self.key}).json()

    def open(self, path: str, **told: Any) -> Any:
        return httpx.get(f"{self.url}{path}", params=told).json()

    def order(self, side: str, quantity: str, **told: Any) -> Any:
        wanted = {"type": "MARKET", "quantity": quantity, **told}
        return self.ask("POST", "/api/v3/order", symbol=SYMBOL, side=side, **wanted)

    def change_margin(self, kind: str) -> Any:
        return self.ask("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType=kind)

    def move_margin(self, amount: str, way: int) -> Any:
        return self.ask("POST", "/fapi/v1/positionMargin", symbol=SYMBOL, amount=amount, type=way)

    def position(self) -> Any:
        (held,) = self.ask("GET", "/fapi/v2/positionRisk", symbol=SYMBOL)
        return held

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)


@pytest.fixture(scope="module")
def pit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pit]:
    made = Pit(tmp_path_factory.mktemp("home"))
    yield made
    made.close()


def test_a_position_is_opened_given_margin_and_closed(pit: Pit) -> None:
    pit.until(START + 5 * SECOND)
    assert pit.position()["positionAmt"] == "0.00000"
    filled = pit.order("BUY", "0.1")
    assert filled["status"] == "FILLED", filled
    assert {each["commissionAsset"] for each in filled["fills"]} == {"USDT"}
    held = pit.position()
    assert (held["positionAmt"], held["leverage"], held["marginType"]) == ("0.10000", "20", "cross")
    assert abs(float(held["entryPrice"]) - float(held["markPrice"])) < 100
    margin = float(held["isolatedMargin"])
    assert margin == pytest.approx(300, rel=0.01), "a twentieth of a tenth of a bitcoin"
    assert held["liquidationPrice"] == "0.0", "all 10,000 USDT stand behind it"
    assert pit.change_margin("ISOLATED")["code"] == -4048, "a position is open"
    assert pit.move_margin("100", 1)["code"] == -4049, "it is cross"
    assert pit.move_margin("299", 2)["code"] == -4051, "it needs that much"
    assert pit.order("SELL", "0.1")["status"] == "FILLED"
    resting = pit.order("BUY", "0.1", type="LIMIT", price="50000.00", timeInForce="GTC")
    assert pit.change_margin("ISOLATED")["code"] == -4047, "an order is open"
    pit.ask("DELETE", "/api/v3/order", symbol=SYMBOL, orderId=resting["orderId"])


def test_margin_is_moved_of_an_isolated_position(pit: Pit) -> None:
    assert pit.change_margin("CROSSED")["code"] == -4046, "as it is"
    assert pit.change_margin("ISOLATED") == {"code": 200, "msg": "success"}
    assert pit.change_margin("ISOLATED")["code"] == -4046
    assert pit.order("BUY", "0.1")["status"] == "FILLED"
    margin = float(pit.position()["isolatedMargin"])
    assert 56_000 < float(pit.position()["liquidationPrice"]) < 59_000
    moved = pit.move_margin("100", 1)
    assert moved["amount"] == "100.00000000"
    assert float(pit.position()["isolatedMargin"]) == pytest.approx(margin + 100)
    assert pit.move_margin("399", 2)["code"] == -4051
    assert pit.move_margin("1000000", 1)["code"] == -4050
    assert pit.order("BUY", "0.1", reduceOnly="true")["status"] == "EXPIRED"
    assert pit.order("SELL", "0.3", reduceOnly="true")["executedQty"] == "0.10000"
    assert pit.position()["positionAmt"] == "0.00000"
    assert pit.move_margin("1", 1)["code"] == -4054
    trades = pit.ask("GET", "/api/v3/myTrades", symbol=SYMBOL)
    assert {each["commissionAsset"] for each in trades} == {"USDT"}


def test_who_hears_its_balances_hears_of_all_that_moves_them(pit: Pit) -> None:
    """Margin and funding move it too, and no order is told of then."""
    pit.until(START + 6 * SECOND)
    pit.order("BUY", "0.1")

    async def played() -> None:
        started = httpx.post(f"{pit.url}/api/v3/userDataStream", headers={"X-MBX-APIKEY": pit.key})
        url = f"{pit.url.replace('http', 'ws')}/ws/{started.json()['listenKey']}"
        async with asyncio.timeout(60), connect(url) as own:

            async def heard(act: Callable[[], Any]) -> None:
                await asyncio.to_thread(act)
                while (event := json.loads(await own.recv()))["e"] != "outboundAccountPosition":
                    pass
                account = await asyncio.to_thread(pit.ask, "GET", "/api/v3/account")
                free = {each["asset"]: each["free"] for each in account["balances"]}
                assert set(free) == {"USDT", "BTC"}, "nobody owns what a perpetual is of"
                assert {each["a"]: each["f"] for each in event["B"]} == {"USDT": free["USDT"]}

            funding = command(kind=Kind.FUNDING, quantity=100_000)
            await heard(lambda: pit.ask("POST", "/fapi/v1/positionMargin", symbol=SYMBOL, amount="5", type=1))
            await heard(lambda: pit.do(lambda: pit.service.place(funding)))
            await heard(lambda: pit.order("SELL", "0.1", reduceOnly="true"))

    asyncio.run(played())


def test_marks_and_fundings_are_told(pit: Pit) -> None:
    pit.until(START + 9 * HOUR)
    premium = pit.open("/fapi/v1/premiumIndex", symbol=SYMBOL)
    assert float(premium["markPrice"]) == pytest.approx(float(premium["indexPrice"]), rel=0.01)
    assert premium["nextFundingTime"] * 10**6 % (8 * HOUR) == 0
    (funding,) = pit.open("/fapi/v1/fundingRate", symbol=SYMBOL)
    assert funding["fundingRate"] == "0.000100000"
    assert float(pit.open("/fapi/v1/openInterest", symbol=SYMBOL)["openInterest"]) > 0
    (fund,) = pit.open("/fapi/v1/insuranceBalance")
    assert fund["symbols"] == [SYMBOL]


def test_atom_reads_what_is_told_of_them(pit: Pit, tmp_path: Path) -> None:
    of = venue("fusion")
    of.learn(of.listings_urls[1], pit.open("/fapi/v1/premiumIndex"))
    assert of.polls("BTCUSDT") == ()
    answers = {url: httpx.get(url.replace("http://127.0.0.1:8090", pit.url)).json() for url in of.polls(SYMBOL)}
    lines = [f"{url} -> 1704067200: {json.dumps(answer)}\n" for url, answer in answers.items()]
    (tmp_path / "http").write_text("".join(lines))
    delta = {"e": "depthUpdate", "E": 1704067200000, "s": SYMBOL, "U": 1, "u": 1, "b": [], "a": []}
    (tmp_path / "stream").write_text(f"1704067200000000000 {json.dumps(delta)}\n")
    (recording,) = read_capture("fusion", [tmp_path / "stream"], [tmp_path / "http"]).recordings
    assert recording.unexplained == 0
    assert set(recording.events.more) == {"mark_price", "index_price", "funding", "open_interest"}


def test_a_spot_market_is_none(pit: Pit) -> None:
    assert pit.open("/fapi/v1/premiumIndex", symbol="BTCUSDT")["code"] == -1121
    refused = pit.ask(
        "POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1", reduceOnly="true"
    )
    assert refused["code"] == -2010


def test_ccxt_trades_it_as_any_market(pit: Pit) -> None:
    rest = f"{pit.url}/api/v3"
    client = ccxt.binance(
        {
            "apiKey": pit.key,
            "secret": pit.secret,
            "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
            "urls": {"api": {"public": rest, "private": rest, "v1": f"{pit.url}/api/v1"}},
        }
    )
    client.load_markets()
    order = client.create_order("BTCPERP/USDT", "market", "sell", 0.05)
    assert order["filled"] == 0.05
    assert pit.position()["positionAmt"] == "-0.05000"
    closed = client.create_order("BTCPERP/USDT", "market", "buy", 0.05, params={"reduceOnly": True})
    assert closed["status"] == "closed"
    assert pit.position()["positionAmt"] == "0.00000"
