"""What the operator and its sandbox process say to each other, as bytes.

A message is a header of deterministic CBOR and a body of raw bytes: files and columns, in the header's order.

    hello    {"protocol", "image"}
    run      {"modules": [{"cid", "entry", "files": [[path, size]], "requires": {name: index}}],
              "inputs": [[port, dtype, rows]], "settings", "limits", "seed", "deadline"}
    answer   {"kind": "Result", "fuel", "outputs": [[port, dtype, rows]]}; rows is null for one number
             {"kind": "ModuleError", "error", "lines", "message", "fuel"}
             {"kind": "LimitHit", "which"}, {"kind": "Refused" | "NoVote", "why"}
             {"kind": "Fault", "traceback"}

Modules come after those they require, the one to run last. The process ran code that others wrote and may be theirs by
now, so an answer is read as one from a stranger: whatever it holds, it becomes an outcome or a ContentError.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.content.table import Column
from fusion.errors import ContentError
from fusion.sdk import Scalar
from fusion.sdk.ports import MAX_NUMBERS
from sandbox.code import Limits, ModuleCode
from sandbox.frame import Parts, printable
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result

PROTOCOL = 1
"""Of all messages. A process of an older image speaks the one of its own days, and says so first."""

MAX_HELLO = 1 << 10  # bytes
MAX_ANSWER_HEADER = 512 << 10  # bytes
MAX_RUN_HEADER = 64 << 20  # bytes; 64 modules of 1,000 files fit
MAX_RUN_BODY = 1 << 32  # bytes

_MAX_TRACEBACK = 8_000  # characters
_MAX_LINES = 32
_MAX_COUNT = 1 << 63
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_DTYPES = {"f": "<f8", "i": "<i8"}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a module.

    Attributes:
        deadline: seconds of this machine's time after which it is stopped, which is no vote.
    """

    module: ModuleCode
    inputs: Mapping[str, Column]
    settings: Mapping[str, Scalar]
    limits: Limits
    seed: int
    deadline: float

    @property
    def rows(self) -> int:
        """Length of the inputs, which every column it returns has."""
        return len(next(iter(self.inputs.values()))) if self.inputs else 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What the process answers when it failed itself."""

    traceback: str


Message = tuple[bytes, Parts]
"""Header, and the parts of the body."""


def encode_hello(image: bytes) -> bytes:
    """What the process says once it is ready to run modules.

    Args:
        image: id of the image that it has loaded.
    """
    return dcbor.encode({"protocol": PROTOCOL, "image": image})


def decode_hello(header: bytes, image: bytes) -> None:
    """Raises ContentError when it is not the greeting of a process with that image, or in another protocol."""
    said = dcbor.decode(header)
    if said != {"protocol": PROTOCOL, "image": image}:
        raise ContentError(f"a greeting of another process: {str(said)[:100]!r}")


def encode_run(run: Run) -> Message:
    codes = _ordered(run.module)
    index = {code.cid: at for at, code in enumerate(codes)}
    header = {
        "modules": [
            {
                "cid": code.cid.digest,
                "entry": code.entry,
                "files": [[path, len(data)] for path, data in code.files.items()],
                "requires": {name: index[upstream.cid] for name, upstream in code.requires.items()},
            }
            for code in codes
        ],
        "inputs": _listed(run.inputs),
        "settings": dict(run.settings),
        "limits": run.limits.as_dict(),
        "seed": run.seed,
        "deadline": float(run.deadline),
    }
    files = [data for code in codes for data in code.files.values()]
    return dcbor.encode(header), [*files, *_contents(run.inputs)]


def decode_run(header: bytes, body: bytes | memoryview) -> Run:
    """Raises ContentError when it is none."""
    rest = _Body(body)
    match dcbor.decode(header):
        case {
            "modules": [*modules],
            "inputs": [*inputs],
            "settings": {**settings},
            "limits": {"fuel": int(fuel), "memory": int(memory), "output": int(output), **unlimited},
            "seed": int(seed),
            "deadline": float(deadline),
            **more,
        } if modules and not more and not unlimited and seed >= 0:
            codes: list[ModuleCode] = []
            for module in modules:
                codes.append(_module(module, codes, rest))
            columns = _columns(inputs, rest)
            rest.end()
            if not all(column.ndim for column in columns.values()):
                raise ContentError("a run with a number for a column")
            if not all(type(value) in (bool, int, float, str) for value in settings.values()):
                raise ContentError("a run with a setting that is none")
            given = cast("Mapping[str, Scalar]", settings)
            return Run(codes[-1], columns, given, Limits(fuel, memory, output), seed, deadline)
        case _:
            raise ContentError("a message that is no run")


def encode_answer(answer: Outcome | Fault) -> Message:
    """An answer of the process, which runs wasm alone: of a native outcome the mark would be lost."""
    match answer:
        case Result(native=True) | ModuleError(native=True) | LimitHit(native=True):
            raise ValueError(f"an outcome of kind {answer.kind} of a native run is not sent")
        case Result(outputs=outputs, fuel=fuel):
            header: dict[str, object] = {"kind": "Result", "fuel": fuel, "outputs": _listed(outputs)}
            return dcbor.encode(header), _contents(outputs)
        case ModuleError(error=error, lines=lines, message=message, fuel=fuel):
            told = printable(message)
            header = {"kind": "ModuleError", "error": error, "lines": list(lines), "message": told, "fuel": fuel}
        case LimitHit(which=which):
            header = {"kind": "LimitHit", "which": which}
        case Refused(why=why) | NoVote(why=why):
            header = {"kind": answer.kind, "why": printable(why)}
        case Fault(traceback=traceback):
            header = {"kind": "Fault", "traceback": _visible(traceback)}
    return dcbor.encode(header), []


def decode_answer(header: bytes, body: bytes | memoryview, *, rows: int) -> Outcome | Fault:
    """Reads what a stranger may have sent.

    Args:
        rows: length of the run's inputs.

    Raises:
        ContentError: it is no answer to that run.
    """
    said = dcbor.decode(header)
    match said:
        case {"kind": "Result", "fuel": int(fuel), "outputs": [*outputs], **more} if outputs and not more:
            rest = _Body(body)
            columns = _columns(outputs, rest)
            rest.end()
            if not all(column.shape in ((rows,), ()) and _NAME.fullmatch(name) for name, column in columns.items()):
                raise ContentError(f"an answer with columns that are not {rows} rows under names of ports")
            if sum(not column.ndim for column in columns.values()) > MAX_NUMBERS:
                raise ContentError(f"an answer with more than {MAX_NUMBERS} numbers")
            return Result(columns, _count(fuel))
        case _ if body:
            raise ContentError(f"an answer with {len(body)} bytes that belong to nothing")
        case {
            "kind": "ModuleError",
            "error": str(error),
            "lines": [*lines],
            "message": str(message),
            "fuel": int(fuel),
            **more,
        } if not more and _NAME.fullmatch(error) and len(lines) <= _MAX_LINES:
            return ModuleError(error, tuple(map(_count, lines)), printable(message), _count(fuel))
        case {"kind": "LimitHit", "which": "fuel" | "output" | "memory" | "deadline" as which, **more} if not more:
            return LimitHit(cast("Literal['fuel', 'output', 'memory', 'deadline']", which))
        case {"kind": "Refused", "why": str(why), **more} if not more:
            return Refused(printable(why))
        case {"kind": "NoVote", "why": str(why), **more} if not more:
            return NoVote(printable(why))
        case {"kind": "Fault", "traceback": str(traceback), **more} if not more:
            return Fault(_visible(traceback))
        case _:
            raise ContentError("a message that is no answer")


class _Body:
    """The bytes of a body, taken from its start."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    def take(self, size: int) -> memoryview:
        if size > len(self._data) - self._at:
            raise ContentError(f"a message whose body of {len(self._data)} bytes is cut short")
        self._at += size
        return self._data[self._at - size : self._at]

    def end(self) -> None:
        if self._at != len(self._data):
            raise ContentError(f"a message with {len(self._data) - self._at} bytes too many")


