"""What `fusion operator status` shows: a JSON file that the daemon writes and anyone reads."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from fusion.errors import BadInput, NotReady

SAME = 1.5  # seconds; the clock may be set between the two readings that make one

FILE = "status.json"  # in the operator's home


@dataclass(frozen=True, slots=True)
class Status:
    """One moment of an operator.

    Attributes:
        pid: process id of the daemon that wrote it.
        started: seconds from the machine's start to that process's; 0 where it was not noted.
        block, time: number and timestamp (seconds) of the newest block it has seen.
        jobs, panels: stage -> number of jobs, of panels.
        free, locked, unbonding, claimable, claimed: base units of the stake token; `claimed` since this process began.
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

    def save(self, path: Path) -> None:
        """Replaces the file at once, so that a reader never sees half of it."""
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


def started(pid: int) -> float:
    """Seconds from the machine's start to a process's, which no change of its clock moves; psutil.Error."""
    return psutil.Process(pid).create_time() - psutil.boot_time()
