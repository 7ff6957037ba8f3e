"""A peer's side of a benchmark: it works once for each line on its standard input, and says how long it took."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def serve(prepare: Callable[[], Any], work: Callable[[Any], None], **facts: object) -> None:
    """Says that it is ready; then, for each line, prepares what the work needs, works, and prints the seconds."""
    print(json.dumps({"ready": True, **facts}), flush=True)
    for _ in sys.stdin:
        subject = prepare()
        began = time.perf_counter()
        work(subject)
        print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
