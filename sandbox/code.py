"""A module's code as the sandbox takes it, and what a run of it may use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fusion.content.cid import Cid

MAX_SEED = (1 << 64) - 1

PRINTED = 64 << 10
"""Bytes of what a module prints that are kept to show; all of it is counted."""


@dataclass(frozen=True, slots=True)
class ModuleCode:
    """The files of one version and of everything upstream of it.

    Attributes:
        cid: root of the bundle.
        files: posix path -> content; `module.py` is the code.
        entry: the decorated function in `module.py`.
        requires: name in `from requires import name` -> the upstream's code.
    """

    cid: Cid
    files: Mapping[str, bytes]
    entry: str
    requires: Mapping[str, "ModuleCode"] = field(default_factory=dict)

    def upstreams(self) -> Iterator["ModuleCode"]:
        """Every module below this one, each once, in the order they are first named."""
        seen = {self.cid}
        waiting = list(self.requires.values())
        while waiting:
            code = waiting.pop(0)
            if code.cid not in seen:
                seen.add(code.cid)
                yield code
                waiting += code.requires.values()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may use; part of what is attested.

    Attributes:
        fuel: wasm instructions.
        memory: bytes of guest memory, of which the baked image takes about 90 MB.
        output: bytes written, results and prints together.
    """

    fuel: int = 10**11
    memory: int = 512 << 20
    output: int = 64 << 20

    def refusal(self, least_memory: int) -> str | None:
        """Why no run can have these limits, or None.

        Args:
            least_memory: bytes of memory a guest starts with.
        """
        bounds = (
            ("fuel", self.fuel, 1, 1 << 50),
            ("memory", self.memory, least_memory, 1 << 32),
            ("output", self.output, 0, 1 << 30),
        )
        for name, value, least, most in bounds:
            if not least <= value <= most:
                return f"limit {name} is {value}: give {least} to {most}"
        return None

    def as_dict(self) -> dict[str, int]:
        """As it is written in a job's spec."""
        return {"fuel": self.fuel, "memory": self.memory, "output": self.output}
