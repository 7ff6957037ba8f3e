"""A server that tells Binance's history in its own form, on loopback, with the faults that a test asks for."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MINUTE = 60_000
BEGAN = 1_704_067_200_000  # 2024-01-01, ms


def listed(name: str, base: str, quote: str, settled: str) -> dict[str, object]:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.1", "maxPrice": "1000000", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
    ]
    asset = {"baseAsset": base, "quoteAsset": quote, "marginAsset": settled}
    more = {"contractType": "PERPETUAL", "deliveryDate": 4133404800000, "onboardDate": 1569398400000}
    precision = {"pricePrecision": 2, "quantityPrecision": 3, "baseAssetPrecision": 8, "quotePrecision": 8}
    size = {"contractSize": 100} if quote == "USD" else {}
    state = {"status": "TRADING", "contractStatus": "TRADING", "pair": base + quote, "filters": filters}
    return {"symbol": name, **asset, **more, **precision, **size, **state, "orderTypes": ["LIMIT"]}


class HistoryServer(ThreadingHTTPServer):
    """What it tells.

    Attributes:
        candles: how many minutes have a candle; those of `holes` have none.
        faults: of the next answers about history: a status, or how many bytes of the body are sent; None for none.
        newest_first: of a span that holds more than a page, the newest rows are told.
        asked: paths of the requests about history.
        ended: called when a request about history comes; a test may end a process there.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.candles, self.holes = 2500, {7}
        self.faults: deque[int | str | None] = deque()
        self.asked: list[str] = []
        self.newest_first = False
        self.came = threading.Semaphore(0)
        self.go = threading.Event()
        self.go.set()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def body(self, path: str, query: dict[str, str]) -> object:
        span = int(query.get("startTime", 0)), int(query.get("endTime", 2**62)), int(query.get("limit", 30))
        match path.rpartition("/")[2]:
            case "exchangeInfo":
                inverse = path.startswith("/dapi")
                one = (
                    listed("BTCUSD_PERP", "BTC", "USD", "BTC") if inverse else listed("BTCUSDT", "BTC", "USDT", "USDT")
                )
                return {"symbols": [one]}
            case "klines":
                return [candle(at) for at in self.times(*span, MINUTE) if (at - BEGAN) // MINUTE not in self.holes]
            case "fundingRate":
                times = self.times(*span, 480 * MINUTE)
                return [
                    {"symbol": "BTCUSDT", "fundingTime": at, "fundingRate": "0.0001", "markPrice": "1"} for at in times
                ]
            case "openInterestHist":
                return [
                    {"symbol": "BTCUSDT", "sumOpenInterest": "7.5", "sumOpenInterestValue": "300.25", "timestamp": at}
                    for at in self.times(*span, 5 * MINUTE)
                ]
            case _:
                shares = {"longAccount": "0.75", "longShortRatio": "3.0", "shortAccount": "0.25"}
                return [{"symbol": "BTCUSDT", **shares, "timestamp": at} for at in self.times(*span, 5 * MINUTE)]

    def times(self, since: int, until: int, most: int, step: int) -> list[int]:
        first = max(0, -((BEGAN - since) // step))
        found = [BEGAN + n * step for n in range(first, self.candles * MINUTE // step)]
        found = [at for at in found if at <= until]
        return found[-most:] if self.newest_first else found[:most]


def candle(at: int) -> list[object]:
    n = (at - BEGAN) // MINUTE
    prices = [f"{100 + n}.10", f"{102 + n}.00", f"{99 + n}.00", f"{101 + n}.50"]
    return [at, *prices, "8.000", at + MINUTE - 1, "800.5", 20, "6.000", "600.25", "0"]


class _Handler(BaseHTTPRequestHandler):
    server: HistoryServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # its caller's name
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = json.dumps(self.server.body(parts.path, query)).encode()
        fault = None
        if not parts.path.endswith("exchangeInfo"):
            self.server.asked.append(self.path)
            self.server.came.release()
            self.server.go.wait(30)
            fault = self.server.faults.popleft() if self.server.faults else None
        if isinstance(fault, int):
            code, words = (-1121, "Invalid symbol.") if fault == 400 else (-1003, "Too many requests.")
            body = json.dumps({"code": code, "msg": words}).encode()
        self.send_response(fault if isinstance(fault, int) else 200)
        self.send_header("Content-Type", "application/json")
        if isinstance(fault, int):
            self.send_header("Retry-After", "7")
        sent = body[: len(body) // 2] if isinstance(fault, str) else body
        self.send_header("Content-Length", str(len(body if fault == "torn" else sent)))
        self.end_headers()
        self.wfile.write(sent)
        self.close_connection = self.close_connection or fault == "torn"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def history_server() -> Iterator[HistoryServer]:
    server = HistoryServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go.set()
        server.shutdown()
        server.server_close()
        thread.join()
