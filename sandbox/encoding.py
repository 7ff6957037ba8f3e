"""Outcomes as bytes: what operators hash, sign and compare.

An outcome's document is deterministic CBOR of at most 4,096 bytes:

    {"kind": "Result", "run": R, "outputs": {port: V}}               small results
    {"kind": "Result", "run": R, "table": D}                         others; D is the digest of a table's CID, whose
                                                                     blocks hold at most TABLE_CHUNK bytes of content
    {"kind": "Result", "run": R, "outputs": {port: V}, "table": D}   others with numbers, which stand in "outputs"
    {"kind": "ModuleError", "run": R, "error": text, "lines": [int]}    the message is not part of it
    {"kind": "LimitHit", "run": R, "which": "fuel" | "output"}

V is [dtype, bytes], where dtype is "<f8" or "<i8" and 8 bytes are one number; a column of one row is [dtype, bytes, 1].
So a number is in the document whatever becomes of the columns, and a contract can read it there. R is the digest of
everything that was run, so the same run gives the same document whichever job asked for it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.content.table import Column, canonical, table_files
from fusion.content.unixfs import directory_cid
from fusion.errors import ContentError
from fusion.sdk import Scalar
from sandbox.code import Limits, ModuleCode
from sandbox.outcome import LimitHit, ModuleError, Outcome, Result

MAX_DOCUMENT = 4096
TABLE_CHUNK = 64 * 1024
"""Most bytes of content in a block of a result's table: a requester may demand any block in a transaction, and nodes
refuse transactions above 128 KiB."""

_DTYPES = {"float64": "<f8", "int64": "<i8"}


@dataclass(frozen=True, slots=True)
class Encoded:
    """An outcome as it is published.

    Attributes:
        document: deterministic CBOR, at most 4,096 bytes.
        files: the table's files where the document names one, else None.
    """

    document: bytes
    files: Mapping[str, bytes] | None


@dataclass(frozen=True, slots=True)
class Document:
    """A document read back.

    Attributes:
        kind: "Result", "ModuleError" or "LimitHit".
        run: digest of what was run.
        outputs: output port -> what it carries, of a Result: a column, or one number as an array of shape ().
        table: root of the table with its columns, of a Result whose columns are not in the document.
        error: the exception's type, of a ModuleError.
        lines: its line numbers.
        which: the limit, of a LimitHit.
    """

    kind: str
    run: bytes
    outputs: Mapping[str, Column] = field(default_factory=dict)
    table: Cid | None = None
    error: str | None = None
    lines: tuple[int, ...] = ()
    which: str | None = None


def encode(outcome: Outcome, run: bytes) -> Encoded:
    """The published form of an outcome that may be attested.

    Args:
        outcome: a Result, a ModuleError, or a LimitHit of fuel or output.
        run: what `run_digest` gave, 32 bytes.

    Raises:
        ValueError: the outcome may not be attested: it may end otherwise elsewhere, or it ran natively.
    """
    if isinstance(outcome, Result | ModuleError | LimitHit) and outcome.native:
        raise ValueError(f"an outcome of kind {outcome.kind} of a native run is not attested")
    head: dict[str, object] = {"kind": outcome.kind, "run": run}
    match outcome:
        case ModuleError(error=error, lines=lines):
            return Encoded(dcbor.encode({**head, "error": error, "lines": list(lines)}), None)
        case LimitHit(which=which) if outcome.attestable:
            return Encoded(dcbor.encode({**head, "which": which}), None)
        case Result(outputs=outputs):
            if sum(value.nbytes for value in outputs.values()) <= MAX_DOCUMENT:
                document = dcbor.encode({**head, "outputs": _inline(outputs)})
                if len(document) <= MAX_DOCUMENT:
                    return Encoded(document, None)
            numbers = {name: value for name, value in outputs.items() if not value.ndim}
            if numbers:
                head["outputs"] = _inline(numbers)
            files = table_files({name: value for name, value in outputs.items() if value.ndim})
            return Encoded(dcbor.encode({**head, "table": directory_cid(files, chunk=TABLE_CHUNK).digest}), files)
        case _:
            raise ValueError(f"an outcome of kind {outcome.kind} is not attested")


def decode(document: bytes) -> Document:
    """Read a document for display.

    Raises:
        ContentError: it is not one that `encode` writes.
    """
    if len(document) > MAX_DOCUMENT:
        raise ContentError(f"an outcome document has {len(document)} bytes, at most {MAX_DOCUMENT} are allowed")
    match dcbor.decode(document):
        case {"kind": "Result", "run": bytes(run), **rest} if rest:
            return _result(run, {str(key): value for key, value in rest.items()})
        case {"kind": "ModuleError", "run": bytes(run), "error": str(error), "lines": list(lines), **rest} if not rest:
            numbers = tuple(line for line in lines if isinstance(line, int) and not isinstance(line, bool))
            if len(numbers) != len(lines):
                raise ContentError("a ModuleError document has lines that are no numbers")
            return Document("ModuleError", run, error=error, lines=numbers)
        case {"kind": "LimitHit", "run": bytes(run), "which": "fuel" | "output" as which, **rest} if not rest:
            return Document("LimitHit", run, which=which)
        case _:
            raise ContentError("not an outcome document: its keys are of no known kind")


def run_digest(
    module: ModuleCode,
    inputs: Mapping[str, Cid],
    settings: Mapping[str, Scalar],
    *,
    limits: Limits,
    seed: int,
    image: bytes,
) -> bytes:
    """The 32 bytes that name a run: equal runs have equal digests, whatever the job's id.

    Args:
        module: the code; the CIDs of all its upstreams are covered, with the names they are imported by.
        inputs: input port -> CID of its content.
        settings: as the job gives them.
        limits: as the job gives them.
        seed: as the job gives it.
        image: id of the sandbox image.
    """
    named = {
        "module": bytes(module.cid),
        "requires": {str(code.cid): _requires(code) for code in (module, *module.upstreams())},
        "entry": module.entry,
        "inputs": {port: bytes(cid) for port, cid in inputs.items()},
        "settings": dict(settings),
        "limits": limits.as_dict(),
        "seed": seed,
        "image": image,
    }
    return hashlib.sha256(dcbor.encode(named)).digest()


def _requires(code: ModuleCode) -> dict[str, bytes]:
    return {name: bytes(upstream.cid) for name, upstream in code.requires.items()}


def _inline(outputs: Mapping[str, Column]) -> dict[str, list[str | bytes | int]]:
    inline: dict[str, list[str | bytes | int]] = {}
    for name, value in outputs.items():
        rows = [1] if value.shape == (1,) else []
        inline[name] = [_DTYPES[value.dtype.name], canonical(value).tobytes(), *rows]
    return inline


def _result(run: bytes, rest: dict[str, object]) -> Document:
    match rest:
        case {"outputs": dict(listed), **more} if listed and not more:
            return Document("Result", run, outputs={name: _value(name, value) for name, value in listed.items()})
        case {"table": bytes(digest), **more} if not more and len(digest) == 32:
            return Document("Result", run, table=Cid.directory(digest))
        case {"outputs": dict(listed), "table": bytes(digest), **more} if listed and not more and len(digest) == 32:
            numbers = {name: _value(name, value) for name, value in listed.items()}
            if any(number.ndim for number in numbers.values()):
                raise ContentError("an outcome document has columns beside its table")
            return Document("Result", run, outputs=numbers, table=Cid.directory(digest))
        case _:
            raise ContentError("not an outcome document: its Result is of no known form")


def _value(name: object, value: object) -> Column:
    """A column, or an array of shape () where the document has one number."""
    shape: tuple[int, ...]
    match value:
        case ["<f8" | "<i8" as dtype, bytes(data)] if len(data) % 8 == 0:
            shape = () if len(data) == 8 else (len(data) // 8,)
        case ["<f8" | "<i8" as dtype, bytes(data), rows] if len(data) == 8 and type(rows) is int and rows == 1:
            shape = (1,)
        case _:
            raise ContentError(f"output {name!r} of an outcome document is neither a column nor a number")
    column: Column = np.frombuffer(data, dtype)
    return column.reshape(shape)
