"""Recording a window of quotes: its table, and the recorder's way from the window's end to its bond."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from atom import open_feed
from atom.events import SCHEMA_VERSION
from atom.window import quotes
from fusion.chain.account import Account
from fusion.chain.bindings.types import WindowKey, WindowStatus
from fusion.chain.client import Chain
from fusion.chain.words import words
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.content.table import Column, add_table
from fusion.errors import BadInput, Retryable
from fusion.market import window as market

QUOTES = {"ts": "int64", "bid": "float64", "ask": "float64", "bid_size": "float64", "ask_size": "float64"}
"""The columns of a window's table, which feed the ports of their names, and what each holds."""

POLL = 0.25  # seconds

Report = Callable[[str, float], None]


def window_table(feed: str, window: WindowKey) -> dict[str, Column]:
    """The quotes of a feed within a window, one row a change of the best bid or ask.

    Only what the market said is in it: no arrival, and no number that was computed. So recorders who missed nothing
    have the same bytes.

    Raises:
        BadInput: the feed is of another venue or symbol, or has no quote within the window.
        CaptureError: its capture cannot be read.
    """
    recording = open_feed(feed, symbol=None if feed.startswith("simulated") else window.symbol)
    instrument = recording.events.instrument
    if (instrument.venue, instrument.symbol) != (window.venue, window.symbol):
        raise BadInput(
            f"--feed {feed} is of {instrument.symbol} on {instrument.venue}, "
            f"the window of {window.symbol} on {window.venue}"
        )
    table = quotes(recording)
    inside = (table["ts"] >= window.start * 10**9) & (table["ts"] < window.end * 10**9)
    if not inside.any():
        first, last = (int(table["ts"][row]) // 10**9 if len(table["ts"]) else 0 for row in (0, -1))
        raise BadInput(
            f"--feed {feed} has no quote from second {window.start} to {window.end}: "
            f"its quotes are from {first} to {last}"
        )
    return {name: np.ascontiguousarray(column[inside]) for name, column in table.items()}


def add_window_table(store: BlockStore, table: dict[str, Column], window: WindowKey) -> Cid:
    """Keeps a window's table in `store`, with what it is of, and returns its root."""
    meta: dict[str, str | int] = {
        "venue": window.venue,
        "symbol": window.symbol,
        "start": window.start,
        "end": window.end,
        "schema": SCHEMA_VERSION,
    }
    return add_table(store, table, meta=meta)


def record(
    chain: Chain,
    account: Account,
    window: WindowKey,
    feed: str,
    *,
    store: BlockStore,
    folder: Path,
    timeout: float,
    report: Report,
) -> market.Window:
    """Records a window: waits for its end, commits to its table, and reveals once commits are closed.

    The window that is returned says what became of it: it may be others' content that was recorded, or none.

    What it has done before, it finds on the chain and in `folder`, and goes on from there.

    Args:
        folder: where openings are kept.
        timeout: seconds of wall time to wait at most.

    Raises:
        BadInput: the account may not record, its bond is too low, the feed does not fit, or the window took no more.
        Retryable: it takes longer than `timeout`.
    """
    end = time.monotonic() + timeout
    key = chain.windows.key_of(window)
    while (left := window.end - chain.now()) > 0:
        report("waiting for the window's end", 0.1)
        _pause(end, f"the window ends in {left} s")
    report("reading the feed", 0.3)
    table = add_window_table(store, window_table(feed, window), window)
    report("committing", 0.4)
    market.commit(chain, account, window, table, folder)
    while (status := market.window_of(chain, key).status) == WindowStatus.COMMITTING:
        report("waiting for other recorders", 0.6)
        _pause(end, "commits are not closed yet")
    if status in (WindowStatus.REVEALING, WindowStatus.RECORDED):
        report("revealing", 0.8)
        market.reveal(chain, account, key, folder)
    while (found := market.window_of(chain, key)).status == WindowStatus.REVEALING:
        report("waiting for other recorders", 0.9)
        _pause(end, "too few recorders have revealed yet")
    market.close(chain, account, key)
    report(words(found.status), 1.0)
    return found


def _pause(end: float, why: str) -> None:
    if time.monotonic() >= end:
        raise Retryable(f"{why}: record it again to go on")
    time.sleep(POLL)
