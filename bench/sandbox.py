#!/usr/bin/env python
"""What isolation costs: modules in wasm and in the jail, against the same work without walls.

.venv/bin/python bench/sandbox.py            # a table, as Markdown
.venv/bin/python bench/sandbox.py --json     # for programs
.venv/bin/python bench/sandbox.py --quick    # fewer repetitions
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file: the rooms lie beside `bench`

import numpy as np

from bench.rows import Row, median_ms, told
from fusion.content.table import Column
from fusion.content.unixfs import directory_cid
from fusion.settings import Settings
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image, prepare
from sandbox.jail.walls import usable
from sandbox.message import Run
from sandbox.native import NativeRuntime
from sandbox.outcome import Outcome, Result
from sandbox.pool import Pool
from sandbox.runtime import Runtime
from sandbox.worker import Worker

SMALL, LARGE = 500, 1_000_000  # rows
CORES = 2
DEADLINE = 60.0

HEAD = "import numpy as np\nimport pandas as pd\nfrom fusion.sdk import Floats, module\n\n\n@module\n"
SMOOTH = HEAD + (
    "def smooth(price: Floats, *, span: int = 20) -> Floats:\n"
    "    there = pd.Series(np.where(np.isfinite(price), price, np.nan))\n"
    "    return there.ewm(span=span, adjust=False, ignore_na=True).mean().to_numpy()\n"
)
"""The small job: an exponential moving average, as `modules/ema` computes it."""

SERIES = "    series = pd.Series(price)\n"
FUNCTION = "def indicator(price: Floats, *, rows: int = 14) -> Floats:\n" + SERIES
INDICATORS = {
    "stochastic oscillator": (
        "    low, high = series.rolling(rows).min(), series.rolling(rows).max()\n"
        "    return ((series - low) / (high - low)).rolling(3).mean().to_numpy()\n"
    ),
    "relative strength index": (
        "    change = series.diff()\n"
        "    up, down = (side.ewm(alpha=1 / rows).mean() for side in (change.clip(lower=0), -change.clip(upper=0)))\n"
        "    return (100 - 100 / (1 + up / down)).to_numpy()\n"
    ),
    "z-score": (
        "    rolling = series.rolling(rows)\n    return ((series - rolling.mean()) / rolling.std()).to_numpy()\n"
    ),
}
"""The large jobs: rolling indicators of a price, as they are written with pandas."""

PLAIN = HEAD + "def double(price: Floats) -> Floats:\n    return 2 * price\n"
"""The job of the native runtime's start: nearly nothing to do."""

BARE = "import numpy as np, pandas as pd; pd.Series(np.arange(500.0)).ewm(span=20, adjust=False).mean()"
"""The small job as people isolate it who have nothing better: a Python process for each."""


@dataclass(frozen=True, slots=True)
class Times:
    """How often things are measured."""

    small: int
    large: int
    throughput: float  # seconds


FULL, QUICK = Times(300, 9, 8.0), Times(60, 5, 2.0)


def code(source: str, entry: str) -> ModuleCode:
    files = {"module.py": source.encode()}
    return ModuleCode(directory_cid(files), files, entry)


def column(rows: int) -> dict[str, Column]:
    return {"price": 100 + np.cumsum(np.random.default_rng(0).normal(0, 0.02, rows))}


def order(module: ModuleCode, inputs: Mapping[str, Column]) -> Run:
    return Run(module, inputs, {}, Limits(), 0, DEADLINE)


def sure(outcome: Outcome) -> None:
    if not isinstance(outcome, Result):
        raise SystemExit(f"a benchmark's job ended with {outcome}")


def per_second(work: Callable[[], object], seconds: float, threads: int = 1) -> float:
    """How often `work` is done in a second by so many threads."""
    end = time.perf_counter() + seconds

    def repeat() -> int:
        count = 0
        while time.perf_counter() < end:
            work()
            count += 1
        return count

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(future.result() for future in [pool.submit(repeat) for _ in range(threads)])
    return done / (time.perf_counter() - began)


def process() -> None:
    subprocess.run([sys.executable, "-c", BARE], check=True)


