"""The desk: all jobs of one operator, each looked at again whenever the chain moves.

What takes time (a run, a transaction) goes on in a thread of its own, at most one a job, and only the desk's own thread
writes the journal. Nothing is decided from memory: before each act the job and its seats are read from the chain, so a
restart, a reorganisation or another operator's act change nothing but what is found.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from fusion import log
from fusion.chain.account import Account
from fusion.chain.bindings.types import Job, OutcomeKind, Seat
from fusion.chain.client import Block, Chain
from fusion.errors import BadInput, ContractRefused, FusionError, Retryable
from node.executor.digest import commitment, keccak
from node.executor.journal import Entry, Journal, Stage
from node.executor.run import NotAttested, Vote, checked_spec
from node.executor.steps import ANYONES, NOTHING, Act, next_act, seat_of, turn
from node.executor.worker import Worker
from node.spec import JobSpec

RUN_TRIES = 6  # of a run that ends without an outcome to vote for, or fails for a reason nobody foresaw
SENDING = 8  # transactions at once
SEND_TIMEOUT = 20.0  # seconds until a transaction without a receipt, perhaps lost, is looked at again
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds between tries
BLOCK_PAUSE = 1.0  # seconds, about a block: a draw that found too few may find enough in the next
MARGIN = 5  # seconds of the commit window left for the commitment itself

T = TypeVar("T")
Voter = Callable[[JobSpec, Worker, float], Vote]
"""Spec, the process to run it in, when it must have ended (this machine's monotonic time) -> vote.

Raises as `node.executor.run.vote`.
"""


@dataclass(slots=True)
class _Task:
    """One act under way; `worker` is the one that a run keeps busy."""

    entry: Entry
    act: Act
    future: "Future[Vote | str]"
    worker: Worker | None


@dataclass(slots=True)
class _Pause:
    """After a failed act: tries so far, and when the next may be, in this machine's monotonic time; 0 once it was."""

    tries: int = 0
    until: float = 0.0


class Desk:
    """Does for each job of the journal what is due.

    Args:
        image: id of the sandbox image that this operator runs.
        voter: runs a job; called in threads, one a worker at a time.
        max_fuel: largest fuel limit of a job that it runs.
    """

    def __init__(
        self,
        chain: Chain,
        account: Account,
        journal: Journal,
        *,
        image: bytes,
        workers: Sequence[Worker],
        voter: Voter,
        max_fuel: int,
    ) -> None:
        self._chain = chain
        self._account = account
        self._journal = journal
        self._image = image
        self._idle = list(workers)
        self._voter = voter
        self._max_fuel = max_fuel
        self._tasks: dict[int, _Task] = {}
        self._pauses: dict[int, _Pause] = {}
        self._due_since: dict[tuple[int, Act], int] = {}
        self._scanned = 0
        self._registered: int | None = None
        self._log = log.get(operator=account.address)

    def under_way(self) -> "list[Future[Vote | str]]":
        return [task.future for task in self._tasks.values()]

    def collect(self) -> bool:
        """Notes what the threads have brought; whether there was any."""
        ended = [task for task in self._tasks.values() if task.future.done()]
        for task in ended:
            del self._tasks[task.entry.job_id]
            if task.worker is not None:
                self._idle.append(task.worker)
            error = task.future.exception()
            if error is None:
                self._succeeded(task.entry, task.act, task.future.result())
            else:
                self._failed(task.entry, task.act, error)
        return bool(ended)

    def waiting(self) -> bool:
        """Whether a pause has ended since a job was last looked at."""
        now = time.monotonic()
        return any(0 < pause.until <= now for pause in self._pauses.values())

    def review(self, head: Block) -> None:
        """Looks at every job that has not ended, and starts what is due. Raises Retryable when the chain is away."""
        now = time.monotonic()
        active = self._journal.active()
        self._forget_all_but({entry.job_id for entry in active})
        for entry in active:
            pause = self._pauses.get(entry.job_id)
            if entry.job_id in self._tasks or (pause is not None and pause.until > now):
                continue
            if pause is not None:
                pause.until = 0.0
            try:
                self._consider(entry, head)
            except Retryable:
                raise
            except Exception as error:  # noqa: BLE001  # one job's trouble is not another's; told with its traceback
                self._failed(entry, None, error)

    def _consider(self, entry: Entry, head: Block) -> None:
        job_id = entry.job_id
        try:
            job = self._chain.jobs.job(job_id, block=head.number)
        except ContractRefused:
            return  # its block was dropped; it may come back in another
        if keccak(entry.spec) != job.spec_hash:
            return  # likewise: the follower will bring the spec that stands
        seats = self._chain.jobs.seats(job_id, block=head.number)
        seat = seat_of(seats, self._account.address)
        if seat is not None and seat.commitment != NOTHING:
            entry = self._compared(entry, seat)
        act = next_act(job, seat, head, prepared=bool(entry.salt))
        if act is None or (act in (Act.RUN, Act.REVEAL) and entry.stage is Stage.ABSTAINED):
            return
        if act is Act.RUN:
            self._start_run(entry, job, head)
            return
        since = self._due_since.setdefault((job_id, act), head.number)
        place, others = self._place(seats)
        if head.number >= since + turn(act, job_id, place, others) and self._sending() < ways(act):
            self._start(entry, act, lambda: self._send(entry, act))

    def _sending(self) -> int:
        return sum(task.worker is None for task in self._tasks.values())

    def _compared(self, entry: Entry, seat: Seat) -> Entry:
        """Brings the journal up to what the chain has of this operator's commitment: the chain is right."""
        if not entry.salt or self._commitment(entry) != seat.commitment:
            if entry.stage is not Stage.ABSTAINED:
                reason = "the chain has a commitment of this operator that its journal does not know: it cannot reveal"
                self._log.error(reason, job=entry.job_id)
                self._journal.abstained(entry.job_id, reason)
        elif seat.outcome_hash != NOTHING:
            if entry.stage is not Stage.REVEALED:
                self._journal.revealed(entry.job_id)
        elif entry.stage is not Stage.COMMITTED:
            self._journal.committed(entry.job_id)
        return self._journal.get(entry.job_id) or entry

    def _place(self, seats: Sequence[Seat]) -> tuple[int | None, int]:
        """Where this operator stands among those whose turn comes first: the seated, else all that are registered."""
        me = self._account.address
        if seats:
            return next((at for at, seat in enumerate(seats) if seat.operator == me), None), len(seats)
        count = self._chain.staking.operator_count()
        while self._registered is None and self._scanned < count:
            if self._chain.staking.operator_at(self._scanned) == me:
                self._registered = self._scanned
            self._scanned += 1
        return self._registered, max(count, 1)

    # Acts

    def _start_run(self, entry: Entry, job: Job, head: Block) -> None:
        if not self._idle:
            return
        try:
            spec = checked_spec(entry.spec, job, self._image, self._max_fuel)
        except BadInput as error:
            self._abstain(entry, str(error))
            return
        worker = self._idle.pop()
        until = time.monotonic() + max(1.0, job.deadline - head.timestamp - MARGIN)
        self._start(entry, Act.RUN, lambda: self._voter(spec, worker, until), worker)

    def _start(self, entry: Entry, act: Act, work: Callable[[], Vote | str], worker: Worker | None = None) -> None:
        self._log.debug("begins", job=entry.job_id, act=act.value)
        self._tasks[entry.job_id] = _Task(entry, act, in_thread(work), worker)

    def _send(self, entry: Entry, act: Act) -> str:
        """Sends the act's transaction and waits until it is included; returns its hash."""
        jobs, job_id = self._chain.jobs, entry.job_id
        match act:
            case Act.COMMIT:
                call = jobs.commit(job_id, self._commitment(entry))
            case Act.REVEAL:
                call = jobs.reveal(job_id, OutcomeKind(entry.kind), entry.document, entry.salt)
            case Act.ASSIGN:
                call = jobs.assign(job_id)
            case Act.TALLY:
                call = jobs.tally(job_id)
            case Act.FINALIZE:
                call = jobs.finalize(job_id)
            case _:
                call = jobs.expire(job_id)
        return self._chain.send(self._account, call, timeout=SEND_TIMEOUT).tx_hash

    def _commitment(self, entry: Entry) -> bytes:
        chain_id, market = self._chain.deployment.chain_id, self._chain.jobs.address
        me = self._account.address
        return commitment(chain_id, market, entry.job_id, me, outcome=entry.outcome_hash, salt=entry.salt)

    # What came of them

    def _succeeded(self, entry: Entry, act: Act, result: Vote | str) -> None:
        self._pauses.pop(entry.job_id, None)
        job_id = entry.job_id
        if isinstance(result, Vote):
            self._journal.ready(job_id, result.kind, result.document, result.outcome_hash, result.salt)
            self._log.info("ran", job=job_id, kind=result.kind.name, outcome=result.outcome_hash.hex())
            return
        if act is Act.COMMIT:
            self._journal.committed(job_id, result)
        elif act is Act.REVEAL:
            self._journal.revealed(job_id, result)
        self._log.info("sent", job=job_id, act=act.value, tx=result)

    def _failed(self, entry: Entry, act: Act | None, error: BaseException) -> None:
        """Pauses the job; a run that cannot pass, or has been tried enough, ends in abstaining."""
        pause = self._pauses.setdefault(entry.job_id, _Pause())
        pause.tries += 1
        longest = BLOCK_PAUSE if _drew_too_few(error) else LONGEST_PAUSE
        pause.until = time.monotonic() + min(FIRST_PAUSE * 2 ** min(pause.tries - 1, 10), longest)
        told = self._log.bind(job=entry.job_id, act=act.value if act else None, tries=pause.tries)
        if isinstance(error, ContractRefused) and act in ANYONES:
            told.debug("another was first, or it is too early", error=str(error))
            return
        tries = _tries(error)
        self._journal.failed(entry.job_id, str(error), counted=tries < math.inf)
        if isinstance(error, FusionError):
            told.warning("failed", error=str(error))
        else:
            told.error("failed in a way nobody foresaw", exc_info=error)
        if act is Act.RUN and entry.attempts + 1 >= tries:
            self._abstain(entry, str(error))

    def _abstain(self, entry: Entry, reason: str) -> None:
        self._journal.abstained(entry.job_id, reason)
        self._log.warning("abstains", job=entry.job_id, reason=reason)

    def _forget_all_but(self, active: set[int]) -> None:
        self._pauses = {job_id: pause for job_id, pause in self._pauses.items() if job_id in active}
        self._due_since = {key: block for key, block in self._due_since.items() if key[0] in active}


def ways(act: Act) -> int:
    """Transactions that may be under way when one more is begun: half are kept for what this operator alone can do."""
    return SENDING // 2 if act in ANYONES else SENDING


def _drew_too_few(error: BaseException) -> bool:
    return isinstance(error, ContractRefused) and error.error == "TooFewEligible"


def _tries(error: BaseException) -> float:
    """How often a run is tried that fails like this."""
    if isinstance(error, BadInput):
        return 1  # the job itself is wrong
    if isinstance(error, Retryable) and not isinstance(error, NotAttested):
        return math.inf  # what is not here now may come until the window closes
    return RUN_TRIES  # a gateway that alters bytes or a node in trouble may have a better one beside it


def in_thread(work: Callable[[], T]) -> "Future[T]":
    """Runs `work` in a thread that does not keep the process alive."""
    future: Future[T] = Future()

    def call() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # whoever takes the result raises it
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=call, daemon=True).start()
    return future
