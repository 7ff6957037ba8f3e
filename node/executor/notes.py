"""What the desk writes into the journal, and what of it can wait where there is no room on the disk.

What the chain has as well is read from there again, and may be left out. An outcome is kept here until it is written:
the desk commits to none that it does not find in the journal.
"""

import time
from collections.abc import Callable

from node.executor.durable import NoRoom
from node.executor.duty import Duty
from node.executor.entry import Entry
from node.executor.journal import Journal
from node.executor.run import Vote
from node.executor.troubles import Troubles

AGAIN = 1.0  # seconds until an outcome is tried again that there was no room for


class Notes:
    """The notes of one desk, in its thread."""

    def __init__(self, journal: Journal, troubles: Troubles) -> None:
        self._journal = journal
        self._troubles = troubles
        self._unwritten: dict[Duty, tuple[Entry, Vote, str]] = {}
        self._again = 0.0  # when to try again, in this machine's monotonic time

    def put(self, write: Callable[[], None]) -> None:
        """Writes what the chain tells as well, if there is room."""
        try:
            write()
        except NoRoom as error:
            self._troubles.note("journal", error)

    def keep(self, entry: Entry, vote: Vote, reason: str = "") -> bool:
        """Takes an outcome, and writes it down if there is room; whether there was."""
        self._unwritten[entry.duty] = (entry, vote, reason)
        return self.write_again(entry.duty)

    def holds(self, duty: Duty) -> bool:
        """Whether an outcome of it waits to be written."""
        return duty in self._unwritten

    def waiting(self) -> bool:
        """Whether one is to be tried again now."""
        return bool(self._unwritten) and time.monotonic() >= self._again

    def write_again(self, duty: Duty) -> bool:
        """Whether nothing is left to write of it."""
        ran, vote, reason = self._unwritten[duty]
        present = self._journal.get(duty)
        try:
            if present is not None and present.spec == ran.spec:  # else the chain has another duty of that number now
                self._journal.ready(duty, vote.kind, vote.document, vote.outcome_hash, vote.salt, reason=reason)
        except NoRoom as error:
            self._troubles.note(str(duty), error)
            self._again = time.monotonic() + AGAIN
            return False
        del self._unwritten[duty]
        return True

    def forget_all_but(self, duties: set[Duty]) -> None:
        self._unwritten = {duty: kept for duty, kept in self._unwritten.items() if duty in duties}
