"""What passes between host and guest: one request in, one frame out.

A frame is `u32 length | JSON header | columns, raw little-endian`, and nothing after. The header is one of

    {"interface": I}                                    the answer to `describe`
    {"interface": I, "result": [[port, kind, rows]]}    the module returned; its columns follow
    {"error": {"kind", "lines", "message"}}             it raised
    {"refused": why}                                    it cannot run as given
    {"memory": true}                                    an allocation failed

Where an output is one number its rows are null and its 8 bytes stand in its column's place.

The guest is not trusted. What is promised of a frame that is accepted: its columns are those of the interface it states
and of the manifest where there is one, of the inputs' length and of exactly the bytes that were sent, as its numbers
are; an exception's name is an identifier; text to show is short and printable. Whether the columns are the ones the
module's function returned is not promised and need not be: whatever a module does to send a frame is part of what the
module computes.
"""

import json
import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import numpy as np

from fusion.content.table import Column
from fusion.sdk import Interface, Scalar, Setting
from fusion.sdk.interface import KINDS, fitted
from fusion.sdk.ports import COLUMNS, MAX_NUMBERS, NUMBERS
from sandbox.code import ModuleCode

MAX_HEADER = 256 << 10
_MAX_PORTS = 1024
_MAX_LINES = 32
_MAX_LINE = 1 << 31
_MAX_TEXT = 400
_MAX_NAME = 100
_MAX_DEPTH = 8
_BRACKETS = re.compile(rb'(?s)"(?:[^"\\]++|\\.)*+"?|[\[\]{}]')
"""Strings, also one that does not end, and brackets; it never goes back, so that no text takes long to look through."""
_DTYPES = {"float64": "<f8", "int64": "<i8"}
_OUTPUTS = {"float64": np.float64, "float": np.float64, "int64": np.int64, "int": np.int64}


class MalformedFrame(Exception):
    """What the guest sent is no frame."""


