"""Replay: what was streamed live is streamed again, byte for byte, from what was recorded."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from atom.events import Action, Events, Flag, Side, Status, StatusKind, empty
from atom.instrument import Instrument
from atom.reader import read_capture
from atom.store import Log, Store
from atom.stream import FEEDS, Bus, Key
from atom.stream.bus import Frame
from atom.stream.replay import replay, slices
from atom.venues.simulated import INSTRUMENT, simulate

OF = (INSTRUMENT.venue, INSTRUMENT.symbol)
OPENS = 1_704_067_200 * 10**9


class Reader:
    behind = False

    def __init__(self) -> None:
        self.text = b""

    def put(self, frame: Frame) -> None:
        self.text += frame.text + b"\n"


def listening(bus: Bus, of: tuple[str, str]) -> dict[str, Reader]:
    bus.expect(*of)
    readers = {feed: Reader() for feed in FEEDS}
    for feed, reader in readers.items():
        bus.subscribe(Key(*of, feed), reader)
    return readers


def told(pieces: Sequence[Events], of: tuple[str, str]) -> dict[str, bytes]:
    bus = Bus()
    readers = listening(bus, of)
    for piece in pieces:
        bus.take(piece)
    return {feed: reader.text for feed, reader in readers.items()}


@pytest.fixture(scope="module")
def busy() -> Events:
    """A market with a gap, Status and administrative data."""
    events = simulate(9, 3000)
    gap = empty("book", 1)
    gap["ts_recv"] = events.book["ts_recv"][1500]
    gap["flags"] = Flag.LAST | Flag.BY_PRICE | Flag.NO_ORDER | Flag.NO_EVENT_TIME | Flag.NO_SEQUENCE
    gap["action"] = Action.CLEAR
    cut = int(np.flatnonzero(events.book["flags"] & Flag.LAST)[1000]) + 1
    again = events.book[: int(np.argmax(events.book["flags"] & Flag.LAST)) + 1].copy()
    again["ts_recv"] = events.book["ts_recv"][cut]
    funding = empty("funding", 3)
    funding["ts_recv"] = OPENS + np.arange(1, 4) * 10**9
    funding["rate"] = [1e-4, np.nan, -2.5e-5]
    status = tuple(Status(StatusKind.GAP, OPENS + n * 10**9, n, f"update {n} is missing") for n in range(1, 5))
    return replace(
        events,
        book=np.concatenate([events.book[:cut], gap, again, events.book[cut:]]),
        status=status,
        more={"funding": funding},
    )


def test_a_replay_of_the_store_is_the_live_stream_byte_for_byte(busy: Events, tmp_path: Path) -> None:
    bus = Bus()
    readers = listening(bus, OF)
    with Log(tmp_path) as log:
        rng = np.random.default_rng(1)
        steps = [piece for _, piece in slices([busy])]
        while steps:  # batches of other sizes than those of the replay
            count = int(rng.integers(1, 9))
            for piece in steps[:count]:
                log.take(piece)
                bus.take(piece)
            steps = steps[count:]
    live = {feed: reader.text for feed, reader in readers.items()}
    recorded = Store(tmp_path).read(*OF)
    assert told([piece for _, piece in slices([recorded])], OF) == live
    assert told([recorded], OF) == live
    states = [json.loads(line)["state"] for line in live["book"].splitlines()]
    assert states.count("invalid") == 1
    assert states[states.index("invalid") + 1] == "snapshot"
    assert live["status"].count(b"\n") == 4
    assert b'"rate":null' in live["funding"]


def test_a_finer_tick_changes_no_byte_of_what_was_told() -> None:
    events = simulate(2, 200)
    half = int(np.flatnonzero(events.book["flags"] & Flag.LAST)[100]) + 1
    finer = Instrument(*OF, "SIM-USD", Decimal("0.0001"), Decimal("0.00025"))
    cut = int(np.searchsorted(events.trade["ts_recv"], events.book["ts_recv"][half]))
    book, trade = events.book[half:].copy(), events.trade[cut:].copy()
    for rows in (book, trade):
        rows["price"] *= 100
        rows["size"] *= 4
    coarse = replace(events, book=events.book[:half], trade=events.trade[:cut])
    fine = replace(events, instrument=finer, book=book, trade=trade)
    assert told([coarse, fine], OF) == told([events], OF)


@pytest.mark.parametrize("speed", [1.0, 10.0, None])
def test_speeds_change_when_and_not_what(speed: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    events = simulate(6, 100)
    bus, slept, now = Bus(), [0.0], [0.0]
    readers = listening(bus, OF)

    really, here = asyncio.sleep, set[asyncio.AbstractEventLoop]()

    async def sleep(seconds: float) -> None:
        if asyncio.get_running_loop() not in here:  # another test's server in a thread of its own
            await really(seconds)
            return
        slept[0] += seconds
        now[0] += seconds

    async def played() -> None:
        here.add(asyncio.get_running_loop())
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0], raising=False)
        monkeypatch.setattr(asyncio, "sleep", sleep)
        await replay([[events]], bus, speed=speed)
        monkeypatch.undo()

    asyncio.run(played())
    assert readers["book"].text == told([events], OF)["book"]
    took = (int(events.book["ts_recv"].max()) - int(events.book["ts_recv"][0])) / 1e9
    assert slept[0] == (0.0 if speed is None else pytest.approx(took / speed, abs=0.1))


@pytest.mark.parametrize("venue", ["okx", "independent_reserve"])
def test_real_captures_are_told_alike_in_any_batches_and_rebuild_the_book(venue: str, shared_data: Path) -> None:
    files = sorted((shared_data / "venues").glob(f"{venue.upper()}.ws.*"))
    answers = sorted((shared_data / "venues").glob(f"{venue.upper()}.http.*"))
    sound = [one for one in read_capture(venue, files, answers).recordings if one.replay.book.best_bid]
    recording = min(sound, key=lambda one: len(one.events.book))  # any will do
    of = (recording.events.instrument.venue, recording.events.instrument.symbol)
    whole = told([recording.events], of)
    assert told([piece for _, piece in slices([recording.events])], of) == whole
    sides: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}
    for line in map(json.loads, whole["book"].splitlines()):
        for name, levels in sides.items():
            if line["state"] != "delta":
                levels.clear()
            levels.update((Decimal(price), Decimal(size)) for price, size in line.get(name, ()))
    instrument = recording.events.instrument
    for name, side in (("bids", Side.BID), ("asks", Side.ASK)):
        held = recording.replay.book.levels(side)
        wanted = {price * instrument.tick: size * instrument.lot for price, size in held}
        assert {price: size for price, size in sides[name].items() if size} == wanted
        assert wanted
