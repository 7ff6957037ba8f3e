"""Messages with a field missing, of another type or out of range: refused with their line, or told as not understood.

A venue is tried with what stands in `tests/data/hostile/<venue>.jsonl`, a message of each kind made by hand (or an
answer, after its address), and with the kinds found in its real capture. To add one, add its file, and its capture to
`CAPTURES`.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from atom.book import Book
from atom.capture import Capture, Form, Line
from atom.events import Side
from atom.gather.desk import Desk
from atom.reader import read_capture
from atom.venues import venue
from fusion.errors import CaptureError

BY_HAND = Path(__file__).resolve().parents[3] / "data" / "hostile"
CAPTURES = {
    "binance": ["BINANCE.ws.1.0"],
    "binance_futures": ["BINANCE_FUTURES.ws.1.0"],
    "bitfinex": ["BITFINEX.ws.11.0"],
    "bitstamp": ["BITSTAMP.ws.1.0"],
    "bybit": ["BYBIT.ws.25.0", "BYBIT.ws.26.0"],
    "coinbase": ["COINBASE.ws.28.0"],
    "independent_reserve": ["INDEPENDENT_RESERVE.ws.1.0"],
    "deribit": ["DERIBIT.ws.1.0"],
    "kraken": ["KRAKEN.ws.48.0", "KRAKEN.ws.49.0", "KRAKEN.ws.50.0"],
    "okx": ["OKX.ws.1.0"],
}
START = 1704067200 * 10**9
GONE = object()
OTHERS = (GONE, None, [], {}, "x", -1, True, 1e300, 2**70, [[]], "9" * 30, [None], {"x": 1}, "-1.5")
MADE, REAL = 2, 1  # of these a field is given
WORD = re.compile(r"[a-z_]+")
LONGEST, SHOWN = 20, 2  # of a longer list two are tried
KINDS = 12
WHERE = re.compile(r".*:\d+: .+|.*: none of \d+ messages .+")


def paths(message, before=()) -> Iterator[tuple]:
    """The way to each value in a message."""
    keys = message if isinstance(message, dict) else range(len(message)) if isinstance(message, list) else ()
    for key in keys:
        yield (*before, key)
        yield from paths(message[key], (*before, key))


def changed(message, path, other):
    copy = deepcopy(message)
    *way, last = path
    inner = copy
    for key in way:
        inner = inner[key]
    if other is GONE:
        del inner[last]
    else:
        inner[last] = other
    return copy


def mutants(messages, each) -> Iterator[tuple[int, tuple[str, object]]]:
    """Each message with each of its values changed in some ways, and where it stands; the ways take turns."""
    turn = 0
    for place, (url, message) in enumerate(messages):
        for path in paths(message):
            for _ in range(each):
                yield place, (url, changed(message, path, OTHERS[turn % len(OTHERS)]))
                turn += 1


def line(n, told):
    url, message = told
    return Line(START + n * 10**6, Form.ANSWER if url else Form.MESSAGE, url, json.dumps(message).encode(), n + 1)


def recorded(n, told):
    url, message = told
    seconds, rest = divmod(START + n * 10**6, 10**9)
    return f"{url} -> " * bool(url) + f"{seconds}.{rest:09}: {json.dumps(message)}\n"


def imported(venue_id, messages, path) -> str | None:
    """What a capture of these messages is refused with; None where it is read."""
    path.write_text("".join(recorded(n, told) for n, told in enumerate(messages)))
    try:
        read_capture(venue_id, [path])
    except CaptureError as error:
        return str(error)
    return None


def imports(venue_id, messages, path, each):
    """Each mutant is read, or refused in one line that says where; how many were tried and refused."""
    tried = refused = 0
    for place, mutant in mutants(messages, each):
        told = imported(venue_id, [*messages[:place], mutant, *messages[place + 1 :]], path)
        tried += 1
        refused += told is not None
        assert told is None or WHERE.fullmatch(told), (mutant, told)
    return tried, refused


def mad(venue_id, messages):
    """A desk that was told all mutants, as by a venue gone mad; nothing is raised."""
    desk = Desk(venue(venue_id))
    for n, (_, mutant) in enumerate(mutants(messages, len(OTHERS))):
        desk.receive(line(n, mutant))
        if n % 50 == 0:
            desk.drain(START + n * 10**6)
    desk.drain(START + 10**12)
    return desk


def by_hand(venue_id):
    told = []
    for each in (BY_HAND / f"{venue_id}.jsonl").read_text().splitlines():
        url, _, message = each.partition(" ") if each.startswith("https://") else ("", "", each)
        told.append((url, json.loads(message)))
    return told


VENUES = sorted(file.stem for file in BY_HAND.glob("*.jsonl"))


@pytest.mark.parametrize("venue_id", VENUES)
def test_messages_made_by_hand(venue_id, tmp_path):
    messages = by_hand(venue_id)
    assert imported(venue_id, messages, tmp_path / "capture.txt") is None
    tried, refused = imports(venue_id, messages, tmp_path / "capture.txt", MADE)
    assert tried > 100
    assert refused > tried / 5  # most others change what nobody reads, or the name of a symbol


def books(desk, messages):
    """The books after these messages, which come on a new connection: each by the venue's name, in its own units."""
    desk.take(Line(START + 2 * 10**12, Form.CONNECT, "wss://again", b"", 0))
    desk.drain(START + 3 * 10**12 - 1)
    for n, message in enumerate(messages):
        assert desk.receive(line(3 * 10**6 + n, message)), message
    held = {}
    for events in desk.drain(START + 4 * 10**12):
        book, instrument = Book(), events.instrument
        book.apply(events.book)
        told = [level for side in (Side.BID, Side.ASK) for level in book.levels(side)]
        levels = [(level.price * instrument.tick, level.size * instrument.lot) for level in told]
        held[instrument.venue_symbol] = book.valid, levels
    return held


@pytest.mark.parametrize("venue_id", VENUES)
def test_what_was_malformed_leaves_no_mark_on_the_books(venue_id):
    messages = by_hand(venue_id)
    clean, after = (books(desk, messages) for desk in (Desk(venue(venue_id)), mad(venue_id, messages)))
    assert any(valid and levels for valid, levels in clean.values())
    assert {name: book for name, book in clean.items() if book[1]} == {
        name: book for name, book in after.items() if book[1]
    }


def kind(value, depth=0):
    """What a message looks like, so that one of each kind is tried."""
    if isinstance(value, dict):
        return tuple((key, kind(inner, depth + 1)) for key, inner in sorted(value.items()))
    if isinstance(value, list):
        return tuple(kind(inner, depth + 1) for inner in value[:LONGEST]) if depth < 1 else ()
    return value if isinstance(value, str) and WORD.fullmatch(value) else type(value).__name__


def short(value):
    """A message with a few levels of each list."""
    if isinstance(value, dict):
        return {key: short(inner) for key, inner in value.items()}
    return (
        [short(inner) for inner in (value if len(value) <= LONGEST else value[:SHOWN])]
        if isinstance(value, list)
        else value
    )


@pytest.mark.parametrize("venue_id", sorted(CAPTURES))
def test_messages_of_a_real_capture(shared_data, tmp_path, venue_id):
    found = {}
    for each in Capture([shared_data / "venues" / f"{name}.xz" for name in CAPTURES[venue_id]]):
        if each.form is Form.MESSAGE:
            message = json.loads(each.body)
            found.setdefault(kind(message), message)
    messages = [("", short(message)) for message in list(found.values())[:KINDS]]
    imports(venue_id, messages, tmp_path / "capture.txt", REAL)
    mad(venue_id, messages)
