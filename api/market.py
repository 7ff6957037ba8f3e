"""`/market`: what has been recorded, over REST, and the live stream of a recorder, over WebSocket.

Parameters are text; an unknown one is refused, as a misspelt one would otherwise change the answer without a word.
"""

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.tables import as_csv, as_parquet
from atom.store import Store
from atom.stream.candles import interval_ns
from atom.stream.history import FEEDS, MOST, History, Span, UnknownMarket
from fusion.errors import BadInput, CaptureError, FusionError, Retryable

FORMATS: Final = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
_LATEST: Final = 2**63 - 1  # ns
_NS: Final = re.compile(r"\d{1,19}")
_PAGED: Final = ("venue", "symbol", "start", "end", "limit", "cursor", "format")
_DEEPEST: Final = 100_000


class Asked:
    """The parameters of a request, each read once as what it has to be."""

    def __init__(self, request: Request, known: Sequence[str]) -> None:
        pairs = request.query_params.multi_items()
        self.path, self.told = request.url.path, dict(pairs)
        for name, _ in pairs:
            if name not in known:
                raise BadInput(f"unknown parameter {name[:40]!r}; known are {', '.join(known)}")
        if len(self.told) < len(pairs):
            raise BadInput("a parameter is given twice")

    def text(self, name: str) -> str:
        if not self.told.get(name):
            raise BadInput(f"the parameter {name} is missing")
        return self.told[name]

    def number(self, name: str, default: int | None, least: int, most: int) -> int | None:
        if name not in self.told:
            return default
        text = self.told[name]
        if not (text.isascii() and text.isdigit() and len(text) <= 19 and least <= int(text) <= most):
            raise BadInput(f"{name} is a whole number from {least} to {most}, not {text[:40]!r}")
        return int(text)

    def moment(self, name: str, default: int) -> int:
        """Nanoseconds since 1970 UTC, or a date and time as ISO 8601 has them."""
        text = self.told.get(name)
        if text is None:
            return default
        if _NS.fullmatch(text):
            at = int(text)
        else:
            try:
                read = datetime.fromisoformat(text)
            except ValueError:
                raise BadInput(
                    f"{name} is nanoseconds since 1970 or a time such as 2024-08-08T23:54:13Z, not {text[:40]!r}"
                ) from None
            since = (read if read.tzinfo else read.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
            at = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
        if not 0 <= at <= _LATEST:
            raise BadInput(f"{name} is from 0 to 2**63 - 1 ns since 1970, not {text[:40]!r}")
        return at

    def span(self) -> Span:
        start, end = self.moment("start", 0), self.moment("end", _LATEST)
        if end < start:
            raise BadInput(f"end {self.told['end']!r} is before start")
        limit = self.number("limit", 1000, 1, MOST) or MOST
        return Span(start, end, limit, self.told.get("cursor"))

    def choice(self, name: str, among: Sequence[str]) -> str:
        """One of some words, the first by default."""
        word = self.told.get(name, among[0])
        if word not in among:
            raise BadInput(f"{name} is one of {', '.join(among)}, not {word[:40]!r}")
        return word


def market(store: Store) -> APIRouter:
    """The routes over a store."""
    history = History(store)
    router = APIRouter(prefix="/market")

    def route(path: str, known: Sequence[str], answer: Callable[[Asked], Response]) -> None:
        async def endpoint(request: Request) -> Response:
            try:
                return await run_in_threadpool(answer, Asked(request, known))
            except FusionError as error:
                return refusal(error)

        router.add_api_route(path, endpoint, methods=["GET"])

    def venues(_: Asked) -> Response:
        found: dict[str, list[str]] = {}
        for venue, symbol in history.symbols():
            found.setdefault(venue, []).append(symbol)
        return _json({"venues": [{"venue": venue, "symbols": symbols} for venue, symbols in found.items()]})

    def symbols(asked: Asked) -> Response:
        of = [pair for pair in history.symbols() if asked.told.get("venue", pair[0]) == pair[0]]
        return _json({"symbols": [_symbol(history, *pair) for pair in of]})

    def book(asked: Asked) -> Response:
        at, depth = asked.moment("at", time.time_ns()), asked.number("depth", None, 1, _DEEPEST)
        orders = asked.choice("orders", ("false", "true")) == "true"
        line = history.book(asked.text("venue"), asked.text("symbol"), at, depth, orders=orders)
        return Response(line, media_type=FORMATS["json"])

    def candles(asked: Asked) -> Response:
        interval = interval_ns(asked.told.get("interval", "1m"))
        rows, following = history.candles(asked.text("venue"), asked.text("symbol"), interval, asked.span())
        return _page(asked, "candles", [orjson.dumps(row).decode() for row in rows], following)

    def metrics(asked: Asked) -> Response:
        return of_feed("metrics" if asked.choice("each", ("period", "message")) == "period" else "top")(asked)

    def of_feed(feed: str) -> Callable[[Asked], Response]:
        def answer(asked: Asked) -> Response:
            found = history.page(asked.text("venue"), asked.text("symbol"), feed, asked.span())
            return _page(asked, feed, found.lines, found.next)

        return answer

    route("/venues", (), venues)
    route("/symbols", ("venue",), symbols)
    route("/book", ("venue", "symbol", "at", "depth", "orders"), book)
    route("/metrics", (*_PAGED, "each"), metrics)
    route("/candles", (*_PAGED, "interval"), candles)
    for feed in FEEDS:
        if feed != "metrics":
            route(f"/{feed}", _PAGED, of_feed(feed))
    return router


def refusal(error: FusionError) -> Response:
    """What was wrong, in a word for programs and a line for people."""
    match error:
        case UnknownMarket():
            code, word = 404, "unknown_market"
        case CaptureError():
            code, word = 500, "damaged"
        case BadInput():
            code, word = 400, "bad_request"
        case Retryable():
            code, word = 503, "try_again"
        case _:
            code, word = 500, "failed"
    return _json({"error": {"code": word, "message": str(error)}}, code)


def _page(asked: Asked, of: str, lines: Sequence[str], following: str | None) -> Response:
    """Rows in the wanted format; the address of the next page is in the header `Link`, and its cursor in JSON."""
    name = asked.choice("format", tuple(FORMATS))
    match name:
        case "json":
            told = orjson.dumps(following).decode()
            content = f'{{"rows":[{",".join(lines)}],"next":{told}}}'.encode()
        case "ndjson":
            content = "".join(f"{line}\n" for line in lines).encode()
        case _:
            rows = [orjson.loads(line) for line in lines]
            content = as_csv(of, rows) if name == "csv" else as_parquet(of, rows)
    headers = {}
    if following is not None:
        headers["Link"] = f'<{asked.path}?{urlencode({**asked.told, "cursor": following})}>; rel="next"'
    return Response(content, media_type=FORMATS[name], headers=headers)


def _symbol(history: History, venue: str, symbol: str) -> dict[str, object]:
    of = history.instrument(venue, symbol)
    first, last = history.bounds(venue, symbol)
    return {
        "venue": venue,
        "symbol": symbol,
        "venue_symbol": of.venue_symbol,
        "tick": format(of.tick, "f"),
        "lot": format(of.lot, "f"),
        "first": None if first is None else str(first),
        "last": None if last is None else str(last),
    }


def _json(told: object, status: int = 200) -> Response:
    return Response(orjson.dumps(told), status, media_type=FORMATS["json"])
