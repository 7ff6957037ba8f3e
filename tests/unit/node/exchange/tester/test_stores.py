"""An attribute keeps its type as Python, whether each store is looked at by the methods' own text or from outside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.tester.backtest import Plan, Task, one
from node.exchange.tester.data import Data
from node.exchange.tester.run import Form
from node.exchange.tester.strategy import Strategy, load
from node.exchange.tester.typed import settle

Write = Callable[[str], Path]
INIT = "def __init__(self):\n    self.mean, self.count, self.on, self.more = 0.0, 0, False, []\n"
HELD = {"mean": 2.0, "count": 3, "on": True}
PLAIN = [
    "self.mean = 2; self.count = np.int64(3); self.on = np.bool_(1)",
    "self.mean, self.count = 2, np.int64(3); self.on = self.count == np.int64(3)",
    "self.mean += 2; self.count += np.int64(3); self.on |= np.True_",
    "self.mean = self.count = np.int64(2); self.count += 1; self.on: bool = np.True_",
    "(lambda: None)(); self.store(); self.more.append(1)",
]
OTHER = [
    "kept(self)",
    "setattr(self, 'mean', 2); setattr(self, 'count', np.int64(3)); self.on = True",
    "me = self; me.mean = 2; me.count = np.int64(3); me.on = True",
    "store = self.store; store()",
    "locals()['self'].store()",
    "self.__class__.store(self)",
    "[self.mean, (self.count, self.on)] = 2, (np.int64(3), np.True_)",
    "for self.mean in [1, 2]: self.count = np.int64(3)\n    self.on = True",
    "self.doubled = 2; self.count = np.int64(3)",
]
REST = """def store(self):
    self.mean, self.count = np.float64(2), np.int64(3)
    self.on = np.bool_(1)
"""
PROPERTY = """@property
def doubled(self):
    return 2 * self.mean
@doubled.setter
def doubled(self, value):
    self.mean, self.on = value, np.bool_(1)
"""
HEAD = """import numpy as np
def kept(strategy):
    strategy.mean, strategy.count, strategy.on = 2, np.int64(3), np.bool_(1)
"""


def settled(write: Write, line: str, more: str = "") -> Any:
    path = write(f"{INIT}def on_event(self, book, event, orders):\n    {line}\n{REST}{more}")
    path.write_text(HEAD + path.read_text(encoding="utf-8"), encoding="utf-8")
    strategy = load(path)()
    settle(strategy)
    return strategy


def held(strategy: Strategy) -> dict[str, Any]:
    found = {name: getattr(strategy, name) for name in HELD}
    assert [type(each) for each in found.values()] == [float, int, bool]
    return found


@pytest.mark.parametrize("line", PLAIN)
def test_a_method_looks_at_what_it_stores_itself(write: Write, line: str) -> None:
    strategy = settled(write, line)
    assert "__setattr__" not in vars(type(strategy))
    strategy.on_event(None, None, None)
    assert held(strategy) == HELD


@pytest.mark.parametrize("line", OTHER)
def test_what_is_stored_in_another_way_is_looked_at_too(write: Write, line: str) -> None:
    strategy = settled(write, line, PROPERTY if "doubled" in line else "")
    assert "__setattr__" in vars(type(strategy))
    strategy.on_event(None, None, None)
    assert held(strategy) == HELD


def test_what_is_no_number_is_kept_as_it_is(write: Write) -> None:
    for line in ("self.mean = None", "self.mean = None; kept"):
        strategy = settled(write, line)
        strategy.on_event(None, None, None)
        assert strategy.mean is None


SIZE = """def size(self, one: int = 2, *, more=np.float64(4)):
    '''Doc.'''
    self.mean = one
    return one * more
"""


def test_a_method_keeps_its_defaults_and_its_doc(write: Write) -> None:
    strategy = settled(write, "self.count = 3", SIZE)
    assert (strategy.size(), strategy.size(3, more=1), type(strategy).size.__doc__) == (8, 3, "Doc.")
    assert (strategy.mean, type(strategy.mean)) == (3.0, float)


class Local(Strategy):
    def __init__(self) -> None:
        self.mean = 0.0

    def on_timer(self, book: Any, time: int, orders: Any) -> None:
        self.mean = time


def test_a_text_that_changed_since_is_not_used(write: Write, tmp_path: Path) -> None:
    path = write(INIT + "def on_event(self, book, event, orders):\n    self.mean = 2\n")
    kind = load(path)
    path.write_text(path.read_text(encoding="utf-8").replace("self.mean = 2", "self.mean = 5"), encoding="utf-8")
    strategy: Any = kind()
    settle(strategy)
    strategy.on_event(None, None, None)
    assert (strategy.mean, type(strategy.mean)) == (2.0, float)


def test_classes_that_derive_from_each_other_and_are_made_in_a_function() -> None:
    class Inner(Local):
        def on_timer(self, book: Any, time: int, orders: Any) -> None:
            super().on_timer(book, time + 1, orders)

    for kind, expected in ((Local, 7.0), (Inner, 8.0)):
        strategy = kind()
        settle(strategy)
        strategy.on_timer(None, 7, None)
        assert (strategy.mean, type(strategy.mean)) == (expected, float)
    assert np.isfinite(strategy.mean)


@pytest.mark.parametrize("line", ["self.mean = 2; self.count = 1 // self.count", "kept(self); self.count = 1 // 0"])
def test_an_error_is_told_with_its_line_in_either_way(write: Write, made: Data, line: str) -> None:
    path = write(f"{INIT}def on_event(self, book, event, orders):\n    {line}\n{REST}")
    path.write_text(HEAD + path.read_text(encoding="utf-8"), encoding="utf-8")
    number = 1 + path.read_text(encoding="utf-8").split("\n").index(f"        {line}")
    with pytest.raises(BadInput, match=rf"{path.name}:{number}: ZeroDivisionError"):
        one(Plan(path, form=Form.PYTHON), made, Task({}, 0, 300))
