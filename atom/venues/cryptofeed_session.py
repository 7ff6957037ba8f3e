"""Session: one of cryptofeed's feeds without its network, on a loop of its own whose sleeps take no time.

What a feed asks of HTTP is answered by what was recorded; until it has come, the messages wait in their order, as they
do on a live connection.
"""

import asyncio
import atexit
import logging
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias

from cryptofeed import defines
from cryptofeed.connection import Connection, WSAsyncConn
from cryptofeed.exceptions import MissingSequenceNumber
from cryptofeed.symbols import Symbols
from yapic.json import loads

from atom.capture import Line

CHANNELS = (
    defines.L2_BOOK,
    defines.L3_BOOK,
    defines.TRADES,
    defines.CANDLES,
    defines.FUNDING,
    defines.INDEX,
    defines.OPEN_INTEREST,
    defines.LIQUIDATIONS,
)
"""What is asked of a feed; a ticker without sizes is no quote."""

Event: TypeAlias = Any  # of cryptofeed's types, which are compiled and have no stubs
Callback = Callable[[str, Event, Line], None]

_LONGEST = 10_000  # messages that wait
_KEYS = dict.fromkeys(("key_id", "key_secret", "key_passphrase"), "")  # a parser may sign what is never sent


class MissingAnswerError(ValueError):
    """An HTTP answer that a feed needs was not recorded.

    Attributes:
        url: its address.
    """

    def __init__(self, url: str) -> None:
        super().__init__(f"no answer of {url} came before; give the recorded HTTP answers with --http")
        self.url = url


class Session:
    """One feed, and what it says.

    Args:
        of: its class in cryptofeed.
        names: cryptofeed's names of the symbols; `names_of` has told them.
        tell: called with the channel, the event and the line that it came from.

    Attributes:
        lost: whether a message was missing since this was last set to False; every book is lost then.
    """

    def __init__(self, of: Any, names: Sequence[str], tell: Callback) -> None:
        self._of = of
        self._tell = tell
        self._loop = _Hurried()
        self._lines: deque[Line] = deque()
        self._task: asyncio.Task[None] | None = None
        self._line: Line | None = None
        self._asked: dict[str, asyncio.Future[str]] = {}
        self._blocked: asyncio.Future[None] | None = None
        self._answers: dict[str, str] = {}  # that nobody has asked for yet
        self._names = names
        self.lost = False
        self._feed, self._wire = self._open()

    @property
    def waiting(self) -> int:
        """Messages that wait for an answer."""
        return len(self._lines) + (self._task is not None)

    @property
    def books(self) -> set[str]:
        """Cryptofeed's names of the symbols whose books the feed holds."""
        return set(self._feed._l2_book) | set(self._feed._l3_book)

    def take(self, line: Line, text: str | bytes) -> list[str]:
        """Takes a message; what the feed had to complain about.

        Raises:
            ValueError: the feed cannot read it, or too many wait for an answer.
        """
        if self.waiting >= _LONGEST:
            raise ValueError(str(MissingAnswerError(next(iter(self._asked)))))
        self._lines.append(line._replace(body=text))  # type: ignore[arg-type]  # the feeds take text
        return self._advance()

    def answer(self, url: str, text: str) -> None:
        """Takes an HTTP answer."""
        asked = self._asked.pop(url, None)
        if asked is None:
            self._answers[url] = text
        else:
            asked.set_result(text)

    def hellos(self, names: Sequence[str]) -> list[tuple[str, list[str]]]:
        """Of each connection for these symbols its address, and what is written to subscribe."""
        feed, _ = self._open(names)
        told = []
        for connection, subscribe, _, _ in feed.connect():
            if isinstance(connection, WSAsyncConn):
                wire = _Wire(connection.subscription, self._read)
                self._run(subscribe(wire))
                told.append((str(connection.address), wire.written))
        return told

    def close(self) -> None:
        """Ends its loop, and what still waits on it."""
        if self._loop.is_closed():
            return
        if self._task is not None:
            self._task.cancel()
            self._run(_ended(self._task))
        self._loop.close()

    def __del__(self) -> None:
        self.close()

    def _open(self, names: Sequence[str] | None = None) -> tuple[Any, "_Wire"]:
        """A feed that has subscribed to symbols, by default to all, and where it wrote that."""
        channels = [channel for channel in CHANNELS if channel in self._of.websocket_channels]
        if names and defines.L3_BOOK in channels:
            channels.remove(defines.L2_BOOK)
        subscription = {channel: list(names or self._names) for channel in channels}
        callbacks = {channel: partial(self._called, channel) for channel in channels}
        feed = self._of(subscription=subscription, callbacks=callbacks, config={self._of.id.lower(): _KEYS})
        atexit.unregister(feed.http_conn.__del__)  # or each would stay for good
        feed.http_conn = wire = _Wire(feed.subscription, self._read)
        self._run(feed.subscribe(wire))
        return feed, wire

    def _advance(self) -> list[str]:
        _HEARD.clear()
        while not self._asked:
            if self._task is None:
                if not self._lines:
                    break
                self._line = line = self._lines.popleft()
                work = self._feed.message_handler(line.body, self._wire, line.ts_recv / 1e9)
                self._task = self._loop.create_task(work)
            self._blocked = self._loop.create_future()
            self._run(self._settled())
            if not self._task.done():
                break
            task, self._task = self._task, None
            error = task.exception()
            if isinstance(error, MissingSequenceNumber):
                self.lost = True
                self._feed, self._wire = self._open()
            elif error is not None:
                raise ValueError(f"cryptofeed cannot read it: {error!r:.200}") from error
        return list(_HEARD)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs work to its end, also where another loop is waiting for this to return."""
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            self._loop.run_until_complete(work)
        finally:
            asyncio._set_running_loop(outer)

    async def _settled(self) -> None:
        assert self._task is not None and self._blocked is not None  # noqa: S101, PT018  # `_advance` has set them
        await asyncio.wait({self._task, self._blocked}, return_when=asyncio.FIRST_COMPLETED)

    async def _called(self, channel: str, event: Event, _: float) -> None:
        if self._line is not None:
            self._tell(channel, event, self._line)

    async def _read(self, url: str) -> str:
        if url in self._answers:
            return self._answers.pop(url)
        self._asked[url] = asked = self._loop.create_future()
        if self._blocked is not None and not self._blocked.done():
            self._blocked.set_result(None)
        return str(await asked)


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait({task})


def names_of(of: Any, answers: Mapping[str, str]) -> dict[str, str]:
    """Cryptofeed's names of a venue's symbols and the venue's, as its class makes them of recorded instrument data.

    Raises:
        MissingAnswerError: some are missing.
        ValueError: they cannot be read.
    """
    offline: Any = type(of.__name__, (of,), {"http_sync": _Recorded(answers)})
    try:
        names = offline.symbol_mapping(refresh=True)
    except MissingAnswerError:
        raise
    except Exception as error:
        raise ValueError(f"cryptofeed cannot read the instrument data: {error!r:.200}") from error
    Symbols.set(of.id, names, Symbols.get(of.id)[1])
    return {str(name): str(of_venue) for name, of_venue in names.items()}


def instrument_urls(of: Any) -> tuple[str, ...]:
    """Addresses of a venue's instrument data, as far as they can be told before the first answer."""
    urls: list[str] = []
    for endpoint in of.rest_endpoints:
        offline: Any = type(of.__name__, (of,), {"http_sync": _Recorded({})})
        try:
            told = offline._symbol_endpoint_prepare(endpoint)
        except MissingAnswerError as error:
            told = error.url
        urls += [told] if isinstance(told, str) else told
    return tuple(urls)


