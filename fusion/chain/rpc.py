"""JSON-RPC over HTTP, one call or many, with errors a person can act on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from fusion.errors import BadInput, ChainUnavailable, FusionError

RATE_LIMITED = -32005  # also said of one request that asks for too much, which is no better later


class RpcError(FusionError):
    """The node answered a request with an error.

    Attributes:
        reason: the node's own words, one line.
        code: the error's number; 0 when the node gave none.
        data: what a reverted call returned; empty when the node gave none.
    """

    def __init__(self, message: str, *, reason: str, data: bytes = b"", code: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.code = code
        self.data = data


class Rpc:
    """An endpoint. Safe for several threads: each has its own connection. `url` is fit to be shown."""

    def __init__(self, url: str, *, timeout: float = 20.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadInput(f"{url!r} is no RPC endpoint; give one like http://127.0.0.1:8545")
        self.url = _shown(url)
        self._answered = False
        # Retrying is the caller's choice: only it knows what may be repeated.
        self._provider = HTTPProvider(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)

    def call(self, method: str, *params: object) -> Any:
        """The result of one request; ChainUnavailable or RpcError."""
        with self._errors_told():
            response = self._provider.make_request(RPCEndpoint(method), list(params))
        result = self._result(method, response)
        if isinstance(result, FusionError):
            raise result
        return result

    def batch(self, calls: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """The results of many requests in one round trip, in order; the first error among them is raised."""
        results = self.batch_with_faults(calls)
        for result in results:
            if isinstance(result, FusionError):
                raise result
        return results

    def batch_with_faults(self, calls: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """As `batch`, with an error kept in the place of the result it stands for."""
        if not calls:
            return []
        with self._errors_told():
            responses = self._provider.make_batch_request(
                [(RPCEndpoint(method), list(params)) for method, params in calls]
            )
        if not isinstance(responses, list):  # the batch was refused as a whole
            responses = [responses] * len(calls)
        if len(responses) != len(calls):
            raise self._no_endpoint()
        return [self._result(method, response) for (method, _), response in zip(calls, responses, strict=True)]

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except (requests.RequestException, OSError) as error:
            raise self._unavailable(error) from error
        except (ValueError, KeyError, TypeError) as error:  # what answered is no JSON, or JSON of another shape
            raise self._no_endpoint() from error

    def _no_endpoint(self) -> FusionError:
        if self._answered:  # it was one a moment ago: what is before it is broken, or it is
            return ChainUnavailable(f"{self.url} gave an answer that does not decode; try again")
        return BadInput(f"{self.url} does not answer as an RPC endpoint")

    def _unavailable(self, error: Exception) -> ChainUnavailable:
        if isinstance(error, requests.HTTPError):
            return ChainUnavailable(f"{self.url} answered with an error: {error}")
        if isinstance(error, requests.Timeout):
            return ChainUnavailable(f"no answer from {self.url} in time; it may be busy, try again")
        return ChainUnavailable(f"no answer from {self.url}; is the network up? start it with `fusion up`")

    def _result(self, method: str, response: Any) -> Any:
        if not isinstance(response, dict):
            raise self._no_endpoint()
        self._answered = True
        if "error" not in response:
            return response.get("result")
        error = response["error"]
        if not isinstance(error, dict):
            error = {"message": str(error)}
        reason = one_line(str(error.get("message", "no reason given")))
        if error.get("code") == RATE_LIMITED and "more than" not in reason:
            return ChainUnavailable(f"{self.url} limits its callers: {reason}; try again later")
        code = error.get("code")
        return RpcError(
            f"{self.url} refused {method}: {reason}",
            reason=reason,
            data=_revert_data(error.get("data")),
            code=code if isinstance(code, int) else 0,
        )


def one_line(text: str) -> str:
    """Text that others chose, on one line and without what could drive a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in " ".join(text.split()))


def _shown(url: str) -> str:
    """An endpoint as it may be shown: without what a provider knows its customer by, before the host or after it."""
    parts = urlsplit(url)
    rest = "/\N{HORIZONTAL ELLIPSIS}" if parts.path.strip("/") or parts.query else parts.path
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{rest}"


def _revert_data(data: object) -> bytes:
    if isinstance(data, dict):  # some nodes wrap it
        data = data.get("data") or data.get("result")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return b""
    return b""
