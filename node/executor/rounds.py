"""Jobs and panels as the chain has them, what this operator has to do with them, and the call of each act."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fusion.chain.account import Account
from fusion.chain.bindings.types import Job, OutcomeKind, PanelState, PanelStatus, Seat, Status
from fusion.chain.client import Block, Chain
from fusion.chain.contract import Call
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.content.store import BlockStore
from fusion.errors import ContentError, ContentUnavailable, ContractRefused
from node.digest import commitment, keccak
from node.executor.duty import Contract, Duty
from node.executor.journal import Entry
from node.executor.steps import JUDGED, NOTHING, Act, Part, next_act, next_panel_act, seat_of

MARGIN = 5  # seconds of a commit window left for the commitment itself, and at least a tenth of the usual one


@dataclass(frozen=True, slots=True)
class Round:
    """A duty at one block.

    Attributes:
        job: the job that is run.
        panel: of a panel, itself; of a job, the panel that it waits for, if any.
        seats: of the duty's own contract; none before they are drawn.
    """

    duty: Duty
    job: Job
    panel: PanelState | None
    seats: Sequence[Seat]

    @property
    def deadline(self) -> int:
        """Last second of the present phase."""
        return self.panel.deadline if self.panel and self.duty.contract is Contract.PANEL else self.job.deadline

    @property
    def status(self) -> str:
        """Where it is, in a word."""
        at = self.panel.status if self.panel and self.duty.contract is Contract.PANEL else self.job.status
        return at.name.lower()

    @property
    def phase(self) -> tuple[int, int]:
        """Tells the times apart that the same act is due: after another demand, another draw, another panel."""
        return self.deadline, self.job.panel_id


class Rounds:
    """All that one operator reads from and writes to the two contracts.

    Args:
        store: has the blocks of its results, by which demands are answered.
    """

    def __init__(self, chain: Chain, account: Account, store: BlockStore) -> None:
        self._chain = chain
        self._me = account.address
        self._store = store
        self._scanned = 0
        self._registered: int | None = None

    @cached_property
    def room(self) -> int:
        """Seconds of a commit window that are left for the commitment."""
        return max(MARGIN, self._chain.jobs.windows().commit // 10)

    def keepers(self, found: Round) -> list[str]:
        """Those of the job that a panel runs again; none for a job. Raises Retryable when the chain is away."""
        if found.duty.contract is not Contract.PANEL or found.panel is None:
            return []
        return keepers(self._chain, found.panel.job_id)

    def read(self, entry: Entry, block: int) -> Round | None:
        """The duty at a block; None where the chain does not have it, or has another in its place.

        Its block was dropped: it may come back in another, and the follower will bring the spec that stands.
        """
        jobs, panels, duty = self._chain.jobs, self._chain.panel, entry.duty
        try:
            panel = panels.panel(duty.number, block=block) if duty.contract is Contract.PANEL else None
            job = jobs.job(panel.job_id if panel else duty.number, block=block)
        except ContractRefused:
            return None
        if keccak(entry.spec) != job.spec_hash:
            return None
        if panel:
            return Round(duty, job, panel, panels.seats(duty.number, block=block))
        waited_for = panels.panel(job.panel_id, block=block) if job.status in JUDGED else None
        return Round(duty, job, waited_for, jobs.seats(duty.number, block=block))

    def seat(self, found: Round) -> Seat | None:
        """This operator's."""
        return seat_of(found.seats, self._me)

    def due(self, found: Round, head: Block, *, prepared: bool, stuck: bool) -> Act | None:
        """What is due in the block after `head`."""
        job, panel = found.job, found.panel
        part = Part(
            self.seat(found),
            prepared=prepared,
            stuck=stuck,
            spare=found.duty.contract is Contract.PANEL or job.k < job.n,
            room=self.room,
            holds=self._holds(job),
        )
        if panel and found.duty.contract is Contract.PANEL:
            return next_panel_act(panel, part, head)
        return next_act(job, part, head, decided=panel is not None and panel.status is PanelStatus.DECIDED)

    def place(self, found: Round, act: Act) -> tuple[int | None, int]:
        """Where this operator stands among those whose turn comes first, and how many they are.

        Those are the seated, for an answer those of them that gave the result; else all that are registered.
        """
        first = [each for each in found.seats if act is not Act.ANSWER or each.outcome_hash == found.job.outcome_hash]
        if first:
            return next((at for at, seat in enumerate(first) if seat.operator == self._me), None), len(first)
        count = self._chain.staking.operator_count()
        while self._registered is None and self._scanned < count:
            if self._chain.staking.operator_at(self._scanned) == self._me:
                self._registered = self._scanned
            self._scanned += 1
        return self._registered, max(count, 1)

    def call(self, entry: Entry, act: Act, found: Round) -> Call:
        """The transaction of an act."""
        jobs, number = self._chain.jobs, entry.number
        on = self._chain.panel if entry.contract is Contract.PANEL else jobs
        match act:
            case Act.COMMIT:
                call = on.commit(number, self.commitment(entry))
            case Act.REVEAL:
                call = on.reveal(number, OutcomeKind(entry.kind), entry.document, entry.salt)
            case Act.ASSIGN:
                call = on.assign(number)
            case Act.TALLY:
                call = jobs.tally(number)
            case Act.RESOLVE:
                call = jobs.resolve(number)
            case Act.ANSWER:
                call = jobs.answer(number, self._block(found.job.demanded))
            case Act.FINALIZE:
                call = jobs.finalize(number)
            case _:
                call = on.expire(number)
        return call

    def commitment(self, entry: Entry) -> bytes:
        """What this operator commits to."""
        contract = self._chain.panel if entry.contract is Contract.PANEL else self._chain.jobs
        return commitment(
            self._chain.deployment.chain_id,
            contract.address,
            entry.number,
            self._me,
            outcome=entry.outcome_hash,
            salt=entry.salt,
        )

    def _holds(self, job: Job) -> bool:
        return job.status is Status.DEMANDED and any(map(self._store.has, _cids(job.demanded)))

    def _block(self, digest: bytes) -> bytes:
        """The block of that digest, whatever it is a part of; ContentError where it was altered on disk."""
        for cid in _cids(digest):
            try:
                return self._store.get(cid)
            except ContentUnavailable:
                continue
        raise ContentError(f"the block of digest {digest.hex()} is gone from the content store")


def keepers(chain: Chain, job_id: int) -> list[str]:
    """Gateways of a job's seats: they had its inputs, which their requester may have taken away since."""
    endpoints = [
        chain.staking.endpoint(seat.operator) for seat in chain.jobs.seats(job_id) if seat.outcome_hash != NOTHING
    ]
    return [url for url in endpoints if url]


def _cids(digest: bytes) -> tuple[Cid, Cid]:
    """What a block may be called of which the chain has the digest alone."""
    return Cid(RAW, digest), Cid(DAG_PB, digest)