class _Recorded(Connection):  # type: ignore[misc]  # it has no stubs
    """Answers what was recorded, where cryptofeed asks at once."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers

    def read(self, address: str, json: bool = False, **_: object) -> Any:  # noqa: FBT001, FBT002  # its callers' names
        if address not in self._answers:
            raise MissingAnswerError(address)
        told = self._answers[address]
        return loads(told, parse_float=Decimal) if json else told


class _Wire(Connection):  # type: ignore[misc]  # it has no stubs
    """A connection that leads nowhere: keeps what is written, answers what was recorded."""

    def __init__(self, subscription: Any, read: Callable[[str], Coroutine[Any, Any, str]]) -> None:
        self.subscription = subscription
        self.uuid = self.id = "atom"
        self.written: list[str] = []
        self._read = read

    async def write(self, msg: Any) -> None:
        self.written.append(msg if isinstance(msg, str) else bytes(msg).decode())

    async def read(self, url: str, **_: object) -> str:
        answer: str = await self._read(url)
        return answer

    async def close(self) -> None:
        pass


class _Hurried(asyncio.SelectorEventLoop):
    """A loop in which a sleep ends at once, and still after all that was to happen before."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Instant(self))

    def time(self) -> float:
        return self._now

    def skip(self, seconds: float) -> None:
        self._now += seconds


class _Instant(selectors.DefaultSelector):
    def __init__(self, loop: _Hurried) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout:
            self._loop.skip(timeout)
        return super().select(0)


class _Heard(logging.Handler):
    """Keeps what cryptofeed complains of, instead of printing it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


_LISTENER = _Heard()
_HEARD = _LISTENER.told
logging.getLogger("feedhandler").addHandler(_LISTENER)
logging.getLogger("feedhandler").propagate = False
