"""The long fuzz of the exchange: `python -m tests.soak.exchange --commands 10000000 --seeds 8 --json`."""

import argparse
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from functools import reduce
from hashlib import sha256
from operator import add

from tests.soak.exchange.run import Broken
from tests.soak.exchange.seeds import outcomes_of


def main() -> None:
    wanted = _wanted()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes of the seeds end too
    began = time.monotonic()
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    share = -(-wanted.commands // wanted.seeds)
    try:
        outcomes = outcomes_of(list(seeds), share, wanted.workers)
    except Broken as found:
        sys.exit(str(found))
    seconds = time.monotonic() - began
    report = {
        "commands": sum(each.commands for each in outcomes),
        "rows": sum(each.rows for each in outcomes),
        "seconds": round(seconds, 1),
        "commands_per_second": round(sum(each.commands for each in outcomes) / seconds),
        "seeds": list(seeds),
        "core": _digest(each.digests[0] for each in outcomes),
        "plain": _digest(each.digests[1] for each in outcomes),
        "records": dict(_sum(each.records for each in outcomes)),
        "reasons": dict(_sum(each.reasons for each in outcomes)),
    }
    if wanted.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name}: {value}")


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.exchange", description=__doc__)
    parser.add_argument("--commands", type=_count, default=10_000_000, help="of all seeds together")
    parser.add_argument("--seeds", type=_count, default=8)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--workers", type=_count, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def _digest(digests: Iterable[str]) -> str:
    """One for all seeds: of theirs, in order."""
    return sha256("".join(digests).encode()).hexdigest()


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    return reduce(add, counters)


if __name__ == "__main__":
    main()
