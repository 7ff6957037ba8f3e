from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from fusion.content import car, dagpb, unixfs
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.content.dagpb import Kind, Link, Node
from fusion.content.gateway import CAR_TYPE, RAW_TYPE, Content, GatewayClient, gateway
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentError, ContentUnavailable

Serve = Callable[[ASGIApp], str]

FILES = {"module.py": b"x = 1\n", "data/large.bin": bytes(range(256)) * 4096, "data/twin.py": b"x = 1\n"}
ROOT = unixfs.directory_cid(FILES)
BLOCKS = dict(unixfs.directory_blocks(FILES))
CAR = car.header(ROOT) + b"".join(car.section(cid, BLOCKS[cid]) for cid in reversed(BLOCKS))
UNKNOWN = Cid.of_block(RAW, b"nobody has this")


@pytest.fixture
def origin(tmp_path: Path) -> BlockStore:
    """A store that has the folder."""
    origin = BlockStore(tmp_path / "origin")
    origin.add_directory(FILES)
    return origin


def sending(body: bytes | Callable[[], Iterator[bytes]], **headers: str) -> Starlette:
    """A gateway that answers everything with these bytes."""

    def answer(_: Request) -> Response:
        if isinstance(body, bytes):
            return Response(body, headers=headers)
        return StreamingResponse(body(), headers=headers)

    return Starlette(routes=[Route("/{cid}", answer)])


class TestServer:
    def test_a_block(self, origin: BlockStore, serve: Serve) -> None:
        url = f"{serve(gateway(origin))}/{ROOT}"
        answer = httpx.get(url, params={"format": "raw"})

        assert answer.status_code == 200
        assert answer.content == BLOCKS[ROOT]
        assert answer.headers["content-type"] == RAW_TYPE
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert httpx.get(url, headers={"Accept": f"{RAW_TYPE}, */*;q=0.1"}).content == BLOCKS[ROOT]

    def test_a_car(self, origin: BlockStore, serve: Serve) -> None:
        url = f"{serve(gateway([BlockStore(origin.folder / 'none'), origin]))}/{ROOT}"
        answer = httpx.get(url, headers={"Accept": f"{CAR_TYPE};version=1"})

        assert answer.headers["content-type"].startswith(CAR_TYPE)
        assert answer.headers["content-length"] == str(len(answer.content))
        received = list(car.read([answer.content], 1 << 30))
        assert dict(received) == BLOCKS
        assert received[0][0] == ROOT
        assert len(received) == len(BLOCKS)

    @pytest.mark.parametrize("form", ["raw", "car"])
    def test_head_tells_the_length_and_a_cached_answer_is_not_sent(
        self, origin: BlockStore, serve: Serve, form: str
    ) -> None:
        url = f"{serve(gateway(origin))}/{ROOT}?format={form}"
        full, head = httpx.get(url), httpx.head(url)
        cached = httpx.get(url, headers={"If-None-Match": full.headers["etag"]})

        assert head.headers["content-length"] == full.headers["content-length"]
        assert head.content == b""
        assert (cached.status_code, cached.content) == (304, b"")

    @pytest.mark.parametrize(
        ("path", "status", "told"),
        [
            ("nonsense?format=raw", 400, "is not a CID"),
            (f"{ROOT}", 400, "?format=raw"),
            (f"{ROOT}?format=tar", 400, "?format=raw"),
            (f"{ROOT}?format=car&dag-scope=entity", 400, "dag-scope"),
            (f"{UNKNOWN}?format=raw", 404, str(UNKNOWN)),
            (f"{UNKNOWN}?format=car", 404, str(UNKNOWN)),
        ],
    )
    def test_what_it_cannot_answer_is_told_in_one_line(
        self, origin: BlockStore, serve: Serve, path: str, status: int, told: str
    ) -> None:
        answer = httpx.get(f"{serve(gateway(origin))}/{path}")

        assert answer.status_code == status
        assert told in answer.text
        assert answer.text.count("\n") == 1

    def test_a_folder_with_a_hole_is_not_begun(self, origin: BlockStore, serve: Serve) -> None:
        hole = Cid.of_block(RAW, FILES["module.py"])
        next(origin.folder.rglob(str(hole))).unlink()
        answer = httpx.get(f"{serve(gateway(origin))}/{ROOT}?format=car")

        assert answer.status_code == 404
        assert str(hole) in answer.text

    def test_an_altered_block_is_never_sent_nor_the_path_of_the_store(
        self, origin: BlockStore, serve: Serve, tmp_path: Path
    ) -> None:
        next(origin.folder.rglob(str(ROOT))).write_bytes(b"altered")
        url = serve(gateway(origin))

        for form in ("raw", "car"):
            answer = httpx.get(f"{url}/{ROOT}?format={form}")
            assert answer.status_code == 404
            assert str(tmp_path) not in answer.text


