"""The challenger: runs again what others propose, on suspicion, and puts up money where it comes out otherwise.

Own duties come first: it takes a worker only while no run of the desk waits for one, and gives it back when one does.
Each job is run twice before a bond is put up. Whoever is wrong once stops: its machine computes differently.

Nothing is decided from memory but what the casebook keeps; all calls come from the daemon's one thread.
"""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from functools import cached_property

from structlog.typing import FilteringBoundLogger

from fusion import log, money
from fusion.chain.account import Account
from fusion.chain.bindings.job_market import Judged
from fusion.chain.bindings.types import Job, Status
from fusion.chain.client import Block, Chain, Receipt
from fusion.errors import BadInput, ContractRefused, Retryable
from node.executor.background import in_thread
from node.executor.casebook import MONEY, Case, Casebook, Ending, Stage
from node.executor.durable import NoRoom
from node.executor.duty import Contract, Duty
from node.executor.entry import Entry
from node.executor.journal import Journal
from node.executor.metrics import Metrics
from node.executor.pauses import Pauses
from node.executor.proposals import Proposals
from node.executor.reruns import Finding, Rerun, Reruns
from node.executor.run import MAX_MEMORY, NotAttested, checked_spec
from node.executor.slots import Slots
from node.executor.suspicion import Reason
from node.executor.troubles import Troubles
from node.executor.watching import Watching
from node.spec import JobSpec

RUN_TRIES = 3  # of a run that fails and need not
SEND_TIMEOUT = 20.0  # seconds until a transaction without a receipt is looked at again
ENDED = (Status.FINAL, Status.FAILED)
NOBODY = "0x" + "00" * 20
ORDER = list(Reason)  # the most telling first


