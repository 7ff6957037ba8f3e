"""A duty: one round of commits and reveals that this operator may have a part in, named by its contract and its id."""

from enum import StrEnum
from typing import NamedTuple


class Contract(StrEnum):
    """Where a round is held; each counts its own from one."""

    JOB = "job"
    PANEL = "panel"  # audits are panels of one


class Duty(NamedTuple):
    contract: Contract
    number: int

    def __str__(self) -> str:
        return f"{self.contract} {self.number}"