class TestClient:
    def test_fetches_checks_and_keeps(self, origin: BlockStore, store: BlockStore, serve: Serve) -> None:
        content = Content(store, [serve(gateway(origin))])

        assert content.directory(ROOT) == FILES
        assert Content(store).directory(ROOT) == FILES
        assert dict(store.blocks_of(ROOT)) == BLOCKS

    def test_asks_further_gateways_last(
        self, origin: BlockStore, store: BlockStore, serve: Serve, tmp_path: Path
    ) -> None:
        without = serve(gateway(BlockStore(tmp_path / "empty")))
        assert Content(store, [without]).beside([serve(gateway(origin))]).directory(ROOT) == FILES

    def test_heals_a_store_that_was_altered(self, origin: BlockStore, store: BlockStore, serve: Serve) -> None:
        store.add_directory(FILES)
        next(store.folder.rglob(str(ROOT))).write_bytes(b"altered")

        assert Content(store, [serve(gateway(origin))]).directory(ROOT) == FILES
        assert store.read_directory(ROOT) == FILES

    def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
        self, origin: BlockStore, store: BlockStore, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")

        GatewayClient([serve(gateway(origin))]).fetch(ROOT, store)

    def test_without_gateways_the_store_speaks(self, store: BlockStore) -> None:
        with pytest.raises(ContentUnavailable, match=f"{ROOT} is not in the content store"):
            Content(store).directory(ROOT)

    def test_an_unknown_cid_names_itself_and_the_gateways(
        self, origin: BlockStore, store: BlockStore, serve: Serve
    ) -> None:
        url = serve(gateway(origin))

        with pytest.raises(ContentUnavailable, match=rf"{UNKNOWN} .*{url} \(HTTP 404\); http://127.0.0.1:1 \(Connect"):
            GatewayClient([url, "http://127.0.0.1:1"]).fetch(UNKNOWN, store)
        assert not store.folder.exists()

    def test_the_next_gateway_is_tried(self, origin: BlockStore, store: BlockStore, serve: Serve) -> None:
        altered = CAR.replace(b"x = 1\n", b"x = 2\n")
        urls = ["http://127.0.0.1:1/ipfs", serve(sending(altered)), serve(gateway(origin))]

        assert Content(store, urls).directory(ROOT) == FILES

    @pytest.mark.parametrize("order", [1, -1], ids=["children first", "strangers between"])
    def test_only_blocks_of_the_folder_are_kept(self, store: BlockStore, serve: Serve, order: int) -> None:
        strangers = [car.section(Cid.of_block(RAW, data), data) for data in (b"one", b"two")]
        sections = [car.section(cid, BLOCKS[cid]) for cid in reversed(BLOCKS)]
        body = b"".join(part for section in sections for part in (section, *strangers, section)[::order])
        GatewayClient([serve(sending(car.header(ROOT) + body))]).fetch(ROOT, store)

        assert dict(store.blocks_of(ROOT)) == BLOCKS
        assert {path.name for path in store.folder.rglob("*") if path.is_file()} == set(map(str, BLOCKS))

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (CAR.replace(b"x = 1\n", b"x = 2\n"), "altered"),
            (CAR[:-10], "cut short"),
            (CAR[: -car.section_size(BLOCKS[next(iter(BLOCKS))])], "before 1 of its blocks"),
            (car.header(ROOT), f"before 1 of its blocks, {ROOT}"),
            (car.header(ROOT) + car.section(UNKNOWN, b"nobody has this"), "before 1 of its blocks"),
            (b"", "not a CAR"),
            (b"<html>a page</html>", "section|not a CAR|cut short"),
        ],
        ids=["altered", "cut", "a block short", "no blocks", "another folder", "nothing", "a page"],
    )
    def test_bad_answers_are_refused_and_nothing_is_kept(
        self, store: BlockStore, serve: Serve, body: bytes, told: str
    ) -> None:
        url = serve(sending(body))

        with pytest.raises(ContentError, match=told) as refusal:
            Content(store, [url]).directory(ROOT)
        assert str(refusal.value).startswith(f"{ROOT} could not be fetched: {url} (")
        assert "\n" not in str(refusal.value)
        assert not store.folder.exists()

    def test_a_car_above_the_limit_is_refused(self, store: BlockStore, serve: Serve) -> None:
        def endless() -> Iterator[bytes]:
            yield car.header(ROOT)
            while True:
                yield car.section(UNKNOWN, b"nobody has this") * 1000

        with pytest.raises(ContentError, match="more than 1 MiB"):
            GatewayClient([serve(sending(endless))], limit=1 << 20).fetch(ROOT, store)

    def test_a_graph_of_too_many_links_is_refused(self, store: BlockStore, serve: Serve) -> None:
        links = [Link(Cid.of_block(RAW, b"%d" % number), str(number), 1) for number in range(20_001)]
        block = dagpb.encode(Node(Kind.DIRECTORY, links))
        root = Cid.of_block(DAG_PB, block)

        with pytest.raises(ContentError, match="20000 links"):
            GatewayClient([serve(sending(car.header(root) + car.section(root, block)))]).fetch(root, store)
        assert not store.folder.exists()

    def test_an_answer_that_drips_is_given_up(self, store: BlockStore, serve: Serve) -> None:
        def drip() -> Iterator[bytes]:
            yield car.header(ROOT)
            while True:
                yield car.section(UNKNOWN, b"nobody has this")

        with pytest.raises(ContentUnavailable, match=r"more than 0\.2 s"):
            GatewayClient([serve(sending(drip))], deadline=0.2).fetch(ROOT, store)

    def test_an_answer_that_stops_is_given_up(self, origin: BlockStore, store: BlockStore, serve: Serve) -> None:
        length = str(len(CAR) + 1000)

        def stops() -> Iterator[bytes]:
            yield CAR[:1000]
            raise ConnectionError

        with pytest.raises(ContentUnavailable, match="RemoteProtocolError"):
            GatewayClient([serve(sending(stops, **{"Content-Length": length}))]).fetch(ROOT, store)

    def test_a_compressed_answer_is_not_unpacked(self, store: BlockStore, serve: Serve) -> None:
        with pytest.raises(ContentUnavailable, match="encoding"):
            GatewayClient([serve(sending(CAR, **{"Content-Encoding": "gzip"}))]).fetch(ROOT, store)

    def test_it_is_not_led_elsewhere(self, store: BlockStore, serve: Serve) -> None:
        app = Starlette(routes=[Route("/{cid}", lambda _: RedirectResponse("http://127.0.0.1:1/secret"))])

        with pytest.raises(ContentUnavailable, match="HTTP 307"):
            GatewayClient([serve(app)]).fetch(ROOT, store)

    def test_a_fault_of_the_server_may_pass(self, store: BlockStore, serve: Serve) -> None:
        app = Starlette(routes=[Route("/{cid}", lambda _: PlainTextResponse("busy\n", 503))])

        with pytest.raises(ContentUnavailable, match="HTTP 503"):
            GatewayClient([serve(app)]).fetch(ROOT, store)

    @pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://host/ipfs", "file:///etc/passwd"])
    def test_an_address_that_is_none_is_refused_at_once(self, url: str) -> None:
        with pytest.raises(BadInput, match="is not an address"):
            GatewayClient([url])