class Challenger:
    """One operator's.

    Args:
        casebook: what it must not forget.
        watching: how much it runs again and puts up.
        slots: shared with the desk.
        images: ids of the sandbox images that this operator runs.
        rerun: runs a job; called in threads.
        busy: whether a run of the desk waits for a worker.
        leaving: whether the operator drains, and puts up no more money.
        max_fuel, max_memory: largest limits of a job that it runs.
    """

    def __init__(
        self,
        chain: Chain,
        account: Account,
        journal: Journal,
        casebook: Casebook,
        watching: Watching,
        *,
        slots: Slots,
        images: Collection[bytes],
        rerun: Rerun,
        busy: Callable[[], bool],
        leaving: Callable[[], bool],
        max_fuel: int,
        max_memory: int = MAX_MEMORY,
        metrics: Metrics | None = None,
        troubles: Troubles | None = None,
    ) -> None:
        self._chain = chain
        self._account = account
        self._journal = journal
        self._book = casebook
        self._most = watching.max_bond
        self._images = images
        self._leaving = leaving
        self._max_fuel = max_fuel
        self._max_memory = max_memory
        self._metrics = metrics or Metrics()
        self._troubles = troubles or Troubles()
        me = account.address
        self._proposals = Proposals(chain, journal, casebook, operator=me, checked=self._checked, share=watching.share)
        self._reruns = Reruns(chain, slots, rerun, busy)
        self._sends: dict[int, Future[Receipt]] = {}
        self._sent_in: dict[int, int] = {}  # job -> block of its challenge: what was read below it is not news
        self._allowing: Future[None] | None = None
        self._pauses = Pauses()
        self._tries: dict[int, int] = {}
        self._waits: set[int] = set()  # jobs whose challenge waits for bonds to come back
        self._halted = False
        self._log = log.get(operator=me)
        if watching.anew and casebook.stopped:
            self._log.warning("challenges again, though it was wrong before", why=casebook.stopped)
            casebook.stop("")
        elif casebook.stopped:
            self._halted = True
            self._log.error("CHALLENGES NO MORE; --watch-anew has it begin again", why=casebook.stopped)

    # What the daemon asks

    def collect(self) -> bool:
        """Notes what the threads have brought; whether there was any."""
        findings = self._reruns.collect()
        sends = [job_id for job_id, future in self._sends.items() if future.done()]
        for finding in findings or ():
            self._found(finding)
        for job_id in sends:
            self._sent(job_id, self._sends.pop(job_id))
        return findings is not None or bool(sends)

    def waiting(self) -> bool:
        return self._pauses.waiting()

    def under_way(self) -> "list[Future[bytes] | Future[Receipt] | Future[None]]":
        allowing = [self._allowing] if self._allowing is not None and not self._allowing.done() else []
        return [*self._reruns.under_way(), *self._sends.values(), *allowing]

    def unfinished(self) -> int:
        """Challenges whose bond is up."""
        return sum(case.stage in MONEY for case in self._book.active())

    def told(self) -> Mapping[str, object]:
        """For the operator's status; money in base units."""
        active = self._book.active()
        return {
            "suspected": sum(case.stage not in MONEY for case in active),
            "challenges": sum(case.stage in MONEY for case in active),
            "bonds": self._book.bonds(),
            "endings": self._book.endings(),
            "rewards": self._book.rewards(),
            "stopped": self._book.stopped,
        }

    def review(self, head: Block) -> None:
        """Looks for what to suspect, and after what is suspected. Raises Retryable when the chain is away."""
        self._reruns.make_way()
        try:
            self._allow()
            self._proposals.look(head)
            if not self._is_done():
                for case in self._proposals.suspects(head, self._room):
                    self._book.open(case)
                    self._told(case).info("runs a job again", why=case.reason, proposed=case.proposed.hex())
            wanted = [(case, job) for case in self._book.active() if (job := self._look_after(case, head))]
        except NoRoom as error:  # without a note of it nothing is sent
            self._troubles.note("casebook", error)
            self._log.error("challenges nothing: make room", error=str(error))
            return
        wanted.sort(key=lambda each: (ORDER.index(Reason(each[0].reason)), each[0].job_id))
        for case, job in wanted:
            if not self._start(case, job, head):
                break
        self._metrics.bonds(self._book.bonds())

    # What becomes of a case

    def _look_after(self, case: Case, head: Block) -> Job | None:
        """Brings a case up to what the chain has of it, and sends what is due; the job where a run of it is due."""
        job_id = case.job_id
        job = None if job_id in self._sends else self._job(job_id, head)
        if job is None:
            return None
        if job.spec_hash != case.spec_hash:
            self._forget(job_id)
        elif job.status in ENDED:
            self._conclude(case, job, head)
        elif job.status is Status.DISPUTED and job.challenger != self._account.address:
            self._end(case, Ending.OTHERS)
        elif job.status is Status.DISPUTED and case.stage is not Stage.OPEN:
            self._book.opened(job_id, job.bond)
        elif job.status is Status.PROPOSED and job.outcome_hash != case.proposed:
            self._forget(job_id)
            self._proposals.again(job_id)
        elif job.status is Status.PROPOSED and not self._pauses.holds(_duty(job_id), head.timestamp):
            return self._due(case, job, head)
        return None

    def _due(self, case: Case, job: Job, head: Block) -> Job | None:
        """Sends the challenge of a proposed job, or gives the job back where it is to be run first."""
        if case.stage is Stage.SUSPECTED:
            if self._is_done():
                self._end(case, Ending.NOT_RUN, "this operator challenges no more")
                return None
            if job.deadline - head.timestamp <= self._room:
                self._end(case, Ending.TOO_LATE, "it was not run twice in time")
                return None
            return None if self._reruns.runs(case.job_id) else job
        if head.timestamp < job.deadline and head.number > self._sent_in.get(case.job_id, -1) and not self._is_done():
            self._challenge(case)
        return None

    def _start(self, case: Case, job: Job, head: Block) -> bool:
        """Runs it again if there is a worker to spare; whether others may be tried after it."""
        entry = self._journal.get(_duty(case.job_id))
        if entry is None:
            return True
        try:
            spec = self._checked(entry, job)
        except BadInput as error:  # suspected by a process with other images or limits
            self._end(case, Ending.NOT_RUN, str(error))
            return True
        return self._reruns.start(case, spec, job.deadline - self._room - head.timestamp)

    def _found(self, finding: Finding) -> None:
        """What a run has come to."""
        case, outcome, first, error = finding.case, finding.outcome, finding.first, finding.error
        if self._book.get(case.job_id) != case:  # it ended meanwhile, or the chain has another proposal in its place
            self._reruns.forget(case.job_id)
            return
        if error is not None:
            self._failed(case, error)
            tries = self._tries[case.job_id] = self._tries.get(case.job_id, 0) + 1
            passes = isinstance(error, Retryable) and not isinstance(error, NotAttested)
            if isinstance(error, BadInput) or (tries >= RUN_TRIES and not passes):
                self._end(case, Ending.NOT_RUN, str(error))
            return
        self._pauses.end(_duty(case.job_id))
        if first and outcome != first:
            self._end(case, Ending.NOT_RUN, "two runs of it ended differently")
            self._stop(f"two runs of job {case.job_id} ended differently on this machine")
        elif outcome == case.proposed:
            self._end(case, Ending.AGREED)
            if case.reason == Reason.OWN:
                self._stop(f"job {case.job_id} came out as proposed, and not as this operator attested it")
        elif first:
            self._note(lambda: self._book.differs(case.job_id, outcome))
            self._told(case).warning("a job came out otherwise, twice", reason=case.reason, own=outcome.hex())

    def _conclude(self, case: Case, job: Job, head: Block) -> None:
        """How it ended, once the chain will not take that back."""
        if job.challenger != self._account.address:
            self._end(case, Ending.TOO_LATE if job.challenger == NOBODY else Ending.OTHERS)
            return
        before = self._job(case.job_id, head, back=self._confirmations)
        if before is None or before.status != job.status:
            return
        judged = self._chain.find(Judged, job_id=case.job_id)
        if job.status is Status.FAILED:
            self._end(case, Ending.UNDECIDED)
        elif not judged:
            self._end(case, Ending.UNHEARD)
        elif job.outcome_hash != case.proposed:
            self._end(case, Ending.WON, reward=judged[0].to_challenger)
        else:
            self._end(case, Ending.LOST)
            self._stop(f"the panel of job {case.job_id} came to what was proposed: this machine computes differently")

    # Money

    def _allow(self) -> None:
        """Has the market take bonds, once: a short challenge window is not to be spent on it."""
        if self._allowing is not None or self._is_done():
            return
        chain, me = self._chain, self._account

        def allow() -> None:
            if chain.token.allowance(me.address, chain.jobs.address) < self._most:
                chain.send(me, chain.token.approve(chain.jobs.address, self._most))

        self._allowing = in_thread(allow)

    def _challenge(self, case: Case) -> None:
        chain, me, job_id = self._chain, self._account, case.job_id
        bond = chain.jobs.bond_of(job_id)
        others = self._book.bonds() - (case.bond if case.stage in MONEY else 0)
        if others + bond > self._most:
            if job_id not in self._waits:
                self._waits.add(job_id)
                self._told(case).warning("cannot challenge: its bonds hold all they may", bond=bond, bonds=others)
            return
        held = chain.token.balance_of(me.address)
        if held < bond:
            self._end(case, Ending.REFUSED, f"the bond is {money.show(bond)}, and it holds {money.show(held)}")
            return
        self._book.sending(job_id, bond)

        def send() -> Receipt:
            if chain.token.allowance(me.address, chain.jobs.address) < bond:
                chain.send(me, chain.token.approve(chain.jobs.address, self._most))
            return chain.send(me, chain.jobs.challenge(job_id), timeout=SEND_TIMEOUT)

        self._told(case).warning("challenges a job", bond=bond, proposed=case.proposed.hex(), own=case.outcome.hex())
        self._sends[job_id] = in_thread(send)

    def _sent(self, job_id: int, future: "Future[Receipt]") -> None:
        error, case = future.exception(), self._book.get(job_id)
        self._metrics.sent_for("challenge", failed=error is not None)
        if case is None:
            return
        if error is None:
            self._pauses.end(_duty(job_id))
            receipt = future.result()
            self._sent_in[job_id] = receipt.block_number
            self._note(lambda: self._book.opened(job_id, case.bond, receipt.tx_hash))
            self._told(case).info("challenged", tx=receipt.tx_hash)
        elif isinstance(error, ContractRefused) and error.error == "WrongStatus":
            # Another was first; or this account itself, with a transaction of a process that was killed.
            self._pauses.begin(_duty(job_id))
        elif isinstance(error, ContractRefused | BadInput):
            self._end(case, Ending.REFUSED, str(error))
        else:
            self._failed(case, error)

    # Words and notes

    def _failed(self, case: Case, error: BaseException) -> None:
        """Leaves a case alone for a while."""
        self._pauses.begin(_duty(case.job_id))
        self._troubles.note(f"challenge of job {case.job_id}", error)
        self._told(case).warning("failed", error=str(error))

    def _end(self, case: Case, ending: Ending, told: str = "", *, reward: int = 0) -> None:
        self._note(lambda: self._book.end(case.job_id, ending, told, reward=reward))
        self._reruns.forget(case.job_id)
        self._tries.pop(case.job_id, None)
        self._waits.discard(case.job_id)
        self._sent_in.pop(case.job_id, None)
        self._pauses.end(_duty(case.job_id))
        self._metrics.case_ended(case.reason, ending.value)
        say = self._told(case)
        match ending:
            case Ending.WON:
                say.warning("won a challenge", bond=case.bond, reward=reward)
            case Ending.LOST:
                say.error("lost a challenge, and its bond", bond=case.bond)
            case Ending.UNHEARD | Ending.UNDECIDED | Ending.REFUSED | Ending.NOT_RUN:
                say.warning("ends a case", how=ending.value, why=told, bond=case.bond)
            case _:
                say.info("ends a case", how=ending.value, why=told)

    def _stop(self, why: str) -> None:
        """Challenges no more, and says so as loudly as it can."""
        self._halted = True
        self._note(lambda: self._book.stop(why))
        self._troubles.note("challenger", why)
        self._log.error("CHALLENGES NO MORE; --watch-anew has it begin again", why=why)

    def _forget(self, job_id: int) -> None:
        """The chain has another job or another proposal in its place."""
        self._book.forget(job_id)
        self._reruns.forget(job_id)

    def _note(self, write: Callable[[], None]) -> None:
        """What the chain or another run will tell again, if there is room."""
        try:
            write()
        except NoRoom as error:
            self._troubles.note("casebook", error)

    def _told(self, case: Case) -> FilteringBoundLogger:
        return self._log.bind(job=case.job_id)

    # What is read

    def _is_done(self) -> bool:
        """Whether it opens and sends no more."""
        return self._halted or self._leaving()

    def _checked(self, entry: Entry, job: Job) -> JobSpec:
        return checked_spec(entry.spec, job, self._images, self._max_fuel, self._max_memory)

    def _job(self, job_id: int, head: Block, *, back: int = 0) -> Job | None:
        """A job at the head or so many blocks before; None where there is none."""
        try:
            return self._chain.jobs.job(job_id, block=max(0, head.number - back))
        except ContractRefused:
            return None

    @cached_property
    def _room(self) -> int:
        """Seconds of a challenge window that are left for the challenge."""
        return max(1, self._chain.jobs.windows().challenge // 10)

    @cached_property
    def _confirmations(self) -> int:
        return self._chain.jobs.windows().confirmations


def _duty(job_id: int) -> Duty:
    return Duty(Contract.JOB, job_id)
