"""Bybit's version 2, which ended in 2023: levels that go, change and come, trades, and what it told of a contract.

Its numbers count over all symbols, so that a gap cannot be seen. Sizes of linear contracts are the venue's own sums of
32 bits, such as 3400.0002 of a lot of 1; they are kept as they came.
Source: https://bybit-exchange.github.io/docs-legacy/futuresV2/inverse/#t-websocket
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import nan
from typing import Any, Final

from atom.events import Flag, Side, Unit
from atom.gather.columns import Columns, Stamp
from atom.venues.template import Json, Listing, decimal, digits, iso_time, number, order_id, stamp, step, text, whole

BOOKS: Final = frozenset({"orderBookL2_25", "orderBook_200"})
KINDS: Final = BOOKS | {"trade", "instrument_info", "klineV2", "candle", "insurance"}
UNVERIFIED: Final = ("instrument_info", "orderBook_200")

_SIDES = {"Buy": Side.BID, "Sell": Side.ASK}
_DATED = 3  # letters of `M21`


def subscribed(message: Json) -> Sequence[str]:
    """The symbol that an answer to a subscription names, if it is one."""
    request = message.get("request")
    topics = request.get("args") if message.get("success") is True and isinstance(request, dict) else None
    names = {str(topic).rpartition(".")[2] for topic in topics} if isinstance(topics, list) else ()
    return tuple(names) if len(names) == 1 else ()


def read(kind: str, message: Json, ts_recv: int, place: int, columns: Columns) -> None:
    """Reads a message of one of the `KINDS`."""
    if kind == "trade":
        columns.trades += 1
        for trade in message["data"]:
            at = stamp(_number(trade["trade_time_ms"]), ts_recv, place)
            sequence = whole(trade["cross_seq"]) if "cross_seq" in trade else None
            flags = Flag.NO_SEQUENCE if sequence is None else Flag(0)  # its id is a UUID, and does not count
            of = decimal(trade["price"]), decimal(trade["size"])
            columns.trade(at, order_id(trade["trade_id"]), _SIDES[trade["side"]], of, flags, sequence=sequence)
    elif kind in BOOKS:
        _book(message, stamp(_number(message["timestamp_e6"]), ts_recv, place), columns)
    elif kind == "instrument_info":
        _contract(message, stamp(_number(message["timestamp_e6"]), ts_recv, place), columns)


def listings(body: Any) -> dict[str, Listing]:
    """Instrument data, by the venue's name."""
    found = {}
    for entry in body["result"]:
        name, alias = text(entry["name"]), text(entry["alias"])
        pair = f"{text(entry['base_currency'])}-{text(entry['quote_currency'])}"
        dated = "PERP" if alias == name else name[1 - _DATED :] + alias[-4:]  # `BTCUSDM21` is `BTCUSD0625`
        tick, lot = step(entry["price_filter"]["tick_size"]), step(entry["lot_size_filter"]["qty_step"])
        inverse = pair.endswith("-USD")  # a contract is a dollar
        found[name] = Listing(f"{pair}-{dated}", tick, lot, Decimal(1) if inverse else None, inverse)
    return found


def _book(message: Json, at: Stamp, columns: Columns) -> None:
    last, data = _number(message["cross_seq"]), message["data"]
    if message["type"] == "snapshot":
        columns.whole(at, last, *_sides(data if isinstance(data, list) else data["order_book"]))
    elif message["type"] == "delta":
        gone = [{**entry, "size": 0} for entry in data["delete"]]
        columns.change(at, last, *_sides([*gone, *data["update"], *data["insert"]]))
    else:
        raise ValueError(f"{message['type']!r:.40} is no type of a book")


def _sides(entries: Iterable[Json]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Bids and asks."""
    told: dict[Side, list[tuple[str, str]]] = {Side.BID: [], Side.ASK: []}
    for entry in entries:
        told[_SIDES[entry["side"]]].append((decimal(entry["price"]), decimal(entry["size"])))
    return told[Side.BID], told[Side.ASK]


def _contract(message: Json, at: Stamp, columns: Columns) -> None:
    """What is told again is what has changed."""
    data = message["data"]
    for entry in (data,) if message["type"] == "snapshot" else data["update"]:
        told = {name: value for name, value in entry.items() if value != ""}  # "" is none
        for note in ("mark_price", "index_price"):
            if f"{note}_e4" in told:
                columns.note(note, at, number(told[f"{note}_e4"]) / 10**4)
        if "funding_rate_e6" in told:
            coming = iso_time(told["next_funding_time"]) if "next_funding_time" in told else 0
            columns.note("funding", at, number(told["funding_rate_e6"]) / 10**6, coming)
        if "open_interest_e8" in told:  # of linear contracts
            columns.note("open_interest", at, Unit.BASE, number(told["open_interest_e8"]) / 10**8, nan, nan)
        elif "open_interest" in told:
            size = number(told["open_interest"])
            columns.note("open_interest", at, Unit.QUOTE, size, 1.0, size)


def _number(value: object) -> int:
    """An integer, which inverse contracts wrote as a number and linear ones as text."""
    return digits(value) if isinstance(value, str) else whole(value)
