"""Cut out of the interpreter what a module may not import.

The choice of functions is data (`guest/stub.json`), keyed by the hash of the binary it was made for. It was made from
the call graph: everything of the dropped packages that kept code does not call directly. OpenBLAS's kernels stay, since
they are reached through tables.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fusion.errors import NotReady
from sandbox.sections import CODE, functions, rebuilt, sections, unsigned

_UNREACHABLE = bytes([3, 0, 0x00, 0x0B])
"""A body of three bytes: no locals, `unreachable`, `end`."""
_RETURN_NULL = bytes([4, 0, 0x41, 0, 0x0B])
"""A body of four bytes: no locals, `i32.const 0`, `end`. The import machinery reads it as a failed import."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which functions of one binary are stubbed, and the hashes of what comes out.

    Attributes:
        source: name of the binary, for messages.
        source_sha256: hash of the binary the indexes belong to.
        functions: how many functions its code section has.
        stubbed_sha256: hash of the stubbed binary.
        baked_sha256: hash of the baked binary.
        archive_sha256: hash of the standard library's zip that comes with it.
        return_null: indexes of module initialisers, which answer "no such module".
        ranges: inclusive index ranges of all dropped functions.
    """

    source: str
    source_sha256: str
    functions: int
    stubbed_sha256: str
    baked_sha256: str
    archive_sha256: str
    return_null: frozenset[int]
    ranges: Sequence[tuple[int, int]]


@cache
def choice() -> Choice:
    """The choice shipped with Fusion: numpy and pandas stay."""
    text = resources.files("sandbox.guest").joinpath("stub.json").read_text("utf-8")
    record = json.loads(text)
    return Choice(
        source=record["source"],
        source_sha256=record["source_sha256"],
        functions=record["functions"],
        stubbed_sha256=record["stubbed_sha256"],
        baked_sha256=record["baked_sha256"],
        archive_sha256=record["archive_sha256"],
        return_null=frozenset(record["return_null"]),
        ranges=[(first, last) for first, last in record["unreachable_or_null"]],
    )


def stubbed(module: bytes, chosen: Choice) -> bytes:
    """The binary with every chosen function's body replaced by a trap and its name section dropped.

    Raises:
        NotReady: the binary is not the one the choice was made for, or the result is not the one it promises.
    """
    expect(module, chosen.source_sha256, chosen.source)
    code = next(section for section in sections(module) if section.id == CODE)
    dropped = {index for first, last in chosen.ranges for index in range(first, last + 1)}
    parts = [unsigned(chosen.functions)]
    for index, (start, stop) in enumerate(functions(module, code)):
        if index in chosen.return_null:
            parts.append(_RETURN_NULL)
        elif index in dropped:
            parts.append(_UNREACHABLE)
        else:
            parts += (unsigned(stop - start), module[start:stop])
    result = rebuilt(module, {CODE: b"".join(parts)})
    expect(result, chosen.stubbed_sha256, f"{chosen.source}, stubbed")
    return result


def expect(data: bytes, sha256: str, what: str) -> None:
    """Refuse bytes with another hash than the pinned one."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise NotReady(
            f"{what} has sha256 {found}, expected {sha256}: install the pinned versions (`pip install -e .`)"
        )
