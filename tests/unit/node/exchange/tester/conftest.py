"""Markets for the tester's tests: made ones, and a room where a strategy's file can be written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from node.exchange.tester.data import Data, load


@pytest.fixture(scope="session")
def made() -> Data:
    """6,000 commands over six seconds."""
    return load("made:6000", seed=1)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a strategy whose class body is given."""

    def written(body: str) -> Path:
        path = tmp_path / "mine.py"
        lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
        path.write_text(f"from node.exchange.tester import *\n\nclass Mine(Strategy):\n{lines}", encoding="utf-8")
        return path

    return written
