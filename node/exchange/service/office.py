"""Office: where an exchange's admin is asked, over HTTP on a port of its own, by whoever shows the key of its home."""

import asyncio
import hmac
from collections.abc import Callable
from http import HTTPStatus
from math import isfinite
from types import TracebackType
from typing import Any, Final, Self

import httpx
import orjson
import structlog

from fusion.errors import BadInput, FusionError, NotReady, Retryable
from node.exchange.service.admin import Admin

KEY_HEADER: Final = "x-fusion-admin"
_LONGEST: Final = 1 << 16
_PATIENCE: Final = 10.0  # seconds for a request to come in whole
_MOST: Final = 32
_logger = structlog.get_logger()


class Office:
    """`POST /VERB` with a JSON object asks; an async context manager, in whose loop the service lives.

    Args:
        admin: who is asked.
        key: what has to be shown.
        stop: is called when `POST /stop` comes.
    """

    def __init__(self, admin: Admin, key: str, stop: Callable[[], None], host: str = "127.0.0.1") -> None:
        self._admin, self._key, self._stop, self._host = admin, key.encode(), stop, host
        self._guests = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, self._host, 0, limit=_LONGEST)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}"

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._guests += 1
        try:
            if self._guests <= _MOST:
                async with asyncio.timeout(_PATIENCE):
                    status, told = await self._answer(reader)
                    body = orjson.dumps(told)
                    head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
                    head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
                    writer.write(head.encode() + body)
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # whoever asked has left, or did not say what
        finally:
            self._guests -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[HTTPStatus, Any]:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
            }
            length = int(headers.get("content-length", "0"))
        except (ValueError, asyncio.LimitOverrunError):
            return HTTPStatus.BAD_REQUEST, {"error": "that is no HTTP request"}
        if not hmac.compare_digest(headers.get(KEY_HEADER, "").encode(), self._key):
            return HTTPStatus.UNAUTHORIZED, {"error": f"show the home's key in {KEY_HEADER}"}
        if method != "POST" or not 0 <= length <= _LONGEST:
            return HTTPStatus.BAD_REQUEST, {"error": "POST a JSON object of at most 64 KiB"}
        return self._asked(path.strip("/"), await reader.readexactly(length))

    def _asked(self, verb: str, body: bytes) -> tuple[HTTPStatus, Any]:
        try:
            fields = orjson.loads(body or b"{}")
        except orjson.JSONDecodeError:
            fields = None
        if not isinstance(fields, dict):
            return HTTPStatus.BAD_REQUEST, {"error": "POST a JSON object"}
        if verb == "stop":
            self._stop()
            return HTTPStatus.OK, {"stopping": True}
        try:
            return HTTPStatus.OK, self._admin.ask(verb, fields)
        except Retryable as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)}
        except FusionError as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except Exception as error:
            _logger.exception("an admin's request failed", verb=verb)
            told = f"the exchange failed at {verb!r} ({type(error).__name__}); its log tells more"
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"error": told}


def ask(url: str, key: str, verb: str, fields: dict[str, Any]) -> Any:
    """Asks the office of an exchange, from another process.

    Raises:
        FusionError: it refused, or does not answer, or JSON cannot tell what is asked.
    """
    for name, value in fields.items():
        if isinstance(value, float) and not isfinite(value):
            raise BadInput(f"`{name}` is a finite number, not {value}")
    try:
        answer = httpx.post(f"{url}/{verb}", json=fields, headers={KEY_HEADER: key}, timeout=30.0, trust_env=False)
    except httpx.HTTPError as error:
        raise NotReady(f"the exchange at {url} does not answer: {error}") from error
    try:
        told = answer.json()
        refused = None if answer.status_code == HTTPStatus.OK else str(told["error"])
    except (ValueError, TypeError, KeyError) as error:
        raise NotReady(f"what answers at {url} is no exchange; is another program at its port?") from error
    if refused is None:
        return told
    raise (Retryable if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else BadInput)(refused)
