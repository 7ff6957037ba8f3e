"""The desk: all duties of one operator, each looked at again whenever the chain moves.

What takes time (a run, a transaction) goes on in a thread of its own, at most one a duty, and only the desk's own
thread writes the journal. Nothing is decided from memory: before each act the job or the panel and its seats are read
from the chain, so a restart, a reorganisation or another operator's act change nothing but what is found.
"""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from fusion import log
from fusion.chain.account import Account
from fusion.chain.bindings.types import Seat
from fusion.chain.client import Block, Chain
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContractRefused, FusionError, Retryable
from node.executor.background import in_thread
from node.executor.duty import Contract, Duty
from node.executor.journal import Entry, Journal, Stage
from node.executor.rounds import Round, Rounds
from node.executor.run import NotAttested, Vote, checked_spec, gives_cause, unavailable
from node.executor.steps import ANYONES, NOTHING, Act, turn
from node.spec import JobSpec
from sandbox.worker import Worker

RUN_TRIES = 6  # of a run that ends without an outcome to vote for, or fails for a reason nobody foresaw
SENDING = 8  # transactions at once
SEND_TIMEOUT = 20.0  # seconds until a transaction without a receipt, perhaps lost, is looked at again
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds between tries
NEVER = math.inf
BLOCK_PAUSE = 1.0  # seconds, about a block: a draw that found too few may find enough in the next

Voter = Callable[[JobSpec, Worker, float, Sequence[str]], Vote]
"""Spec, the process to run it in, when it must have ended (this machine's monotonic time), gateways of others who had
its inputs -> vote.

Raises as `node.executor.run.vote`.
"""


@dataclass(slots=True)
class _Task:
    """One act under way.

    Attributes:
        worker: the one that a run keeps busy.
        by: chain time, in seconds, from which a failed run is looked at again however long its pause.
    """

    entry: Entry
    act: Act
    future: "Future[Vote | str]"
    worker: Worker | None
    by: float


@dataclass(slots=True)
class _Pause:
    """After a failed act: tries so far, and when the next may be, in this machine's monotonic time; 0 once it was.

    It ends before where chain time has come to `by`.
    """

    tries: int = 0
    until: float = 0.0
    by: float = NEVER


