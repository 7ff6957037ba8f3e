"""The shape of a venue. A new one is a subclass in a file of its own, listed in `atom.venues`.

A venue only says what its messages mean; arrival order, sync, ticks and lots are kept by `atom.gather.columns`.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import isfinite, nan
from typing import Any, ClassVar, NamedTuple, TypeAlias
from uuid import UUID

from orjson import loads

from atom.capture import Line
from atom.gather.columns import Columns, Levels, Rules, Stamp
from atom.layout import Hot

Json: TypeAlias = dict[str, Any]  # an object as the venue sent it; every field is checked where it is read

_FINEST, _COARSEST = Decimal("1e-18"), Decimal("1e6")
_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,19}")
_SECONDS = re.compile(r"(\d{1,10})(?:\.(\d{1,9}))?", re.ASCII)
_PERIOD = re.compile(r"(\d{1,3})([smhdwM])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 0}
_MICROSECONDS = 10**14  # a venue time from here on is in microseconds, below in milliseconds


@dataclass(frozen=True, slots=True)
class Listing:
    """What a venue's instrument data say of a symbol.

    Attributes:
        symbol: Fusion's name.
        tick, lot: its steps; None where the venue has none.
        contract_size: what one contract stands for where the venue counts contracts: base currency, or quote currency
            where `inverse`.
        inverse: whether profit and loss are in base currency, and contracts in quote currency.
    """

    symbol: str
    tick: Decimal | None
    lot: Decimal | None
    contract_size: Decimal | None = None
    inverse: bool = False


class Stream(NamedTuple):
    """A WebSocket connection.

    Attributes:
        url: its address.
        hello: the messages that subscribe to what it shall bring.
        symbols: the venue's names of the symbols that it shall bring, where those are not all.
    """

    url: str
    hello: Sequence[str]
    symbols: Sequence[str] = ()


class Venue(ABC):
    """What a venue's messages mean.

    A method that reads a message raises KeyError, TypeError or ValueError where a message that it knows lacks a field
    or holds another type; the reader turns that into one line with the file and the line.
    """

    id: ClassVar[str]
    rules: ClassVar[Rules] = Rules()  # how it keeps its books
    unnamed: ClassVar[bool] = False  # some messages name no symbol and are about the only one of their stream
    unverified: ClassVar[tuple[str, ...]] = ()  # kinds of messages that are read, and of which no recording was at hand
    listings_urls: ClassVar[tuple[str, ...]] = ()  # HTTP addresses of its instrument data
    ping: ClassVar[str] = ""  # a message that keeps a connection open, where it needs one each 15 seconds
    pong: ClassVar[str] = ""  # what the venue answers, where that is no JSON

    def __init__(self) -> None:
        self.listings: dict[str, Listing] = {}  # by the venue's name
        self.channels: dict[int, tuple[str, str]] = {}  # number -> kind and the venue's name of the symbol
        self.books: dict[str, str] = {}  # which of the books that it tells of a symbol is read

    @property
    def waiting(self) -> int:
        """Messages that are kept back until an HTTP answer comes."""
        return 0

    def parsed(self, line: Line) -> Any:
        """What a line's body says; ValueError where that is malformed."""
        return loads(line.body)

    @abstractmethod
    def symbols_of(self, message: Any) -> Sequence[str]:
        """The venue's names of the symbols that a message is about; none where it names none."""

    @abstractmethod
    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        """Reads what a message says of one of its symbols into its columns; False where it is not understood."""

    def hot(self, message: Any) -> Hot | None:
        """How a message that was read tells what it says, where its like come by the thousand; see `atom.layout`."""
        return None

    @abstractmethod
    def is_nameless(self, message: Any) -> bool:
        """Whether a message is of a known kind that names no symbol, such as the answer to a subscription."""

    @abstractmethod
    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        """The connections on which the venue tells all of these symbols, by its own names."""

    def snapshot_url(self, symbol: str) -> str:
        """HTTP address of a full picture of a book, whose deltas are useless without; "" where the stream brings it."""
        return ""

    def polls(self, symbol: str) -> Sequence[str]:
        """HTTP addresses of what no stream tells of a symbol and is worth asking for each minute."""
        return ()

    def connected(self, url: str) -> None:
        """A new connection: the channels that an earlier one agreed on are forgotten."""
        self.channels.clear()

    def is_book(self, symbol: str, kind: str) -> bool:
        """Whether this kind of its book is the one that is read of a symbol: the one that came first."""
        return self.books.setdefault(symbol, kind) == kind

    @abstractmethod
    def answered(self, url: str) -> str | None:
        """The venue's name of the symbol that an HTTP request was about; None where it was about all."""

    @abstractmethod
    def learn(self, url: str, body: Any) -> bool:
        """Takes instrument data from an HTTP answer about all symbols; False where there is none."""

    @abstractmethod
    def symbol(self, venue_symbol: str) -> str:
        """Fusion's name of a symbol, `BTC-USDT` or `BTC-USDT-PERP`."""


