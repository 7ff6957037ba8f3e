"""Bus: events in, lines out, to all who subscribe. In one thread and one event loop."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, Protocol

from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode

from atom.events import Events
from atom.stream.market import Market
from atom.stream.messages import FEEDS, PICTURED, Key
from atom.stream.orders import LevelsAlone
from fusion.errors import BadInput, Retryable

_FRAME: Final = 64 * 1024  # bytes of lines in one frame, of several
_POLL_S: Final = 0.001


class SlowConsumer(Retryable):
    """A subscriber did not read what it subscribed to."""


class Frame:
    """Some lines of one subscription, written out once for all who take them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.count = len(lines)
        self.text = "\n".join(lines).encode()

    @cached_property
    def wire(self) -> bytes:
        """The text as a WebSocket frame of a server."""
        return WireFrame(Opcode.TEXT, self.text).serialize(mask=False)


class Subscriber(Protocol):
    """Who takes frames."""

    @property
    def behind(self) -> bool:
        """Whether it has not yet read what it was given."""

    def put(self, frame: Frame) -> None:
        """Takes a frame, at once and whatever happens: one that cannot follow is dropped by its own doing."""

    def drop(self) -> None:
        """Ends one that does not follow."""


class Direct:
    """A subscriber that hands each frame on at once, and so is never behind."""

    behind = False

    def __init__(self, put: Callable[[Frame], None]) -> None:
        self.put = put

    def drop(self) -> None:
        """There is nothing to end."""


class Bus:
    """A sink whose events become lines for subscribers.

    Args:
        markets: (venue, symbol) that there will be events of; others are known once there are.
    """

    def __init__(self, markets: Iterable[tuple[str, str]] = ()) -> None:
        self._markets: dict[tuple[str, str], Market] = {}
        self._wanted: defaultdict[tuple[str, str], dict[str, dict[Subscriber, None]]] = defaultdict(dict)
        for market in markets:
            self.expect(*market)

    @property
    def markets(self) -> list[tuple[str, str]]:
        """The (venue, symbol) that one can subscribe to, sorted."""
        return sorted(self._markets)

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return sum(len(of) for feeds in self._wanted.values() for of in feeds.values())

    def expect(self, venue: str, symbol: str) -> None:
        """Lets subscribe to a symbol before there is an event of it."""
        self._markets.setdefault((venue, symbol), Market(venue, symbol))

    def take(self, events: Events) -> None:
        of = (events.instrument.venue, events.instrument.symbol)
        self.expect(*of)
        wanted = self._wanted[of]
        for feed, lines in self._markets[of].take(events, wanted).items():
            for frame in frames(lines):
                for subscriber in tuple(wanted.get(feed, ())):  # one that is dropped unsubscribes
                    subscriber.put(frame)

    def subscribe(self, key: Key, subscriber: Subscriber) -> int:
        """Begins a subscription.

        Returns:
            the number of the feed's last message; the subscriber gets those after it. Of the book and
            of its orders it gets a picture at once, under that number.

        Raises:
            BadInput: there is no such market or feed, its venue tells no orders, or it has subscribed already.
        """
        market = self._known(key)
        if key.feed == "orders" and market.orders.levels_alone:
            raise LevelsAlone(key.venue, key.symbol)
        among = self._wanted[key.venue, key.symbol].setdefault(key.feed, {})
        if subscriber in among:
            raise BadInput(f"there is a subscription to {key.feed} of {key.symbol} on {key.venue} already")
        among[subscriber] = None
        return market.seq[key.feed]

    def picture(self, key: Key) -> Frame | None:
        """What a subscription begins with; None where there is nothing before the next message."""
        return Frame([self._known(key).picture(key.feed)]) if key.feed in PICTURED else None

    def unsubscribe(self, key: Key, subscriber: Subscriber) -> None:
        """Ends a subscription; BadInput where there is none."""
        feeds = self._wanted.get((key.venue, key.symbol), {})
        if subscriber not in feeds.get(key.feed, ()):
            raise BadInput(f"there is no subscription to {key.feed} of {key.symbol} on {key.venue}")
        del feeds[key.feed][subscriber]
        if not feeds[key.feed]:
            del feeds[key.feed]

    async def room(self, patience_s: float = 5.0) -> None:
        """Waits until all subscribers have read what they were given; who has not after so long is dropped."""
        deadline = asyncio.get_running_loop().time() + patience_s
        while late := {one for feeds in self._wanted.values() for of in feeds.values() for one in of if one.behind}:
            if asyncio.get_running_loop().time() > deadline:
                for one in late:
                    one.drop()
                return
            await asyncio.sleep(_POLL_S)

    def listen(self, venue: str, symbol: str, feed: str, *, most: int = 10_000) -> "Listener":
        """A subscription of this process, whose lines are read with `async for`.

        Args:
            most: lines that may wait to be read; with more the subscription ends, and reading raises SlowConsumer.
        """
        return Listener(self, Key(venue, symbol, feed), most)

    def _known(self, key: Key) -> Market:
        if key.feed not in FEEDS:
            raise BadInput(f"unknown feed {key.feed[:40]!r}; known are {', '.join(FEEDS)}")
        if (key.venue, key.symbol) not in self._markets:
            raise BadInput(f"{key.symbol[:40]!r} on {key.venue[:40]!r} is not streamed here; {self._told()}")
        return self._markets[key.venue, key.symbol]

    def _told(self) -> str:
        first = [f"{symbol} on {venue}" for venue, symbol in self.markets[:5]]
        more = ", ..." if len(self._markets) > len(first) else ""
        return f"there are {', '.join(first)}{more}" if first else "nothing is yet"


class Listener:
    """A subscription of this process."""

    def __init__(self, bus: Bus, key: Key, most: int) -> None:
        self._bus, self._key, self._most = bus, key, most
        self._frames: deque[Frame] = deque()
        self._waiting = 0
        self._dropped, self._open = False, True
        self._more = asyncio.Event()
        bus.subscribe(key, self)
        picture = bus.picture(key)
        if picture is not None:
            self.put(picture)

    @property
    def behind(self) -> bool:
        return bool(self._frames)

    def put(self, frame: Frame) -> None:
        self._waiting += frame.count
        self._frames.append(frame)
        self._more.set()
        if self._waiting > self._most:
            self.drop()

    def drop(self) -> None:
        self._dropped = True
        self._more.set()
        self.close()

    def close(self) -> None:
        """Ends it; what was not read is gone. Again, it does nothing."""
        self._frames.clear()
        if self._open:
            self._open = False
            self._bus.unsubscribe(self._key, self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while self._frames:
                frame = self._frames.popleft()
                self._waiting -= frame.count
                for line in frame.text.split(b"\n"):
                    yield line
            if self._dropped:
                raise SlowConsumer(f"{self._waiting} lines of {self._key.feed} were not read in time; subscribe anew")
            self._more.clear()
            await self._more.wait()


def frames(lines: Sequence[str]) -> list[Frame]:
    """Lines as frames, none larger than 64 KiB of several lines."""
    made, first, size = [], 0, 0
    for index, line in enumerate(lines):
        if size + len(line) > _FRAME and index > first:
            made.append(Frame(lines[first:index]))
            first, size = index, 0
        size += len(line) + 1
    return [*made, Frame(lines[first:])] if lines else []
