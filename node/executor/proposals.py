"""Which jobs are proposed, and which of them are worth a second look. In the daemon's thread."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

from fusion import log
from fusion.chain.bindings.job_market import Posted, Proposed
from fusion.chain.bindings.types import Job, OutcomeKind, Status
from fusion.chain.client import Block, Chain
from fusion.chain.contract import Event
from fusion.errors import BadInput
from node.executor.background import in_thread
from node.executor.casebook import Case, Casebook
from node.executor.duty import Contract, Duty
from node.executor.entry import Entry
from node.executor.journal import Journal
from node.executor.past import Past
from node.executor.steps import NOTHING, seat_of
from node.executor.suspicion import Matter, suspicion, ticket
from node.spec import JobSpec


class Proposals:
    """As one operator sees them.

    Args:
        checked: the spec of a job that this operator can run; BadInput for any other.
        share: what part of the jobs is drawn that nothing speaks against.
    """

    def __init__(
        self,
        chain: Chain,
        journal: Journal,
        casebook: Casebook,
        *,
        operator: str,
        checked: Callable[[Entry, Job], JobSpec],
        share: float,
    ) -> None:
        self._chain = chain
        self._journal = journal
        self._book = casebook
        self._me = operator
        self._checked = checked
        self._share = share
        self._place = f"{chain.deployment.chain_id}-{chain.jobs.address.lower()}"
        self._read: Block | None = None
        self._fresh: set[int] = set()  # that were not judged yet
        self._reading: Future[Past] = in_thread(lambda: Past.read(chain))
        self._log = log.get(operator=operator)

    def look(self, head: Block) -> None:
        """Reads what was proposed since the last look; else, as at first, takes all jobs that have not ended."""
        last = self._read
        if last is not None and last.hash == head.hash:
            return
        known = self._chain.block(last.number) if last is not None and last.number < head.number else None
        events: Sequence[Event] = ()
        first = last.number + 1 if last is not None and known is not None and known.hash == last.hash else 0
        if first:
            events = self._chain.events(first, head.number)
            self._fresh |= {event.job_id for event in events if isinstance(event, Proposed)}
        else:
            self._fresh |= {entry.number for entry in self._journal.active() if entry.contract is Contract.JOB}
        if (past := self._past()) is not None:
            past.follow(self._chain, head.number, events, first)
        self._read = head

    def again(self, job_id: int) -> None:
        """Has a job judged anew: another outcome of it is proposed now."""
        self._fresh.add(job_id)

    def suspects(self, head: Block, room: int) -> Iterator[Case]:
        """The new cases; each job is judged once for each outcome that is proposed.

        A case counts as given once the next is asked for: where it cannot be noted, it comes again. While the past of
        the operators is being read, a job that nothing else speaks against is judged again.

        Args:
            room: seconds of the challenge window that must be left.
        """
        for job_id in sorted(self._fresh):
            found, past = self._watched(job_id, head, room), self._past()
            reason = None
            if found is not None:
                entry, job = found
                drawn = ticket(self._book.secret, self._place, job_id, job)
                reason = suspicion(self._matter(entry, job, head, past), drawn, self._share)
                if reason is not None:
                    yield Case(job_id, job.spec_hash, job.outcome_hash, reason.value)
            if found is None or reason is not None or past is not None:
                self._fresh.discard(job_id)

    def _watched(self, job_id: int, head: Block, room: int) -> tuple[Entry, Job] | None:
        """A proposed job that this operator can look into in time; None where it cannot, or has."""
        entry = self._journal.get(Duty(Contract.JOB, job_id))
        if entry is None or job_id > self._chain.jobs.job_count():
            return None
        job = self._chain.jobs.job(job_id, block=head.number)
        if job.status is not Status.PROPOSED or job.deadline - head.timestamp <= room:
            return None
        known = self._book.get(job_id)
        if known is not None and (known.spec_hash, known.proposed) == (job.spec_hash, job.outcome_hash):
            return None
        try:
            self._checked(entry, job)
        except BadInput as error:
            self._log.debug("does not watch over a job", job=job_id, why=str(error))
            return None
        return entry, job

    def _matter(self, entry: Entry, job: Job, head: Block, past: Past | None) -> Matter:
        chain, seats = self._chain, self._chain.jobs.seats(entry.number, block=head.number)
        mine = seat_of(seats, self._me)
        kind, own = entry.kind, entry.outcome_hash if entry.salt else b""
        if mine is not None and mine.outcome_hash != NOTHING:
            kind, own = mine.kind, mine.outcome_hash
        values = [
            event.terms.value
            for event in chain.events(entry.block, entry.block)
            if isinstance(event, Posted) and event.job_id == entry.number
        ]
        return Matter(
            job=job,
            seats=seats,
            own=b"" if kind == OutcomeKind.INPUT_UNAVAILABLE else own,
            past=past,
            least=chain.jobs.minimum_fee(job.fuel),
            value=values[0] if values else 0,
            bound=chain.jobs.bound_of(job.assurance_ppm, job.n, job.lock),
        )

    def _past(self) -> Past | None:
        """Of the operators; None while it is being read, and read again where that failed."""
        if not self._reading.done():
            return None
        if self._reading.exception() is not None:
            self._log.debug("reads the operators' past again", error=str(self._reading.exception()))
            self._reading = in_thread(lambda: Past.read(self._chain))
            return None
        return self._reading.result()
