"""Who is paid what when a job ends: the rules of JobMarket in integers, base unit by base unit.

It mirrors contracts/Verdict.sol, and is the oracle of its tests and of the benchmark of what honesty is worth. Nothing
here reads a chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

WHOLE = 1_000_000  # parts per million in one
UNBOUNDED = 2**256 - 1


class Called(Enum):
    """Why a panel was called."""

    NO_QUORUM = "no k seats agreed"
    AUDIT = "the auditor came to another outcome"
    CHALLENGE = "somebody put up a bond"
    CANARY = "a sponsor had committed to another outcome"


class Fault(Enum):
    """What an operator is slashed for."""

    SILENT = "no commit"
    WITHHELD = "a commit without a reveal"
    WRONG = "a result proven wrong"


class Quiet(Enum):
    """What stands in an outcome's place where none was attested; never slashed as wrong."""

    ABSENT = "silent, or withheld: fined before the verdict"
    UNAVAILABLE = "the inputs were not to be had: fined like withheld where that missed the quorum and a panel had them"


Outcome = bytes | Quiet


@dataclass(frozen=True, slots=True)
class Fee:
    """How a jobFee divides.

    Attributes:
        pool: A = F*d/(n + d), the assurance pool's when the job is final; what an audit costs on average.
        operators: F - A, shared by the operators whose outcome is final.
        seat: s = (F - A)/n, one seat's pay.
    """

    pool: int
    operators: int
    seat: int


@dataclass(frozen=True, slots=True)
class Stake:
    """An operator's funds in base units, `lock` being the part of `locked` that is this job's."""

    free: int
    locked: int
    unbonding: int
    lock: int


@dataclass(frozen=True, slots=True)
class Award:
    """Where the bond and what was slashed for wrong results go: the parts sum to both."""

    bond_to_panel: int
    bond_back: int
    to_panel: int
    to_challenger: int
    to_requester: int
    burned: int


@dataclass(frozen=True, slots=True)
class Loss:
    """Where the money of a job that failed goes.

    Attributes:
        to_seats: to all seats that revealed, together.
        to_panel: to all panelists that revealed, together.
        refund: of the jobFee, back to the requester.
        bond_back: of the bond, back to the challenger.
    """

    to_seats: int
    to_panel: int
    refund: int
    bond_back: int


@dataclass(frozen=True, slots=True)
class Trial:
    """A job that a panel has run again.

    Attributes:
        fee: jobFee.
        assurance_ppm: the probability of an audit, parts per million.
        base: minimumFee of the job; a seat's n-th part is paid for revealing where the job fails.
        called: why there is a panel.
        bond: what the challenger put up; zero unless it was a challenge.
        proposed: what k seats shared; ABSENT where there was no quorum.
        seats: what the job's seats attested, by seat.
        panel: what the panel's seats attested, by seat.
        slashed: what was taken from those that the panel proved wrong.
    """

    fee: int
    assurance_ppm: int
    base: int
    called: Called
    bond: int
    proposed: Outcome
    seats: Sequence[Outcome]
    panel: Sequence[Outcome]
    slashed: int


@dataclass(frozen=True, slots=True)
class Payments:
    """What everyone is paid: the sum is fee + bond + slashed.

    Attributes:
        outcome: what is final; ABSENT where the panel has no majority and the job failed.
        seats: by seat of the job.
        panel: by seat of the panel.
        challenger: its bond included where it is given back.
        requester: what it gets of the fee and of what was slashed.
        pool: the assurance.
        burned: the rest of what was slashed.
    """

    outcome: Outcome
    seats: tuple[int, ...]
    panel: tuple[int, ...]
    challenger: int
    requester: int
    pool: int
    burned: int


