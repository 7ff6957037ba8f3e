"""What this machine's sandbox computes, as one hash: equal on every machine that may attest.

Run are the numeric cases of `guest/cases.py` and the first-party modules. The inputs are made of whole numbers and one
division a value, which IEEE 754 fixes to the last bit, so no library of the host has a part in them.
"""

import ast
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, resources

import numpy as np

from fusion.content.table import Column
from fusion.content.unixfs import directory_cid
from fusion.errors import NotReady
from sandbox.code import Limits, ModuleCode
from sandbox.encoding import encode
from sandbox.outcome import Result
from sandbox.progress import Report
from sandbox.runtime import Runtime

ROWS = 4_000
SEED = 11
DEADLINE = 900.0
"""Seconds for one case: an emulated processor takes its time."""

_RUN = bytes(32)
_LIMITS = Limits(fuel=10**11)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What came out.

    Attributes:
        image: id of the image, hexadecimal.
        wasmtime: its version.
        hash: SHA-256 over name and outcome of every case, in the order of their names, hexadecimal.
        fuel: wasm instructions of all cases together.
        cases: how many there were.
        each: name -> SHA-256 of the case's outcome, first 16 hexadecimal digits; to find what differs.
    """

    image: str
    wasmtime: str
    hash: str
    fuel: int
    cases: int
    each: Mapping[str, str]


def fingerprint(runtime: Runtime, modules: Mapping[str, ModuleCode], progress: Report | None = None) -> Fingerprint:
    """Runs every case.

    Args:
        runtime: what is looked at.
        modules: first-party modules by name.
        progress: told the case under way and the fraction done.

    Raises:
        NotReady: a case gave no result, which is a fault of this machine.
    """
    report: Report = progress or (lambda _text, _fraction: None)
    numeric = inputs({"x": "float64", "y": "float64", "k": "int64"})
    cases = {name: (code, numeric) for name, code in numeric_cases().items()}
    for name, code in modules.items():
        cases[f"module {name}"] = (code, inputs(runtime.describe(code).inputs))
    whole = hashlib.sha256()
    each: dict[str, str] = {}
    fuel = 0
    for done, (name, (code, columns)) in enumerate(sorted(cases.items(), key=lambda case: case[0])):
        report(name, done / len(cases))
        outcome = runtime.run(code, columns, {}, limits=_LIMITS, seed=SEED, deadline=DEADLINE)
        if not isinstance(outcome, Result):
            raise NotReady(
                f"case {name!r} of the fingerprint ended with {outcome} and no result: this machine cannot attest"
            )
        encoded = encode(outcome, _RUN)
        digest = hashlib.sha256(encoded.document)
        for path, content in sorted((encoded.files or {}).items()):
            digest.update(path.encode() + b"\0" + content)
        each[name] = digest.hexdigest()[:16]
        whole.update(name.encode() + b"\0" + digest.digest())
        fuel += outcome.fuel
    report("done", 1.0)
    return Fingerprint(
        image=runtime.image.id.hex(),
        wasmtime=metadata.version("wasmtime"),
        hash=whole.hexdigest(),
        fuel=fuel,
        cases=len(cases),
        each=each,
    )


def numeric_cases() -> dict[str, ModuleCode]:
    """The cases that come with the sandbox, by name."""
    source = resources.files("sandbox.guest").joinpath("cases.py").read_bytes()
    files = {"module.py": source}
    cid = directory_cid(files)
    return {name: ModuleCode(cid, files, name) for name in _decorated(source)}


def inputs(ports: Mapping[str, str], rows: int = ROWS) -> dict[str, Column]:
    """A column for every port, the same bits on every machine; prices and sizes are positive, `x` has both signs."""
    columns: dict[str, Column] = {}
    for place, (name, dtype) in enumerate(ports.items()):
        drawn = _whole_numbers(rows, place + 1)
        if dtype == "int64":
            columns[name] = drawn % 100_003
        elif name == "x":
            columns[name] = (drawn % 2_000_001 - 1_000_000) / 1_000_000.0
        else:
            columns[name] = (drawn % 1_000_000 + 1) / 1_000_000.0 + _level(name)
    return columns


def _level(name: str) -> float:
    """Asks lie above bids, as the modules that read a book expect."""
    prices = {"bid": 100.0, "price": 101.0, "ask": 102.0}
    return next((level for word, level in prices.items() if word in name and "size" not in name), 0.0)


def _whole_numbers(rows: int, stream: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The high bits of a linear congruential generator modulo 2**64 (Knuth's MMIX constants), as int64."""
    state, found = stream, []
    for _ in range(rows):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        found.append(state >> 24)
    return np.array(found, np.int64)


def _decorated(source: bytes) -> Sequence[str]:
    """The functions with a decorator, in file order."""
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.decorator_list]
