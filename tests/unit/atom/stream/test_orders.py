"""The feed of orders: its picture and what follows rebuild the queues, however it comes; levels alone are refused."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from atom.book import Book
from atom.events import Action, Events, Flag, Side, empty
from atom.reader import read_capture
from atom.stream import Bus, Key
from atom.stream.bus import Frame
from atom.stream.replay import slices
from atom.venues.simulated import INSTRUMENT, simulate
from fusion.errors import BadInput

OF = (INSTRUMENT.venue, INSTRUMENT.symbol)

Queue = list[tuple[str, str]]  # ids and sizes
Queues = dict[str, dict[str, Queue]]  # by side and price


class Reader:
    """Keeps all that it is given."""

    behind = False

    def __init__(self) -> None:
        self.lines: list[str] = []

    def put(self, frame: Frame) -> None:
        self.lines += frame.text.decode().split("\n")

    def drop(self) -> None:
        raise AssertionError("it is never behind")


class Client:
    """Keeps queues by the rules of the documentation alone."""

    def __init__(self) -> None:
        self.queues: Queues = {"bid": {}, "ask": {}}
        self.at: dict[str, tuple[str, str]] = {}

    def hear(self, line: str) -> None:
        told = json.loads(line)
        if told["state"] != "delta":
            self.queues, self.at = {"bid": {}, "ask": {}}, {}
        for name in ("bids", "asks"):
            for price, queue in told.get(name, ()):
                for order_id, size in queue:
                    self._join(name[:-1], price, order_id, size)
        for change in told.get("changes", ()):
            self._change(*change)

    def _change(self, action: str, side: str, price: str, order_id: str, size: str) -> None:
        if action == "add":
            self._join(side, price, order_id, size)
            return
        queue = self.queues[self.at[order_id][0]][self.at[order_id][1]]
        place = [each for each, _ in queue].index(order_id)
        rest = float(queue[place][1])
        if action == "modify" and self.at[order_id] == (side, price) and float(size) <= rest:
            queue[place] = (order_id, size)
        elif action == "modify":
            self._leave(order_id, queue, place)
            self._join(side, price, order_id, size)
        elif action == "cancel":
            assert float(size) == rest
            self._leave(order_id, queue, place)
        else:
            assert action == "fill"
            assert (side, price) == self.at[order_id]
            left = round(rest - float(size), 12)
            if left == 0:
                self._leave(order_id, queue, place)
            else:
                queue[place] = (order_id, f"{left:.12f}".rstrip("0").rstrip("."))

    def _join(self, side: str, price: str, order_id: str, size: str) -> None:
        assert order_id not in self.at
        self.queues[side].setdefault(price, []).append((order_id, size))
        self.at[order_id] = side, price

    def _leave(self, order_id: str, queue: Queue, place: int) -> None:
        side, price = self.at.pop(order_id)
        del queue[place]
        if not queue:
            del self.queues[side][price]


def read(bus: Bus, of: tuple[str, str] = OF) -> Reader:
    reader, key = Reader(), Key(*of, "orders")
    bus.subscribe(key, reader)
    picture = bus.picture(key)
    assert picture is not None
    reader.put(picture)
    return reader


def heard(lines: Sequence[str]) -> Queues:
    client = Client()
    for line in lines:
        client.hear(line)
    return client.queues


def held(book: Book, events: Events) -> Queues:
    """The queues that a book of our own holds."""
    of = events.instrument
    return {
        name: {
            f"{(price * of.tick).normalize():f}": [
                (str(order_id), f"{(rest * of.lot).normalize():f}") for order_id, rest in book.orders(side, price)
            ]
            for price, _ in book.levels(side)
        }
        for name, side in (("bid", Side.BID), ("ask", Side.ASK))
    }


def pieces(events: Events) -> Iterator[Events]:
    yield from (piece for _, piece in slices([events]))


def follows(events: Events, every: int) -> None:
    """The law, at many moments and for one who comes late."""
    of = (events.instrument.venue, events.instrument.symbol)
    bus, book, client = Bus([of]), Book(), Client()
    early, late, done = read(bus, of), None, 0
    for number, piece in enumerate(pieces(events)):
        bus.take(piece)
        book.apply(piece.book)
        late = late or (read(bus, of) if number >= every and book.valid else None)
        if number % every == 0:
            for line in early.lines[done:]:
                client.hear(line)
            done = len(early.lines)
            assert client.queues == held(book, events)
    assert late is not None
    assert json.loads(late.lines[0])["state"] == "snapshot"
    assert heard(early.lines) == heard(late.lines) == held(book, events)
    numbers = [json.loads(line)["seq"] for line in late.lines]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    whole = Bus([of])
    at_once = read(whole, of)
    whole.take(events)
    assert at_once.lines == early.lines


def test_what_follows_the_first_picture_rebuilds_the_queues_whenever_one_comes() -> None:
    follows(simulate(3, 600), 50)


def test_the_queues_of_a_recorded_market_are_rebuilt(shared_data: Path) -> None:
    files, answers = (sorted((shared_data / "venues").glob(f"INDEPENDENT_RESERVE.{kind}.*")) for kind in ("ws", "http"))
    recordings = read_capture("independent_reserve", files, answers).recordings
    recording = max(recordings, key=lambda one: len(one.events.book))
    assert recording.replay.book.best_bid is not None
    follows(recording.events, 20)


def by_hand(*rows: tuple[Flag, Action, Side, int, int, int]) -> Events:
    """Each row is one message."""
    book = empty("book", len(rows))
    book["ts_recv"] = book["ts_event"] = np.arange(1, len(rows) + 1)
    for place, name in enumerate(("flags", "action", "side", "price", "size", "order_id")):
        book[name] = [row[place] for row in rows]
    book["flags"] |= np.uint16(Flag.LAST)
    return Events(INSTRUMENT, book, empty("trade"), empty("quote"))


NO, WHOLE, LEVEL = Flag(0), Flag.SNAPSHOT, Flag.BY_PRICE


def test_each_change_is_told_by_what_became_of_the_book() -> None:
    events = by_hand(
        (WHOLE, Action.ADD, Side.BID, 100, 5, 1),
        (NO, Action.ADD, Side.BID, 100, 7, 2),
        (NO, Action.MODIFY, Side.BID, 100, 4, 1),  # smaller: it keeps its place
        (NO, Action.MODIFY, Side.BID, 100, 6, 1),  # larger: to the end
        (NO, Action.MODIFY, Side.ASK, 105, 6, 1),
        (NO, Action.MODIFY, Side.ASK, 106, 3, 9),  # of one that is not held: it joins
        (NO, Action.FILL, Side.NONE, 0, 99, 2),  # more than rests
        (NO, Action.FILL, Side.NONE, 0, 1, 2),  # it is gone
        (NO, Action.ADD, Side.ASK, 106, 2, 9),  # again: anew
        (NO, Action.CANCEL, Side.NONE, 0, 0, 9),
        (NO, Action.MODIFY, Side.ASK, 105, 0, 1),
    )
    bus = Bus([OF])
    reader = read(bus)
    bus.take(events)
    changes = [json.loads(line).get("changes") for line in reader.lines[2:]]
    assert changes == [
        [["add", "bid", "1", "2", "0.007"]],
        [["modify", "bid", "1", "1", "0.004"]],
        [["modify", "bid", "1", "1", "0.006"]],
        [["modify", "ask", "1.05", "1", "0.006"]],
        [["add", "ask", "1.06", "9", "0.003"]],
        [["fill", "bid", "1", "2", "0.007"]],
        [],
        [["cancel", "ask", "1.06", "9", "0.003"], ["add", "ask", "1.06", "9", "0.002"]],
        [["cancel", "ask", "1.06", "9", "0.002"]],
        [["cancel", "ask", "1.05", "1", "0.006"]],
    ]
    for count in range(1, len(events.book) + 1):
        book, client, bus = Book(), Client(), Bus([OF])
        reader = read(bus)
        some = replace(events, book=events.book[:count])
        bus.take(some)
        book.apply(some.book)
        for line in reader.lines:
            client.hear(line)
        assert client.queues == held(book, some)


def test_a_book_of_levels_is_refused_with_the_feed_that_has_it() -> None:
    events = by_hand(
        (WHOLE, Action.ADD, Side.BID, 100, 5, 1),
        (NO, Action.CLEAR, Side.NONE, 0, 0, 0),
        (WHOLE | LEVEL, Action.ADD, Side.BID, 100, 5, 0),
        (LEVEL, Action.MODIFY, Side.BID, 100, 6, 0),
        (NO, Action.CLEAR, Side.NONE, 0, 0, 0),
        (WHOLE, Action.ADD, Side.BID, 101, 5, 1),
    )
    bus = Bus([OF])
    reader = read(bus)
    for row in range(4):
        bus.take(replace(events, book=events.book[row : row + 1]))
    assert [json.loads(line).get("state") for line in reader.lines] == ["invalid", "snapshot", "invalid", None]
    assert json.loads(reader.lines[-1])["code"] == "cannot_subscribe"
    with pytest.raises(BadInput, match=r"simulated tells levels of SIM-USD, .* the feed `book`"):
        read(bus)
    bus.take(replace(events, book=events.book[4:]))
    assert json.loads(reader.lines[-1])["state"] == "snapshot"
    whole = Bus([OF])
    at_once = read(whole)
    whole.take(events)
    assert at_once.lines == reader.lines