def _ordered(module: ModuleCode) -> list[ModuleCode]:
    """A module and its upstreams, each once and after those that it requires."""
    found: dict[Cid, ModuleCode] = {}

    def visit(code: ModuleCode) -> None:
        if code.cid not in found:
            for upstream in code.requires.values():
                visit(upstream)
            found[code.cid] = code

    visit(module)
    return list(found.values())


def _module(said: object, below: Sequence[ModuleCode], body: _Body) -> ModuleCode:
    match said:
        case {"cid": bytes(digest), "entry": str(entry), "files": [*listed], "requires": {**requires}, **more} if (
            not more and len(digest) == 32
        ):
            files: dict[str, bytes] = {}
            for row in listed:
                match row:
                    case [str(path), int(size)] if path not in files:
                        files[path] = bytes(body.take(_count(size)))
                    case _:
                        raise ContentError("a run with a file that is none")
            upstreams = {str(name): below[_count(at, len(below))] for name, at in requires.items()}
            return ModuleCode(Cid.directory(digest), files, entry, upstreams)
        case _:
            raise ContentError("a run with a module that is none")


def _listed(columns: Mapping[str, Column]) -> list[list[str | int | None]]:
    return [
        [name, _DTYPES[column.dtype.kind], len(column) if column.ndim else None] for name, column in columns.items()
    ]


def _contents(columns: Mapping[str, Column]) -> list[memoryview]:
    arrays = (np.ascontiguousarray(column, dtype=_DTYPES[column.dtype.kind]) for column in columns.values())
    return [array.reshape(-1).view(np.uint8).data for array in arrays]


def _columns(listed: Sequence[object], body: _Body) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for row in listed:
        match row:
            case [str(name), "<f8" | "<i8" as dtype, None] if name not in columns:
                columns[name] = np.frombuffer(body.take(8), dtype=dtype).reshape(())
            case [str(name), "<f8" | "<i8" as dtype, int(rows)] if name not in columns:
                columns[name] = np.frombuffer(body.take(8 * _count(rows)), dtype=dtype)
            case _:
                raise ContentError("a message with a column that is none, or twice")
    return columns


def _count(value: object, end: int = _MAX_COUNT) -> int:
    if type(value) is not int or not 0 <= value < end:
        raise ContentError(f"a message with {str(value)[:32]!r} where a count below {end} is due")
    return value


def _visible(text: str) -> str:
    """Lines of text without what could drive a terminal."""
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text[-_MAX_TRACEBACK:])
