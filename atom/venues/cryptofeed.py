"""Venues that cryptofeed reads: recorded lines go through its own parsers, and what they call back becomes events.

Names come from the instrument data that were recorded with the traffic; the network is never touched. Its tickers have
no sizes, so they make no quotes. It keeps no venue's number of each change, so a change that is missing shows only
where its parser sees that.
"""

import re
from ast import literal_eval
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from math import nan
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from cryptofeed import defines
from cryptofeed.exchanges import EXCHANGE_MAP

from atom.capture import Line
from atom.events import Action, Flag, Side, Status, StatusKind, Unit
from atom.gather.columns import Columns, Levels, Order
from atom.gather.stamp import Stamp
from atom.venues.cryptofeed_session import Event, MissingAnswerError, Session, instrument_urls, names_of
from atom.venues.template import Listing, Stream, Venue, period, whole
from fusion.errors import BadInput

_SIDES = {defines.BUY: Side.BID, defines.SELL: Side.ASK}
_BOOKS = ((Side.BID, defines.BID), (Side.ASK, defines.ASK))
_DELIVERY = re.compile(r"-(\d\d)([FGHJKMNQUVXZ])(\d\d?)$")  # year, month by its letter, day
_MONTHS = "FGHJKMNQUVXZ"
_KINDS = {
    defines.L2_BOOK: "book",
    defines.L3_BOOK: "book by order",
    defines.TRADES: "trade",
    defines.CANDLES: "candle",
    defines.FUNDING: "funding",
    defines.INDEX: "index_price",
    defines.OPEN_INTEREST: "open_interest",
    defines.LIQUIDATIONS: "liquidation",
}
_RECORDED = "recorded traffic only"
_COMPRESSED = f"{_RECORDED}: its messages are compressed one by one"
_PICTURES = f"{_RECORDED}: its parser asks for pictures of the books in the midst of the messages"
_LIMITS = {
    "bithumb": "it tells trades only",
    "gemini": f"{_RECORDED}: its instruments are asked for one by one",
    "huobi": _COMPRESSED,
    "huobi_dm": _COMPRESSED,
    "huobi_swap": f"{_COMPRESSED}; no funding, which is polled",
    "kucoin": f"{_RECORDED}: its address and its pictures need a token",
}

NAMES = {name.lower(): of for name, of in EXCHANGE_MAP.items()}
"""Cryptofeed's classes by the id of the venue; those that Atom reads itself are among them, for comparison."""


class Message(NamedTuple):
    """A line as it came, and what cryptofeed is given of it."""

    line: Line
    text: str | bytes


class Cryptofeed(Venue):
    """A venue that cryptofeed reads; `venue` makes a subclass for each."""

    of: ClassVar[Any]  # its class in cryptofeed
    kinds: ClassVar[tuple[str, ...]]  # of what it tells
    limit: ClassVar[str]  # what does not work this way

    def __init__(self) -> None:
        super().__init__()
        self._known = _Known(self.of, self.listings)
        self._reader = _Reader(self._known)  # each stream has its own from its first connection on

    @property
    def waiting(self) -> int:
        return sum(reader.waiting for reader in self._known.readers)

    def parsed(self, line: Line) -> Any:
        """The body as it is; what cryptofeed recorded as Python shows bytes is those bytes again."""
        body = line.body
        if body[:2] in (b"b'", b'b"'):
            try:
                shown = literal_eval(body.decode("ascii").strip())
            except SyntaxError as error:
                raise ValueError("no bytes as Python shows them") from error
            return Message(line, shown if self.id.startswith("huobi") else shown.decode())
        return Message(line, body.decode().strip())

    def symbols_of(self, message: Any) -> Sequence[str]:
        return self._reader.take(message)

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        for tell in self._reader.told.pop(symbol, ()):
            tell(columns)
        return not self._reader.complaints

    def is_nameless(self, message: Any) -> bool:
        return not self._reader.complaints

    def connected(self, url: str) -> None:
        super().connected(url)
        if self._reader is not self._known.readers[0]:
            self._known.readers.remove(self._reader)
        self._reader = _Reader(self._known)

    def answered(self, url: str) -> str | None:
        return None

    def learn(self, url: str, body: Any) -> bool:
        self._known.learn(url, str(body.text))
        return True

    def symbol(self, venue_symbol: str) -> str:
        listing = self.listings.get(venue_symbol)
        return venue_symbol if listing is None else listing.symbol

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        if self.limit.startswith(_RECORDED):
            raise BadInput(f"{self.id} cannot be recorded live: {self.limit}")
        return self._reader.streams(symbols)