class Desk:
    """Does for each duty of the journal what is due.

    Args:
        store: has the blocks of this operator's results.
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
        store: BlockStore,
        image: bytes,
        workers: Sequence[Worker],
        voter: Voter,
        max_fuel: int,
    ) -> None:
        self._chain = chain
        self._account = account
        self._journal = journal
        self._rounds = Rounds(chain, account, store)
        self._image = image
        self._idle = list(workers)
        self._voter = voter
        self._max_fuel = max_fuel
        self._tasks: dict[Duty, _Task] = {}
        self._pauses: dict[Duty, _Pause] = {}
        self._stuck: dict[Duty, str] = {}  # why the last run ended without an outcome
        self._due_since: dict[tuple[Duty, Act, tuple[int, int]], int] = {}
        self._log = log.get(operator=account.address)

    def under_way(self) -> "list[Future[Vote | str]]":
        return [task.future for task in self._tasks.values()]

    def collect(self) -> bool:
        """Notes what the threads have brought; whether there was any."""
        ended = [task for task in self._tasks.values() if task.future.done()]
        for task in ended:
            del self._tasks[task.entry.duty]
            if task.worker is not None:
                self._idle.append(task.worker)
            error = task.future.exception()
            if error is None:
                self._succeeded(task.entry, task.act, task.future.result())
            else:
                self._failed(task.entry, task.act, error, by=task.by)
        return bool(ended)

    def waiting(self) -> bool:
        """Whether a pause has ended since a duty was last looked at."""
        now = time.monotonic()
        return any(0 < pause.until <= now for pause in self._pauses.values())

    def review(self, head: Block) -> None:
        """Looks at every duty that has not ended, and starts what is due. Raises Retryable when the chain is away."""
        now = time.monotonic()
        active = self._journal.active()
        self._forget_all_but({entry.duty for entry in active})
        for entry in active:
            pause = self._pauses.get(entry.duty)
            if entry.duty in self._tasks or (pause is not None and pause.until > now and head.timestamp < pause.by):
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
        duty, found = entry.duty, self._rounds.read(entry, head.number)
        if found is None:
            return
        seat = self._rounds.seat(found)
        if seat is not None and seat.commitment != NOTHING:
            entry = self._compared(entry, seat)
        act = self._rounds.due(found, head, prepared=bool(entry.salt), stuck=duty in self._stuck)
        if act is None or (act is Act.REVEAL and entry.stage is Stage.ABSTAINED):
            return
        if act is Act.RUN:
            self._start_run(entry, found, head)
            return
        if act is Act.DECLINE:
            self._decline(entry, self._stuck[duty])
            return
        since = self._due_since.setdefault((duty, act, found.phase), head.number)
        place, others = self._rounds.place(found, act)
        if head.number >= since + turn(act, entry.number, place, others) and self._sending() < ways(act):
            self._start(entry, act, lambda: self._send(entry, act, found))

    def _sending(self) -> int:
        return sum(task.worker is None for task in self._tasks.values())

    def _compared(self, entry: Entry, seat: Seat) -> Entry:
        """Brings the journal up to what the chain has of this operator's commitment: the chain is right."""
        if not entry.salt or self._rounds.commitment(entry) != seat.commitment:
            if entry.stage is not Stage.ABSTAINED:
                reason = "the chain has a commitment of this operator that its journal does not know: it cannot reveal"
                self._told(entry).error(reason)
                self._journal.abstained(entry.duty, reason)
        elif seat.outcome_hash != NOTHING:
            if entry.stage is not Stage.REVEALED:
                self._journal.revealed(entry.duty)
        elif entry.stage is not Stage.COMMITTED:
            self._journal.committed(entry.duty)
        return self._journal.get(entry.duty) or entry

    # Acts

    def _start_run(self, entry: Entry, found: Round, head: Block) -> None:
        if not self._idle:
            return
        try:
            spec = checked_spec(entry.spec, found.job, self._image, self._max_fuel)
        except BadInput as error:
            self._decline(entry, str(error))
            return
        by = found.deadline - self._rounds.room
        until = time.monotonic() + max(1.0, by - head.timestamp)
        worker = self._idle.pop()
        self._start(
            entry, Act.RUN, lambda: self._voter(spec, worker, until, self._rounds.keepers(found)), worker, by=by
        )

    def _start(
        self, entry: Entry, act: Act, work: Callable[[], Vote | str], worker: Worker | None = None, *, by: float = NEVER
    ) -> None:
        self._told(entry).debug("begins", act=act.value)
        self._tasks[entry.duty] = _Task(entry, act, in_thread(work), worker, by)

    def _send(self, entry: Entry, act: Act, found: Round) -> str:
        """Sends the act's transaction and waits until it is included; returns its hash."""
        call = self._rounds.call(entry, act, found)
        return self._chain.send(self._account, call, timeout=SEND_TIMEOUT).tx_hash

    # What came of them

    def _succeeded(self, entry: Entry, act: Act, result: Vote | str) -> None:
        duty, told = entry.duty, self._told(entry)
        self._pauses.pop(duty, None)
        if isinstance(result, Vote):
            self._keep(duty, result)
            told.info("ran", kind=result.kind.name, outcome=result.outcome_hash.hex())
            return
        if act is Act.COMMIT:
            self._journal.committed(duty, result)
        elif act is Act.REVEAL:
            self._journal.revealed(duty, result)
        told.info("sent", act=act.value, tx=result)

    def _keep(self, duty: Duty, vote: Vote, reason: str = "") -> None:
        self._stuck.pop(duty, None)
        self._journal.ready(duty, vote.kind, vote.document, vote.outcome_hash, vote.salt, reason=reason)

    def _failed(self, entry: Entry, act: Act | None, error: BaseException, *, by: float = NEVER) -> None:
        """Pauses the duty; a run that cannot pass, or has been tried enough, ends in declining."""
        pause = self._pauses.setdefault(entry.duty, _Pause())
        pause.tries += 1
        pause.by = by
        longest = BLOCK_PAUSE if _drew_too_few(error) else LONGEST_PAUSE
        pause.until = time.monotonic() + min(FIRST_PAUSE * 2 ** min(pause.tries - 1, 10), longest)
        told = self._told(entry).bind(act=act.value if act else None, tries=pause.tries)
        if isinstance(error, ContractRefused) and act in ANYONES:
            told.debug("another was first, or it is too early", error=str(error))
            return
        tries = _tries(error)
        self._journal.failed(entry.duty, str(error), counted=tries < math.inf)
        if isinstance(error, FusionError):
            told.warning("failed", error=str(error))
        else:
            told.error("failed in a way nobody foresaw", exc_info=error)
        if act is Act.RUN and gives_cause(error):
            self._stuck[entry.duty] = str(error)
            if entry.attempts + 1 >= tries:
                self._decline(entry, str(error))

    def _decline(self, entry: Entry, reason: str) -> None:
        """Votes that the run could not begin."""
        self._pauses.pop(entry.duty, None)
        self._keep(entry.duty, unavailable(), reason)
        self._told(entry).warning("declines", reason=reason)

    def _told(self, entry: Entry) -> FilteringBoundLogger:
        bound = self._log.bind(job=entry.job_id)
        return bound.bind(panel=entry.number) if entry.contract is Contract.PANEL else bound

    def _forget_all_but(self, active: set[Duty]) -> None:
        self._pauses = {duty: pause for duty, pause in self._pauses.items() if duty in active}
        self._stuck = {duty: reason for duty, reason in self._stuck.items() if duty in active}
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
