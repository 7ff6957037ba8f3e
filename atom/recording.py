"""Recording: all that one capture tells of one symbol."""

from dataclasses import dataclass
from functools import cached_property

from atom import book
from atom.book import Replay
from atom.events import Events, Status, StatusKind


@dataclass(frozen=True)
class Recording:
    """All that one capture tells of one symbol.

    Attributes:
        events: what happened, in the order in which it took effect.
        messages: received lines, snapshots included.
        unexplained: lines among them that nobody understood.
        trades: messages about trades.
        gaps: times the book became invalid because updates were missing.
        checksums_ok, checksums_bad: checksums of the venue that came so, and did not.
    """

    events: Events
    messages: int
    unexplained: int
    trades: int
    gaps: int
    checksums_ok: int = 0
    checksums_bad: int = 0

    @cached_property
    def replay(self) -> Replay:
        """The book's way through it, made once."""
        return book.replay(self.events.book)

    @cached_property
    def status(self) -> tuple[Status, ...]:
        """What happened to the recording, by arrival, with the times the book became crossed."""
        tops, rows = self.replay.tops, self.events.book
        price = self.events.instrument.price_text
        found = [
            Status(
                StatusKind.CROSSED,
                int(rows["ts_recv"][top["row"]]),
                int(rows["sequence"][top["row"]]),
                f"bid {price(int(top['bid_price']))} at or above ask {price(int(top['ask_price']))}",
            )
            for top in tops[self.replay.became_crossed]
        ]
        return tuple(sorted((*self.events.status, *found), key=lambda status: status.ts_recv))
