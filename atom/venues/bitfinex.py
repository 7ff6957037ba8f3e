"""Bitfinex: books by price (`P0`), by order (`R0`), trades, tickers and the state of derivatives.

A message is a list that begins with the number of its channel, which the answer to a subscription gives a meaning.
Where the flag 65536 is set each ends with a number that counts those of the connection, whatever they are about: one
that is missing may have been about any of its books. Its book checksums (flag 131072) cover numbers as its own software
writes them, of which no recording was at hand; they are not asked for, and those in a recording are not looked at.
Source: https://docs.bitfinex.com/docs/ws-general and https://docs.bitfinex.com/reference/ws-public-books
"""

from collections.abc import Sequence
from math import nan
from typing import Any
from urllib.parse import urlsplit

from orjson import dumps

from atom.events import Action, Flag, Side, Unit
from atom.gather.columns import Columns, Order, Stamp
from atom.instrument import power
from atom.venues.template import Json, Listing, Stream, Venue, decimal, number, text, venue_time, whole

_SEQUENCE, _TIMES = 65_536, 32_768  # flags: a number and a time at the end of each message
_FIRST_TIME = 10**12  # a number at the end is a time in ms from here on
_TOGETHER = 6  # symbols a connection, which may have 25 channels
_PRICED, _RAW = "book P0", "book R0"
_NAMELESS = frozenset({"info", "conf", "error", "pong", "auth"})
_UNREAD = frozenset({"candles", "status", "funding"})
_OWN = {"UST": "USDT", "BCHN": "BCH", "UDC": "USDC"}
_LOT = power(8)
_SHORT = 3  # letters of a currency in a name without colon
_FUTURE = "F0"
_NO_SUM = Flag.NO_SIZE  # a ticker's sizes are sums over 25 levels
_MTS, _INDEX, _FUND, _NEXT, _RATE, _MARK, _OPEN = 0, 3, 5, 7, 11, 14, 17  # fields of the state of a derivative


class Bitfinex(Venue):
    """Bitfinex; its names are `tBTCUSD`, `tDOGE:USD` and `tBTCF0:USTF0`."""

    id = "bitfinex"
    unverified = (_RAW, "te", "deriv")
    listings_urls = tuple(f"https://api-pub.bitfinex.com/v2/conf/pub:list:pair:{of}" for of in ("exchange", "futures"))
    ping = '{"event":"ping"}'

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[str, int] = {}  # trade, of which a new connection tells once more
        self._begin()

    def _begin(self) -> None:
        self._last: int | None = None  # number of the last message
        self._missing, self._repeated = "", False
        self._whole: dict[str, Columns] = {}  # books that the connection brings
        self._resting: dict[str, set[int]] = {}  # orders in the books by order

    def connected(self, url: str) -> None:
        super().connected(url)
        self._begin()

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        conf = dumps({"event": "conf", "flags": _SEQUENCE | _TIMES}).decode()
        parts = [symbols[first : first + _TOGETHER] for first in range(0, len(symbols), _TOGETHER)]
        return [
            Stream(
                "wss://api-pub.bitfinex.com/ws/2", (conf, *(each for symbol in part for each in _asked(symbol))), part
            )
            for part in parts
        ]

    def symbols_of(self, message: Any) -> Sequence[str]:
        if isinstance(message, dict):
            if message.get("event") == "subscribed":
                self.channels[whole(message["chanId"])] = _channel(message)
            elif message.get("event") != "unsubscribed":
                self._greeted(message)
                return ()
            channel = message["chanId"]
        elif isinstance(message, list) and message:
            channel = message[0]
            self._follow(message)
        else:
            return ()
        name = self.channels[channel][1] if type(channel) is int and channel in self.channels else ""
        return (name,) if name else ()

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        if isinstance(message, dict):
            return True  # the answer to a subscription
        kind = self.channels[message[0]][0]
        label, said, last, time = _parts(message)
        at = Stamp(time, ts_recv, place)
        if self._missing:
            for book in self._whole.values():
                book.missed(at, last, self._missing)
            self._missing = ""
        if self._repeated and last is not None:
            columns.repeated(at, last)
            return True
        if label in {"hb", "cs"} or kind in _UNREAD:
            return True
        if kind in {_PRICED, _RAW}:
            if self.is_book(symbol, kind):
                self._book(symbol, said, last, at, columns)
        elif kind == "ticker":
            if said[0] is not None and said[2] is not None:  # a side that is empty has no price
                columns.quote(at, last, (decimal(said[0]), "0"), (decimal(said[2]), "0"), flags=_NO_SUM)
        elif kind == "trades":
            self._trades(symbol, label, said, at, columns)
        elif kind == "deriv":
            _state(said, at, columns)
        else:
            return kind.startswith("book P")
        return True

    def is_nameless(self, message: Any) -> bool:
        if isinstance(message, dict):
            return message.get("event") in _NAMELESS | {"subscribed"}
        if not (isinstance(message, list) and len(message) > 1 and type(message[0]) is int):
            return False
        return message[0] == 0 or message[0] in self.channels or message[1] == "hb"  # which may come before its answer

    def answered(self, url: str) -> str | None:
        return None

    def learn(self, url: str, body: Any) -> bool:
        path = urlsplit(url).path
        if ":pair:" in path:
            for name in (f"t{text(pair)}" for pair in body[0]):
                self.listings[name] = Listing(self.symbol(name), None, _LOT)  # a price has five digits, and no tick
        return path.startswith("/v2/conf/")

    def symbol(self, venue_symbol: str) -> str:
        pair = venue_symbol[1:]
        parts = pair.split(":") if ":" in pair else [pair[:_SHORT], pair[_SHORT:]]
        future = all(part.endswith(_FUTURE) for part in parts)
        names = [part.removesuffix(_FUTURE) if future else part for part in parts if part]
        return "-".join([_OWN.get(name, name) for name in names] + ["PERP"] * future)

    def _greeted(self, message: Json) -> None:
        """The first message of a connection, where a recording does not tell of connections itself."""
        if "version" in message and self._last is not None:
            self._last, self._missing = None, "a new connection"
            self.channels.clear()

    def _follow(self, message: list[Any]) -> None:
        """Looks at the number of a message, which is one more than that before on the connection."""
        last = _parts(message)[2]
        if last is None:
            return
        before = last - 1 if self._last is None else self._last
        self._repeated = last <= before
        if last > before + 1:
            self._missing = f"message {last} of the connection follows {before}"
        self._last = max(last, before)

    def _book(self, symbol: str, said: Any, last: int | None, at: Stamp, columns: Columns) -> None:
        """A full picture is a list of lists, an empty one too; a change is one entry."""
        full = not said or isinstance(said[0], list)
        entries = said if full else [said]
        if full:
            self._whole[symbol] = columns
            self._resting[symbol] = set()
        if self.books[symbol] == _RAW:
            orders = [self._order(symbol, entry) for entry in entries]
            (columns.whole if full else columns.change)(at, last, (), (), orders=orders)
            return
        sides: dict[Side, list[tuple[str, str]]] = {Side.BID: [], Side.ASK: []}
        for price, count, amount, *_ in entries:
            side, size = _signed(amount)
            sides[side].append((decimal(price), size if whole(count) else "0"))
        (columns.whole if full else columns.change)(at, last, sides[Side.BID], sides[Side.ASK])

    def _order(self, symbol: str, entry: Sequence[Any]) -> Order:
        """An order; one whose price is 0 is gone."""
        name, price, (side, size) = whole(entry[0]), decimal(entry[1]), _signed(entry[2])
        resting = self._resting.setdefault(symbol, set())
        if not number(price):
            resting.discard(name)
            return Order(Action.CANCEL, side, "0", "0", name)
        action = Action.MODIFY if name in resting else Action.ADD
        resting.add(name)
        return Order(action, side, price, size, name)

    def _trades(self, symbol: str, label: str, said: Any, at: Stamp, columns: Columns) -> None:
        """`te` is a trade and `tu` the same once more; a list, newest first, is of the past."""
        past = label == ""
        if label == "tu":
            return
        columns.trades += 1
        newest = self._newest.get(symbol, -1)
        for name, mts, amount, price, *_ in reversed(said) if past else (said,):
            if not past or whole(name) > newest:
                side, size = _signed(amount)
                when, flags = at._replace(ts_event=venue_time(mts)), Flag.SNAPSHOT if past else Flag(0)
                columns.trade(when, whole(name), side, (decimal(price), size), flags)
            self._newest[symbol] = max(whole(name), self._newest.get(symbol, -1))