def whole(value: object) -> int:
    """A JSON integer of 64 bits; TypeError or ValueError otherwise."""
    if type(value) is not int:
        raise TypeError(f"{value!r:.40} is no integer")
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} does not fit 64 bits")
    return value


def digits(value: object) -> int:
    """A whole number of 64 bits as text; TypeError or ValueError otherwise."""
    if not _DIGITS.fullmatch(text(value)):
        raise ValueError(f"{value!r:.40} is no whole number")
    return whole(int(text(value)))


def text(value: object) -> str:
    """A JSON string; TypeError otherwise."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def decimal(value: object) -> str:
    """A number as decimal text, whether the venue writes it as a string or as a number; TypeError otherwise.

    A JSON number is read as the shortest decimal that names the same float64, which is what it was where it has at most
    15 digits.
    """
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if type(value) is float and isfinite(value):
        shown = repr(value)
        return format(Decimal(shown), "f") if "e" in shown else shown.removesuffix(".0")
    raise TypeError(f"{value!r:.40} is no number")


def number(value: object) -> float:
    """A number of administrative data, whether the venue writes it as a string or as a number."""
    read = float(value) if type(value) in (int, float, str) else nan  # type: ignore[arg-type]  # it is one of these
    if not isfinite(read):
        raise TypeError(f"{value!r:.40} is no number")
    return read


def period(value: object) -> int:
    """A length of time such as `1m`, `4h` or `1d`, in ns; 0 for months, which differ."""
    found = _PERIOD.fullmatch(text(value))
    if found is None:
        raise ValueError(f"{value!r:.40} is no length of time")
    return int(found[1]) * _UNITS[found[2]] * 10**9


def levels(value: object) -> Levels:
    """A JSON list of [price, size]; TypeError where it is no list."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is no list of levels")
    return value


def step(value: object) -> Decimal:
    """A venue's tick or lot; ValueError where it is none that a market could have."""
    try:
        size = Decimal(decimal(value)).normalize()
    except ArithmeticError as error:
        raise ValueError(f"{value!r:.40} is no decimal number") from error
    if not (size.is_finite() and _FINEST <= size <= _COARSEST):
        raise ValueError(f"{value!r:.40} is no tick or lot size")
    return size


def contract(value: object) -> Decimal:
    """What one contract stands for; ValueError where it is nothing."""
    try:
        size = Decimal(decimal(value))
    except ArithmeticError as error:
        raise ValueError(f"{value!r:.40} is no decimal number") from error
    if not (size.is_finite() and size > 0):
        raise ValueError(f"{value!r:.40} is no size of a contract")
    return size


def order_id(uuid: object) -> int:
    """The upper 63 bits of a UUID; TypeError or ValueError otherwise."""
    return UUID(text(uuid)).int >> 65


def venue_time(value: object) -> int:
    """A venue's milliseconds or microseconds as nanoseconds."""
    number = whole(value)
    nanoseconds = number * (1_000 if number >= _MICROSECONDS else 1_000_000)
    return whole(nanoseconds)


def iso_time(value: object) -> int:
    """A time such as `2023-10-06T17:35:55.440295Z`, in ns."""
    found = _ISO.fullmatch(text(value))
    if found is None:
        raise ValueError(f"{value!r:.40} is no time in UTC")
    return whole(int(datetime.fromisoformat(f"{found[1]}+00:00").timestamp()) * 10**9 + _fraction(found[2]))


def seconds(value: object) -> int:
    """A time such as `1618678142.557535`, seconds since 1970 as text, in ns."""
    found = _SECONDS.fullmatch(text(value))
    if found is None:
        raise ValueError(f"{value!r:.40} is no time in seconds")
    return whole(int(found[1]) * 10**9 + _fraction(found[2]))


def _fraction(digits: str | None) -> int:
    return int((digits or "0").ljust(9, "0"))


def stamp(ts_event: object, ts_recv: int, place: int) -> Stamp:
    """When and where; `ts_event` is the venue's time or None."""
    return Stamp(None if ts_event is None else venue_time(ts_event), ts_recv, place)
