"""A compiled strategy does what the same text does as Python, or is refused with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fusion.errors import BadInput
from node.exchange.tester.backtest import Plan, Task, one
from node.exchange.tester.data import Data
from node.exchange.tester.run import Form
from node.exchange.tester.strategy import Strategy, load

Write = Callable[[str], Path]
INIT = "def __init__(self):\n    self.mean, self.on, self.count = {mean}, False, 0\n"
EVENT = INIT + "def on_event(self, book, event, orders):\n    {line}"


def tried(strategy: Path | type[Strategy], made: Data, form: Form, **parameters: int) -> str:
    """Its digest, or why there is none."""
    try:
        return one(Plan(strategy, form=form), made, Task(parameters, 0, 300)).digest
    except BadInput as error:
        return str(error)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("self.mean += 0.01 * (book.mid - self.mean)", "7: self.mean begins as a whole number and is given a float"),
        ("self.on = self.count + 5", "7: self.on begins as a truth and is given a number"),
        ("book.time -= 5", "7: book.time is told to a strategy, who cannot change it"),
    ],
)
def test_what_would_lose_in_silence_is_refused(write: Write, made: Data, line: str, why: str) -> None:
    assert why in tried(write(EVENT.format(mean=0, line=line)), made, Form.COMPILED)


def test_what_loses_nothing_is_taken(write: Write, made: Data) -> None:
    line = "self.mean += 0.01 * (book.last - self.mean); self.on = self.mean > 5; self.mean = 1; self.count += int(2.5)"
    path = write(EVENT.format(mean=0.0, line=line))
    assert tried(path, made, Form.COMPILED) == tried(path, made, Form.PYTHON)


FAULTS = {
    "self.count = int(book.mid)": "ValueError",
    "self.count = round(book.mid)": "ValueError",
    "orders.buy(book.ticks(book.mid), 1)": "ValueError: book.ticks",
    "self.count = book.bids[self.count + 10][0]": "IndexError",
    "orders.cancel(orders.ref(5000))": "IndexError",
}


def test_what_raises_as_python_raises_compiled(write: Write, made: Data) -> None:
    choices = "".join(f"    if self.what == {at}:\n        {line}\n" for at, line in enumerate(FAULTS))
    init = "def __init__(self, what: int = 0):\n    self.what, self.count = what, 0\n"
    kind = load(write(f"{init}def on_event(self, book, event, orders):\n{choices}"))
    for form in Form:
        for at, why in enumerate(FAULTS.values()):
            assert why in tried(kind, made, form, what=at)
