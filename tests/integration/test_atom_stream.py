"""A faulty venue, recorded live into the log and the bus at once: the stream and its replay are the same bytes."""

import asyncio
import json
from itertools import pairwise

import pytest

from atom.live import Recorder
from atom.store import Log, Store
from atom.stream import FEEDS, Bus, Key
from atom.stream.replay import replay
from tests.integration.atom_venue import FAULTS, Binance, FakeVenue, Okx
from tests.integration.test_atom_live import QUICK, Judge, told_of


class Reader:
    """Keeps the lines of a feed."""

    behind = False

    def __init__(self):
        self.text = b""

    def put(self, frame):
        self.text += frame.text + b"\n"


def listening(bus, of):
    found = {}
    for feed in FEEDS:
        bus.expect(*of)
        bus.subscribe(Key(*of, feed), found.setdefault((*of, feed), Reader()))
    return found


async def recorded(venue, log, names):
    """Records until all faults are spent and told, and the books are whole; what the clients got."""
    judge, stop, bus = Judge(venue), asyncio.Event(), Bus()
    venue.ready = lambda: judge.whole and judge.status >= told_of(venue.form, venue.spent)
    readers = {}
    for name in names:
        readers |= listening(bus, (venue.form.venue, name))

    def look(recorder):
        if venue.spent_all and venue.steps > 30:
            stop.set()

    async with venue.run() as hosts, asyncio.timeout(60):
        recorder = Recorder({venue.form.venue: venue.form.names}, [log, judge, bus], timing=QUICK, hosts=hosts, seed=0)
        await recorder.run(stop, look)
    return {key: reader.text for key, reader in readers.items()}


async def replayed(store, of):
    bus = Bus()
    readers = listening(bus, of)
    await replay([[store.read(*of)]], bus, speed=None)
    return {key: reader.text for key, reader in readers.items()}


@pytest.mark.parametrize("form", [Binance(), Okx()])
def test_a_replay_of_what_was_recorded_under_faults_is_the_live_stream_byte_for_byte(form, tmp_path):
    venue = FakeVenue(form, 3, FAULTS)
    with Log(tmp_path) as log:
        live = asyncio.run(recorded(venue, log, ("BTC-USDT", "ETH-USDT")))
    store = Store(tmp_path)
    assert len(store.symbols()) == 2
    for of in store.symbols():
        told = asyncio.run(replayed(store, of))
        for key, text in told.items():
            assert text == live[key], key
        states = [json.loads(line)["state"] for line in told[*of, "book"].splitlines()]
        assert "invalid" in states
        for before, after in pairwise(states):
            assert before != "invalid" or after == "snapshot"
