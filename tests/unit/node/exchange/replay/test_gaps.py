"""Gaps as Atom records them: the loss is told when it is seen, and once more as the picture begins that mends it."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from atom.book import Book
from atom.events import Action, Events, Flag, Rows
from atom.events import Side as Half
from atom.reader import read_capture
from node.exchange.core.command import Kind, Side
from node.exchange.core.journal import Record
from node.exchange.exchange import Exchange, Journal, command
from node.exchange.listing import Asset, Listing
from node.exchange.replay.tape import Tape

START, MS = 1704067200 * 10**9, 10**6


def delta(at: int, first: int, last: int, bids: list[list[str]]) -> dict[str, object]:
    data = {"e": "depthUpdate", "E": START // MS + at, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": []}
    return {"stream": "btcusdt@depth@100ms", "data": data}


def picture(last: int) -> dict[str, object]:
    return {"lastUpdateId": last, "bids": [["99", "10"]], "asks": [["101", "5"]]}


def traded(at: int, size: str) -> dict[str, object]:
    data = {"e": "trade", "E": START // MS + at, "T": START // MS + at, "s": "BTCUSDT", "t": at}
    return {"stream": "btcusdt@trade", "data": data | {"p": "99", "q": size, "m": True}}


class Room:
    """A market in which a tape is replayed up to a message, and a rich user without fees."""

    def __init__(self, events: Events) -> None:
        of = events.instrument
        self.listing = Listing(
            "B-Q", Asset("B", 8), Asset("Q", 8), of.tick, of.lot, of.lot, of.lot * 10**9, Decimal(0)
        )  # fmt: skip
        self.exchange = Exchange([self.listing])
        self.user = self.exchange.open_account(0, 0)
        for asset in (0, 1):
            self.do(Kind.DEPOSIT, order=asset, quantity=1 << 58)
        tape = Tape(self.listing, 0, [events], clock="recv")
        self.commands, self.at = np.concatenate([block.copy() for block in tape.blocks()]), 0

    def do(self, kind: Kind, **fields: int) -> Journal:
        return self.exchange.carry_out(command(kind=int(kind), account=self.user, **fields))

    def to(self, time: int) -> Journal:
        """What is told by all that arrived up to then."""
        end = int(np.searchsorted(self.commands["time"], time, side="right"))
        self.at, due = end, self.commands[self.at : end]
        return self.exchange.carry_out(due)


def test_a_gap_that_the_reader_finds_gives_nobody_a_better_place(tmp_path: Path) -> None:
    messages = [
        picture(10), delta(1, 11, 12, [["98", "4"]]), delta(2, 20, 22, [["99", "9"]]), picture(30),
        delta(4, 31, 32, [["98", "5"]]), traded(5, "9"), delta(6, 33, 34, [["99", "1"]]), traded(7, "2"),
    ]  # fmt: skip
    path = tmp_path / "capture.txt"
    path.write_text("".join(f"{START + at * MS} {json.dumps(each)}\n" for at, each in enumerate(messages)))
    events = read_capture("binance", [path]).recordings[0].events
    assert np.count_nonzero(events.book["action"] == Action.CLEAR) == 3

    room = Room(events)
    room.to(START + MS)
    room.do(Kind.NEW, side=Side.BUY, price=99, quantity=3)
    assert not len(room.to(START + 6 * MS))
    assert room.to(START + 7 * MS)["quantity"].tolist() == [1]


def gapped(rows: Rows, ends: list[int]) -> Rows:
    """A book's rows with gaps that last no time behind some of them: it is lost, lost again, and found as it was."""
    book, parts, done = Book(), [], 0
    for end in ends:
        book.apply(rows[done:end])
        levels = [(side, *level) for side in (Half.BID, Half.ASK) for level in book.levels(side)]
        found = np.repeat(rows[end - 1 : end], 2 + len(levels))
        found["flags"] &= np.uint16(0xFFFF - Flag.LAST)
        found["flags"][1:] |= np.uint16(Flag.SNAPSHOT)
        found["flags"][[0, -1]] |= np.uint16(Flag.LAST)
        found["action"][:2], found["action"][2:] = Action.CLEAR, Action.ADD
        for name, values in zip(("side", "price", "size"), np.array(levels).T, strict=True):
            found[name][2:] = values
        parts += [rows[done:end], found]
        done = end
    return np.concatenate((*parts, rows[done:]))


def waits(events: Events, times: list[int], turns: dict[int, int]) -> list[int]:
    """How many messages a user's lot waits that joins a price, by when it does, until the next one's turn; else -1."""
    room, found, since = Room(events), list[int](), 0
    for at, time in enumerate(times):
        rows = room.to(time)
        if (rows["kind"] == Record.FILL).any():
            found[-1] = at - since
        if time in turns:
            room.do(Kind.CANCEL_ALL)
            room.do(Kind.NEW, side=Side.BUY, price=turns[time], quantity=1)
            found, since = [*found, -1], at
    return found


def test_gaps_in_a_real_capture_let_nobody_pass(shared_data: Path) -> None:
    """Lots that join the best bid are filled when they would be without the gaps in which the book is lost."""
    capture = read_capture("binance_futures", [shared_data / "binance_2024/usdm_btcusdt_20240808.gz"])
    events = capture.recordings[0].events
    ends = (np.flatnonzero(events.book["flags"] & Flag.LAST) + 1)[:1500].tolist()
    rows, book, turns, done = events.book[: ends[-1]], Book(), {}, 0
    for end in ends[20:-1:30]:
        book.apply(rows[done:end])
        turns[int(rows["ts_recv"][end - 1])] = book.levels(Half.BID)[0][0]
        done = end
    times = np.unique(rows["ts_recv"]).tolist()
    trades = events.trade[events.trade["ts_recv"] <= times[-1]]

    def filled(of: Rows) -> list[int]:
        return waits(replace(events, book=of, trade=trades), times, turns)

    whole = filled(rows)
    assert whole.count(-1) < len(whole) - 5
    assert filled(gapped(rows, ends[25:-1:15])) == whole
