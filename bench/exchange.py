#!/usr/bin/env python
"""The virtual exchange on one core: matching, replay, strategies, order entry and agents, against the best known peers.

.venv/bin/python bench/exchange.py            # a table, as Markdown
.venv/bin/python bench/exchange.py --json     # for programs
.venv/bin/python bench/exchange.py --quick    # fewer repetitions

The peers are installed into `.venv-bench` and `.venv-bench-agents` at the first run; the reference in C is built with
`cc`. A recorded capture is replayed by price where there is one (the folder that FUSION_TEST_DATA names, or
../shared/data), and a made-up one of the same form otherwise; the market by order is simulated.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file: the rooms lie beside `bench`

import numpy as np

from atom.reader import read_capture
from atom.venues.simulated import simulate
from bench import atom, hft_events, matching, replays, streams
from bench.peer import Peer, in_turn
from bench.rows import Row, rates, told
from node.exchange.agents.opening import Opening, populate
from node.exchange.core.journal import Record
from node.exchange.exchange import Exchange
from node.exchange.tester.made import LISTING, PRICE

_HOUR: Final = 3600 * 10**9
_QUICK, _FULL = (2, 4_000), (8, 16_000)
"""Hours of our agents, and steps of the peer's, which take about as long."""


def agents(times: int, hours: int, steps: int) -> Row:
    """A hundred agents in one market for some hours; orders and trades. Of the peer's one may order at each step."""
    peer = Peer("pams_agents", str(steps), lock="requirements-bench-agents.lock")
    counted = 0

    def hours_of_ours() -> float:
        nonlocal counted
        exchange = Exchange([LISTING])
        population, _ = populate(exchange, Opening(price=PRICE, size=1000))
        began, counted = time.perf_counter(), 0
        for block in population.run(exchange, hours * _HOUR):
            kinds = block.journal["kind"]
            counted += int(np.count_nonzero(kinds == Record.ACK) + np.count_nonzero(kinds == Record.FILL))
        return time.perf_counter() - began

    turns = in_turn(hours_of_ours, peer, times)
    return Row.of("agents", "events/s", "PAMS", rates(turns, counted, int(str(peer.facts["events"]))))


def measured(folder: Path, *, quick: bool) -> list[Row]:
    """All rows but the fan-out."""
    times, orders = (3, 100_000) if quick else (7, 400_000)
    rows = [
        matching.matching(folder, 300_000 if quick else 1_000_000, times),
        matching.order_entry(folder, orders, times),
    ]
    by_order = simulate(0, orders)
    both = hft_events.orders(by_order, hft_events.BOTH, traded=True)
    rows.append(replays.replay("l3", by_order, both, folder, times))
    path, _ = atom.capture(folder)
    by_price = read_capture("binance_futures", [path]).recordings[0].events
    rows.append(replays.replay("l2", by_price, hft_events.levels(by_price), folder, times))
    rows.append(replays.strategy(simulate(1, orders // 2), folder, times))
    rows.append(agents(times, *(_QUICK if quick else _FULL)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    options = parser.parse_args()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # one core, for the peers too
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), quick=options.quick)
    os.sched_setaffinity(0, cores)  # the fan-out's clients are another machine's work
    rows.append(streams.measured(1 if options.quick else 5))
    print(told("the virtual exchange on one core, the clients of its fan-out on another", rows, as_json=options.json))


if __name__ == "__main__":
    main()
