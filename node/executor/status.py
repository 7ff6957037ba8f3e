"""What `fusion operator status` shows: a JSON file that the daemon writes and anyone reads."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from fusion.errors import BadInput, NotReady


@dataclass(frozen=True, slots=True)
class Status:
    """One moment of an operator.

    Attributes:
        pid: process id of the daemon that wrote it.
        block, time: number and timestamp (seconds) of the newest block it has seen.
        jobs: stage -> number of jobs.
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
        """Whether the process that wrote it is still there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
