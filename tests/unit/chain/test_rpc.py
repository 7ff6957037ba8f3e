import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fusion.chain.rpc import Rpc, RpcError
from fusion.errors import BadInput, ChainUnavailable

Answer = Callable[[Any], tuple[int, bytes]]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Rpc]]:
    """Starts a server that answers every request with what a function makes of its JSON."""
    servers = []

    def start(answer: Answer) -> Rpc:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, body = answer(request)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keeps the tests' output clean."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return Rpc(f"http://127.0.0.1:{server.server_port}", timeout=2)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answering(result: dict[str, Any]) -> Answer:
    def answer(request: Any) -> tuple[int, bytes]:
        return 200, json.dumps({"jsonrpc": "2.0", "id": request["id"], **result}).encode()

    return answer


def test_a_batch_comes_back_in_the_order_asked(serve: Callable[[Answer], Rpc]) -> None:
    def backwards(request: Any) -> tuple[int, bytes]:
        return 200, json.dumps([{"id": each["id"], "result": each["method"]} for each in reversed(request)]).encode()

    assert serve(backwards).batch([("a", []), ("b", []), ("c", [])]) == ["a", "b", "c"]
    assert serve(backwards).batch([]) == []


def test_a_revert_carries_its_data(serve: Callable[[Answer], Rpc]) -> None:
    rpc = serve(answering({"error": {"code": 3, "message": "execution\nreverted", "data": "0x0102"}}))

    with pytest.raises(RpcError, match=r"refused eth_call: execution reverted$") as caught:
        rpc.call("eth_call")
    assert caught.value.data == b"\1\2"


@pytest.mark.parametrize("data", [{"data": "0x0102"}, {"result": "0x0102"}])
def test_data_that_a_node_wraps(serve: Callable[[Answer], Rpc], data: dict[str, str]) -> None:
    with pytest.raises(RpcError) as caught:
        serve(answering({"error": {"message": "reverted", "data": data}})).call("eth_call")
    assert caught.value.data == b"\1\2"


@pytest.mark.parametrize(
    "error", ["plain words", {"message": "plain words", "data": "0xzz"}, {"message": "plain words", "data": 5}]
)
def test_errors_of_other_shapes(serve: Callable[[Answer], Rpc], error: object) -> None:
    with pytest.raises(RpcError, match="plain words") as caught:
        serve(answering({"error": error})).call("eth_call")
    assert caught.value.data == b""


def test_a_limit_on_callers_may_pass(serve: Callable[[Answer], Rpc]) -> None:
    with pytest.raises(ChainUnavailable, match="limits its callers: slow down; try again later"):
        serve(answering({"error": {"code": -32005, "message": "slow down"}})).call("eth_call")


def test_too_many_results_are_no_limit_on_callers(serve: Callable[[Answer], Rpc]) -> None:
    with pytest.raises(RpcError, match="refused eth_getLogs: query returned more than 10000 results"):
        serve(answering({"error": {"code": -32005, "message": "query returned more than 10000 results"}})).call(
            "eth_getLogs"
        )


def test_a_broken_server_may_come_back(serve: Callable[[Answer], Rpc]) -> None:
    with pytest.raises(ChainUnavailable, match="answered with an error: 503"):
        serve(lambda _: (503, b"")).call("eth_call")


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b'"text"', b"[]", b"7"])
def test_a_server_that_is_no_node(serve: Callable[[Answer], Rpc], body: bytes) -> None:
    rpc = serve(lambda _: (200, body))

    with pytest.raises(BadInput, match="does not answer as an RPC endpoint"):
        rpc.call("eth_call")
    with pytest.raises(BadInput, match="does not answer as an RPC endpoint"):
        rpc.batch([("eth_call", [])])


def test_one_error_answers_for_a_whole_batch(serve: Callable[[Answer], Rpc]) -> None:
    rpc = serve(lambda _: (200, json.dumps({"id": None, "error": {"message": "batch too large"}}).encode()))

    with pytest.raises(RpcError, match="batch too large"):
        rpc.batch([("a", []), ("b", [])])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://127.0.0.1:8545/", "http://127.0.0.1:8545/"),
        ("https://name:secret@node.example.org", "https://node.example.org"),
        ("https://mainnet.example.org/v3/secret", "https://mainnet.example.org/…"),
        ("https://example.org/?key=secret", "https://example.org/…"),
    ],
)
def test_what_a_provider_knows_its_customer_by_is_not_shown(url: str, shown: str) -> None:
    assert Rpc(url).url == shown
