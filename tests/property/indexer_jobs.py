"""Jobs that live by dice: every way through their states, with redraws, audits, panels and demands."""

import random
from collections import Counter
from dataclasses import dataclass, field

from fusion.chain.bindings import job_market, panel
from fusion.chain.bindings.types import Failure, Fault, JobTerms, OutcomeKind
from fusion.chain.contract import Event
from indexer.scripted import ANYWHERE, STAKE_TOKEN
from tests.property.indexer_stakes import LOCK, OPERATORS, Stakes

REQUESTER = "0x" + "ff" * 20
NOBODY = "0x" + "00" * 20
FEE, BOND, DEPOSIT, ROYALTY = 30, 31, 3, 7
OUTCOMES = (b"\1" * 32, b"\2" * 32)


@dataclass
class Seat:
    committed: bool = False
    outcome: bytes | None = None
    released: bool = False


@dataclass
class Job:
    n: int
    royalty: int
    status: str = "Open"
    redraws: int = 0
    seats: dict[str, Seat] = field(default_factory=dict)
    panelists: dict[str, Seat] = field(default_factory=dict)
    took_part: set[str] = field(default_factory=set)
    panel: int = 0
    outcome: bytes | None = None
    held: int = FEE

    @property
    def k(self) -> int:
        return self.n // 2 + 1


