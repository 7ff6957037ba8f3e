"""With no users in it a replayed market is Atom's own book, after every message, on real captures and made ones."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from atom.book import Book
from atom.events import Events, Flag, Side
from atom.reader import read_capture
from atom.venues.simulated import simulate
from node.exchange.core.command import Kind
from node.exchange.exchange import Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.replay.reel import Reel
from node.exchange.replay.replay import Replay, run
from node.exchange.replay.tape import Tape

Levels = Callable[..., list[tuple[int, int]]]


def listing(events: Events) -> Listing:
    """Its assets are as fine as the smallest trade, so that the largest offer can be told."""
    of = events.instrument
    base, quote = (-int(step.normalize().as_tuple().exponent) for step in (of.lot, of.tick * of.lot))
    assets = Asset("BASE", max(0, base)), Asset("QUOTE", max(0, quote))
    return Listing(of.symbol, *assets, of.tick, of.lot, of.lot, of.lot * 10**9, Decimal(0))


def agree(events: Events, levels: Levels, every: int, clock: str) -> None:
    """Compares the books after every so many messages, and after the last: where a trade has been told and the message
    that shows it has not come, ours is ahead.
    """
    of = listing(events)
    exchange, book, rows = Exchange([of]), Book(), events.book
    tape = Tape(of, 0, [events], clock=clock)  # type: ignore[arg-type]  # both are tried
    commands = np.concatenate([block.copy() for block in tape.blocks()])
    told = np.flatnonzero((commands["kind"] < Kind.REPLAY_BEGIN) & (commands["kind"] != Kind.REPLAY_TRADE))
    assert len(told) == len(rows)
    ends = np.flatnonzero(rows["flags"] & 1)
    done = at = compared = 0
    for end in (*ends[:-1:every].tolist(), int(ends[-1])):
        book.apply(rows[done : end + 1])
        exchange.carry_out(commands[at : told[end] + 1])
        done, at = end + 1, int(told[end]) + 1
        marks = exchange.markets[0].marks
        if (marks["pending"][(marks["recorded"] > 0) & (marks["id"] >= 0)] > 0).any():
            continue
        compared += 1
        for index, side in enumerate((Side.BID, Side.ASK)):
            assert levels(exchange, index) == [tuple(level) for level in book.levels(side)]
    assert compared > 3
    assert done == len(rows)
    if not (rows["flags"] & Flag.BY_PRICE).any():  # venues take out levels that they never told of
        assert not exchange.markets[0].replay["unknown"][0]
    assert not exchange.ledger.balances.any()


@pytest.mark.parametrize("clock", ["event", "recv"])
def test_a_market_by_order(book: Levels, clock: str) -> None:
    agree(simulate(3, 1000), book, 1, clock)


CAPTURES = [
    ("binance", "binance_2024/spot_btcusdt_20240808.gz", 150),
    ("binance_futures", "binance_2024/usdm_btcusdt_20240808.gz", 150),
    ("okx", "venues/OKX.ws.1.0.xz", 40),
    ("coinbase", "venues/COINBASE.ws.28.0.xz", 40),
    ("bitfinex", "venues/BITFINEX.ws.11.0.xz", 40),
    ("bybit", "venues/BYBIT.ws.25.0.xz", 40),
]


@pytest.mark.parametrize(("venue", "file", "every"), CAPTURES)
def test_a_real_capture(shared_data: Path, book: Levels, venue: str, file: str, every: int) -> None:
    recorded = [each.events for each in read_capture(venue, [shared_data / file]).recordings]
    for events in sorted(recorded, key=lambda each: -len(each.book))[:2]:
        agree(events, book, every, "recv")


def test_pieces_of_a_record_make_the_same_commands_as_the_whole() -> None:
    whole = simulate(5, 600)
    of = listing(whole)

    def made(*parts: Events) -> bytes:
        return b"".join(block.tobytes() for block in Tape(of, 0, parts).blocks())

    def part(first: int, end: int) -> Events:
        book, trade = (rows[(rows["ts_recv"] >= first) & (rows["ts_recv"] < end)] for rows in (whole.book, whole.trade))
        return Events(whole.instrument, book, trade, whole.quote)

    times = whole.book["ts_recv"]
    cuts = [0, int(times[400]), int(times[700]), int(times[-1]) + 1]
    assert made(whole) == made(*(part(*each) for each in pairwise(cuts)))


def test_a_source_gives_what_is_due_and_goes_on_where_it_was_saved() -> None:
    events = simulate(2, 400)
    of = listing(events)
    whole = Exchange([of])
    run(whole, Tape(of, 0, [events]))

    reel = Reel(np.concatenate([block.copy() for block in Tape(of, 0, [events]).blocks()]))
    exchange, source = Exchange([of]), Replay(reel)
    steps = 0
    while (due := source.next_time()) is not None:
        taken = source.take(exchange, due + 10**8)
        assert taken["time"].max() <= due + 10**8
        source.told(exchange.carry_out(taken))
        steps += 1
        if steps == 20:
            saved, source = source.save(), Replay(reel)
            source.load(saved)
    assert steps > 30
    for mine, theirs in zip(exchange.markets[0], whole.markets[0], strict=True):
        assert mine.tobytes() == theirs.tobytes()
