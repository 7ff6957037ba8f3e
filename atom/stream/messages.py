"""Messages: events as lines of JSON.

Prices and sizes are decimal strings without trailing zeros, so that one price has one spelling whatever the tick. Times
in nanoseconds, ids and the venue's sequences are strings of digits, since JavaScript's numbers are exact to 2**53 only;
`seq` and `flags` are numbers. What is unknown is null. Administrative data and metrics are JSON numbers, each the
shortest that names its float64. Integers of a chain are strings of digits, its hashes and addresses 0x and digits.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import orjson

from atom import limbs
from atom.events import DTYPES, MARKET, Crowd, Flag, Pooled, Rows, Side, Status, Unit
from atom.instrument import Instrument, ratio
from atom.onchain import words

_UNKNOWN: Final = {
    "ts_event": int(Flag.NO_EVENT_TIME),
    "ts_recv": int(Flag.NO_ARRIVAL),
    "sequence": int(Flag.NO_SEQUENCE),
    "trade_id": int(Flag.NO_TRADE_ID),
    "maker_order_id": int(Flag.NO_ORDER),
    "taker_order_id": int(Flag.NO_ORDER),
}
_COMMON: Final = ("ts_event", "ts_recv", "sequence")
_AGGRESSOR: Final = {int(Side.NONE): "null", int(Side.BID): '"buy"', int(Side.ASK): '"sell"'}
_KINDS: Final[dict[str, type[IntEnum]]] = {"unit": Unit, "crowd": Crowd, "action": Pooled}
_OF_TICKS: Final = ("tick", "tick_lower", "tick_upper")
_OR_NONE: Final = ("next_ts", "period")  # 0 is none

ADMIN: Final = tuple(kind for kind in DTYPES if kind not in MARKET)
FEEDS: Final = ("book", "orders", "trades", "quotes", "status", "top", "metrics", *ADMIN)
"""Of a symbol; the type of a message is its feed."""

PICTURED: Final = ("book", "orders")
"""Feeds whose subscribers begin with a picture."""

Texts = list[str]
Queues = Sequence[tuple[str, Sequence[tuple[int, str]]]]
"""Of one side: each price with the ids and sizes of its orders, the one to be filled first first."""


class Key(NamedTuple):
    """What one subscribes to."""

    venue: str
    symbol: str
    feed: str


class Scale:
    """Integers of an instrument as decimal text."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.price = partial(decimal_text, step=ratio(instrument.tick))
        self.size = partial(decimal_text, step=ratio(instrument.lot))


def decimal_text(value: int, step: tuple[int, int]) -> str:
    """`value` steps of n / 10**d, (n, d), as the shortest decimal text: `61685.9`."""
    number, places = step
    if places == 0:
        return str(value * number)
    if value < 0:
        return "-" + decimal_text(-value, step)
    digits = str(value * number).zfill(places + 1)
    part = digits[-places:].rstrip("0")
    return f"{digits[:-places]}.{part}" if part else digits[:-places]


def head(key: Key) -> str:
    """What all messages of a subscription begin with; the number `seq` follows."""
    told = orjson.dumps({"type": key.feed, "venue": key.venue, "symbol": key.symbol}).decode()
    return f'{told[:-1]},"seq":'


def stamps(rows: Rows) -> Texts:
    """The common columns of each row."""
    flags = rows["flags"].tolist()
    texts = (_known(rows, name) for name in _COMMON)
    return [
        f',"ts_event":{event},"ts_recv":{recv},"sequence":{sequence},"flags":{flag}'
        for event, recv, sequence, flag in zip(*texts, flags, strict=True)
    ]


def book(state: str, stamp: str, bids: Iterable[tuple[str, str]], asks: Iterable[tuple[str, str]]) -> str:
    """A book's levels after the sequence: a picture (`snapshot`) or what became of some levels (`delta`)."""
    return f'{stamp},"state":"{state}","bids":[{_levels(bids)}],"asks":[{_levels(asks)}]}}'


def orders(stamp: str, bids: Queues, asks: Queues) -> str:
    """A book's orders in their queues after the sequence."""
    return f'{stamp},"state":"snapshot","bids":[{_queues(bids)}],"asks":[{_queues(asks)}]}}'


def orders_delta(stamp: str, changes: Iterable[tuple[str, str, str, int, str]]) -> str:
    """What became of orders after the sequence: action, side, price, id and size of each."""
    told = ",".join(
        [f'["{action}","{side}","{price}","{order_id}","{size}"]' for action, side, price, order_id, size in changes]
    )
    return f'{stamp},"state":"delta","changes":[{told}]}}'


