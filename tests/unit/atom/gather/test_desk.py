"""A desk that takes live lines: whatever they hold, it goes on, and a book that may be spoilt is not served."""

import json

import numpy as np
import pytest

from atom.book import Book
from atom.capture import Form, Line
from atom.events import Action, StatusKind
from atom.gather.desk import BadLineError, Desk
from atom.venues import venue

WS = "wss://stream.binance.com:9443/stream"
REST = "https://api.binance.com/api/v3/depth?symbol={}"
NOW = 1_704_067_200 * 10**9


class Live:
    """A desk with BTCUSDT and ETHUSDT on one stream, both with a book."""

    def __init__(self, message):
        self.message = message
        self.desk = Desk(venue("binance"))
        self.now = NOW
        self.status = []
        self.books = {"BTCUSDT": Book(), "ETHUSDT": Book()}
        self.note(b'expect ["BTCUSDT","ETHUSDT"]')
        self.desk.take(Line(self.tick(), Form.CONNECT, WS, b"", 0, 1))
        for symbol in self.books:
            self.say(self.delta(10, symbol))
            self.picture(symbol, 10)

    def tick(self):
        self.now += 10**6
        return self.now

    def note(self, body, url=WS):
        self.desk.take(Line(self.tick(), Form.NOTE, url, body, 0, 1))

    def say(self, message):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.desk.receive(Line(self.tick(), Form.MESSAGE, "", body, 0, 1))

    def picture(self, symbol, last):
        body = json.dumps(self.message("snapshot", last, [("100", "1")], [("101", "1")])).encode()
        return self.desk.receive(Line(self.tick(), Form.ANSWER, REST.format(symbol), body, 0, 0))

    def delta(self, number, symbol="BTCUSDT", bids=()):
        told = self.message("delta", number, number, bids)
        return {"stream": f"{symbol.lower()}@depth", "data": {**told["data"], "s": symbol}}

    def valid(self):
        """Which books are, after all that came."""
        for events in self.desk.drain(self.now):
            self.books[events.instrument.venue_symbol].apply(events.book)
            self.status += [(events.instrument.venue_symbol, status.kind) for status in events.status]
        return [symbol for symbol, book in self.books.items() if book.valid]


@pytest.fixture
def live(message):
    live = Live(message)
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]
    live.status.clear()
    return live


def test_a_recording_begins_with_books_that_are_not_served(message):
    desk = Desk(venue("binance"))
    desk.take(Line(NOW, Form.NOTE, WS, b'expect ["BTCUSDT"]', 0, 1))
    (events,) = desk.drain(NOW)
    assert events.book["action"].tolist() == [Action.CLEAR]


@pytest.mark.parametrize("body", [b'{"stream": "btcusdt@de', b"", b"<html>", b"\xff\xfe", b"[" * 2000])
def test_what_is_no_json_may_have_been_about_any_symbol_of_the_stream(live, body):
    assert not live.say(body)
    assert live.valid() == []
    assert live.status == [(symbol, StatusKind.PARSE_ERROR) for symbol in live.books]


@pytest.mark.parametrize(
    "data",
    [
        {"u": "five"},
        {"b": [["100"]]},
        {"b": [["100", "minus"]]},
        {"b": [["1e5", "1"]]},
        {"b": [[100, "1"]]},
        {"b": [["100,5", "1"]]},
        {"b": [["9" * 30, "1"]]},
        {"a": None},
        {"u": 2**63},
        {"E": "now"},
    ],
)
def test_a_malformed_message_ends_the_book_of_its_symbol_alone_until_the_next_picture(live, data):
    message = live.delta(11)
    message["data"] |= data
    assert not live.say(message)
    assert live.valid() == ["ETHUSDT"]
    assert live.status == [("BTCUSDT", StatusKind.PARSE_ERROR)]
    live.say(live.delta(20))
    live.picture("BTCUSDT", 19)
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]
    assert live.status[1:] == [("BTCUSDT", StatusKind.RESYNC)]


