"""What an operator need not keep for ever: ended duties, the results they name, and what was fetched for them."""

import time

from fusion import log
from fusion.content.cid import Cid
from fusion.errors import FusionError, Retryable
from node.executor.journal import Journal
from node.executor.library import Shelves
from node.executor.metrics import Metrics
from node.executor.terms import Terms
from sandbox.encoding import decode

EVERY = 600.0  # seconds between two cleanings


class Retention:
    """Cleans journal and shelves now and then, in the daemon's thread.

    Results go before the duties that name them: what a crash leaves of it is done by the next cleaning.
    """

    def __init__(self, journal: Journal, shelves: Shelves, terms: Terms, metrics: Metrics, *, operator: str) -> None:
        self._journal = journal
        self._shelves = shelves
        self._terms = terms
        self._metrics = metrics
        self._next = 0.0  # in this machine's monotonic time
        self._log = log.get(operator=operator)

    def review(self, now: int) -> None:
        """Cleans if it is time to; `now` is chain time, in seconds, up to which the journal has read the chain."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        try:
            self.clean(now)
        except Retryable as error:  # a disk in trouble; what matters of it is told by whoever needs it
            self._log.warning("could not clean up", error=str(error))

    def make_room(self) -> None:
        """Gives up what can be fetched again, where the disk is full."""
        self._shelves.evict(0)

    def clean(self, now: int) -> None:
        before = now - self._terms.keep
        kept, gone = (_tables(documents) for documents in self._journal.documents(before))
        results = self._shelves.clean(kept, gone - kept, now=now, keep=self._terms.keep)
        duties = self._journal.prune(before, now)
        if results or duties:
            self._log.info("cleaned up", duties=duties, results=results)
        self._metrics.kept(
            journal=self._journal.size(), results=self._shelves.results.size(), fetched=self._shelves.fetched.size()
        )


def _tables(documents: list[bytes]) -> set[Cid]:
    """The roots of the results that are named in them."""
    roots = set()
    for document in documents:
        try:
            table = decode(document).table
        except FusionError:  # it declined, or says what this version does not know
            continue
        if table is not None:
            roots.add(table)
    return roots
