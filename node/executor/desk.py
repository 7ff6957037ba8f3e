"""The desk: all duties of one operator, each looked at again whenever the chain moves.

What takes time (a run, a transaction) goes on in a thread of its own, at most one a duty, and only the desk's own
thread writes the journal. Nothing is decided from memory: before each act the job or the panel and its seats are read
from the chain, so a restart, a reorganisation or another operator's act change nothing but what is found.

Runs wait for a worker and for memory, the most urgent first. A journal that cannot be written holds up no act but one:
without its salt on disk nothing is committed.
"""

import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace

from structlog.typing import FilteringBoundLogger

from fusion import log
from fusion.chain.account import Account
from fusion.chain.bindings.types import OutcomeKind, Seat
from fusion.chain.client import Block, Chain
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContractRefused, FusionError, Retryable
from node.executor.background import in_thread
from node.executor.duty import Contract, Duty
from node.executor.entry import Entry, Stage
from node.executor.journal import Journal
from node.executor.metrics import Metrics
from node.executor.notes import Notes
from node.executor.pauses import LONGEST_PAUSE, NEVER, Pauses
from node.executor.rounds import Round, Rounds
from node.executor.run import MAX_MEMORY, NotAttested, Vote, checked_spec, gives_cause, unavailable
from node.executor.slots import Slot, Slots
from node.executor.steps import ANYONES, NOTHING, Act, turn
from node.executor.task import Look, Task, Wanted
from node.executor.troubles import Troubles
from node.spec import JobSpec
from sandbox.worker import Worker

RUN_TRIES = 6  # of a run that ends without an outcome to vote for, or fails for a reason nobody foresaw
SENDING = 8  # transactions at once
SEND_TIMEOUT = 20.0  # seconds until a transaction without a receipt, perhaps lost, is looked at again
BLOCK_PAUSE = 1.0  # seconds, about a block: a draw that found too few may find enough in the next
NO_TIME = "there was no worker, no memory or no time left for the run"

Voter = Callable[[JobSpec, Worker, float, Sequence[str]], Vote]
"""Spec, the process to run it in, when it must have ended (this machine's monotonic time), gateways of others who had
its inputs -> vote.

Raises as `node.executor.run.vote`.
"""


