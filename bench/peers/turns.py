"""A peer's side of a benchmark: it works once for each line on its standard input, and says how long it took."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def serve(
    prepare: Callable[[], Any],
    work: Callable[[Any], Any],
    tell: Callable[[Any, Any], dict[str, object]] = lambda subject, done: {},
    **facts: object,
) -> None:
    """Says that it is ready; then, for each line, prepares what the work needs, works, and prints the seconds.

    Args:
        tell: what else is said of a time, by what was prepared and what came of the work.
        facts: what is said at first.
    """
    print(json.dumps({"ready": True, **facts}), flush=True)
    for _ in sys.stdin:
        subject = prepare()
        began = time.perf_counter()
        done = work(subject)
        seconds = time.perf_counter() - began
        print(json.dumps({"seconds": seconds, **tell(subject, done)}), flush=True)
