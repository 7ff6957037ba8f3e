"""Seeds: many runs at once, each in a process of its own, and how far they are."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from ctypes import c_int64
from multiprocessing.sharedctypes import Synchronized

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.soak.exchange.run import Outcome, run

_done: "Synchronized[int]"


def outcomes_of(seeds: list[int], share: int, workers: int) -> list[Outcome]:
    context = multiprocessing.get_context("spawn")
    done = context.Value(c_int64, 0)
    columns = (TextColumn("commands"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    with (
        Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar,
        ProcessPoolExecutor(min(workers, len(seeds)), context, _begin, (done,)) as pool,
    ):
        task = bar.add_task("", total=share * len(seeds))
        runs = [pool.submit(_one, seed, share) for seed in seeds]
        try:
            while not all(each.done() for each in runs):
                if any(each.done() and each.exception() for each in runs):
                    break
                bar.update(task, completed=done.value)
                time.sleep(0.2)
            bar.update(task, completed=done.value)
            return [each.result() for each in runs]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin(done: "Synchronized[int]") -> None:
    global _done  # noqa: PLW0603 - what a worker of a pool is given, it can keep nowhere else
    _done = done


def _one(seed: int, commands: int) -> Outcome:
    return run(seed, commands, _moved)


def _moved(commands: int) -> None:
    with _done.get_lock():
        _done.value += commands