def invalid(stamp: str) -> str:
    """What is sent in a book's place, or its metrics', while it is invalid."""
    return f'{stamp},"state":"invalid"}}'


def trades(rows: Rows, scale: Scale) -> Texts:
    """Trades after the sequence."""
    ids = (_known(rows, name) for name in ("trade_id", "maker_order_id", "taker_order_id"))
    numbers = (rows[name].tolist() for name in ("price", "size", "side"))
    return [
        f'{stamp},"price":"{scale.price(price)}","size":"{scale.size(size)}","side":{_AGGRESSOR[side]},'
        f'"trade_id":{trade},"maker_order_id":{maker},"taker_order_id":{taker}}}'
        for stamp, price, size, side, trade, maker, taker in zip(stamps(rows), *numbers, *ids, strict=True)
    ]


def quotes(rows: Rows, scale: Scale) -> Texts:
    """The venue's own tops of the book after the sequence."""
    sized = (rows["flags"] & Flag.NO_SIZE == 0).tolist()
    numbers = (rows[name].tolist() for name in ("bid_price", "bid_size", "ask_price", "ask_size"))
    told = zip(stamps(rows), sized, *numbers, strict=True)
    return [f"{stamp},{top(scale, *four, sized=known)}}}" for stamp, known, *four in told]


def top(scale: Scale, bid: int, bid_size: int, ask: int, ask_size: int, *, sized: bool = True) -> str:
    """The best of both sides, null where there is none; and their sizes, null too where they are not known."""
    sides = []
    for name, price, size in (("bid", bid, bid_size), ("ask", ask, ask_size)):
        there = f'"{scale.price(price)}","{name}_size":"{scale.size(size)}"' if size else f'null,"{name}_size":null'
        if not sized and price:
            there = f'"{scale.price(price)}","{name}_size":null'
        sides.append(f'"{name}":{there}')
    return ",".join(sides)


def numbers(names: Sequence[str], columns: Sequence[Sequence[float]]) -> Texts:
    """Columns of float64 as the fields of each row, NaN as null."""
    return [
        ",".join(f'"{name}":{_number(value)}' for name, value in zip(names, row, strict=True))
        for row in zip(*columns, strict=True)
    ]


def notes(kind: str, rows: Rows) -> Texts:
    """Administrative data after the sequence: all fields of the dtype."""
    fields = [name for name in DTYPES[kind].names or () if name not in (*_COMMON, "flags")]
    columns = [_field(name, rows) for name in fields]
    return [
        ",".join((stamp, *(f'"{name}":{value}' for name, value in zip(fields, row, strict=True)))) + "}"
        for stamp, *row in zip(stamps(rows), *columns, strict=True)
    ]


def status(one: Status) -> str:
    """Something that happened to the recording, after the sequence."""
    sequence = "null" if one.sequence is None else f'"{one.sequence}"'
    detail = orjson.dumps(one.detail).decode()
    return f',"ts_recv":"{one.ts_recv}","sequence":{sequence},"kind":"{one.kind}","detail":{detail}}}'


def _levels(levels: Iterable[tuple[str, str]]) -> str:
    return ",".join([f'["{price}","{size}"]' for price, size in levels])


def _queues(levels: Queues) -> str:
    return ",".join(
        [f'["{price}",[{_levels((str(order_id), size) for order_id, size in queue)}]]' for price, queue in levels]
    )


def _known(rows: Rows, name: str) -> Texts:
    """A column of integers as quoted digits, null where it is unknown."""
    quoted = [f'"{value}"' for value in rows[name].tolist()]
    for index in np.flatnonzero(rows["flags"] & _UNKNOWN[name]).tolist():
        quoted[index] = "null"
    return quoted


def _field(name: str, rows: Rows) -> Texts:
    if limbs.is_bytes(rows.dtype[name]):
        return [f'"{text}"' for text in words.shown(name, rows[name])]
    if name in _OF_TICKS:
        return [
            "null" if unknown else str(value)
            for value, unknown in zip(rows[name].tolist(), (rows["flags"] & Flag.NO_TICKS != 0).tolist(), strict=True)
        ]
    values = rows[name].tolist()
    if name in _KINDS:
        return [f'"{_KINDS[name](value).name.lower()}"' for value in values]
    if name == "side":
        return [_AGGRESSOR[value] for value in values]
    if name in _OR_NONE:
        return [f'"{value}"' if value else "null" for value in values]
    return [_number(value) for value in values]


def _number(value: float) -> str:
    return orjson.dumps(value).decode()  # NaN is null
