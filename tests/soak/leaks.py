"""Nothing may grow: a pool of sandbox workers and a network of operators under steady load, measured all the while.

    .venv/bin/python -m tests.soak.leaks --minutes 30 --json

After the warm-up, a third of the time, a line is fitted to each measure. Exit 1 if one of them still grows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from cli.signals import stop_on_signal
from fusion.errors import FusionError
from fusion.settings import Settings
from sandbox.image import Image, prepare
from tests.soak.chaos import start
from tests.soak.curves import picture
from tests.soak.injector import Injector
from tests.soak.network import Network, Say, opened
from tests.soak.process import ROOT, Role, end
from tests.soak.sample import MEASURES, Group
from tests.soak.scale import Scale
from tests.soak.trend import Trend, trend
from tests.soak.wares import orders
from tests.soak.work import People

EVERY = 5.0  # seconds between two samples
WARM = 1 / 3  # of the time
OPERATORS = 3
SEED = 1
STEADY = Scale(
    honest=OPERATORS, liars=0, silent=0, jobs=0, at_once=3, commit=90, reveal=60, challenge=4, down=0, gap=1.0,
    short=(1.0, 1.0), long=0.0, watchers=0, watchers_time=0, grace=20, spare=30, patience=60.0,
)  # fmt: skip
SHORTLY = ("--keep", "60s", "--cache", "256KiB")  # what ended goes within the time of a run, as it does in a week
JOBS_A_MINUTE = 60  # more than there is time for


@dataclass
class Samples:
    """What was measured: group -> measure -> values, at `times` in seconds."""

    times: list[float] = field(default_factory=list)
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, now: float, rows: Mapping[str, Mapping[str, float]]) -> None:
        self.times.append(round(now, 1))
        for group, row in rows.items():
            for name, value in row.items():
                self.values.setdefault(group, {}).setdefault(name, []).append(round(value, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--plot", type=Path, help="write the figures as a picture (SVG) to this file")
    parser.add_argument("--keep", type=Path, help="keep homes and logs in this new folder")
    options = parser.parse_args()
    if options.minutes < 1:
        parser.error("a minute is the least that tells anything")
    stop = stop_on_signal()
    with tempfile.TemporaryDirectory(prefix="fusion-leaks-") as temporary:
        folder = Path(options.keep or temporary)
        found, drawn = soak(folder, prepare(Settings().images, None), 60.0 * options.minutes, _say, stop.is_set)
    if options.plot:
        options.plot.write_text(drawn)
    sys.stdout.write(json.dumps(found, indent=None if options.json else 1) + "\n")
    sys.exit(1 if found["growing"] or found["left"] else 0)


def soak(
    folder: Path, image: Image, seconds: float, say: Say, stopped: Callable[[], bool]
) -> tuple[dict[str, Any], str]:
    """The report, and the picture."""
    samples, ends = Samples(), dict[str, int]()
    with (
        opened(folder, image, STEADY, say, breakable=False, module="tests.soak.tidy", options=SHORTLY) as network,
        pool(ends) as load,
    ):
        start(network, say, stopped)
        count = int(seconds / 60 * JOBS_A_MINUTE)
        work = orders(SEED, count, network.wares, image.id, network.content.store, few=True)
        people, keeper = People(network, work, SEED, false_alarms=False), Injector(network, [])
        try:
            people.start()
            _measure(network, people, keeper, load, samples, seconds, say, stopped)
        finally:
            people.stop()
        left = end(list(network.operators.values()))
    warm = WARM * seconds
    trends = dict(_trends(samples, warm))
    report = {
        "minutes": round(seconds / 60, 1),
        "jobs": len(people.board.ended),
        "runs": ends,
        "restarts": sum(max(0, each.starts - 1) for each in network.operators.values()),
        "measures": {name: asdict(each) | {"grows": each.grows} for name, each in trends.items()},
        "growing": [name for name, each in trends.items() if each.grows],
        "left": left,
        "notes": people.failures,
    }
    return report, _drawn(samples, warm, seconds)


def _measure(
    network: Network,
    people: People,
    keeper: Injector,
    load: psutil.Process,
    samples: Samples,
    seconds: float,
    say: Say,
    stopped: Callable[[], bool],
) -> None:
    operators = Group("operators", [each.home for each in network.of(Role.HONEST)])
    workers = Group("pool")
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        if stopped():
            raise FusionError(f"stopped after {now:.0f} s")
        keeper.turn(people.look().timestamp, more=False)
        families = [each for operator in network.operators.values() for each in operator.family()]
        rows = {
            operators.name: operators.sample(families),
            workers.name: workers.sample([load, *load.children(recursive=True)]),
        }
        samples.add(now, rows)
        if len(samples.times) % 6 == 1:
            done, memory = len(people.board.ended), rows["operators"]["memory"]
            say(f"{now / 60:.1f} min, {done} jobs, {memory:.0f} MiB in operators")
        time.sleep(max(0.0, EVERY - (time.monotonic() - began - now)))


@contextmanager
def pool(ends: dict[str, int]) -> Iterator[psutil.Process]:
    """The pool's process under load; how its runs ended is in `ends` afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.soak.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with ExitStack() as stack:
        stack.callback(process.kill)
        yield psutil.Process(process.pid)
        said, _ = process.communicate(timeout=120.0)  # closes its input
        if process.returncode != 0:
            raise FusionError(f"the pool under load ended with status {process.returncode}")
        ends.update(json.loads(said))


def _trends(samples: Samples, warm: float) -> Iterator[tuple[str, Trend]]:
    first = next((at for at, time_ in enumerate(samples.times) if time_ >= warm), len(samples.times))
    for group, measures in samples.values.items():
        for measure in MEASURES:
            yield (
                f"{group}: {measure.name}",
                trend(samples.times[first:], measures[measure.name][first:], measure.bound),
            )


def _drawn(samples: Samples, warm: float, seconds: float) -> str:
    panels: dict[str, Mapping[str, Sequence[float]]] = {}
    for measure in MEASURES:
        title = f"{measure.name}, {measure.unit}" if measure.unit else measure.name
        panels[title] = {group: measures[measure.name] for group, measures in samples.values.items()}
    minutes = [each / 60 for each in samples.times]
    return picture(f"{seconds / 60:.0f} minutes under steady load", minutes, panels, warm / 60)


def _say(text: str) -> None:
    sys.stderr.write(f"leaks: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
