"""A JSON-RPC signer in a thread, which a test may make speak other methods, or lie."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Method = Callable[..., Any]


class Refusal(Exception):
    """What a signer answers instead of a signature."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def serving(methods: Mapping[str, Method]) -> Iterator[str]:
    """The URL of a signer that knows these methods, and says of all others that it does not."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
            try:
                if asked["method"] not in methods:
                    raise Refusal(-32601, f"the method {asked['method']} does not exist/is not available")
                answer["result"] = methods[asked["method"]](*asked["params"])
            except Refusal as refusal:
                answer["error"] = {"code": refusal.code, "message": str(refusal)}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