class _Known:
    """What is known of a venue: its symbols, and who reads its streams.

    Attributes:
        of: its class in cryptofeed.
        names: cryptofeed's names of the symbols -> the venue's.
        readers: the first is of streams without a connection.
    """

    def __init__(self, of: Any, listings: dict[str, Listing]) -> None:
        self.of = of
        self.names: dict[str, str] = {}
        self.readers: list[_Reader] = []
        self._listings = listings
        self._texts: dict[str, str] = {}

    def learn(self, url: str, text: str) -> None:
        if not self.names:
            self._texts[url] = text
            with suppress(MissingAnswerError):
                self.look()
            return
        for reader in self.readers:
            reader.answer(url, text)

    def look(self) -> None:
        """Reads the instrument data, if that has not been done yet.

        Raises:
            MissingAnswerError: some are missing.
            ValueError: they cannot be read.
        """
        if not self.names:
            self.names = names_of(self.of, self._texts)
            for name, of_venue in self.names.items():
                self._listings[of_venue] = Listing(_ours(name), None, None)


class _Reader:
    """Reads one stream, and keeps what its feed has told that was not read yet.

    Attributes:
        told: by the venue's name of the symbol, what to do with its columns.
        complaints: of the feed about the last message.
    """

    def __init__(self, known: _Known) -> None:
        self._known = known
        self._session: Session | None = None
        self._books: set[str] = set()  # that stand, by cryptofeed's names
        self._kinds: dict[str, str] = {}  # which of the books of a symbol is read
        self.told: dict[str, list[Callable[[Columns], None]]] = {}
        self.complaints: list[str] = []
        known.readers.append(self)

    @property
    def waiting(self) -> int:
        return (0 if self._session is None else self._session.waiting) + len(self.told)

    def take(self, message: Message) -> Sequence[str]:
        session = self._session or self._open()
        at = Stamp(None, message.line.ts_recv, message.line.place)
        for (
            left
        ) in self.told.values():  # of earlier messages, which nobody read: of no symbol that is wanted, or refused
            left[:] = [partial(_lost, at)]
        self.complaints = session.take(message.line, message.text)
        gone = set(self._books) if session.lost else self._books - session.books
        session.lost = False
        self._books -= gone
        for name in sorted(gone):
            self._tell(name, partial(_lost, at))
        return tuple(self.told)

    def answer(self, url: str, text: str) -> None:
        if self._session is not None:
            self._session.answer(url, text)

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        session = self._session or self._open()
        standard = {of_venue: name for name, of_venue in self._known.names.items()}
        return [Stream(url, hello) for url, hello in session.hellos([standard[symbol] for symbol in symbols])]

    def _open(self) -> Session:
        self._known.look()
        self._session = Session(self._known.of, list(self._known.names), self._called)
        return self._session

    def _called(self, channel: str, event: Event, line: Line) -> None:
        at = Stamp(_time(event.timestamp), line.ts_recv, line.place)
        name = str(event.symbol)
        if channel in {defines.L2_BOOK, defines.L3_BOOK} and self._kinds.setdefault(name, channel) != channel:
            return  # of a symbol one book is read, the one that came first
        match channel:
            case defines.L2_BOOK:
                self._told_levels(name, event, at)
            case defines.L3_BOOK:
                self._told_orders(name, event, at)
            case defines.TRADES:
                of = _text(event.price), _text(event.amount)
                self._tell(name, partial(_trade, at, _id(event.id), _SIDES.get(event.side, Side.NONE), of))
            case _:
                for kind, values in _notes(channel, event):
                    if channel == defines.CANDLES:
                        at = at._replace(ts_event=_time(event.start))
                    self._tell(name, partial(_note, kind, at, values))

    def _told_levels(self, name: str, book: Event, at: Stamp) -> None:
        number = None if book.sequence_number is None else whole(book.sequence_number)
        if name not in self._books or book.delta is None:
            bids, asks = (_levels(side.to_dict().items()) for side in (book.book.bids, book.book.asks))
            self._books.add(name)
            self._tell(name, lambda columns: columns.whole(at, number, bids, asks))
        else:
            bids, asks = (_levels(book.delta[side]) for _, side in _BOOKS)
            self._tell(name, lambda columns: columns.change(at, number, bids, asks))

    def _told_orders(self, name: str, book: Event, at: Stamp) -> None:
        number = None if book.sequence_number is None else whole(book.sequence_number)
        orders: list[Order] = []
        if name not in self._books or book.delta is None:
            self._books.add(name)
            for side, levels in zip(Side, (None, book.book.bids, book.book.asks), strict=True):
                for price, held in () if levels is None else levels.to_dict().items():
                    orders += [_order(Action.ADD, side, each, price, size) for each, size in held.items()]
            self._tell(name, lambda columns: columns.whole(at, number, (), (), orders=orders))
            return
        for side, which in _BOOKS:
            for each, price, size in book.delta[which]:
                orders.append(_order(Action.MODIFY if size > 0 else Action.CANCEL, side, each, price, size))
        self._tell(name, lambda columns: columns.change(at, number, (), (), orders=orders))

    def _tell(self, name: str, tell: Callable[[Columns], None]) -> None:
        self.told.setdefault(self._known.names.get(name, name), []).append(tell)