def fee_of(fee: int, assurance_ppm: int, n: int) -> Fee:
    """Divides a jobFee."""
    pool = fee * assurance_ppm // (n * WHOLE + assurance_ppm)
    return Fee(pool=pool, operators=fee - pool, seat=(fee - pool) // n)


def bond_of(fee: int, lock: int) -> int:
    """What a challenger puts up: the jobFee or 10 % of a seat's lock, whichever is more."""
    return max(fee, lock // 10)


def bound_of(assurance_ppm: int, n: int, lock: int) -> int:
    """The most a lie may be worth for honesty to pay, G < d/(1-d) * n * S, as JobMarket.boundOf says it."""
    return UNBOUNDED if assurance_ppm == WHOLE else assurance_ppm * n * lock // (WHOLE - assurance_ppm)


def taken_for(fault: Fault, stake: Stake) -> int:
    """What a fault costs: 5 % of the lock, 20 % of it, or the lock or 10 % of all the stake, whichever is more.

    Other jobs' locks are never touched.
    """
    match fault:
        case Fault.SILENT:
            return stake.lock * 5 // 100
        case Fault.WITHHELD:
            return stake.lock * 20 // 100
        case Fault.WRONG:
            whole = stake.free + stake.locked + stake.unbonding
            return min(max(stake.lock, whole // 10), stake.lock + stake.free + stake.unbonding)


def majority(panel: Sequence[Outcome]) -> Outcome:
    """The outcome of more than half of all seats; ABSENT where there is none or nobody could run the job."""
    attested = [outcome for outcome in panel if isinstance(outcome, bytes)]
    return next((outcome for outcome in attested if 2 * attested.count(outcome) > len(panel)), Quiet.ABSENT)


def wrong(outcomes: Sequence[Outcome], final: Outcome) -> list[bool]:
    """Whom a verdict proves wrong: every other attested outcome, by seat."""
    return [isinstance(outcome, bytes) and outcome != final for outcome in outcomes]


def by_quorum(fee: int, assurance_ppm: int, seats: Sequence[Outcome], final: bytes) -> Payments:
    """A job that is final by its own seats."""
    parts = fee_of(fee, assurance_ppm, len(seats))
    shares = share(parts.operators, [outcome == final for outcome in seats])
    return Payments(final, shares, (), challenger=0, requester=0, pool=parts.pool, burned=0)


def refused(trial: Trial) -> list[bool]:
    """Seats that are fined like those that withheld; the fines are burned beside what `by_panel` divides.

    They said the inputs were not to be had, there was no quorum, and the panel found an outcome.
    """
    fined = trial.called is Called.NO_QUORUM and isinstance(majority(trial.panel), bytes)
    return [fined and outcome is Quiet.UNAVAILABLE for outcome in trial.seats]


def by_panel(trial: Trial) -> Payments:
    """A job that a panel has decided, or could not decide."""
    final = majority(trial.panel)
    if not isinstance(final, bytes):
        return _undecided(trial)
    parts = fee_of(trial.fee, trial.assurance_ppm, len(trial.seats))
    right_seats = [outcome == final for outcome in trial.seats]
    right_panel = [outcome == final for outcome in trial.panel]
    upheld = final == trial.proposed

    shares = trial.called is Called.NO_QUORUM or (trial.called is Called.CANARY and upheld)
    if shares:
        earned = share(parts.operators, right_seats + right_panel)
        of_seats, of_panel = earned[: len(trial.seats)], earned[len(trial.seats) :]
    else:
        of_seats = share(parts.operators, right_seats)
        of_panel = share(0 if any(right_seats) else parts.operators, right_panel)

    given = award(
        fee=trial.fee,
        pay=parts.seat,
        bond=trial.bond,
        slashed=trial.slashed,
        panelists=0 if shares else sum(right_panel),
        challenged=trial.called in (Called.CHALLENGE, Called.CANARY),
        upheld=upheld,
    )
    beside = share(given.bond_to_panel + given.to_panel, right_panel)
    return Payments(
        outcome=final,
        seats=of_seats,
        panel=tuple(pay + more for pay, more in zip(of_panel, beside, strict=True)),
        challenger=given.bond_back + given.to_challenger,
        requester=given.to_requester,
        pool=parts.pool,
        burned=given.burned,
    )


def award(*, fee: int, pay: int, bond: int, slashed: int, panelists: int, challenged: bool, upheld: bool) -> Award:
    """Divides bond and slashed stake after a panel's verdict, as far as they go.

    Args:
        fee: jobFee.
        pay: s, one seat's pay.
        bond: what the challenger put up.
        slashed: what was taken from those that were proved wrong.
        panelists: those of the majority; none after a missed quorum or a false canary: they share the jobFee.
        challenged: whether somebody challenged, with a bond or by a canary.
        upheld: whether the outcome that was proposed is final.
    """
    lost = challenged and upheld
    to_panel = 0 if lost else min(panelists * pay, slashed)
    to_challenger = min(pay * 110 // 100, slashed - to_panel) if challenged and not upheld else 0
    to_requester = min(fee, slashed - to_panel - to_challenger)
    return Award(
        bond_to_panel=bond if lost else 0,
        bond_back=0 if lost else bond,
        to_panel=to_panel,
        to_challenger=to_challenger,
        to_requester=to_requester,
        burned=slashed - to_panel - to_challenger - to_requester,
    )


def loss(*, fee: int, bond: int, base: int, seats: int, panelists: int) -> Loss:
    """Divides fee and bond of a job that failed: `base` to each who revealed, as far as it goes."""
    to_seats = min(base * seats, fee)
    left = fee - to_seats
    to_panel = min(base * panelists, bond or left)
    return Loss(
        to_seats=to_seats,
        to_panel=to_panel,
        refund=left if bond else left - to_panel,
        bond_back=bond - to_panel if bond else 0,
    )


def share(amount: int, who: Sequence[bool]) -> tuple[int, ...]:
    """Equal shares for those marked; the first of them takes the remainder. Nobody is marked: nobody is paid."""
    count = sum(who)
    if count == 0:
        return (0,) * len(who)
    shares = [amount // count * marked for marked in who]
    shares[list(who).index(True)] += amount % count
    return tuple(shares)


def _undecided(trial: Trial) -> Payments:
    """No majority: who revealed has the base fee, nobody is slashed, the rest goes back."""
    revealed_seats = [outcome is not Quiet.ABSENT for outcome in trial.seats]
    revealed_panel = [outcome is not Quiet.ABSENT for outcome in trial.panel]
    lost = loss(
        fee=trial.fee,
        bond=trial.bond,
        base=trial.base // len(trial.seats),
        seats=sum(revealed_seats),
        panelists=sum(revealed_panel),
    )
    return Payments(
        outcome=Quiet.ABSENT,
        seats=share(lost.to_seats, revealed_seats),
        panel=share(lost.to_panel, revealed_panel),
        challenger=lost.bond_back,
        requester=lost.refund,
        pool=0,
        burned=0,
    )
