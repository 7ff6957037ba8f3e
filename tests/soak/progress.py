"""Progress of a run on stderr: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.soak.injector import Injector
from tests.soak.network import Say
from tests.soak.work import People

LINES_EVERY = 15.0  # seconds

Moved = Callable[[People, Injector], None]


@contextmanager
def shown(jobs: int) -> Iterator[tuple[Say, Moved]]:
    """Gives what says a stage, and what shows how far the jobs are."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("chaos", total=jobs)

        def say(text: str) -> None:
            bar.update(task, description=f"chaos: {text}")

        def moved(people: People, injector: Injector) -> None:
            bar.update(task, completed=len(people.board.ended), description=f"chaos: {_words(people, injector)}")

        yield say, moved


def _lines() -> tuple[Say, Moved]:
    last = [0.0]

    def say(text: str) -> None:
        sys.stderr.write(f"chaos: {text}\n")
        sys.stderr.flush()

    def moved(people: People, injector: Injector) -> None:
        if time.monotonic() >= last[0] + LINES_EVERY:
            last[0] = time.monotonic()
            say(f"{len(people.board.ended)} of {len(people.board.posted)} jobs ended, {_words(people, injector)}")

    return say, moved


def _words(people: People, injector: Injector) -> str:
    return f"{people.board.under_way} under way, {len(injector.done)} faults, {len(people.board.lies)} lies"
