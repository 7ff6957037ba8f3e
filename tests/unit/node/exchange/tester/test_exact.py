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
        ("book['time'] = 5", "7: book[...] is told to a strategy, who cannot change it"),
        ("book.bids[0][0] = 5", "7: book[...] is told to a strategy, who cannot change it"),
        (
            "self.count = int(0.5 if self.on else book.time)",
            "7: a result is a whole number here",
        ),
        ("self.on = 2 ** self.count == 0.5", "7: a whole number to the power of one that may be below 0"),
        ("self.count = math.floor(book.mid)", "7: math.floor() of NaN"),
        ("self.on = round(book.mid, 1) > 2", "round() to digits"),
    ],
)
def test_what_would_lose_in_silence_is_refused(write: Write, made: Data, line: str, why: str) -> None:
    path = write(EVENT.format(mean=0, line=line))
    path.write_text(path.read_text(encoding="utf-8").replace("\n\n", "\nimport math\n", 1), encoding="utf-8")
    assert why in tried(path, made, Form.COMPILED)


def test_what_loses_nothing_is_taken(write: Write, made: Data) -> None:
    line = "self.mean += 0.01 * (book.last - self.mean); self.on = self.mean > 5; self.mean = 1; self.count += int(2.5)"
    path = write(EVENT.format(mean=0.0, line=line))
    assert tried(path, made, Form.COMPILED) == tried(path, made, Form.PYTHON)


KEPT = """def __init__(self, size: int = 1):
    global GROWN
    GROWN = GROWN + size
    self.mean, self.truth, self.mine, self.theirs, self.draw = 0.0, False, self.seen, FILED, DRAWN
def on_event(self, book, event, orders):
    self.mean = book.time  # a float of it, in both forms
    self.seen[0] += 1
    self.theirs[1] += self.mine[0]
    if event.kind == TRADE and orders.open == 0 and self.seen[0] < 90 and book.bid_size and book.ask_size:
        side = BUY if book.position <= 0 else SELL
        exact = 2 if int(self.mean) == book.time else 1
        orders.market(side, GROWN + exact + int(10 * self.draw) + int(self.theirs[1]) % 7)
seen = np.zeros(1)
"""


def test_runs_leave_nothing_to_each_other_and_both_forms_keep_the_same(write: Write, made: Data) -> None:
    path = write(KEPT)
    head = "import random\nimport numpy as np\nFILED, GROWN, DRAWN = np.zeros(2), 1, random.random()\n"
    path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8")
    compiled, python = (
        [tried(path, made, form, size=size) for size in (1, 1, 2, 1)] for form in (Form.COMPILED, Form.PYTHON)
    )
    assert compiled == python
    assert compiled[0] == compiled[1] == compiled[3] != compiled[2]
    assert len(compiled[0]) == 64


@pytest.mark.parametrize("kept", ["np.int32(0)", "np.float32(0)", "np.zeros(2, np.int8)", "1 << 63"])
def test_numbers_that_python_has_not_are_not_kept(write: Write, made: Data, kept: str) -> None:
    path = write(f"def __init__(self):\n    self.kept = {kept}\n")
    path.write_text("import numpy as np\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert "Mine.kept is " in tried(path, made, Form.COMPILED)


def test_a_parameter_has_64_bits(write: Write, made: Data) -> None:
    path = write("def __init__(self, size: int = 1):\n    self.size = size\n")
    for form in Form:
        assert "--param size=9223372036854775808" in tried(path, made, form, size=1 << 63)


def test_a_compiled_function_of_the_file_raises_in_both_forms(write: Write, made: Data) -> None:
    path = write("def on_event(self, book, event, orders):\n    orders.buy(outer(book.mid), 1)")
    head = (
        "import numba\n@numba.njit\ndef inner(x):\n    return int(x)\n@numba.njit\ndef outer(x):\n    return inner(x)\n"
    )
    path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8")
    for form in Form:
        assert "ValueError" in tried(path, made, form)


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
