"""Captures for the tests of Atom: those made by hand, and a small one written line by line."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Levels = Sequence[tuple[str, str]]


@pytest.fixture(scope="session")
def by_hand() -> Path:
    return Path(__file__).resolve().parents[2] / "data" / "binance"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes messages as a capture; the n-th arrives n ms after the start of 2024."""

    def writes(*messages: object, name: str = "capture.txt") -> Path:
        path = tmp_path / name
        lines = [f"{1704067200 * 10**9 + n * 10**6} {json.dumps(message)}\n" for n, message in enumerate(messages)]
        path.write_text("".join(lines))
        return path

    return writes


def snapshot(last: int, bids: Levels, asks: Levels) -> dict[str, object]:
    return {"lastUpdateId": last, "bids": bids, "asks": asks}


def delta(first: int, last: int, bids: Levels = (), asks: Levels = (), *, pu: int | None = None) -> dict[str, object]:
    data = {"e": "depthUpdate", "E": 1704067200000 + last, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": asks}
    if pu is not None:
        data["pu"] = pu
    return {"stream": "btcusdt@depth@100ms", "data": data}


@pytest.fixture
def message() -> Callable[..., dict[str, object]]:
    """`message("snapshot", ...)` or `message("delta", ...)`."""
    return lambda kind, *args, **more: {"snapshot": snapshot, "delta": delta}[kind](*args, **more)
