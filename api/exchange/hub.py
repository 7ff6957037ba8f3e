"""Hub: channels, and who is subscribed to them. What is told is written out once for all who hear it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from api.exchange.catalogue import Catalogue, Market
from atom.stream.socket import Socket, wire
from node.exchange.service.candles import INTERVALS

_SPEEDS: Final = {"": 1000, "100ms": 100, "1000ms": 1000}
_PARTS: Final = {"5", "10", "20"}
_PLAIN: Final = {"trade", "aggTrade", "bookTicker", "ticker", "miniTicker"}
_OF_ALL: Final = {"!ticker@arr", "!miniTicker@arr"}


class Topic(NamedTuple):
    """What a channel is about.

    Attributes:
        kind: `trade`, `aggTrade`, `bookTicker`, `ticker`, `miniTicker`, `kline`, `depth` (changes), `levels` (the best
            ones, whole).
        market: None for all of them.
        detail: of `kline` the interval, of `levels` how many.
        period_ms: how often it is told; 0: whenever there is something.
    """

    kind: str
    market: Market | None
    detail: str = ""
    period_ms: int = 0


def topic(name: str, catalogue: Catalogue) -> Topic | None:
    """What a stream's name means: `btcusdt@depth@100ms`; None where there is no such stream."""
    if name in _OF_ALL:
        return Topic(name[1:].partition("@")[0], None, period_ms=1000)
    symbol, _, rest = name.partition("@")
    market = catalogue.streamed(symbol)
    if market is None:
        return None
    if rest in _PLAIN:
        return Topic(rest, market, period_ms=1000 if rest.lower().endswith("ticker") and rest != "bookTicker" else 0)
    kind, _, speed = rest.partition("@")
    if kind.startswith("kline_") and not speed and kind[6:] in INTERVALS:
        return Topic("kline", market, kind[6:], 250)
    if kind.startswith("depth") and speed in _SPEEDS and (kind == "depth" or kind[5:] in _PARTS):
        return Topic("levels" if kind[5:] else "depth", market, kind[5:], _SPEEDS[speed])
    return None


class Channel:
    """One stream.

    Attributes:
        name: as clients have it.
        topic: what it is about.
    """

    def __init__(self, name: str, of: Topic) -> None:
        self.name, self.topic = name, of
        self._plain: dict[Socket, None] = {}
        self._wrapped: dict[Socket, None] = {}
        self._head = b'{"stream":"%b","data":' % name.encode()

    @property
    def empty(self) -> bool:
        """Whether nobody hears it."""
        return not (self._plain or self._wrapped)

    def tell(self, texts: Sequence[bytes]) -> None:
        """Tells all who hear it, in order."""
        if self._plain:
            _put(self._plain, b"".join([wire(text) for text in texts]))
        if self._wrapped:
            _put(self._wrapped, b"".join([wire(self._head + text + b"}") for text in texts]))

    def add(self, client: Socket, *, wrapped: bool) -> None:
        self.remove(client)
        (self._wrapped if wrapped else self._plain)[client] = None

    def remove(self, client: Socket) -> None:
        self._wrapped.pop(client, None)
        self._plain.pop(client, None)


def _put(clients: Iterable[Socket], frames: bytes) -> None:
    for client in tuple(clients):  # one that is dropped leaves
        client.put_wire(frames)


class Hub:
    """The channels that somebody hears.

    Attributes:
        opened: is told of each channel that gets its first subscriber.
        closed: of each that loses its last one.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._channels: dict[str, Channel] = {}
        self._by_market: dict[tuple[str, int], list[Channel]] = {}
        self.opened: Callable[[Channel], None] = lambda _: None
        self.closed: Callable[[Channel], None] = lambda _: None

    def knows(self, name: str) -> bool:
        return topic(name, self._catalogue) is not None

    def subscribe(self, name: str, client: Socket, *, wrapped: bool) -> None:
        """Lets a client hear a stream that there is."""
        channel = self._channels.get(name)
        if channel is None:
            of = topic(name, self._catalogue)
            if of is None:
                return
            channel = self._channels[name] = Channel(name, of)
            self._by_market.setdefault(_place(of), []).append(channel)
            self.opened(channel)
        channel.add(client, wrapped=wrapped)

    def unsubscribe(self, name: str, client: Socket) -> None:
        channel = self._channels.get(name)
        if channel is not None:
            channel.remove(client)
            if channel.empty:
                del self._channels[name]
                self._by_market[_place(channel.topic)].remove(channel)
                self.closed(channel)

    def of(self, kind: str, market: Market) -> tuple[Channel, ...]:
        """Channels of a kind and market that somebody hears, as they are now: to tell one may drop who hears it."""
        return tuple(self._by_market.get((kind, market.number), ()))

    def periodic(self) -> list[Channel]:
        """Channels that are told by the clock."""
        return [each for each in self._channels.values() if each.topic.period_ms]


def _place(of: Topic) -> tuple[str, int]:
    return of.kind, of.market.number if of.market else -1
