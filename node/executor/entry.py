"""The rows of the journal: duties, and what the chain's logs tell of them."""

from dataclasses import dataclass
from enum import StrEnum

from node.executor.duty import Contract, Duty


class Stage(StrEnum):
    """How far this operator is with a duty."""

    SEEN = "seen"  # posted or called; its spec is known
    READY = "ready"  # outcome and salt are on disk
    COMMITTED = "committed"
    REVEALED = "revealed"
    ABSTAINED = "abstained"  # this operator cannot reveal; `reason` says why
    DONE = "done"  # the job is Final or Failed, the panel Decided


@dataclass(frozen=True, slots=True)
class Posted:
    """A job as its `Posted` log told it."""

    job_id: int
    block: int
    spec: bytes


@dataclass(frozen=True, slots=True)
class Called:
    """A panel as its `Called` log told it."""

    panel_id: int
    job_id: int
    block: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A duty that ended in `block`, and how: what the log says of it, in a word."""

    duty: Duty
    block: int
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Slash:
    """Stake that this operator lost, in base units of the stake token."""

    block: int
    log_index: int
    job_id: int
    fault: str
    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One duty of this operator; the fields are the columns of the table, in its order.

    Attributes:
        number: id of the job or the panel.
        job_id: the job that is run.
        block: number of the block that posted or called it.
        kind: OutcomeKind of the outcome, 0 before there is one.
        document: canonical outcome, as it will be revealed.
        attempts: counted acts that failed since the last one that went well.
        error: what failed last.
        reason: why it was declined or abstained from, empty where it was not.
        done_block: block in which it ended, or 0.
        done_time: chain time, in seconds, by which it had ended, or 0.
        ending: how it ended, in a word.
    """

    contract: Contract
    number: int
    job_id: int
    block: int
    spec: bytes
    stage: Stage
    kind: int
    document: bytes
    outcome_hash: bytes
    salt: bytes
    commit_tx: str
    reveal_tx: str
    attempts: int
    error: str
    reason: str
    done_block: int
    done_time: int
    ending: str

    @property
    def duty(self) -> Duty:
        return Duty(self.contract, self.number)
