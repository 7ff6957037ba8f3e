"""Folders over HTTP: a trustless gateway, its client, and the two together.

Form: https://specs.ipfs.tech/http-gateways/trustless-gateway/. Nobody has to trust who sends: every block is checked.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from fusion import log
from fusion.content import car, unixfs
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentError, ContentUnavailable

RAW_TYPE = "application/vnd.ipld.raw"
CAR_TYPE = "application/vnd.ipld.car"
CAR_ANSWER = f"{CAR_TYPE}; version=1; order=dfs; dups=n"

_TYPES = {"raw": RAW_TYPE, "car": CAR_TYPE}
_YEAR = 31_536_000


def gateway(stores: BlockStore | Sequence[BlockStore]) -> Starlette:
    """An app that answers `GET` and `HEAD` of `/<cid>?format=raw|car` from the stores, asked in their order.

    Mounted at `/ipfs` it is a trustless gateway. The form may also be asked for with `Accept`. Answers never change, so
    they may be cached for ever. 400 on a bad request, 404 when no store has all of it, each with one line of text.
    """
    sources = [stores] if isinstance(stores, BlockStore) else list(stores)

    def get(cid: Cid) -> bytes:
        for store in sources:
            try:
                return store.get(cid)
            except ContentUnavailable:
                continue
            except ContentError as error:
                log.get().warning("altered block", error=str(error))
        raise ContentUnavailable(f"{cid} is not here")

    def answer(request: Request) -> Response:
        try:
            cid = Cid.parse(request.path_params["cid"])
            form = _form(request)
            headers = _headers(cid, form)
            if headers["ETag"] in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers=headers)
            if form == "raw":
                return Response(get(cid), headers=headers)
            # One whole pass before the first byte, so that an answer that starts is complete.
            size = len(car.header(cid)) + sum(car.section_size(block) for _, block in unixfs.walk(cid, get))
        except BadInput as error:
            return PlainTextResponse(f"{error}\n", 400)
        except (ContentUnavailable, ContentError) as error:
            return PlainTextResponse(f"{error}\n", 404)
        body = _car(cid, get) if request.method == "GET" else iter(())
        return StreamingResponse(body, headers=headers | {"Content-Length": str(size)})

    return Starlette(routes=[Route("/{cid}", answer, methods=["GET", "HEAD"])])


def _headers(cid: Cid, form: str) -> dict[str, str]:
    return {
        "Cache-Control": f"public, max-age={_YEAR}, immutable",
        "Content-Disposition": f'attachment; filename="{cid}.{"car" if form == "car" else "bin"}"',
        "Content-Type": CAR_ANSWER if form == "car" else RAW_TYPE,
        "ETag": f'"{cid}.{form}"',
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
        "X-Ipfs-Path": f"/ipfs/{cid}",
    }


def _form(request: Request) -> str:
    form = request.query_params.get("format")
    if form is None:
        accepted = [part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
        form = next((form for form, kind in _TYPES.items() if kind in accepted), None)
    if form not in _TYPES:
        raise BadInput("say ?format=raw for one block or ?format=car for all of it")
    if request.query_params.get("dag-scope", "all") != "all":
        raise BadInput("only dag-scope=all is served; ask for single blocks with ?format=raw")
    return form


def _car(root: Cid, get: Callable[[Cid], bytes]) -> Iterator[bytes]:
    yield car.header(root)
    for cid, block in unixfs.walk(root, get):
        yield car.section(cid, block)


class GatewayClient:
    """Fetches folders from trustless gateways.

    Args:
        urls: where each answers, like `http://127.0.0.1:8000/ipfs`; tried in this order.
        limit: bytes that one CAR may have.
        timeout: seconds without a byte after which a gateway is given up.
        deadline: seconds that one gateway may take in all.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        limit: int = unixfs.MAX_SIZE,
        timeout: float = 10.0,
        deadline: float = 300.0,
    ) -> None:
        for url in urls:
            if not url.startswith(("http://", "https://")):
                raise BadInput(f"gateway {url!r} is not an address; write it like http://127.0.0.1:8000/ipfs")
        self.urls = tuple(url.rstrip("/") for url in urls)
        self._limit = limit
        self._timeout = timeout
        self._deadline = deadline

    def fetch(self, root: Cid, store: BlockStore) -> None:
        """Gets all of `root` from the first gateway that has it and keeps it in `store`; nothing is kept of a part.

        Raises:
            ContentUnavailable: no gateway gave it; the message says why of each.
            ContentError: no gateway gave it, and at least one sent what does not match.
        """
        failures: list[str] = []
        altered = False
        for url in self.urls:
            try:
                self._fetch(url, root, store)
            except ContentError as error:
                altered = True
                failures.append(f"{url} ({error})")
            except ContentUnavailable as error:
                failures.append(f"{url} ({error})")
            else:
                return
        told = f"{root} could not be fetched: {'; '.join(failures) or 'no gateway is set'}"
        raise ContentError(told) if altered else ContentUnavailable(told)

    def _fetch(self, url: str, root: Cid, store: BlockStore) -> None:
        with tempfile.TemporaryDirectory(prefix="fusion-fetch-") as folder:
            staged = BlockStore(Path(folder))
            try:
                self._receive(url, root, staged)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise ContentUnavailable(_why(error)) from error
            order = [cid for cid, _ in staged.blocks_of(root)]
            store.put_all((cid, staged.get(cid)) for cid in reversed(order))  # the root last

    def _receive(self, url: str, root: Cid, staged: BlockStore) -> None:
        """Stages the blocks that `root` leads to, in whatever order parents come before children."""
        wanted, seen, edges = {root}, set[Cid](), 0
        # A proxy of the environment is for the outer world, never for this machine.
        here: dict[str, httpx.BaseTransport | None] = {"all://127.0.0.1": None, "all://localhost": None}
        headers = {"Accept": CAR_ANSWER, "Accept-Encoding": "identity"}
        with (
            httpx.Client(timeout=self._timeout, headers=headers, mounts=here) as client,
            client.stream("GET", f"{url}/{root}", params={"format": "car"}) as response,
        ):
            if response.status_code != 200:
                raise ContentUnavailable(f"HTTP {response.status_code}")
            if "content-encoding" in response.headers:
                raise ContentUnavailable("it answers in an encoding that was not asked for")
            for cid, block in car.read(self._in_time(response), self._limit):
                if cid not in wanted:
                    continue  # sent twice, or no part of what was asked for
                wanted.discard(cid)
                seen.add(cid)
                staged.put(cid, block)
                children = unixfs.links(cid, block)
                edges += len(children)
                if edges > unixfs.MAX_LINKS:
                    raise ContentError(f"{root} has more than {unixfs.MAX_LINKS} links")
                wanted.update(child for child in children if child not in seen)
        if wanted:
            raise ContentError(f"the CAR ends before {len(wanted)} of its blocks, {min(wanted)} among them")

    def _in_time(self, response: httpx.Response) -> Iterator[bytes]:
        end = time.monotonic() + self._deadline
        for chunk in response.iter_raw():
            yield chunk
            if time.monotonic() > end:
                raise ContentUnavailable(f"it took more than {self._deadline:g} s")


def _why(error: Exception) -> str:
    told = " ".join(str(error).split())
    return f"{type(error).__name__}: {told}" if told else type(error).__name__


class Content:
    """Folders by CID: from the store, else from gateways, and then kept.

    Args:
        store: where blocks are kept.
        gateways: addresses as `GatewayClient` takes them.
    """

    def __init__(self, store: BlockStore, gateways: Sequence[str] = ()) -> None:
        self.store = store
        self._client = GatewayClient(gateways)

    @property
    def gateways(self) -> tuple[str, ...]:
        return self._client.urls

    def beside(self, gateways: Sequence[str]) -> "Content":
        """The same with further gateways, which are asked last."""
        return Content(self.store, [*self._client.urls, *gateways])

    def directory(self, root: Cid) -> dict[str, bytes]:
        """The files of `root`, path -> content.

        Raises:
            ContentUnavailable: neither the store nor a gateway has it.
            ContentError: it is malformed, or only altered bytes were found.
        """
        try:
            return self.store.read_directory(root)
        except (ContentUnavailable, ContentError):
            if not self._client.urls:
                raise
        self._client.fetch(root, self.store)
        return self.store.read_directory(root)