def test_a_malformed_picture_changes_nothing_and_is_told(live):
    live.note(b"disconnect 1006")
    live.say(live.delta(20))
    assert not live.desk.receive(Line(live.tick(), Form.ANSWER, REST.format("BTCUSDT"), b"<html>", 0, 0))
    bad = json.dumps(live.message("snapshot", 20, [("100", "x")], [])).encode()
    assert not live.desk.receive(Line(live.tick(), Form.ANSWER, REST.format("BTCUSDT"), bad, 0, 0))
    assert live.valid() == []
    assert live.status.count(("BTCUSDT", StatusKind.PARSE_ERROR)) == 2
    live.picture("BTCUSDT", 20)
    assert live.valid() == ["BTCUSDT"]


def test_a_message_of_a_symbol_that_was_not_asked_for_makes_nothing(live):
    assert live.say(live.delta(5, "DOGEUSDT"))
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]
    assert list(live.desk.columns) == ["BTCUSDT", "ETHUSDT"]
    assert live.status == []


def test_an_unknown_message_is_told_and_harms_no_book(live):
    assert not live.say({"stream": "btcusdt@new", "data": {"e": "newKind", "s": "BTCUSDT"}})
    assert not live.say({"error": {"code": 2, "msg": "Invalid request"}})
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]
    told = [("BTCUSDT", StatusKind.PARSE_ERROR)] * 2 + [("ETHUSDT", StatusKind.PARSE_ERROR)]
    assert live.status == told


def test_a_disconnect_ends_the_books_and_other_notes_do_not(live):
    for note in (b"stale no message for 60 s", b"rate_limited 429", b"clock +3600.000 s"):
        live.note(note)
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]
    live.note(b"rate_limited 429; the next request in 7 s", REST.format("ETHUSDT"))
    live.note(b"disconnect 1012 restart")
    assert live.valid() == []
    kinds = [StatusKind.STALE, StatusKind.RATE_LIMITED, StatusKind.CLOCK]
    assert [kind for symbol, kind in live.status if symbol == "BTCUSDT"] == [*kinds, StatusKind.DISCONNECT]
    assert [kind for symbol, kind in live.status if symbol == "ETHUSDT"][3:] == [
        StatusKind.RATE_LIMITED,
        StatusKind.DISCONNECT,
    ]


def test_numbers_that_do_not_fit_together_are_given_up_and_told(live):
    live.say(live.delta(11, bids=[("999999999999999999", "1"), ("0.000000000000000001", "1")]))
    assert live.valid() == ["ETHUSDT"]
    assert live.status == [("BTCUSDT", StatusKind.PARSE_ERROR)]
    live.say(live.delta(12))
    live.picture("BTCUSDT", 12)
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize("body", [b"expect {", b'expect "A"', b"expect [1]", b"party on", b""])
def test_a_note_that_no_recorder_wrote_is_refused(body):
    with pytest.raises(BadLineError, match="is no note of a recorder"):
        Desk(venue("binance")).take(Line(NOW, Form.NOTE, WS, body, 0, 1))


def test_a_message_that_comes_again_is_told_and_changes_nothing(live):
    live.say(live.delta(11, bids=[("99", "5")]))
    live.say(live.delta(11, bids=[("99", "6")]))
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]
    assert live.status == [("BTCUSDT", StatusKind.REPEATED)]


def test_a_venue_that_counts_anew_without_a_word_leaves_no_book_standing(live):
    """Else all that it tells from then on would look like what came before, and the book would stay as it was."""
    live.say(live.delta(5_000_000, bids=[("99", "5")]))
    live.picture("BTCUSDT", 5_000_000)
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]
    live.say(live.delta(5_000_001, bids=[("99", "6")]))
    assert live.valid() == ["BTCUSDT", "ETHUSDT"]
    anew = live.delta(1, bids=[("99", "7")])
    anew["data"]["E"] += 5_000_000 + 11_000
    live.status.clear()
    live.say(anew)
    assert live.valid() == ["ETHUSDT"]
    assert live.status == [("BTCUSDT", StatusKind.GAP)]


def test_a_venue_s_clock_that_jumps_is_told_once_each_way(live):
    for number, hours in ((11, 0), (12, 1), (13, 1), (14, 0), (15, 0)):
        message = live.delta(number, bids=[("99", str(number))])
        message["data"]["E"] = live.now // 10**6 + hours * 3_600_000
        live.say(message)
        live.valid()  # a jump is seen across batches too
    assert live.status == [("BTCUSDT", StatusKind.CLOCK)] * 2
    assert np.all([book.valid for book in live.books.values()])
