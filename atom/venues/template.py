"""The shape of a venue. A new one is a subclass in a file of its own, listed in `atom.venues`.

A venue only says what its messages mean; arrival order, sync, ticks and lots are kept by `atom.columns`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias

from atom.columns import Columns, Stamp

Json: TypeAlias = dict[str, Any]  # an object as the venue sent it; every field is checked where it is read

_FINEST, _COARSEST = Decimal("1e-18"), Decimal("1e6")
_MICROSECONDS = 10**14  # a venue time from here on is in microseconds, below in milliseconds


@dataclass(frozen=True, slots=True)
class Listing:
    """What a venue's instrument data say of a symbol."""

    symbol: str
    tick: Decimal
    lot: Decimal


class Venue(ABC):
    """What a venue's messages mean.

    A method that reads a message raises KeyError, TypeError or ValueError where a message that it knows lacks a field
    or holds another type; the reader turns that into one line with the file and the line.
    """

    id: ClassVar[str]
    chained: ClassVar[bool]  # each delta names the one before it

    def __init__(self) -> None:
        self.listings: dict[str, Listing] = {}  # by the venue's name

    @abstractmethod
    def symbol_of(self, message: Json) -> str | None:
        """The venue's name of the symbol a message is about, or None where it names none."""

    @abstractmethod
    def read(self, message: Json, ts_recv: int, place: int, columns: Columns) -> bool:
        """Reads a message of a known symbol into its columns; False where it is not understood."""

    @abstractmethod
    def is_nameless(self, message: Json) -> bool:
        """Whether a message is of a known kind that names no symbol, such as the answer to a subscription."""

    @abstractmethod
    def answered(self, url: str) -> str | None:
        """The venue's name of the symbol that an HTTP request was about; None where it was about all."""

    @abstractmethod
    def learn(self, body: Json) -> bool:
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


def text(value: object) -> str:
    """A JSON string; TypeError otherwise."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def step(value: object) -> Decimal:
    """A venue's tick or lot; ValueError where it is none that a market could have."""
    try:
        size = Decimal(text(value)).normalize()
    except ArithmeticError as error:
        raise ValueError(f"{value!r:.40} is no decimal number") from error
    if not (size.is_finite() and _FINEST <= size <= _COARSEST):
        raise ValueError(f"{value!r:.40} is no tick or lot size")
    return size


def venue_time(value: object) -> int:
    """A venue's milliseconds or microseconds as nanoseconds."""
    number = whole(value)
    nanoseconds = number * (1_000 if number >= _MICROSECONDS else 1_000_000)
    return whole(nanoseconds)


def stamp(ts_event: object, ts_recv: int, place: int) -> Stamp:
    """When and where; `ts_event` is the venue's time or None."""
    return Stamp(None if ts_event is None else venue_time(ts_event), ts_recv, place)
