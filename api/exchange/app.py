"""App: the REST side of the exchange, with its OpenAPI spec, made of the table of endpoints."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.exchange.endpoint import KEY_HEADER, Desk, Endpoint, Security
from api.exchange.refusal import Refusal, bad_request
from api.exchange.signature import pairs, signed_text

_LARGEST: Final = 64 * 1024  # bytes of a form
_LARGEST_HEAD: Final = 16 * 1024
_JSON: Final = "application/json"
_ERROR: Final = {
    "type": "object",
    "required": ["code", "msg"],
    "properties": {"code": {"type": "integer"}, "msg": {"type": "string"}},
}
_STATUSES: Final = {
    400: "Refused: the code tells why.",
    401: "No key, or one that is not known.",
    409: "One of the two parts was done, the other was not.",
    413: "More than 64 KiB.",
    418: "Too much was asked after a 429; `Retry-After` tells when to come back.",
    431: "More than 16 KiB of headers.",
    429: "Too much was asked in a minute; `Retry-After` tells when to come back.",
    503: "There are too many connections.",
}
_SCHEME: Final = "key"
_NOW: Final = "/api/v3/"
_ONCE: Final = "/api/v1/"


def create_app(desk: Desk) -> FastAPI:
    """The routes of all endpoints; `/openapi.json` tells them."""
    app = FastAPI(
        title="Fusion's virtual exchange",
        version="3",
        description="Binance's spot API. Parameters come in the query or, of POST, PUT and DELETE, in a form.",
        docs_url=None,
        redoc_url=None,
    )
    for endpoint in desk.endpoints:
        if endpoint.verb:
            answer = _route(desk, endpoint)
            if endpoint.path.startswith(_NOW):  # older clients call it by its first number
                old = endpoint.path.replace(_NOW, _ONCE, 1)
                app.add_api_route(old, answer, methods=[endpoint.verb], include_in_schema=False, response_model=None)
            app.add_api_route(
                endpoint.path,
                answer,
                methods=[endpoint.verb],
                summary=endpoint.does,
                operation_id=f"{endpoint.verb.lower()}_{endpoint.path.strip('/').replace('/', '_')}",
                response_model=None,
                responses={
                    200: {"model": endpoint.result} if endpoint.result else {},
                    **{
                        status: {"description": told, "content": {_JSON: {"schema": _ERROR}}}
                        for status, told in _STATUSES.items()
                    },
                },
                openapi_extra={
                    "parameters": [each.spec for each in endpoint.known],
                    **({} if endpoint.security is Security.OPEN else {"security": [{_SCHEME: []}]}),
                },
            )
    _tell_keys(app)

    @app.exception_handler(HTTPException)
    async def no_such(request: Request, error: HTTPException) -> Response:
        path = request.url.path.replace(_ONCE, _NOW, 1)
        allowed = sorted({each.verb for each in desk.endpoints if each.path == path})
        refused = bad_request(f"{error.detail}: /openapi.json tells what there is.", error.status_code)
        return _refused(refused, {"Allow": ", ".join(allowed)} if allowed else {})

    return app


def _route(desk: Desk, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        begun = time.monotonic_ns()
        try:
            _check_head(request)
            query = request.scope["query_string"].decode("ascii", "strict")
            form = await _form(request)
            answered = desk.over_rest(
                endpoint,
                request.client.host if request.client else "",
                request.headers.get(KEY_HEADER),
                [*pairs(query), *pairs(form)],
                signed_text(query, form),
            )
        except Refusal as refused:
            return _refused(refused)
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        except UnicodeDecodeError:
            return _refused(bad_request("a query and a form are text of printable ASCII, with %XX for the rest"))
        took = f"{(time.monotonic_ns() - begun) / 1e6:.3f}ms"
        headers = {**answered.headers, "x-response-time": took}
        return Response(orjson.dumps(answered.result), media_type=_JSON, headers=headers)

    return answer


def _check_head(request: Request) -> None:
    """h11 bounds a head only while it is not whole; one that comes at once is measured here."""
    headers: list[tuple[bytes, bytes]] = request.scope["headers"]
    if len(request.scope["query_string"]) + sum(len(name) + len(value) for name, value in headers) > _LARGEST_HEAD:
        raise bad_request(f"a request's line and headers have at most {_LARGEST_HEAD} bytes", 431)


async def _form(request: Request) -> str:
    """The body, which is read no further than it may be long."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise bad_request(f"a form has at most {_LARGEST} bytes", 413)
    return body.decode("ascii", "strict")


def _refused(refused: Refusal, headers: dict[str, str] | None = None) -> Response:
    told = {**refused.headers, **(headers or {})}
    if refused.status == 413:
        told["Connection"] = "close"
    return Response(orjson.dumps(refused.told()), refused.status, told, _JSON)


def _tell_keys(app: FastAPI) -> None:
    """Adds to the spec how one shows a key."""
    made = app.openapi

    def openapi() -> dict[str, object]:
        spec: dict[str, object] = made()
        components = spec.setdefault("components", {})
        if isinstance(components, dict):
            components["securitySchemes"] = {_SCHEME: {"type": "apiKey", "in": "header", "name": KEY_HEADER}}
        return spec

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's own documentation extends a spec
