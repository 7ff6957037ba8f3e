"""Which proposed jobs an operator runs again. Pure: from the chain's state, its past, and a secret of its own."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fusion.chain.bindings.types import Job, OutcomeKind, Seat
from node.executor.past import Past
from node.executor.steps import NOTHING

NEWCOMER = 10  # jobs that an operator was paid for, below which it is new
DEAR = 10  # times the least fee, from which on a fee is high


class Reason(StrEnum):
    """Why a job is run again; the first that holds."""

    OWN = "own outcome differs"
    DISSENT = "seats disagree"
    SLASHED = "a seat was slashed before"
    NEW = "a seat is new"
    WORTH = "much is at stake"
    DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class Matter:
    """A proposed job as it is judged.

    Attributes:
        own: this operator's own outcome hash, empty where it has none or could not run it.
        past: of the operators; None while it is not known yet.
        least: the least fee of the job's fuel, base units.
        value: what a wrong result was declared to be worth, base units.
        bound: the most that such a declaration may be, with the job's assurance and lock.
    """

    job: Job
    seats: Sequence[Seat]
    own: bytes
    past: Past | None
    least: int
    value: int
    bound: int


def suspicion(matter: Matter, ticket: float, share: float) -> Reason | None:
    """Why the job is to be run again, if it is.

    Args:
        ticket: from 0 to 1; see `drawn`.
        share: what part of the jobs is drawn that nothing speaks against.
    """
    job, past = matter.job, matter.past
    if matter.own:
        # Who ran it knows the answer.
        return Reason.OWN if matter.own != job.outcome_hash else None
    said = [seat for seat in matter.seats if seat.outcome_hash != NOTHING]
    proposers = [seat.operator for seat in said if seat.outcome_hash == job.outcome_hash]
    reason: Reason | None = None
    if any(seat.outcome_hash != job.outcome_hash and seat.kind != OutcomeKind.INPUT_UNAVAILABLE for seat in said):
        reason = Reason.DISSENT
    elif past is not None and any(each in past.slashed for each in proposers):
        reason = Reason.SLASHED
    elif past is not None and any(past.paid[each] < NEWCOMER for each in proposers):
        reason = Reason.NEW
    elif job.fee >= DEAR * matter.least or (matter.value and 2 * matter.value >= matter.bound):
        reason = Reason.WORTH
    elif ticket < share:
        reason = Reason.DRAWN
    return reason


def ticket(secret: bytes, place: str, job_id: int, job: Job) -> float:
    """A job's number in the draw, from 0 to 1: always the same, and known to nobody without the secret.

    Args:
        place: which contract on which chain.
    """
    told = f"{place}/{job_id}/{job.spec_hash.hex()}/{job.outcome_hash.hex()}"
    return int.from_bytes(hmac.digest(secret, told.encode(), "sha256")[:7], "big") / 2**56
