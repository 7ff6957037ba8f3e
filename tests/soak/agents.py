"""A long market of many agents: `python -m tests.soak.agents --hours 24 --agents 1000 --json`.

Does memory grow, does the money stay, how fast is it? Rows of the journal are counted and let go, block by block.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from hashlib import sha256

import numpy as np
import psutil

from node.exchange.agents.facts.simulated import LISTING, PRICE, SECOND, SIZE
from node.exchange.agents.mix import mix
from node.exchange.agents.opening import Opening, populate
from node.exchange.core.journal import Record
from node.exchange.exchange import Exchange

HOUR = 3600 * SECOND


def soak(
    hours: float, agents: int, seed: int = 0, report: Callable[[float], None] = lambda done: None
) -> dict[str, object]:
    """Lets agents trade.

    Returns:
        what they did, the seconds it took, and the megabytes in use at the beginning, after each part in twelve, and
        by how much they grew from the third of these on, when all arrays have found their size.
    """
    exchange = Exchange([LISTING])
    population, _ = populate(exchange, Opening(PRICE, SIZE, seed=seed), mix(agents))
    for _ in population.run(exchange, SECOND):  # compiles
        pass
    process, memory, counts, digest = psutil.Process(), [], np.zeros(256, np.int64), sha256()
    memory.append(process.memory_info().rss / 1e6)
    began = time.perf_counter()
    end = round(hours * HOUR)
    for part in range(1, 13):
        for block in population.run(exchange, SECOND + end * part // 12):
            counts += np.bincount(block.journal["kind"], minlength=256)
            digest.update(block.journal["quantity"].tobytes())
        memory.append(process.memory_info().rss / 1e6)
        report(part / 12)
    seconds = time.perf_counter() - began
    balances = exchange.ledger.balances
    orders, fills = int(counts[Record.ACK]), int(counts[Record.FILL])
    return {
        "agents": agents,
        "hours": hours,
        "seconds": round(seconds, 1),
        "orders": orders,
        "fills": fills,
        "rejects": int(counts[Record.REJECT]),
        "orders_and_fills_per_second": round((orders + fills) / seconds),
        "open_orders": int(exchange.markets[0].state["live"][0]),
        "megabytes": [round(each, 1) for each in memory],
        "grown_megabytes": round(memory[-1] - max(memory[1:3]), 1),
        "conserved": bool((balances.sum(axis=(0, 2)) == 0).all()),
        "overdrawn": int((balances[2:] < 0).sum()),
        "digest": digest.hexdigest()[:16],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()

    def tell(done: float) -> None:
        if sys.stderr.isatty():
            print(f"\r{100 * done:3.0f} %", end="", file=sys.stderr)

    found = soak(wanted.hours, wanted.agents, wanted.seed, tell)
    if wanted.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:28} {value}")
    if not found["conserved"] or found["overdrawn"]:
        sys.exit("money was made or lost")


if __name__ == "__main__":
    main()
