"""What a job needs next, from the chain's state alone: a pure function, the same before and after a restart."""

from collections.abc import Sequence
from enum import StrEnum

from fusion.chain.bindings.types import Job, Seat, Status
from fusion.chain.client import Block

NOTHING = bytes(32)  # a commitment or an outcome hash that is not there yet
LONGEST_TURN = 12  # blocks; well below the 32 after which an assignment's seed is gone


class Act(StrEnum):
    """What an operator can do for a job."""

    ASSIGN = "assign"
    RUN = "run"  # this operator's seat, no outcome yet
    COMMIT = "commit"
    REVEAL = "reveal"
    TALLY = "tally"
    FINALIZE = "finalize"
    EXPIRE = "expire"


ANYONES = frozenset({Act.ASSIGN, Act.TALLY, Act.FINALIZE, Act.EXPIRE})
"""Acts that any operator may do, and of which one is enough."""


def seat_of(seats: Sequence[Seat], operator: str) -> Seat | None:
    return next((seat for seat in seats if seat.operator == operator), None)


def next_act(job: Job, seat: Seat | None, head: Block, *, prepared: bool) -> Act | None:
    """The act that is due in the block after `head`, or None while nothing is.

    Args:
        job: as `JobMarket.job` gives it at `head`.
        seat: this operator's, None when it has none.
        head: the newest block; its time decides whether a deadline has passed.
        prepared: whether this operator has its outcome and salt on disk.
    """
    ready = head.number + 1 >= job.ready_block
    late = head.timestamp >= job.deadline  # a block is younger than the one before it
    act: Act | None = None
    match job.status:
        case Status.OPEN if late:
            act = Act.EXPIRE
        case Status.OPEN if ready:
            act = Act.ASSIGN
        case Status.ASSIGNED if late:
            act = Act.EXPIRE
        case Status.ASSIGNED if seat is not None and seat.commitment == NOTHING:
            act = Act.RUN if not prepared else Act.COMMIT if ready else None
        case Status.COMMITTED if late:
            act = Act.TALLY
        case Status.COMMITTED if seat is not None and seat.commitment != NOTHING and seat.outcome_hash == NOTHING:
            act = Act.REVEAL if ready else None
        case Status.REVEALED:
            act = Act.TALLY
        case Status.PROPOSED if late:
            act = Act.FINALIZE
        case _:
            pass
    return act


def turn(act: Act, job_id: int, place: int | None, others: int) -> int:
    """Blocks to leave to others before doing what anyone may do, so that not all send at once.

    The first turn goes round with the job's id.

    Args:
        place: where this operator stands among `others`, None when it does not; then it comes after them.
    """
    if act not in ANYONES:
        return 0
    return min(others if place is None else (place + job_id) % others, LONGEST_TURN)
