"""Pace: how often a venue may be asked, and how long to wait after it failed."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import Final

_LONGEST: Final = 3 * 86_400.0
"""Seconds: Binance's longest ban, https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds.

    Attributes:
        batch: between two batches of events.
        stale: of silence after which a connection is given up.
        first, longest: back-off after one failure, which doubles with each, and its limit; the wait is drawn evenly
            from 0 to it.
        healthy: after which a connection counts as a good one, and the back-off starts anew.
        connects, requests: between two connections, and two HTTP requests, to one venue.
        answer: for a connection or an HTTP answer.
        ping: between two messages of ours that keep a connection open, at venues that want them.
        quiet: without a change of a book after which it is asked for whole nevertheless.
        picture: for the first full picture of a book to come on its stream; twice as long after each connection that
            did not bring it.
        polls: in which each address that no stream stands for is asked once.
        flush: between two writings of the raw recording.
    """

    batch: float = 0.1
    stale: float = 60.0
    first: float = 1.0
    longest: float = 60.0
    healthy: float = 60.0
    connects: float = 0.3
    requests: float = 0.6
    answer: float = 15.0
    ping: float = 15.0
    quiet: float = 5.0
    picture: float = 30.0
    polls: float = 60.0
    flush: float = 1.0


class Backoff:
    """Waits that grow with each failure in a row, drawn at random so that many who failed together come apart.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter, "Full Jitter".
    """

    def __init__(self, timing: Timing, random: Random) -> None:
        self._timing = timing
        self._random = random
        self._failures = 0

    def reset(self) -> None:
        """It went well."""
        self._failures = 0

    def failed(self) -> float:
        """It failed once more; the seconds to wait."""
        limit = min(self._timing.longest, self._timing.first * 2 ** min(self._failures, 30))
        self._failures += 1
        return self._random.uniform(0, limit)


class Pace:
    """Keeps what is sent to one venue apart by a least time, and silent while the venue wants it so."""

    def __init__(self, apart: float) -> None:
        self._apart = apart
        self._free = 0.0  # by the loop's clock

    def hold(self, seconds: float) -> None:
        """The venue wants nothing for so long."""
        self._free = max(self._free, asyncio.get_running_loop().time() + seconds)

    async def turn(self) -> None:
        """Waits until the next may be sent."""
        loop = asyncio.get_running_loop()
        while (left := self._free - loop.time()) > 0:
            await asyncio.sleep(left)
        self._free = loop.time() + self._apart


def retry_after(value: str | None, now: datetime, otherwise: float = 30.0) -> float:
    """Seconds that an HTTP header `Retry-After` asks for, as a number or a date; at most as long as venues ban for.

    Source: RFC 9110, 10.2.3.

    Args:
        value: of the header.
        now: the time, with a zone.
        otherwise: what it is without one, or one that cannot be read.
    """
    if value is None:
        return otherwise
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST)
    try:
        at = parsedate_to_datetime(value)
        return min(max(0.0, (at - now).total_seconds()), _LONGEST)
    except (ValueError, TypeError, OverflowError):  # a date without a zone is none
        return otherwise
