"""Canaries on their way: how far each is, in a file of its own that outlives the process."""

import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from fusion.errors import BadInput

DUE = "due"  # the file that says when the next begins


OVERRULED = "overruled by a panel"  # the ending of one whose sponsor computes otherwise than the operators


class Stage(StrEnum):
    """How far a canary is."""

    MADE = "made"  # its account is there, and its answer known
    COMMITTED = "committed"
    POSTED = "posted"
    ENDED = "ended"
    SWEPT = "swept"  # what was left is the funder's again


@dataclass(frozen=True, slots=True)
class Plan:
    """One canary; money in base units, hashes and the spec in hexadecimal.

    Attributes:
        name: of its account, and of its file.
        put_in, returned: tokens that the account was given, and gave back.
        posted: chain time, in seconds, when its job was posted.
        ending: how it ended, in words.
    """

    name: str
    requester: str
    spec: str
    outcome: str
    stage: Stage = Stage.MADE
    put_in: int = 0
    returned: int = 0
    job_id: int = 0
    posted: int = 0
    ending: str = ""


class Plans:
    """A folder of them, each file written whole and for nobody else to read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def all(self) -> list[Plan]:
        """By name; BadInput where a file is none."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                told = json.loads(path.read_text())
                found.append(Plan(**told | {"stage": Stage(told["stage"])}))
            except (ValueError, TypeError, KeyError) as error:
                raise BadInput(f"{path} is no canary: {error}; move it away") from error
        return found

    def save(self, plan: Plan) -> None:
        self._write(f"{plan.name}.json", json.dumps(asdict(plan), indent=2) + "\n")

    def spent(self) -> int:
        """Tokens given to canaries beyond what they gave back."""
        return sum(plan.put_in - plan.returned for plan in self.all())

    @property
    def due(self) -> int:
        """Second of chain time from which on the next one begins."""
        try:
            return int((self._folder / DUE).read_text())
        except FileNotFoundError:
            return 0
        except ValueError as error:
            raise BadInput(f"{self._folder / DUE} is no second of chain time: move it away") from error

    @due.setter
    def due(self, second: int) -> None:
        self._write(DUE, f"{second}\n")

    def _write(self, name: str, text: str) -> None:
        fresh = self._folder / f".{name}.new"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / name)
