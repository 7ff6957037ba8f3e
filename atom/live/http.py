"""HTTP: questions to one venue, kept apart, with its refusals honoured."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Final

import httpx
import structlog

from atom.live.pace import Backoff, Pace, Timing, retry_after

log = structlog.get_logger()

_LARGEST: Final = 64 * 2**20  # the instrument list of a large venue has about 20 MB
_LIMITED: Final = (418, 429)
_SLOW: Final = 8  # times as long as a venue may be silent: for an answer that comes drop by drop


class RefusedError(Exception):
    """The venue has no answer to a question, and will have none."""


class Http:
    """Asks one venue.

    Args:
        limited: told when the venue wants fewer questions: the address, and a line on it.
        hosts: where an address is to be found.
    """

    def __init__(
        self, timing: Timing, random: Random, limited: Callable[[str, str], None], hosts: Callable[[str], str]
    ) -> None:
        self._pace = Pace(timing.requests)
        self._backoff = Backoff(timing, random)
        self._limited = limited
        self._hosts = hosts
        self._why = ""
        self._longest = _SLOW * timing.answer
        self._client = httpx.AsyncClient(timeout=timing.answer, follow_redirects=True)

    async def ask(self, url: str) -> bytes | float:
        """The body of the answer on one line; or the seconds to wait before the question is put again.

        Raises:
            RefusedError: the venue does not know the question.
        """
        await self._pace.turn()
        try:
            async with asyncio.timeout(self._longest), self._client.stream("GET", self._hosts(url)) as answer:
                if answer.status_code in _LIMITED:
                    wait = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
                    self._pace.hold(wait)
                    self._limited(url, f"{answer.status_code}; the next request in {wait:g} s")
                    return wait
                if answer.is_client_error:
                    raise RefusedError(f"{url} is answered with {answer.status_code}")
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _LARGEST:
                        return self._vain(url, f"the answer has more than {_LARGEST} bytes")
                if answer.is_success:
                    self._backoff.reset()
                    self._why = ""
                    return bytes(body).replace(b"\n", b" ")
                return self._vain(url, f"the answer is {answer.status_code}")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return self._vain(url, str(error) or type(error).__name__)

    def _vain(self, url: str, why: str) -> float:
        """Says why a question is put again, the same trouble once; the seconds until then."""
        if why != self._why:
            log.warning("no answer; asking again", url=url, why=why)
        self._why = why
        return self._backoff.failed()

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.aclose()
