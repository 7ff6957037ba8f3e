"""How a run can end.

    Outcome
    ├── Result         columns and numbers                          attestable
    ├── ModuleError    the module raised                            attestable
    ├── LimitHit       fuel or output ran out                       attestable
    │                  memory or the deadline ran out               not
    ├── Refused        the job cannot run as given                  not
    └── NoVote         this machine cannot say how it ends          not

Attestable is what repeats exactly on every machine. Memory is not, since a host may run short before the limit does.
What ran as a machine's own code is not either, however it ended: such outcomes are marked `native` (`sandbox.native`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fusion.content.table import Column

Kind = Literal["Result", "ModuleError", "LimitHit", "Refused", "NoVote"]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The module returned.

    Attributes:
        outputs: output port -> column, or one number as an array of shape ().
        fuel: wasm instructions used; 0 of a native run, where they are not counted.
        native: whether it ran as the machine's own code.
    """

    outputs: Mapping[str, Column]
    fuel: int
    native: bool = False

    @property
    def kind(self) -> Kind:
        return "Result"

    @property
    def attestable(self) -> bool:
        return not self.native


@dataclass(frozen=True, slots=True)
class ModuleError:
    """The module raised.

    Attributes:
        error: name of the exception's type.
        lines: line numbers in the module's own files that the exception passed, innermost last.
        message: one line to show; not part of what is attested.
        fuel: wasm instructions used; 0 of a native run, where they are not counted.
        native: whether it ran as the machine's own code.
    """

    error: str
    lines: tuple[int, ...]
    message: str
    fuel: int
    native: bool = False

    @property
    def kind(self) -> Kind:
        return "ModuleError"

    @property
    def attestable(self) -> bool:
        return not self.native


@dataclass(frozen=True, slots=True)
class LimitHit:
    """A limit ended the run.

    Attributes:
        which: the limit.
        native: whether it ran as the machine's own code.
    """

    which: Literal["fuel", "output", "memory", "deadline"]
    native: bool = False

    @property
    def kind(self) -> Kind:
        return "LimitHit"

    @property
    def attestable(self) -> bool:
        return not self.native and self.which in ("fuel", "output")


@dataclass(frozen=True, slots=True)
class Refused:
    """The job cannot run as it was given: ports, settings, imports or requires do not fit."""

    why: str

    @property
    def kind(self) -> Kind:
        return "Refused"

    @property
    def attestable(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class NoVote:
    """The run ended in a way that may differ on another machine."""

    why: str

    @property
    def kind(self) -> Kind:
        return "NoVote"

    @property
    def attestable(self) -> bool:
        return False


Outcome = Result | ModuleError | LimitHit | Refused | NoVote
