"""A window's table: what of a feed is in it, and that equal feeds give equal bytes."""

import re
from pathlib import Path

import numpy as np
import pytest

from atom import open_feed
from atom.window import quotes
from fusion.chain.bindings.types import WindowKey
from fusion.content.store import BlockStore
from fusion.content.table import read_schema, read_table
from fusion.errors import BadInput
from node.collider.record import QUOTES, add_window_table, window_table

OPENS = 1_800_000_000
WINDOW = WindowKey("simulated", "SIM-USD", OPENS + 10, OPENS + 20)
FEED = f"simulated:9@{OPENS}"


def test_a_window_has_the_quotes_of_its_seconds() -> None:
    table = window_table(FEED, WINDOW)
    assert {name: column.dtype.name for name, column in table.items()} == QUOTES
    whole = quotes(open_feed(FEED))
    inside = (whole["ts"] >= WINDOW.start * 10**9) & (whole["ts"] < WINDOW.end * 10**9)
    assert 0 < inside.sum() < len(inside)
    for name, column in table.items():
        np.testing.assert_array_equal(column, whole[name][inside])


def test_equal_feeds_are_equal_bytes(tmp_path: Path) -> None:
    stores = [BlockStore(tmp_path / name) for name in ("one", "two")]
    roots = {add_window_table(store, window_table(FEED, WINDOW), WINDOW) for store in stores}
    assert len(roots) == 1
    files = stores[0].read_directory(roots.pop())
    assert read_table(files).keys() == QUOTES.keys()
    assert read_schema(files).meta == {
        "venue": "simulated",
        "symbol": "SIM-USD",
        "start": OPENS + 10,
        "end": OPENS + 20,
        "schema": 2,
    }


@pytest.mark.parametrize(
    ("feed", "window", "told"),
    [
        ("simulated:9", WINDOW, f"has no quote from second {OPENS + 10} to {OPENS + 20}: its quotes are from 1704067"),
        (FEED, WindowKey("binance", "SIM-USD", OPENS, OPENS + 9), "is of SIM-USD on simulated, the window of SIM-USD"),
        (FEED, WindowKey("simulated", "BTC-USDT", OPENS, OPENS + 9), "the window of BTC-USDT on simulated"),
        ("nowhere:x", WINDOW, "unknown venue 'nowhere'"),
    ],
)
def test_a_feed_that_does_not_fit_is_refused(feed: str, window: WindowKey, told: str) -> None:
    with pytest.raises(BadInput, match=re.escape(told)):
        window_table(feed, window)