def measured(image: Image, times: Times) -> list[Row]:
    """All rows."""
    small, prices = order(code(SMOOTH, "smooth"), column(SMALL)), column(LARGE)
    runtime = Runtime(image)
    alone_small = partial(_in_process, runtime, small)
    rows = []
    bare = median_ms(process, 5)
    for _ in range(3):
        alone_small()
    wasm_small = median_ms(alone_small, times.small)
    rows.append(Row("wasm, small numpy + pandas job, p50", wasm_small, "ms", "a Python process a job", bare))
    for name, statements in INDICATORS.items():
        large = order(code(HEAD + FUNCTION + statements, "indicator"), prices)
        alone_large = partial(_in_process, runtime, large)
        wasm_large, pandas = _alternately(
            alone_large, partial(_native_function(statements), prices["price"]), times.large
        )
        rows.append(Row(f"wasm, rolling {name} of {LARGE:,} rows", wasm_large, "ms", "pandas in process", pandas))
    with Worker(image) as worker:
        jailed = partial(_in_worker, worker, small)
        jailed()
        inside, outside = _alternately(jailed, alone_small, times.small, together=20)
        rows.append(Row("wasm inside the jail, small job, p50", inside, "ms", "wasm alone", outside))
        inside, outside = _alternately(partial(_in_worker, worker, large), alone_large, times.large)
        rows.append(Row(f"wasm inside the jail, {name} of {LARGE:,} rows", inside, "ms", "wasm alone", outside))
    bare_rate = per_second(process, times.throughput, CORES)
    with Pool(image, CORES) as pool:
        work = partial(_in_pool, pool, small)
        per_second(work, 1.0, CORES)
        rate = per_second(work, times.throughput, CORES)
        rows.append(
            Row(f"wasm inside the jail, small jobs, {CORES} cores", rate, "jobs/s", "a Python process a job", bare_rate)
        )
    with NativeRuntime(()) as native:
        plain, inputs = code(PLAIN, "double"), column(SMALL)
        begin = partial(_native, native, plain, inputs)
        for _ in range(3):
            begin()
        rows.append(
            Row(
                "jail, native job, warm start, p50", median_ms(begin, times.small), "ms", "a Python process a job", bare
            )
        )
        one = per_second(begin, times.throughput)
        rows.append(
            Row(
                "jail, native jobs, one stream",
                one,
                "jobs/s",
                "a Python process a job",
                per_second(process, times.throughput),
            )
        )
    return rows


def _in_process(runtime: Runtime, task: Run) -> None:
    sure(runtime.run(task.module, task.inputs, task.settings, limits=task.limits, deadline=DEADLINE))


def _in_worker(worker: Worker, task: Run) -> None:
    sure(worker.run(task))


def _in_pool(pool: Pool, task: Run) -> None:
    sure(pool.run(task))


def _native(runtime: NativeRuntime, module: ModuleCode, inputs: Mapping[str, Column]) -> None:
    sure(runtime.run(module, inputs, {}, deadline=DEADLINE))


def _native_function(statements: str) -> Callable[[Column], Column]:
    """An indicator as a function of this process."""
    names: dict[str, Callable[[Column], Column]] = {}
    text = "import pandas as pd\ndef indicator(price, rows=14):\n" + SERIES + statements
    exec(text, names)  # noqa: S102 - the text above, so that both sides run the same statements
    return names["indicator"]


def _alternately(
    ours: Callable[[], object], theirs: Callable[[], object], times: int, *, together: int = 1
) -> tuple[float, float]:
    """Medians of both in ms, so many together of each in turn: what slows the machine for a while slows both."""
    pairs = [(median_ms(ours, together), median_ms(theirs, together)) for _ in range(times // together)]
    first, second = (float(np.median(side)) for side in zip(*pairs, strict=True))
    return first, second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    options = parser.parse_args()
    rows = measured(prepare(Settings().images), QUICK if options.quick else FULL)
    walls = ", ".join(sorted(wall.value for wall in usable()))
    print(told(f"modules in wasm and behind the walls {walls}", rows, as_json=options.json))


if __name__ == "__main__":
    main()
