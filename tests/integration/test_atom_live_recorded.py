"""Live recording of real traffic, played by a venue on loopback."""

import asyncio

import numpy as np
import pytest

from atom.book import Book
from atom.events import MARKET, PRICES, SIZES, Flag, Side, StatusKind, empty
from atom.instrument import rescale
from atom.live import Recorder, Timing
from atom.reader import read_capture
from atom.venues import venue
from tests.integration.atom_venue import Recorded

QUICK = Timing(batch=0.02, first=0.01, longest=0.02, connects=0.0, requests=0.0, quiet=0.1, flush=0.05)
VENUES = (
    "binance",
    "binance_futures",
    "bitfinex",
    "bitstamp",
    "bybit",
    "coinbase",
    "deribit",
    "independent_reserve",
    "kraken",
    "okx",
)


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self):
        self.batches = {}

    def take(self, events):
        self.batches.setdefault(events.instrument.venue_symbol, []).append(events)

    def whole(self, symbol, kind):
        """All rows of a type, on the tick and lot of the last batch, which are the finest."""
        batches = self.batches[symbol]
        return np.concatenate([empty(kind), *(on_steps(batch, kind, batches[-1].instrument) for batch in batches)])


def on_steps(batch, kind, of):
    rows = batch.tables().get(kind, empty(kind)).copy()
    for names, old, new in ((PRICES, batch.instrument.tick, of.tick), (SIZES, batch.instrument.lot, of.lot)):
        for name in names if kind in MARKET else ():
            if name in rows.dtype.names:
                rows[name] = rescale(rows[name], old, new)
    return rows


def hosts_of(of, names, port):
    """All addresses of a venue on one port of ours."""
    urls = [*(stream.url for stream in of.streams(names)), of.snapshot_url(names[0]), *of.listings_urls]
    found = {}
    for url in filter(None, urls):
        scheme, _, rest = url.partition("://")
        found[f"{scheme}://{rest.partition('/')[0]}"] = f"{'ws' if scheme == 'wss' else 'http'}://127.0.0.1:{port}"
    return found


async def recorded(venue_id, names, files, answers, raw):
    """Records what the venue plays, until all of it was told and has arrived."""
    played, stop, kept = Recorded(files, answers), asyncio.Event(), Kept()
    seen = [-1, 0]  # events, and how many batches ago they were counted

    def look(recorder):
        count = sum(one.events for one in recorder.recorded.values())
        seen[:] = [count, seen[1] + 1 if played.ended and count == seen[0] else 0]
        if seen[1] > 15:
            stop.set()

    async with played.run() as port, asyncio.timeout(60):
        hosts = hosts_of(venue(venue_id), names, port)
        await Recorder({venue_id: names}, [kept], timing=QUICK, hosts=hosts, raw=raw, seed=0).run(stop, look)
    return kept


async def both(*arguments, folders):
    return await asyncio.gather(*(recorded(*arguments, folder) for folder in folders))


@pytest.mark.parametrize("venue_id", VENUES)
def test_live_is_a_replay_of_what_was_recorded_and_two_recorders_agree(venue_id, shared_data, tmp_path):
    stem = shared_data / "venues" / venue_id.upper()
    files, answers = sorted(stem.parent.glob(f"{stem.name}.ws*")), sorted(stem.parent.glob(f"{stem.name}.http*"))
    direct = {one.events.instrument.venue_symbol: one for one in read_capture(venue_id, files, answers).recordings}
    names = sorted(direct)
    folders = tmp_path / "one", tmp_path / "two"
    first, second = asyncio.run(both(venue_id, names, files, answers, folders=folders))
    imported = {
        one.events.instrument.venue_symbol: one
        for one in read_capture(venue_id, sorted(tmp_path.glob("one/*/*"))).recordings
    }
    for name in names:
        for kind, rows in imported[name].events.tables().items():
            assert first.whole(name, kind).tobytes() == rows.tobytes()
            assert timeless(first.whole(name, kind)).tobytes() == timeless(second.whole(name, kind)).tobytes()
        status = [status for batch in first.batches[name] for status in batch.status]
        assert tuple(status) == imported[name].events.status
        assert not [each for each in status if each.kind is StatusKind.PARSE_ERROR]
        assert market(first.whole(name, "book")) == market(direct[name].events.book, ended=False)


def timeless(rows):
    """Without what differs from one recorder to another."""
    rows = rows.copy()
    rows["ts_recv"] = 0
    rows["flags"] &= ~np.uint16(Flag.BAD_CLOCK)
    return rows


def market(rows, *, ended=True):
    """The book at the end, before the recorder's own end cleared it."""
    book = Book()
    book.apply(rows[:-1] if ended and len(rows) and rows["action"][-1] == 5 else rows)
    return book.levels(Side.BID), book.levels(Side.ASK)
