"""An attempt: module code that tries to get out, and how it has to end in each runtime."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent, indent
from typing import Literal

from fusion.content.unixfs import directory_cid
from sandbox.code import Limits, ModuleCode
from sandbox.outcome import LimitHit, ModuleError, Outcome

RuntimeName = Literal["wasm", "native", "jit", "host"]

HEAD = """
import dataclasses

import numpy as np
from fusion.sdk import Floats, module

sys = dataclasses.sys  # `import sys` is refused, which is order and no wall
os = sys.modules["os"]
KNOWN = {known}
"""

TOOLS = '''

class Reached(Exception):
    """Something was got that no module may have."""


def load(name):
    return sys.modules["importlib"].import_module(name)


def reach(call, *given):
    """It has to fail, however it likes."""
    try:
        got = call(*given)
    except Exception:
        return
    raise Reached(repr(got))


def must(call, *given, **named):
    """It has to fail, and the exception tells how."""
    raise Reached(repr(call(*given, **named)))


def read(path):
    with open(path, "rb") as file:
        return file.read(256)


def write(path, data=b"x"):
    with open(path, "ab") as file:
        file.write(data)
        file.flush()


def libc():
    return load("ctypes").CDLL(None, use_errno=True)


def syscall(number, *given):
    ctypes = load("ctypes")
    call = libc().syscall
    call.restype = ctypes.c_long
    got = call(ctypes.c_long(number), *(ctypes.c_long(one) if isinstance(one, int) else one for one in given))
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got
'''

FOOT = """

@module
def f(x: Floats) -> Floats:
    {body}
    return x
"""

MIB = 1 << 20

EPERM = ("ModuleError PermissionError",)

NO_VOTE = ("NoVote",)
"""The process was ended by the kernel, most often for a call that only an attacker makes."""

KILLED = ("Killed 31",)
"""The same as it is seen of a payload in the host's process: by the signal SIGSYS."""


@dataclass(frozen=True)
class Attempt:
    """What one test tries.

    Attributes:
        name: of the test.
        tries: in a few words, for the page.
        codes: bodies of the module's function, each for a run of its own, so that one that is ended does not save the
            others; what it returns is what the module returns, else its input.
        wasm, native: how it may end, as `ending` writes it; empty where it does not apply.
        host: how it may end in the process that hosts the wasm runtime (see `cell.py`).
        before: code at the top of the module.
        limits: what the run may use.
        deadline: seconds after which a native run is stopped; in wasm fuel ends it sooner.
        files: of the bundle besides `module.py`.
    """

    name: str
    tries: str
    codes: tuple[str, ...] | str = field(repr=False)
    wasm: tuple[str, ...] = field(repr=False)
    native: tuple[str, ...] = field(repr=False)
    host: tuple[str, ...] = field(default=(), repr=False)
    before: str = field(default="", repr=False)
    limits: Limits = field(default=Limits(fuel=10**9, memory=160 * MIB, output=MIB), repr=False)
    deadline: float = field(default=10.0, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def modules(self, known: Mapping[str, str | int]) -> list[ModuleCode]:
        """The modules, which know where everything lies."""
        head = HEAD.format(known=json.dumps(known)) + TOOLS + dedent(self.before)
        sources = [head + FOOT.format(body=indent(code, "    ").strip()) for code in self._codes()]
        bundles = [{"module.py": source.encode(), **self.files} for source in sources]
        return [ModuleCode(directory_cid(files), files, "f") for files in bundles]

    def payloads(self, known: Mapping[str, str | int]) -> list[str]:
        """The same as Python programs with a function `attack`: what somebody would run who is out already."""
        head = f"import os\nimport sys\n\nimport numpy as np\n\nKNOWN = {json.dumps(known)}\nx = np.arange(5.0)\n"
        top = head + TOOLS + dedent(self.before)
        return [f"{top}\n\ndef attack():\n{indent(code, '    ')}\n" for code in self._codes()]

    def _codes(self) -> list[str]:
        return [dedent(code).strip() for code in ((self.codes,) if isinstance(self.codes, str) else self.codes)]

    @property
    def raw(self) -> bool:
        """Whether it makes calls by their numbers, which are those of x86-64."""
        return any("syscall" in code for code in (self.before, *self._codes()))

    def endings(self, runtime: RuntimeName) -> tuple[str, ...]:
        return {"wasm": self.wasm, "native": self.native, "jit": self.native, "host": self.host}[runtime]


def ending(outcome: Outcome) -> str:
    """An outcome in a word or two: `Result`, `ModuleError OSError`, `LimitHit fuel`, `Refused`, `NoVote`."""
    match outcome:
        case ModuleError(error=error):
            return f"ModuleError {error}"
        case LimitHit(which=which):
            return f"LimitHit {which}"
        case _:
            return outcome.kind
