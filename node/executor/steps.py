"""What a job or a panel needs next, from the chain's state alone: pure, the same before and after a restart."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fusion.chain.bindings.types import Job, PanelState, PanelStatus, Seat, Status
from fusion.chain.client import Block

NOTHING = bytes(32)  # a commitment or an outcome hash that is not there yet
LONGEST_TURN = 12  # blocks; well below the 32 after which an assignment's seed is gone


class Act(StrEnum):
    """What an operator can do for a job or a panel."""

    ASSIGN = "assign"
    RUN = "run"  # this operator's seat, no outcome yet
    DECLINE = "decline"  # the same, and no more time to run: it will say that the run could not begin
    COMMIT = "commit"
    REVEAL = "reveal"
    TALLY = "tally"
    RESOLVE = "resolve"
    ANSWER = "answer"
    FINALIZE = "finalize"
    EXPIRE = "expire"


ANYONES = frozenset({Act.ASSIGN, Act.TALLY, Act.RESOLVE, Act.ANSWER, Act.FINALIZE, Act.EXPIRE})
"""Acts that any operator may do, and of which one is enough."""

JUDGED = frozenset({Status.AUDITED, Status.NO_QUORUM, Status.DISPUTED})
"""Where a job waits for its panel."""


@dataclass(frozen=True, slots=True)
class Part:
    """What this operator has to do with a job or a panel.

    Attributes:
        seat: its seat, None when it has none.
        prepared: whether it has its outcome and salt on disk.
        stuck: whether its last run ended without an outcome, for want of content or for what the job itself does.
        spare: whether the others may agree without this seat.
        room: seconds of the commit window that it leaves to the commitment.
        holds: whether it has the block that is demanded.
    """

    seat: Seat | None = None
    prepared: bool = False
    stuck: bool = False
    spare: bool = False
    room: int = 0
    holds: bool = False


def seat_of(seats: Sequence[Seat], operator: str) -> Seat | None:
    """The operator's seat; None where it has none, or lost it by its silence."""
    return next((seat for seat in seats if seat.operator == operator and not seat.released), None)


def next_act(job: Job, part: Part, head: Block, *, decided: bool = False) -> Act | None:
    """The act that a job needs in the block after `head`, or None while nothing is due.

    Args:
        job: as `JobMarket.job` gives it at `head`.
        part: this operator's.
        head: the newest block; its time decides whether a deadline has passed.
        decided: whether the job's panel has decided.
    """
    ready, late = _time(job, head)
    act: Act | None = None
    match job.status:
        case Status.OPEN if late:
            act = Act.EXPIRE
        case Status.OPEN if ready:
            act = Act.ASSIGN
        case Status.ASSIGNED if late:
            act = Act.EXPIRE
        case Status.ASSIGNED:
            act = _commits(part, ready=ready, left=job.deadline - head.timestamp)
        case Status.COMMITTED if late:
            act = Act.TALLY
        case Status.COMMITTED if ready:
            act = _reveals(part)
        case Status.REVEALED if ready:
            act = Act.TALLY
        case status if status in JUDGED and decided:
            act = Act.RESOLVE
        case Status.PROPOSED if late:
            act = Act.FINALIZE
        case Status.DEMANDED if late:
            act = Act.EXPIRE
        case Status.DEMANDED if part.holds:
            act = Act.ANSWER
        case _:
            pass
    return act


def next_panel_act(panel: PanelState, part: Part, head: Block) -> Act | None:
    """The same for a panel or an audit, as `Panel.panel` gives it at `head`."""
    ready, late = _time(panel, head)
    act: Act | None = None
    match panel.status:
        case PanelStatus.CALLED | PanelStatus.ASSIGNED | PanelStatus.COMMITTED if late:
            act = Act.EXPIRE
        case PanelStatus.CALLED if ready:
            act = Act.ASSIGN
        case PanelStatus.ASSIGNED:
            act = _commits(part, ready=ready, left=panel.deadline - head.timestamp)
        case PanelStatus.COMMITTED if ready:
            act = _reveals(part)
        case _:
            pass
    return act


def _time(it: Job | PanelState, head: Block) -> tuple[bool, bool]:
    """Whether the next block may have the next act, and whether its time is over."""
    return head.number + 1 >= it.ready_block, head.timestamp >= it.deadline  # a block is younger than the one before it


def _commits(part: Part, *, ready: bool, left: int) -> Act | None:
    if part.seat is None or part.seat.commitment != NOTHING:
        return None
    if part.prepared:
        return Act.COMMIT if ready else None
    # Too late for a run that nobody waits for: silence would cost a fine. Where all seats must agree, the fine is less
    # than what a panel takes from who declined, and frees the seat for another.
    return Act.DECLINE if (part.stuck or part.spare) and left <= part.room else Act.RUN


def _reveals(part: Part) -> Act | None:
    seat = part.seat
    if seat is None or seat.commitment == NOTHING or seat.outcome_hash != NOTHING:
        return None
    return Act.REVEAL


def turn(act: Act, number: int, place: int | None, others: int) -> int:
    """Blocks to leave to others before doing what anyone may do, so that not all send at once.

    The first turn goes round with the id of the job or the panel.

    Args:
        place: where this operator stands among `others`, None when it does not; then it comes after them.
    """
    if act not in ANYONES:
        return 0
    return min(others if place is None else (place + number) % others, LONGEST_TURN)