def venue(name: str) -> type[Cryptofeed]:
    """The venue of an id of `NAMES`, such as `bitmex`."""
    of = NAMES[name]
    kinds = tuple(kind for channel, kind in _KINDS.items() if channel in of.websocket_channels)
    asks = any(getattr(endpoint.routes, "l2book", None) for endpoint in of.rest_endpoints)
    limit = _LIMITS.get(name, _PICTURES if asks else "")
    fields = {"id": name, "of": of, "kinds": kinds, "unverified": kinds, "limit": limit}
    return type(of.__name__, (Cryptofeed,), {**fields, "listings_urls": instrument_urls(of)})


def _ours(name: str) -> str:
    """Fusion's name of a symbol of cryptofeed's, whose dates are like `24U27`."""
    return _DELIVERY.sub(lambda m: f"-{m[1]}{_MONTHS.index(m[2]) + 1:02}{int(m[3]):02}", name)


def _trade(at: Stamp, trade_id: int | None, side: Side, of: tuple[str, str], columns: Columns) -> None:
    columns.trades += 1
    columns.trade(at, trade_id, side, of, Flag(0))


def _note(kind: str, at: Stamp, values: Sequence[float], columns: Columns) -> None:
    columns.note(kind, at, *values)


def _lost(at: Stamp, columns: Columns) -> None:
    columns.gaps += 1
    columns.status.append(Status(StatusKind.GAP, at.ts_recv, None, "cryptofeed lost the book: changes are missing"))
    columns.lost(at)


def _notes(channel: str, event: Event) -> Iterator[tuple[str, tuple[float, ...]]]:
    match channel:
        case defines.CANDLES:
            prices = (float(price) for price in (event.open, event.high, event.low, event.close))
            trades = nan if event.trades is None else float(event.trades)
            yield "candle", (period(event.interval), *prices, float(event.volume), nan, nan, trades)
        case defines.FUNDING:
            if event.mark_price is not None:
                yield "mark_price", (float(event.mark_price),)
            if event.rate is not None:
                yield "funding", (float(event.rate), _time(event.next_funding_time) or 0)
        case defines.INDEX:
            yield "index_price", (float(event.price),)
        case defines.OPEN_INTEREST:
            yield "open_interest", (Unit.CONTRACTS, float(event.open_interest), nan, nan)
        case defines.LIQUIDATIONS:
            side = _SIDES.get(event.side, Side.NONE)
            yield "liquidation", (side, float(event.price), float(event.quantity))


def _order(action: Action, side: Side, order: object, price: Decimal, size: Decimal) -> Order:
    number = _id(order)
    if number is None:
        raise ValueError(f"{order!r:.60} is no order id")
    return Order(action, side, _text(price), _text(size), number)


def _levels(levels: Any) -> Levels:
    return [(_text(price), _text(size)) for price, size in levels]


def _text(number: Any) -> str:
    return format(Decimal(number), "f")


def _time(seconds: Any) -> int | None:
    """Nanoseconds, of seconds that are exact to the microsecond."""
    return None if seconds is None else whole(round(float(seconds) * 1e6) * 1000)


def _id(told: object) -> int | None:
    """A number of 63 bits: the venue's own, or the upper bits of its UUID."""
    text = str(told)
    if text.isascii() and text.isdigit() and int(text) < 2**63:
        return int(text)
    try:
        return UUID(text).int >> 65
    except ValueError:
        return None
