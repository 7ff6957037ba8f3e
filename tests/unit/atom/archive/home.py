"""Homes of recorders: a simulated market of an hour's pace, as each of them has it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from atom.archive.archive import Archive
from atom.archive.publish import Published, publish
from atom.events import Events
from atom.recording import Recording
from atom.store import Store
from fusion.chain.account import Account

SECOND = 10**9


def late(events: Events, by: int) -> Events:
    """The same traffic as it came to another, ns later."""
    tables = {kind: rows.copy() for kind, rows in events.tables().items()}
    for rows in tables.values():
        rows["ts_recv"] += by
    return replace(events, book=tables["book"], trade=tables["trade"], quote=tables["quote"])


def since(events: Events, at: int) -> Events:
    """What is left of traffic to one who came so many ns after its beginning; his book begins with a picture."""
    from atom.book import Book
    from atom.book.picture import picture

    begin = int(events.book["ts_event"][0]) + at
    place = int(np.searchsorted(events.book["ts_event"], begin))
    book = Book()
    book.apply(events.book[:place])
    rows = picture(book)
    for name in ("ts_event", "ts_recv", "sequence"):
        rows[name] = events.book[name][place - 1]
    return replace(
        events,
        book=np.concatenate((rows, events.book[place:])),
        trade=events.trade[events.trade["ts_event"] >= begin],
    )


@dataclass
class Home:
    """A recorder's store, archive and key."""

    folder: Path
    number: int = 1

    @property
    def store(self) -> Store:
        return Store(self.folder / "atom")

    @property
    def archive(self) -> Archive:
        return Archive.at(self.folder, self.folder / "content")

    @property
    def account(self) -> Account:
        return Account.from_key(bytes([self.number]) * 32)

    def record(self, events: Events) -> "Home":
        self.store.write(Recording(events, messages=0, unexplained=0, trades=len(events.trade), gaps=0))
        return self

    def publish(self, *, length: int = 10 * SECOND, lateness: int = SECOND) -> list[Published]:
        return list(
            publish(
                self.archive,
                self.store,
                self.account,
                markets=self.store.symbols(),
                length=length,
                lateness=lateness,
            )
        )
