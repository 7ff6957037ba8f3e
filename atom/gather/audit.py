"""Audit: what a venue's checksums say of the book that its messages make."""

from collections.abc import Sequence

import numpy as np

from atom.book.checksum import Checker, Verdict, Written
from atom.events import Action, Flag, Rows, Status, StatusKind
from atom.instrument import Ints


class Audit:
    """Follows one symbol's book with a checker.

    Attributes:
        right, wrong: checksums so far.
    """

    def __init__(self, checker: Checker) -> None:
        self.right = self.wrong = 0
        self._checker = checker

    @property
    def broken(self) -> bool:
        """Whether the book waits for a full picture since a checksum was wrong."""
        return self._checker.broken

    def rescale(self, of: str, factor: int) -> None:
        """Takes "price" or "size" in steps that are `factor` times finer."""
        self._checker.rescale(of, factor)

    def check(
        self,
        rows: Rows,
        counts: Ints,
        told: tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]],
        written: tuple[tuple[Ints, Ints], tuple[Ints, Ints]] | None,
    ) -> tuple[Rows, list[Status]]:
        """Rows of the book with what follows from the venue's rules: levels that fall out, and wrong checksums.

        Args:
            rows: as the messages say.
            counts: rows of each message.
            told: checksums, each a message and what the venue says after it; and depths, each a message and how many
                levels a side the venue tells of from there on.
            written: of each row but a CLEAR, prices and sizes as they were written: digits and decimals.
        """
        ends = np.cumsum(counts)
        (messages, expected), (changed, levels) = (np.array(each, np.int64).reshape(-1, 2).T for each in told)
        depths = np.stack(((ends - counts)[changed], levels), axis=1)
        checked, verdicts = self._checker.check(rows, _written(rows, written), ends[messages] - 1, expected, depths)
        self.right += int(np.isin(verdicts, (Verdict.RIGHT, Verdict.RESYNCED)).sum())
        self.wrong += int((verdicts == Verdict.WRONG).sum())
        status = []
        for check in np.flatnonzero((verdicts == Verdict.WRONG) | (verdicts == Verdict.RESYNCED)):
            row = rows[ends[messages[check]] - 1]
            sequence = None if row["flags"] & Flag.NO_SEQUENCE else int(row["sequence"])
            kind, detail = StatusKind.RESYNC, "a snapshot whose checksum is right"
            if verdicts[check] == Verdict.WRONG:
                kind, detail = StatusKind.CHECKSUM, f"the venue's checksum is {expected[check]}, the book's is not"
            status.append(Status(kind, int(row["ts_recv"]), sequence, detail))
        return checked, status


def _written(rows: Rows, written: tuple[tuple[Ints, Ints], tuple[Ints, Ints]] | None) -> Written | None:
    if written is None:
        return None
    some, digits = rows["action"] != Action.CLEAR, np.zeros((4, len(rows)), np.int64)
    for place, column in enumerate(column for of in written for column in of):
        digits[place, some] = column
    return Written(*digits)