def _asked(symbol: str) -> list[str]:
    wanted: list[Json] = [{"channel": "book", "symbol": symbol, "prec": "P0", "freq": "F0", "len": "250"}]
    wanted += [{"channel": channel, "symbol": symbol} for channel in ("trades", "ticker")]
    if _FUTURE in symbol:
        wanted.append({"channel": "status", "key": f"deriv:{symbol}"})
    return [dumps({"event": "subscribe", **each}).decode() for each in wanted]


def _channel(message: Json) -> tuple[str, str]:
    """Kind and symbol of a channel; no symbol for what is about all."""
    channel = text(message["channel"])
    if channel in {"candles", "status"}:
        parts = text(message["key"]).split(":", 1 if channel == "status" else 2)
        name = parts[-1] if parts[-1].startswith("t") and len(parts) > 1 else ""
        return ("deriv" if parts[0] == "deriv" else channel), name
    name = text(message["symbol"])
    if not name.startswith("t"):  # `fUSD` is lent, not traded
        return "funding", name
    return (f"book {text(message['prec'])}" if channel == "book" else channel), name


def _parts(message: Sequence[Any]) -> tuple[str, Any, int | None, int | None]:
    """Label (`hb`, `te` ...) or "", what is said, and what ends it where it is asked for: number, and time in ns."""
    label = message[1] if isinstance(message[1], str) else ""
    at = 2 if label not in {"", "hb"} else 1
    last = time = None
    for each in message[at + 1 :]:
        if whole(each) >= _FIRST_TIME:
            time = venue_time(each)
        else:
            last = each
    return label, message[at], last, time


def _signed(amount: object) -> tuple[Side, str]:
    """Side and size: what is sold is below 0."""
    told = decimal(amount)
    return (Side.ASK, told[1:]) if told.startswith("-") else (Side.BID, told)


def _state(said: Sequence[Any], at: Stamp, columns: Columns) -> None:
    at = at._replace(ts_event=venue_time(said[_MTS]))
    for note, field in (("index_price", _INDEX), ("mark_price", _MARK), ("insurance_fund", _FUND)):
        if said[field] is not None:
            columns.note(note, at, number(said[field]))
    if said[_RATE] is not None:
        coming = 0 if said[_NEXT] is None else venue_time(said[_NEXT])
        columns.note("funding", at, number(said[_RATE]), coming)
    if said[_OPEN] is not None:
        columns.note("open_interest", at, Unit.BASE, number(said[_OPEN]), nan, nan)
