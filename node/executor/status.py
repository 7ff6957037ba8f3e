"""What `fusion operator status` shows: a JSON file that the daemon writes and anyone reads."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

from fusion.errors import BadInput, NotReady

SAME = 1.5  # seconds; the clock may be set between the two readings that make one
STALE = 60.0  # seconds without a word from a daemon, which writes every few of them

FILE = "status.json"  # in the operator's home
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # counts while the machine sleeps, where there is one


class State(StrEnum):
    """What a daemon does with its time; `stopped` and `drained` are its last words."""

    RUNNING = "running"
    DRAINING = "draining"
    DRAINED = "drained"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Status:
    """One moment of an operator.

    Money is in base units of the stake token. Rows are as they are written, each a mapping of names to values.

    Attributes:
        pid: process id of the daemon that wrote it.
        started: seconds from the machine's start to that process's; 0 where it was not noted.
        written: seconds from the machine's start to this moment.
        block, time: number and timestamp (seconds) of the newest block it has read.
        head: number of the newest block it has seen.
        block_age: seconds since it saw a new block.
        jobs, panels: stage -> number of jobs, of panels.
        endings: how its own jobs ended -> number.
        claimed: since this process began; `slashed` is all that it ever lost.
        unbond_at: second of chain time from which what is unbonding may be withdrawn.
        duties: jobs and panels in which it has a seat: {duty, job, stage, status, deadline, act}.
        runs: what runs now: {duty, job, seconds, memory}; `waiting` more have no worker or memory yet.
        workers, memory, memory_taken: what runs may use together, and what they do; bytes.
        restarts: sandbox processes that had to be started again.
        transactions: sent since this process began.
        errors: the last ones: {time, about, error, times}.
        walls: walls of the sandbox that do not stand -> why.
        metrics: where Prometheus finds its figures, empty for nowhere.
        left: while it drains, what it waits for.
        watch: of an operator that challenges, how it does: {suspected, challenges, bonds, endings, rewards, stopped}.
    """

    operator: str
    endpoint: str
    image: str
    pid: int
    block: int
    time: int
    jobs: Mapping[str, int]
    free: int
    locked: int
    unbonding: int
    claimable: int
    claimed: int
    started: float = 0.0
    panels: Mapping[str, int] = field(default_factory=dict)
    state: str = State.RUNNING
    written: float = 0.0
    head: int = 0
    block_age: float = 0.0
    endings: Mapping[str, int] = field(default_factory=dict)
    slashed: int = 0
    unbond_at: int = 0
    duties: Sequence[Mapping[str, object]] = field(default_factory=list)
    runs: Sequence[Mapping[str, object]] = field(default_factory=list)
    waiting: int = 0
    workers: int = 0
    memory: int = 0
    memory_taken: int = 0
    restarts: int = 0
    transactions: int = 0
    errors: Sequence[Mapping[str, object]] = field(default_factory=list)
    walls: Mapping[str, str] = field(default_factory=dict)
    metrics: str = ""
    left: str = ""
    watch: Mapping[str, object] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Replaces the file at once, so that a reader never sees half of it. OSError when there is no room for it."""
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=2) + "\n")
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Status":
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            raise NotReady(f"no operator has run here: {path} is missing; begin with `fusion operator start`") from None
        except (ValueError, TypeError) as error:
            raise BadInput(f"{path} is no operator's status: {error}; the operator writes it anew") from error

    @property
    def running(self) -> bool:
        """Whether the process that wrote it is still there, and not another one with its number."""
        try:
            return abs(started(self.pid) - self.started) < SAME or not self.started
        except psutil.AccessDenied:
            return True
        except psutil.Error:
            return False

    @property
    def age(self) -> float:
        """Seconds since it was written, whatever the clock was set to; of no meaning once the machine was restarted."""
        return max(0.0, since_boot() - self.written)

    @property
    def stale(self) -> str:
        """Why it does not tell the present, or nothing."""
        if not self.running:
            return {State.STOPPED: "stopped", State.DRAINED: "drained"}.get(State(self.state), "not running")
        return f"silent for {self.age:.0f} s" if self.written and self.age > STALE else ""


def since_boot() -> float:
    """Seconds since this machine was started."""
    return time.clock_gettime(_BOOT)


def started(pid: int) -> float:
    """Seconds from the machine's start to a process's, which no change of its clock moves; psutil.Error."""
    return psutil.Process(pid).create_time() - psutil.boot_time()