@dataclass
class Courts:
    """Jobs as the contracts would have them."""

    stakes: Stakes = field(default_factory=Stakes)
    jobs: dict[int, Job] = field(default_factory=dict)
    panels: int = 0

    def held(self) -> int:
        ended = ("Final", "Failed")
        return sum(job.held + job.royalty for job in self.jobs.values() if job.status not in ended)

    def post(self, dice: random.Random) -> list[Event]:
        number, n = len(self.jobs) + 1, dice.choice([1, 3, 3, 5])
        job = self.jobs[number] = Job(n, dice.choice([0, ROYALTY]))
        terms = JobTerms(
            version=1,
            license_id=0 if job.royalty else 1,
            offer_id=1,
            max_run_price=ROYALTY,
            fee=FEE,
            value=dice.randrange(2**96),
            fuel=dice.randrange(2**62),
            assurance_ppm=dice.randrange(1_000_001),
            n=n,
            k=job.k,
        )
        return [
            job_market.Posted(
                job_id=number,
                requester=REQUESTER,
                version=1,
                terms=terms,
                royalty_token=STAKE_TOKEN if job.royalty else NOBODY,
                royalty=job.royalty,
                lock=LOCK,
                ready_block=dice.randrange(100),
                deadline=dice.randrange(2**40),
                spec_hash=dice.randbytes(32),
                spec=dice.randbytes(dice.randrange(40)),
                log=ANYWHERE,
            )
        ]

    def step(self, dice: random.Random) -> list[Event]:
        """Moves one job along."""
        waiting = [number for number, job in self.jobs.items() if job.status not in ("Final", "Failed")]
        if not waiting:
            return []
        number = dice.choice(waiting)
        job = self.jobs[number]
        verb = {
            "Open": self._assign,
            "Assigned": self._commit,
            "Committed": self._reveal,
            "Revealed": self._tally,
            "Audited": self._hear,
            "Proposed": self._doubt,
            "Demanded": self._answer,
            "NoQuorum": self._judge,
            "Disputed": self._judge,
        }[job.status]
        return verb(number, job, dice)

    def _assign(self, number: int, job: Job, dice: random.Random) -> list[Event]:
        if dice.random() < 0.2:
            return [job_market.Rearmed(job_id=number, ready_block=dice.randrange(99), log=ANYWHERE)]
        silent = [who for who, seat in job.seats.items() if seat.released]
        wanted = len(silent) if job.seats else job.n
        locks, drawn = self.stakes.draw(number, job.took_part, wanted, dice)
        alive = len(job.seats) - len(silent) + len(drawn)
        if alive < job.k or (not job.seats and len(drawn) < job.n):
            job.status = "Failed"
            reason = Failure.TOO_FEW_COMMITS if job.seats else Failure.NOT_ASSIGNED
            freed = [self.stakes.unlock(number, who) for who in drawn]
            return [*locks, self._failed(number, reason), *freed, *self._free(number, job)]
        if job.seats and not drawn:
            return [*locks, *self._close_commits(number, job)]
        # The new ones take the first places of the silent.
        places = list(job.seats) or list(drawn)
        taken = iter(drawn)
        for index, who in enumerate(places):
            if who in silent or not job.seats:
                places[index] = next(taken, who)
        job.seats = {who: job.seats.get(who, Seat()) for who in places}
        job.status = "Assigned"
        operators = tuple(who for who, seat in job.seats.items() if not seat.released)
        event = job_market.Assigned(
            job_id=number, operators=operators, lock=LOCK, ready_block=3, deadline=9, log=ANYWHERE
        )
        return [*locks, event]

    def _commit(self, number: int, job: Job, dice: random.Random) -> list[Event]:
        events: list[Event] = []
        for who, seat in job.seats.items():
            if not seat.released and not seat.committed and dice.random() < 0.9:
                seat.committed = True
                events.append(
                    job_market.Committed(job_id=number, operator=who, commitment=dice.randbytes(32), log=ANYWHERE)
                )
        silent = [who for who, seat in job.seats.items() if not seat.released and not seat.committed]
        for who in silent:
            job.seats[who].released = True
        fines = [self.stakes.slash(number, who, Fault.SILENT) for who in silent]
        if silent and job.redraws < 2:
            job.redraws += 1
            job.status = "Open"
            reopened = job_market.Reopened(job_id=number, silent=tuple(silent), ready_block=5, deadline=8, log=ANYWHERE)
            return [*events, reopened, *fines]
        if sum(seat.committed for seat in job.seats.values()) < job.k:
            job.status = "Failed"
            failed = self._failed(number, Failure.TOO_FEW_COMMITS)
            return [*events, failed, *self._free(number, job), *fines]
        return [*events, *self._close_commits(number, job), *fines]

    def _close_commits(self, number: int, job: Job) -> list[Event]:
        job.status = "Committed"
        return [job_market.CommitsClosed(job_id=number, ready_block=4, deadline=11, log=ANYWHERE)]

    def _reveal(self, number: int, job: Job, dice: random.Random) -> list[Event]:
        events: list[Event] = []
        withheld = []
        for who, seat in job.seats.items():
            if not seat.committed:
                continue
            if dice.random() < 0.1:
                seat.released = True
                withheld.append(who)
                continue
            seat.outcome = dice.choices(OUTCOMES, (3, 1))[0]
            events.append(
                job_market.Revealed(
                    job_id=number,
                    operator=who,
                    kind=OutcomeKind.MODULE_ERROR,
                    outcome_hash=seat.outcome,
                    outcome=b"x",
                    log=ANYWHERE,
                )
            )
        job.status = "Revealed"
        closed = job_market.RevealsClosed(job_id=number, ready_block=dice.choice([0, 9]), log=ANYWHERE)
        return [*events, closed, *(self.stakes.slash(number, who, Fault.WITHHELD) for who in withheld)]

    def _tally(self, number: int, job: Job, dice: random.Random) -> list[Event]:
        outcome, votes = self._leader(job)
        if outcome is None or votes < job.k:
            job.status = "NoQuorum"
            called = self._call(number, job, audit=False)
            return [called, job_market.QuorumMissed(job_id=number, panel_id=job.panel, log=ANYWHERE)]
        if dice.random() < 0.3:
            job.status = "Audited"
            called = self._call(number, job, audit=True)
            return [called, job_market.Audited(job_id=number, panel_id=job.panel, log=ANYWHERE)]
        return [self._propose(number, job, outcome, votes)]

    def _hear(self, number: int, job: Job, dice: random.Random) -> list[Event]:
        """An auditor finds the same, another outcome, or is not to be had."""
        events, found = self._run_again(number, job, 1, dice)
        outcome, votes = self._leader(job)
        if outcome is None or found in (None, outcome):
            return [*events, self._propose(number, job, outcome or OUTCOMES[0], votes)]
        job.status = "Disputed"
        called = self._call(number, job, audit=False)
        disputed = job_market.Disputed(job_id=number, panel_id=job.panel, challenger=NOBODY, bond=0, log=ANYWHERE)
        return [*events, called, disputed]

    def _doubt(self, number: int, job: Job, dice: random.Random) -> list[Event]:
        """A proposed job is challenged, its bytes are demanded, or it is final."""
        what = dice.random()
        if what < 0.3:
            job.status = "Disputed"
            bond = dice.choice([0, BOND])
            job.held += bond
            called = self._call(number, job, audit=False)
            disputed = job_market.Disputed(
                job_id=number, panel_id=job.panel, challenger=REQUESTER, bond=bond, log=ANYWHERE
            )
            return [called, disputed]
        if what < 0.5:
            job.status = "Demanded"
            job.held += DEPOSIT
            digest = dice.randbytes(32)
            return [job_market.Demanded(job_id=number, digest=digest, deposit=DEPOSIT, deadline=9, log=ANYWHERE)]
        return self._finish(number, job, job.outcome or OUTCOMES[0], judged=False)

    def _answer(self, number: int, job: Job, dice: random.Random) -> list[Event]:
        if dice.random() < 0.3:
            job.status = "Failed"
            return [self._failed(number, Failure.BYTES_WITHHELD), *self._free(number, job)]
        job.status = "Proposed"
        job.held -= DEPOSIT
        return [
            job_market.Answered(
                job_id=number,
                digest=dice.randbytes(32),
                by=dice.choice(OPERATORS),
                data=dice.randbytes(dice.randrange(9)),
                deadline=12,
                log=ANYWHERE,
            )
        ]

    def _judge(self, number: int, job: Job, dice: random.Random) -> list[Event]:
        events, found = self._run_again(number, job, 3, dice)
        if found is None:
            job.status = "Failed"
            return [*events, self._failed(number, Failure.NO_MAJORITY), *self._free(number, job)]
        ended = self._finish(number, job, found, judged=True)
        judged = job_market.Judged(
            job_id=number,
            panel_id=job.panel,
            slashed=dice.randrange(99),
            to_panel=dice.randrange(99),
            to_challenger=dice.randrange(99),
            to_requester=dice.randrange(99),
            burned=dice.randrange(99),
            log=ANYWHERE,
        )
        return [*events, *ended, judged]

    def _run_again(self, number: int, job: Job, size: int, dice: random.Random) -> tuple[list[Event], bytes | None]:
        """All of a panel's life, and its verdict."""
        events: list[Event] = []
        if dice.random() < 0.2:
            events.append(panel.PanelRearmed(panel_id=job.panel, ready_block=dice.randrange(99), log=ANYWHERE))
        locks, drawn = self.stakes.draw(number, job.took_part, size, dice)
        events += locks
        votes: Counter[bytes] = Counter()
        if len(drawn) < size:
            events += [self.stakes.unlock(number, who) for who in drawn]
        else:
            events.append(
                panel.PanelAssigned(
                    panel_id=job.panel,
                    job_id=number,
                    operators=tuple(drawn),
                    lock=LOCK,
                    ready_block=5,
                    deadline=9,
                    log=ANYWHERE,
                )
            )
            seats = {who: Seat(committed=dice.random() < 0.9) for who in drawn}
            job.panelists |= seats
            for who, seat in seats.items():
                if seat.committed:
                    commitment = dice.randbytes(32)
                    events.append(
                        panel.PanelCommitted(panel_id=job.panel, operator=who, commitment=commitment, log=ANYWHERE)
                    )
            events.append(panel.PanelCommitsClosed(panel_id=job.panel, ready_block=6, deadline=9, log=ANYWHERE))
            for who, seat in seats.items():
                if not seat.committed:
                    seat.released = True
                    events.append(self.stakes.slash(number, who, Fault.SILENT))
                    continue
                seat.outcome = dice.choices(OUTCOMES, (3, 1))[0]
                votes[seat.outcome] += 1
                events.append(
                    panel.PanelRevealed(
                        panel_id=job.panel,
                        operator=who,
                        kind=OutcomeKind.MODULE_ERROR,
                        outcome_hash=seat.outcome,
                        outcome=b"x",
                        log=ANYWHERE,
                    )
                )
        found = next((outcome for outcome, count in votes.items() if 2 * count > size), None)
        decided = panel.Decided(
            panel_id=job.panel,
            job_id=number,
            kind=OutcomeKind.NONE if found is None else OutcomeKind.MODULE_ERROR,
            outcome_hash=found or bytes(32),
            votes=0 if found is None else votes[found],
            log=ANYWHERE,
        )
        return [*events, decided], found

    def _call(self, number: int, job: Job, *, audit: bool) -> Event:
        self.panels += 1
        job.panel = self.panels
        return panel.Called(panel_id=job.panel, job_id=number, audit=audit, ready_block=5, deadline=9, log=ANYWHERE)

    def _propose(self, number: int, job: Job, outcome: bytes, votes: int) -> Event:
        job.status, job.outcome = "Proposed", outcome
        return job_market.Proposed(
            job_id=number,
            kind=OutcomeKind.MODULE_ERROR,
            outcome_hash=outcome,
            votes=votes,
            deadline=12,
            log=ANYWHERE,
        )

    def _finish(self, number: int, job: Job, outcome: bytes, *, judged: bool) -> list[Event]:
        job.status, job.outcome = "Final", outcome
        paid = tuple(who for who, seat in job.seats.items() if seat.outcome == outcome)
        finalized = job_market.Finalized(
            job_id=number, kind=OutcomeKind.MODULE_ERROR, outcome_hash=outcome, paid=paid, log=ANYWHERE
        )
        return [finalized, *self._free(number, job, outcome if judged else None)]

    def _failed(self, number: int, reason: Failure) -> Event:
        return job_market.Failed(job_id=number, reason=reason, refund=FEE, royalty_refund=0, log=ANYWHERE)

    def _free(self, number: int, job: Job, verdict: bytes | None = None) -> list[Event]:
        """Ends the locks that are left; with a verdict, every other outcome is slashed."""
        events = []
        for seats in (job.seats, job.panelists):
            for who, seat in seats.items():
                if seat.released:
                    continue
                seat.released = True
                wrong = verdict is not None and seat.outcome not in (None, verdict)
                events.append(self.stakes.slash(number, who, Fault.WRONG) if wrong else self.stakes.unlock(number, who))
        return events

    def _leader(self, job: Job) -> tuple[bytes | None, int]:
        outcomes = Counter(seat.outcome for seat in job.seats.values() if seat.outcome)
        return outcomes.most_common(1)[0] if outcomes else (None, 0)
