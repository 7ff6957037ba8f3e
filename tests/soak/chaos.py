"""Operators under fire: real processes, a real chain, and everything that breaks while jobs run.

    .venv/bin/python -m tests.soak.chaos --operators 14 --jobs 200 --json

At the end the chain alone is asked whether every job ended, whether any honest operator that was back in time lost
stake, and whether every base unit went where it should. Exit 1, with the details, if not.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.signals import stop_on_signal
from fusion import log
from fusion.chain.client import Block
from fusion.errors import FusionError
from fusion.settings import Settings
from sandbox.image import Image, prepare
from tests.soak import report
from tests.soak.faults import plan
from tests.soak.injector import Injector
from tests.soak.memory import proportional
from tests.soak.network import BLOCK_SECONDS, Network, Say, opened
from tests.soak.process import Role, end, gone
from tests.soak.progress import shown
from tests.soak.record import Record
from tests.soak.report import Observed, Skip
from tests.soak.scale import Scale, scale
from tests.soak.wares import orders
from tests.soak.work import People, until, waits_for_time

LOOK = 0.5  # seconds between two looks at the chain
STAGGER = 1.0  # seconds between the starts of two operators, where there are many
START = 240.0  # seconds for all operators to be staked
HORIZON = 3_600.0  # seconds of faults that are planned
SKIP_EVERY = 2.0  # seconds between two questions whether chain time may be moved on
SETTLE = 60.0  # seconds for what is still owed to the ledger's books after the last job


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operators", type=int, default=14, help="10 or more are two liars, a silent one and others")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the jobs and of what is broken when")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--plot", type=Path, help="write the run as a picture (SVG) to this file")
    parser.add_argument("--keep", type=Path, help="keep homes and logs in this new folder")
    options = parser.parse_args()
    if options.operators < 5 or options.jobs < 1:
        parser.error("a chaos has 5 operators or more, and a job or more")
    log.configure("WARNING")
    stop = stop_on_signal()
    with shown(options.jobs) as (say, moved):
        image = prepare(Settings().images, None)
        with tempfile.TemporaryDirectory(prefix="fusion-chaos-") as temporary:
            folder = Path(options.keep or temporary)
            size = scale(options.operators, options.jobs)
            found, picture = chaos(folder, image, size, options.seed, say=say, moved=moved, stopped=stop.is_set)
    if options.plot:
        options.plot.write_text(picture)
    sys.stdout.write(json.dumps(found, indent=None if options.json else 1) + "\n")
    sys.exit(1 if found["breaches"] else 0)


def chaos(
    folder: Path,
    image: Image,
    size: Scale,
    seed: int,
    *,
    say: Say = lambda text: None,
    moved: Callable[[People, Injector], None] = lambda people, injector: None,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[dict[str, Any], str]:
    """One run, in `folder`: the report and the picture.

    Raises:
        FusionError: it could not begin, or was stopped.
    """
    began = time.monotonic()
    observed = Observed()
    with opened(folder, image, size, say) as network:
        start(network, say, stopped)
        many = size.honest + size.liars + size.silent >= 10
        work = orders(seed, size.jobs, network.wares, image.id, network.content.store, few=not many)
        able = {each.name: each.able for each in network.of(Role.HONEST)}
        people = People(network, work, seed)
        injector = Injector(network, plan(seed, able, size, HORIZON))
        try:
            people.start()
            _run(network, people, injector, observed, moved, stopped)
        finally:
            people.stop()
        observed.wall = time.monotonic() - began
        say("ends the operators")
        observed.left = end(list(network.operators.values())) + gone(injector.orphans)
        say("reads the books")
        record = Record.read(network.chain)
        found = report.told(record, network, people, injector, observed, seed)
        return found, report.drawn(record, network, injector, observed)


def start(network: Network, say: Say, stopped: Callable[[], bool]) -> None:
    """Starts the operators one after another, and waits until all can be drawn."""
    started = [each for each in network.operators.values() if each.role is not Role.SILENT]
    for number, operator in enumerate(started):
        say(f"starts {operator.name}")
        if number and len(started) > 5:
            time.sleep(STAGGER)
        operator.start()
        if stopped():
            raise FusionError("stopped before it began")
    say("waits for their stakes")
    wanted = len(network.operators)

    def staked() -> bool:
        if stopped():
            raise FusionError("stopped before it began")
        dead = [each for each in started if each.process is not None and each.process.poll() is not None]
        if dead:
            raise FusionError(f"{dead[0].name} ended at its start: {dead[0].last_words()}")
        return network.chain.staking.candidate_count() == wanted and all(each.works() for each in started)

    until(staked, START, "all operators are staked")


def _run(
    network: Network,
    people: People,
    injector: Injector,
    observed: Observed,
    moved: Callable[[People, Injector], None],
    stopped: Callable[[], bool],
) -> None:
    """From the first post to the end of the last job; what is broken then is mended."""
    board, deadline, next_skip = people.board, 0.0, 0.0
    while True:
        head = people.look()
        injector.turn(head.timestamp, more=not (people.all_posted and not board.under_way))
        moved(people, injector)
        clock = time.monotonic()
        if people.all_posted:
            deadline = deadline or clock + network.scale.patience
            if not board.under_way or clock > deadline:
                break
        if clock >= next_skip and not board.proposed and (people.all_posted or network.scale.spare is not None):
            next_skip = clock + SKIP_EVERY
            _skip(network, people, observed, head)
        if stopped():
            raise FusionError(f"stopped with {len(board.ended)} of {len(board.posted)} jobs ended")
        time.sleep(LOOK)
    observed.memory = {name: proportional(each.family()) for name, each in network.operators.items() if each.family()}
    injector.mend_all(head.timestamp)
    end = time.monotonic() + SETTLE
    while not injector.quiet and time.monotonic() < end:
        injector.turn(people.look().timestamp, more=False)
        time.sleep(LOOK)


def _skip(network: Network, people: People, observed: Observed, head: Block) -> None:
    """Moves chain time on where that is fair. It is asked again while no block comes: what is proposed in between would
    lose its challenge window.
    """
    if waits_for_time(network, people.board, head) <= 1:
        return
    network.anvil.rpc.call("evm_setIntervalMining", 0)
    try:
        head = people.look()
        seconds = 0 if people.board.proposed else waits_for_time(network, people.board, head)
        if seconds > 1:
            observed.skips.append(Skip(head.timestamp, seconds))
            network.anvil.advance(seconds)
    finally:
        network.anvil.rpc.call("evm_setIntervalMining", BLOCK_SECONDS)


if __name__ == "__main__":
    main()
