"""Seeds: many runs at once, each in a process of its own, and how far they are."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import c_int64
from multiprocessing.sharedctypes import Synchronized

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.soak.exchange.run import Outcome, run

_LINES_EVERY = 15.0  # seconds

_done: "Synchronized[int]"


def outcomes_of(seeds: list[int], share: int, workers: int) -> list[Outcome]:
    """What the run of each seed saw; `share` commands each, in so many processes.

    Raises:
        Broken: as soon as one of them shows it; the others are ended.
    """
    context = multiprocessing.get_context("spawn")
    done = context.Value(c_int64, 0)
    with context.Pool(min(workers, len(seeds)), _begin, (done,)) as pool, _shown(share * len(seeds)) as show:
        runs = [pool.apply_async(_one, (seed, share)) for seed in seeds]
        while not all(each.ready() for each in runs):
            for each in runs:
                if each.ready():
                    each.get()
            show(done.value)
            time.sleep(0.2)
        show(done.value)
        return [each.get() for each in runs]


@contextmanager
def _shown(total: int) -> Iterator[Callable[[int], None]]:
    """Shows how many commands were carried out: a bar on a terminal, a line now and then elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        due = time.monotonic()

        def say(done: int) -> None:
            nonlocal due
            if time.monotonic() >= due:
                console.print(f"{done:,} of {total:,} commands")
                due = time.monotonic() + _LINES_EVERY

        yield say
        return
    columns = (TextColumn("commands"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def _begin(done: "Synchronized[int]") -> None:
    global _done  # noqa: PLW0603 - what a worker of a pool is given, it can keep nowhere else
    _done = done


def _one(seed: int, commands: int) -> Outcome:
    return run(seed, commands, _moved)


def _moved(commands: int) -> None:
    with _done.get_lock():
        _done.value += commands