class Desk:
    """Does for each duty of the journal what is due.

    Args:
        store: has the blocks of this operator's results.
        images: ids of the sandbox images that this operator runs.
        slots: where runs go on.
        voter: runs a job; called in threads, one a worker at a time.
        max_fuel, max_memory: largest limits of a job that it runs.
    """

    def __init__(
        self,
        chain: Chain,
        account: Account,
        journal: Journal,
        *,
        store: BlockStore,
        images: Collection[bytes],
        slots: Slots,
        voter: Voter,
        max_fuel: int,
        max_memory: int = MAX_MEMORY,
        metrics: Metrics | None = None,
        troubles: Troubles | None = None,
    ) -> None:
        self._chain = chain
        self._account = account
        self._journal = journal
        self._rounds = Rounds(chain, account, store)
        self._images = images
        self._slots = slots
        self._voter = voter
        self._max_fuel = max_fuel
        self._max_memory = max_memory
        self._metrics = metrics or Metrics()
        self._troubles = troubles or Troubles()
        self._notes = Notes(journal, self._troubles)
        self._tasks: dict[Duty, Task] = {}
        self._pauses = Pauses()
        self._stuck: dict[Duty, str] = {}  # why the last run ended without an outcome
        self._looks: dict[Duty, Look] = {}
        self._waiting_runs = 0
        self._due_since: dict[tuple[Duty, Act, tuple[int, int]], int] = {}
        self._log = log.get(operator=account.address)

    # What the daemon asks

    def under_way(self) -> "list[Future[Vote | str]]":
        return [task.future for task in self._tasks.values()]

    def tasks(self) -> list[Task]:
        return list(self._tasks.values())

    def looks(self) -> list[Look]:
        """Its seats, the most urgent first."""
        return sorted(self._looks.values(), key=lambda look: look.deadline or math.inf)

    @property
    def waiting_runs(self) -> int:
        """Runs that were due at the last review and found no slot."""
        return self._waiting_runs

    def unfinished(self) -> int:
        return len(self._looks)

    def waiting(self) -> bool:
        """Whether a pause has ended since a duty was last looked at, or there may be room again."""
        return self._pauses.waiting() or self._notes.waiting()

    def collect(self) -> bool:
        """Notes what the threads have brought; whether there was any."""
        ended = [task for task in self._tasks.values() if task.future.done()]
        for task in ended:
            del self._tasks[task.entry.duty]
            if task.slot is not None:
                self._slots.give_back(task.slot)
            error = task.future.exception()
            self._measure(task, error)
            if task.stale:
                self._told(task.entry).info("runs it again: the chain has dropped blocks meanwhile")
            elif error is None:
                self._succeeded(task.entry, task.act, task.future.result())
            else:
                self._failed(task.entry, task.act, error, by=task.by)
        return bool(ended)

    def taken_back(self, block: int) -> None:
        """The chain has dropped what came after `block`: what runs of jobs from there is run again.

        Their version may be another now. Those of jobs before go on: a version is older than what runs it.
        """
        for task in self._tasks.values():
            task.stale |= task.act is Act.RUN and task.entry.block > block

    def review(self, head: Block) -> None:
        """Looks at every duty that has not ended, and starts what is due. Raises Retryable when the chain is away."""
        active = self._journal.active()
        self._forget_all_but({entry.duty for entry in active})
        wanted: list[Wanted] = []
        for entry in active:
            if entry.duty in self._tasks or self._pauses.holds(entry.duty, head.timestamp):
                continue
            if self._notes.holds(entry.duty):
                self._notes.write_again(entry.duty)  # and at the next review it is as if it had been there before
                continue
            with self._apart(entry):
                wanted += self._consider(entry, head)
        self._start_runs(wanted, head)

    @contextmanager
    def _apart(self, entry: Entry) -> Iterator[None]:
        """One job's trouble is not another's; what none of them can do anything about is raised."""
        try:
            yield
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001  # told with its traceback
            self._failed(entry, None, error)

    def _consider(self, entry: Entry, head: Block) -> list[Wanted]:
        """Starts what is due for a duty; a run is given back instead, to be started in its turn."""
        duty, found = entry.duty, self._rounds.read(entry, head.number)
        self._looks.pop(duty, None)
        if found is None:
            return []
        seat = self._rounds.seat(found)
        if seat is not None and seat.commitment != NOTHING:
            entry = self._compared(entry, seat)
        act = self._rounds.due(found, head, prepared=bool(entry.salt), stuck=duty in self._stuck)
        if seat is not None:
            self._looks[duty] = Look(duty, entry.job_id, entry.stage, found.status, found.deadline, act)
        if act is None or (act is Act.REVEAL and entry.stage is Stage.ABSTAINED):
            return []
        if act is Act.RUN:
            return self._wanted(entry, found)
        if act is Act.DECLINE:
            self._decline(entry, self._stuck.get(duty, NO_TIME))
            return []
        since = self._due_since.setdefault((duty, act, found.phase), head.number)
        place, others = self._rounds.place(found, act)
        if head.number >= since + turn(act, entry.number, place, others) and self._sending() < ways(act):
            self._start(entry, act, lambda: self._send(entry, act, found))
        return []

    def _sending(self) -> int:
        return sum(task.slot is None for task in self._tasks.values())

    def _compared(self, entry: Entry, seat: Seat) -> Entry:
        """Brings the journal up to what the chain has of this operator's commitment: the chain is right."""
        stage, reason = entry.stage, entry.reason
        if not entry.salt or self._rounds.commitment(entry) != seat.commitment:
            if stage is not Stage.ABSTAINED:
                reason = "the chain has a commitment of this operator that its journal does not know: it cannot reveal"
                self._told(entry).error(reason)
                self._troubles.note(str(entry.duty), reason)
                self._notes.put(lambda: self._journal.abstained(entry.duty, reason))
            stage = Stage.ABSTAINED
        elif seat.outcome_hash != NOTHING:
            if stage is not Stage.REVEALED:
                self._notes.put(lambda: self._journal.revealed(entry.duty))
            stage = Stage.REVEALED
        else:
            if stage is not Stage.COMMITTED:
                self._notes.put(lambda: self._journal.committed(entry.duty))
            stage = Stage.COMMITTED
        return replace(entry, stage=stage, reason=reason)

    # Acts

    def _wanted(self, entry: Entry, found: Round) -> list[Wanted]:
        try:
            spec = checked_spec(entry.spec, found.job, self._images, self._max_fuel, self._max_memory)
        except BadInput as error:
            self._decline(entry, str(error))
            return []
        return [Wanted(entry, found, spec, found.deadline - self._rounds.room)]

    def _start_runs(self, wanted: list[Wanted], head: Block) -> None:
        """The most urgent first; none overtakes one that waits, or large ones would never have their turn."""
        wanted.sort(key=lambda each: (each.by, each.entry.duty))
        self._waiting_runs = len(wanted)
        for each in wanted:
            slot = self._slots.take(each.spec.limits.memory)
            if slot is None:
                break
            self._waiting_runs -= 1
            self._start_run(each, slot, head)

    def _start_run(self, wanted: Wanted, slot: Slot, head: Block) -> None:
        spec, found, worker = wanted.spec, wanted.found, slot.worker
        until = time.monotonic() + max(1.0, wanted.by - head.timestamp)
        self._start(
            wanted.entry,
            Act.RUN,
            lambda: self._voter(spec, worker, until, self._rounds.keepers(found)),
            slot,
            by=wanted.by,
        )

    def _start(
        self, entry: Entry, act: Act, work: Callable[[], Vote | str], slot: Slot | None = None, *, by: float = NEVER
    ) -> None:
        self._told(entry).debug("begins", act=act.value)
        names = self._names(entry)

        def told() -> Vote | str:
            with log.bound(**names):  # whatever is said of it on the way, by whichever room
                return work()

        self._tasks[entry.duty] = Task(entry, act, in_thread(told), time.monotonic(), slot, by)

    def _send(self, entry: Entry, act: Act, found: Round) -> str:
        """Sends the act's transaction and waits until it is included; returns its hash."""
        call = self._rounds.call(entry, act, found)
        return self._chain.send(self._account, call, timeout=SEND_TIMEOUT).tx_hash

    # What came of them

    def _measure(self, task: Task, error: BaseException | None) -> None:
        if task.act is not Act.RUN:
            self._metrics.sent_for(task.act.value, failed=error is not None)
            return
        outcome = task.future.result() if error is None else None
        kind = outcome.kind.name.lower() if isinstance(outcome, Vote) else type(error).__name__
        self._metrics.ran(kind, time.monotonic() - task.begun)

    def _succeeded(self, entry: Entry, act: Act, result: Vote | str) -> None:
        duty, told = entry.duty, self._told(entry)
        self._pauses.end(duty)
        if isinstance(result, Vote):
            self._keep(entry, result)
            told.info("ran", kind=result.kind.name, outcome=result.outcome_hash.hex())
            return
        if act is Act.COMMIT:
            self._notes.put(lambda: self._journal.committed(duty, result))
        elif act is Act.REVEAL:
            self._notes.put(lambda: self._journal.revealed(duty, result))
        told.info("sent", act=act.value, tx=result)

    def _keep(self, entry: Entry, vote: Vote, reason: str = "") -> None:
        """Writes an outcome down. Where there is no room it is kept in memory, and not committed to until there is."""
        self._stuck.pop(entry.duty, None)
        if not self._notes.keep(entry, vote, reason):
            self._told(entry).error("its outcome cannot be written down, so it is not committed to: make room")

    def _failed(self, entry: Entry, act: Act | None, error: BaseException, *, by: float = NEVER) -> None:
        """Pauses the duty; a run that cannot pass, or has been tried enough, ends in declining."""
        longest = BLOCK_PAUSE if _drew_too_few(error) else LONGEST_PAUSE
        failures = self._pauses.begin(entry.duty, longest=longest, by=by)
        told = self._told(entry).bind(act=act.value if act else None, tries=failures)
        if isinstance(error, ContractRefused) and act in ANYONES:
            told.debug("another was first, or it is too early", error=str(error))
            return
        tries = _tries(error)
        self._notes.put(lambda: self._journal.failed(entry.duty, str(error), counted=tries < math.inf))
        self._troubles.note(str(entry.duty), error)
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
        self._pauses.end(entry.duty)
        self._told(entry).warning("declines", reason=reason)
        self._metrics.ran(OutcomeKind.INPUT_UNAVAILABLE.name.lower(), 0.0)
        self._keep(entry, unavailable(), reason)

    def _told(self, entry: Entry) -> FilteringBoundLogger:
        return self._log.bind(**self._names(entry))

    def _names(self, entry: Entry) -> dict[str, object]:
        """What every line about a duty is bound with."""
        names: dict[str, object] = {"operator": self._account.address, "job": entry.job_id}
        return names | {"panel": entry.number} if entry.contract is Contract.PANEL else names

    def _forget_all_but(self, active: set[Duty]) -> None:
        self._pauses.forget_all_but(active)
        self._stuck = {duty: reason for duty, reason in self._stuck.items() if duty in active}
        self._notes.forget_all_but(active)
        self._looks = {duty: look for duty, look in self._looks.items() if duty in active}
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
