"""Pulse: what an exchange does as time passes, while it is served."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from fusion.errors import Retryable, StorageFull
from node.exchange.core.command import Kind
from node.exchange.exchange import command
from node.exchange.service.service import Service

_BEAT: Final = 0.02  # seconds between looks at the clock
_TIDY: Final = 0.2  # between writes of what waits
_NOTED: Final = 60.0  # between notes of what time it is, the wall's or the exchange's own
_LONGEST: Final = 0.03  # that sources should take at a time
_SECOND: Final = 1_000_000_000
_LEAST, _MOST = _SECOND // 1000, 3600 * _SECOND
_LATE: Final = _SECOND
"""ns of the exchange's time that sources may be behind before its clock waits for them."""
_CAUGHT: Final = 600 * _SECOND
"""ns that they catch up with at a time."""
_log = structlog.get_logger()


def catch_up(service: Service, report: Callable[[str, float], None], stopped: Callable[[], bool]) -> None:
    """Lets sources act up to now where that is the wall's time: what they owe since the exchange was served last would
    else be traded while users look on, at the time of their first order.

    Args:
        report: is told what is done and which part of it.
        stopped: whether to leave the rest for another time.
    """
    begun = lag = service.clock.now() - (service.due() or service.clock.now())
    while service.clock.follows and lag > _LATE and not stopped():
        due = service.due() or 0
        until = min(service.clock.now(), due + _CAUGHT)
        while service.step(until):
            pass
        service.tidy()
        left = service.clock.now() - (service.due() or service.clock.now())
        report("catching up with the time", 1 - left / begun)
        if left >= lag:  # they are slower than time passes
            break
        lag = left


class Pulse:
    """Lets time pass for a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stretch = _SECOND  # ns that sources act at a time; as long as it takes about `_LONGEST`
        self._full = False

    async def run(self) -> None:
        """Until it is cancelled: sources act, orders expire, what waits is written, snapshots are taken.

        Raises:
            Retryable: the exchange broke in the midst of something; what it has kept is done again when it is started.
        """
        service = self._service
        tidied, noted, told = time.monotonic(), time.monotonic(), service.clock.now()
        while True:
            if service.fault:
                raise Retryable(f"the exchange stopped at a fault ({service.fault}); start it again")
            begun = time.monotonic()
            busy = False
            with self._told():
                busy = self.advance()
            if begun - tidied > _TIDY:
                tidied = begun
                with self._told():
                    service.tidy()
            with self._told():
                self.expire()
            if begun - noted > _NOTED or service.clock.now() - told > int(_NOTED) * _SECOND:
                noted, told = begun, service.clock.now()
                with self._told():
                    service.note_time()
            await asyncio.sleep(0 if busy else _BEAT)

    def advance(self) -> bool:
        """Lets sources act that are due; whether more of them are."""
        service, begun = self._service, time.monotonic()
        now, due = service.clock.now(), service.due()
        if due is None or due > now:
            return False
        until = min(now, due + self._stretch)
        while service.step(until) and time.monotonic() - begun < _LONGEST:
            pass
        self._pace(time.monotonic() - begun, whole=until < now)
        if not service.clock.follows and now - until > _LATE + self._stretch:
            service.clock.put(until)
        return until < now

    def _pace(self, took: float, *, whole: bool) -> None:
        if took > _LONGEST:
            self._stretch = max(_LEAST, self._stretch // 2)
        elif whole and took < _LONGEST / 3:
            self._stretch = min(_MOST, self._stretch * 2)

    def expire(self) -> None:
        """Tells the time to markets where something was to happen by it: an order ends, or a pause does."""
        service, now = self._service, self._service.clock.now()
        for number, market in enumerate(service.exchange.markets):
            if market.state["due"][0] <= now:
                service.place(command(kind=Kind.TIMER, market=number))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What finds no room is tried again later; the first time is told of."""
        try:
            yield
        except StorageFull as error:
            if not self._full:
                _log.warning("no room", why=str(error))
            self._full = True
        else:
            self._full = False
