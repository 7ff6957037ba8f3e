"""The bus: a snapshot and what follows rebuild its book, and what it says depends on the events alone."""

import asyncio
import json
from collections.abc import Iterator, Sequence

import pytest

from atom.book import Book
from atom.events import Events, Side
from atom.stream import FEEDS, Bus, Key, SlowConsumer
from atom.stream.bus import Frame
from atom.stream.replay import slices
from atom.venues.simulated import INSTRUMENT, simulate
from fusion.errors import BadInput

OF = (INSTRUMENT.venue, INSTRUMENT.symbol)


class Reader:
    """Keeps all that it is given."""

    behind = False

    def __init__(self) -> None:
        self.lines: list[str] = []

    def put(self, frame: Frame) -> None:
        told = frame.text.decode().split("\n")
        assert len(told) == frame.count
        self.lines += told


@pytest.fixture(scope="module")
def events() -> Events:
    return simulate(3, 600)


def read(bus: Bus, feed: str) -> Reader:
    reader, key = Reader(), Key(*OF, feed)
    bus.subscribe(key, reader)
    picture = bus.picture(key)
    if picture is not None:
        reader.put(picture)
    return reader


def rebuilt(lines: Sequence[str]) -> dict[str, dict[str, str]]:
    """The book that a client keeps."""
    sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    for line in map(json.loads, lines):
        for side, levels in sides.items():
            if line["state"] != "delta":
                levels.clear()
            for price, size in line.get(side, ()):
                levels.pop(price, None)
                if size != "0":
                    levels[price] = size
    return sides


def held(events: Events) -> dict[str, dict[str, str]]:
    """The book that a book of our own holds."""
    book, of = Book(), events.instrument
    book.apply(events.book)
    return {
        name: {
            f"{(price * of.tick).normalize():f}": f"{(size * of.lot).normalize():f}"
            for price, size in book.levels(side)
        }
        for name, side in (("bids", Side.BID), ("asks", Side.ASK))
    }


def pieces(events: Events) -> Iterator[Events]:
    yield from (piece for _, piece in slices([events]))


def test_what_follows_the_first_picture_rebuilds_the_book_whenever_one_comes(events: Events) -> None:
    bus = Bus([OF])
    early = read(bus, "book")
    late = None
    for number, piece in enumerate(pieces(events)):
        bus.take(piece)
        if number == 100:
            late = read(bus, "book")
    assert late is not None
    assert rebuilt(early.lines) == rebuilt(late.lines) == held(events)
    assert json.loads(early.lines[0])["state"] == "invalid"
    assert json.loads(late.lines[0])["state"] == "snapshot"
    numbers = [json.loads(line)["seq"] for line in late.lines]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@pytest.mark.parametrize("feed", FEEDS)
def test_lines_do_not_depend_on_batches_nor_on_who_else_reads(events: Events, feed: str) -> None:
    whole, apart = Bus([OF]), Bus([OF])
    first, second = read(whole, feed), read(apart, feed)
    for other in FEEDS:
        read(apart, other)
    whole.take(events)
    for piece in pieces(events):
        apart.take(piece)
    assert first.lines == second.lines
    assert len(first.lines) > 1 or feed not in {"book", "orders", "trades", "top", "metrics"}


def test_unknown_markets_and_feeds_are_refused_with_the_known_ones() -> None:
    bus = Bus([OF])
    for key, told in (
        (Key("nowhere", "SIM-USD", "book"), "SIM-USD on simulated"),
        (Key("simulated", "X", "book"), "SIM-USD on simulated"),
        (Key(*OF, "noise"), "book, orders"),
    ):
        with pytest.raises(BadInput, match=told):
            bus.subscribe(key, Reader())


def test_a_listener_that_does_not_read_is_told_and_dropped(events: Events) -> None:
    async def listened() -> None:
        bus = Bus([OF])
        listener = bus.listen(*OF, "book", most=10)
        bus.take(events)
        assert bus.subscriptions == 0
        with pytest.raises(SlowConsumer, match="lines of book were not read"):
            await anext(aiter(listener))
        listener.close()

    asyncio.run(listened())


def test_who_waits_for_room_drops_those_that_stand_still(events: Events) -> None:
    async def waited() -> None:
        bus = Bus([OF])
        still = bus.listen(*OF, "book", most=10**6)
        bus.take(events)
        await bus.room(patience_s=0.0)
        assert bus.subscriptions == 0
        with pytest.raises(SlowConsumer):
            await anext(aiter(still))

    asyncio.run(waited())
