"""What the desk has in hand: acts under way, runs that are due, and the duties in which it has a seat."""

from concurrent.futures import Future
from dataclasses import dataclass

from node.executor.duty import Duty
from node.executor.entry import Entry, Stage
from node.executor.pauses import NEVER
from node.executor.rounds import Round
from node.executor.run import Vote
from node.executor.slots import Slot
from node.executor.steps import Act
from node.spec import JobSpec


@dataclass(slots=True)
class Task:
    """One act under way.

    Attributes:
        begun: in this machine's monotonic time.
        slot: the one that a run takes.
        by: chain time, in seconds, from which a failed run is looked at again however long its pause.
        stale: whether the chain dropped the job since its run began: what it ran may be another version now.
    """

    entry: Entry
    act: Act
    future: "Future[Vote | str]"
    begun: float
    slot: Slot | None = None
    by: float = NEVER
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that is due, and the second of chain time by which it must have ended."""

    entry: Entry
    found: Round
    spec: JobSpec
    by: int


@dataclass(frozen=True, slots=True)
class Look:
    """A duty in which this operator has a seat, as it was last seen: status by name, last second of its phase."""

    duty: Duty
    job_id: int
    stage: Stage
    status: str
    deadline: int
    act: Act | None