@dataclass(frozen=True, slots=True)
class Raised:
    """The module raised: the exception's type, the module's own lines, one line of text."""

    error: str
    lines: tuple[int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The module returned these by output port: columns, and numbers as arrays of shape ()."""

    interface: Interface
    outputs: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The guest found that the job cannot run as given."""

    why: str


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """An allocation failed."""


Frame = Interface | Returned | Raised | Rejected | OutOfMemory


Parts = Sequence[bytes | memoryview]
"""Bytes for a guest, one part after the other, none copied before it reaches it."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """The bytes `guest/start.py` reads: files by path."""
    return _joined({"files": _listed(files)}, _contents(files))


def request(
    call: str,
    module: ModuleCode,
    *,
    ports: Mapping[str, Sequence[str]] | None,
    inputs: Mapping[str, Column],
    settings: Mapping[str, Scalar],
    seed: int,
    native: Mapping[bytes, Sequence[str]] = MappingProxyType({}),
) -> Parts:
    """The bytes the runner's `serve` reads: what to do, with the sources and columns it needs.

    Args:
        native: bundle's CID -> native packages that it may import.
    """
    codes = [module, *module.upstreams()]
    index = {code.cid: at for at, code in enumerate(codes)}
    labels = {code.cid: name for code in codes for name, code in code.requires.items()}
    header = {
        "call": call,
        "seed": seed,
        "settings": dict(settings),
        "ports": ports,
        "bundles": [
            {
                "label": labels.get(code.cid, "") if at else "",
                "entry": code.entry,
                "files": _listed(code.files),
                "requires": {name: index[upstream.cid] for name, upstream in code.requires.items()},
                "native": list(native.get(bytes(code.cid), ())),
            }
            for at, code in enumerate(codes)
        ],
        "inputs": [[name, column.dtype.name, len(column)] for name, column in inputs.items()],
    }
    files = [data for code in codes for data in _contents(code.files)]
    columns = [np.ascontiguousarray(column, _DTYPES[column.dtype.name]) for column in inputs.values()]
    return _joined(header, files), *(column.view(np.uint8).data for column in columns)


def _listed(files: Mapping[str, bytes]) -> list[tuple[str, int]]:
    return [(path, len(data)) for path, data in sorted(files.items())]


def _contents(files: Mapping[str, bytes]) -> list[bytes]:
    return [data for _, data in sorted(files.items())]


def _joined(header: Mapping[str, object], parts: Sequence[bytes]) -> bytes:
    text = json.dumps(header).encode()
    return b"".join([struct.pack("<I", len(text)), text, *parts])


def parse(data: bytes | bytearray, *, rows: int, outputs: Sequence[str] | None) -> Frame:
    """Read the one frame a guest sent.

    Args:
        data: all that was written on the result descriptor.
        rows: length of the inputs, which every column has.
        outputs: output ports the manifest declares, where there is one.

    Raises:
        MalformedFrame: it is anything but exactly one frame.
    """
    if len(data) < 4:
        raise MalformedFrame(f"{len(data)} bytes are no frame")
    (size,) = struct.unpack_from("<I", data)
    if size > MAX_HEADER or 4 + size > len(data):
        raise MalformedFrame(f"a header of {size} bytes in a frame of {len(data)}")
    header = _header(bytes(data[4 : 4 + size]))
    body = memoryview(data).toreadonly()[4 + size :]
    match header:
        case {"interface": told, "result": list(shapes), **rest} if not rest:
            interface = _interface(told)
            return Returned(interface, _columns(shapes, body, interface, rows, outputs))
        case _ if len(body):
            raise MalformedFrame(f"{len(body)} bytes after the frame")
        case {"interface": told, **rest} if not rest:
            return _interface(told)
        case {"error": {"kind": str(kind), "lines": list(lines), "message": str(message), **more}, **rest} if not (
            more or rest
        ):
            return Raised(_identifier(kind), _lines(lines), printable(message))
        case {"refused": str(why), **rest} if not rest:
            return Rejected(printable(why))
        case {"memory": True, **rest} if not rest:
            return OutOfMemory()
        case _:
            raise MalformedFrame("a header of no known kind")


def printable(text: str) -> str:
    """Text from the guest, short and without control characters, so that it can be shown on a terminal."""
    return "".join(character if character.isprintable() else " " for character in text[:_MAX_TEXT])


def _check_depth(text: bytes) -> None:
    """Refuse deep nesting before it is parsed.

    Libraries that a process may have loaded raise Python's recursion limit so far that the parser would overflow the
    machine's stack before it is reached.
    """
    depth = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in b"[{":
            depth += 1
            if depth > _MAX_DEPTH:
                raise MalformedFrame(f"a header nested more than {_MAX_DEPTH} deep")
        elif found[0] in b"]}":
            depth -= 1


def _header(text: bytes) -> dict[str, object]:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    def refuse(constant: str) -> object:
        raise ValueError(constant)

    _check_depth(text)
    try:
        header = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except ValueError:
        raise MalformedFrame("a header that is not JSON") from None
    if not isinstance(header, dict):
        raise MalformedFrame("a header that is no object")
    return cast("dict[str, object]", header)


def _identifier(text: str) -> str:
    if not (text.isascii() and text.isidentifier() and len(text) <= _MAX_NAME):
        return "Exception"
    return text


def _lines(lines: list[object]) -> tuple[int, ...]:
    if len(lines) > _MAX_LINES or not all(type(line) is int and 0 <= line < _MAX_LINE for line in lines):
        raise MalformedFrame("line numbers that are none")
    return tuple(cast("list[int]", lines))


def _columns(
    shapes: list[object], body: memoryview, interface: Interface, rows: int, outputs: Sequence[str] | None
) -> dict[str, Column]:
    expected = [[name, kind, rows if kind in COLUMNS else None] for name, kind in interface.outputs.items()]
    if shapes != expected or any(type(shape) is not list or isinstance(shape[2], bool | float) for shape in shapes):
        raise MalformedFrame("a result that is not of the declared ports")
    if outputs is not None and set(outputs) != set(interface.outputs):
        raise MalformedFrame("a result that is not of the manifest's ports")
    size = sum(8 * rows if kind in COLUMNS else 8 for kind in interface.outputs.values())
    if len(body) != size:
        raise MalformedFrame(f"{len(body)} bytes of columns, expected {size}")
    columns: dict[str, Column] = {}
    for name, kind in interface.outputs.items():
        shape = (rows,) if kind in COLUMNS else ()
        columns[name] = np.ndarray(shape, _OUTPUTS[kind], body[: 8 * math.prod(shape)])
        body = body[8 * math.prod(shape) :]
    return columns


def _interface(told: object) -> Interface:
    match told:
        case {
            "name": str(name),
            "inputs": list(inputs),
            "outputs": list(outputs),
            "settings": list(settings),
            "lookback": int() | None as lookback,
            "several": bool(several),
            **rest,
        } if not rest and type(lookback) is not bool:
            if not inputs or not outputs:
                raise MalformedFrame("an interface without ports")
            given, returned = _ports(inputs, COLUMNS), _ports(outputs, COLUMNS + NUMBERS)
            if sum(kind in NUMBERS for kind in returned.values()) > MAX_NUMBERS:
                raise MalformedFrame(f"an interface with more than {MAX_NUMBERS} numbers")
            return Interface(_identifier(name), given, returned, _settings(settings), lookback, several)
        case _:
            raise MalformedFrame("an interface that is none")


def _ports(listed: list[object], kinds: Sequence[str]) -> dict[str, str]:
    ports: dict[str, str] = {}
    for entry in listed:
        match entry:
            case [str(name), str(kind)] if kind in kinds and _named(name):
                ports[name] = kind
            case _:
                raise MalformedFrame("a port that is none")
    if len(ports) != len(listed) or len(ports) > _MAX_PORTS:
        raise MalformedFrame("a port twice, or too many")
    return ports


def _settings(listed: list[object]) -> dict[str, Setting]:
    settings: dict[str, Setting] = {}
    for entry in listed:
        match entry:
            case [str(name), str(kind), int() | float() | str() as default] if kind in KINDS and _named(name):
                try:
                    settings[name] = Setting(kind, fitted(default, kind, "the default"))
                except (TypeError, ValueError):
                    raise MalformedFrame("a default of another type") from None
            case _:
                raise MalformedFrame("a setting that is none")
    if len(settings) != len(listed) or len(settings) > _MAX_PORTS:
        raise MalformedFrame("a setting twice, or too many")
    return settings


def _named(name: str) -> bool:
    return name.isascii() and name.isidentifier() and len(name) <= _MAX_NAME
