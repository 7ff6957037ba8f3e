"""What commands print: a table for people, JSON for programs, progress for whoever waits at a terminal."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

Progress = Callable[[str, float], None]


LAST = 253_402_300_799  # second that a date can tell


class Moment(int):
    """Seconds of chain time: an integer to programs and in JSON, a date to a person; zero is never."""

    def __str__(self) -> str:
        if self > LAST:
            return "after the year 9999"
        return f"{datetime.fromtimestamp(self, UTC):%Y-%m-%d %H:%M:%S} UTC" if self else "never"


class Span(int):
    """Seconds: an integer to programs and in JSON, days, hours, minutes and seconds to a person; zero is for ever."""

    def __str__(self) -> str:
        left, told = int(self), []
        for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
            count, left = divmod(left, size)
            if count:
                told.append(f"{count}{unit}")
        return " ".join(told) or "for ever"


class Bps(int):
    """Basis points: an integer to programs and in JSON, with its percentage to a person."""

    def __str__(self) -> str:
        return f"{int(self)} ({int(self) / 100:g}%)"


class Lines(dict[str, object]):
    """Values by name, of which a person is shown one a line."""


def rows(items: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Prints items as one JSON array, or as a table whose columns are all items' keys."""
    if as_json:
        print(json.dumps(list(items)))
        return
    if not items:
        print("(none)")
        return
    titles = list(dict.fromkeys(key for item in items for key in item))
    cells = [[_text(item.get(title)) for title in titles] for item in items]
    numeric = [all(_is_number(item[title]) for item in items if title in item) for title in titles]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    for line in (titles, *cells):
        aligned = (
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, numeric, strict=True)
        )
        print("  ".join(aligned).rstrip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def record(item: Mapping[str, object], *, as_json: bool) -> None:
    """Prints one item as a JSON object, or as aligned `key  value` lines; of a list of items, each has its own."""
    if as_json:
        print(json.dumps(item))
        return
    width = max((len(key) for key in item), default=0)
    for key, value in item.items():
        for number, line in enumerate(_lines(value)):
            print(f"{'' if number else key:<{width}}  {line}")


def _lines(value: object) -> list[str]:
    if isinstance(value, Lines) and value:
        return [f"{name}={_text(inner)}" for name, inner in value.items()]
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        return [_text(each) for each in value]
    return [_text(value)]


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_text(inner)}" for key, inner in value.items()) or "-"
    if isinstance(value, list | tuple):
        return "; ".join(_text(inner) for inner in value) or "-"
    if isinstance(value, float):
        return format(value, ".10g")
    return "-" if value is None or value == "" else str(value)


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """A progress bar on stderr when it is a terminal, else nothing; gives a function (stage, fraction)."""
    if not sys.stderr.isatty():
        yield lambda stage, fraction: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)

        def draw(stage: str, fraction: float) -> None:
            bar.update(task, description=f"{title}: {stage}", completed=fraction)

        yield draw
