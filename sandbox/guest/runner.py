"""Runs in the guest for each job: loads the module and what it requires, calls it, sends one frame.

The wall is the WebAssembly instance. What is kept here is order: a module imports what it may, gets the columns it
declares, and gives the columns it declares. A module runs in this same interpreter and could undo any of it, or send a
frame of its own; so the host believes nothing in a frame but what its strict parser accepts, and a module gains by a
forged frame no more than it could by returning those arrays or raising that exception.

Request, on descriptor 0: a header (u32 length, JSON), then the files it lists, then the columns it lists, raw.
Answer, on descriptor 1000: one frame (see `sandbox/frame.py`).
"""

import importlib
import io
import json
import os
import random
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fusion.sdk import Interface, spec
from fusion.sdk.ports import NUMBERS
from sandbox.guest.imports import Bundle, Finder, ForbiddenImportError

ANSWER = 1000

MAX_LINES = 32
MAX_TEXT = 400

Column = np.ndarray[Any, np.dtype[np.float64]] | np.ndarray[Any, np.dtype[np.int64]]


class RefusedJob(Exception):
    """The job cannot be run as it was given."""


class Answer:
    """The one frame that is sent, and what it takes to make it."""

    def __init__(self, root: Bundle) -> None:
        self.root = root

    def send(self, header: Mapping[str, object], columns: Sequence[Column] = ()) -> None:
        """Write a frame: a JSON header of known length, then columns as they are in memory."""
        text = json.dumps(header).encode()
        _write(struct.pack("<I", len(text)) + text)
        for column in columns:
            _write(column.reshape(-1).view(np.uint8).data)

    def fail(self, error: BaseException) -> None:
        """Tell an exception by its type, the module's own lines it passed, and one line of text."""
        own = {self.root.shown(path): path for path in self.root.files}
        lines: list[int] = []
        where = ""
        if isinstance(error, SyntaxError) and error.filename in own and error.lineno is not None:
            lines, where = [error.lineno], f"{error.filename}:{error.lineno}: "
        else:
            trace = error.__traceback__
            while trace is not None:
                file = trace.tb_frame.f_code.co_filename
                if file in own and trace.tb_lineno is not None:
                    lines.append(trace.tb_lineno)
                    where = f"{file}:{trace.tb_lineno}: "
                trace = trace.tb_next
        kind = type(error).__name__
        try:
            text = error.msg if isinstance(error, SyntaxError) else str(error)
        except BaseException:  # noqa: BLE001 - __str__ is the module's code too
            text = ""
        message = f"{where}{kind}: {text}" if text else f"{where}{kind}"
        self.send({"error": {"kind": kind, "lines": lines[-MAX_LINES:], "message": message[:MAX_TEXT]}})


def _write(data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(ANSWER, rest) :]


def _fill(source: io.FileIO, buffer: bytearray | memoryview) -> None:
    rest = memoryview(buffer)
    while rest:
        count = source.readinto(rest)
        if not count:
            raise RefusedJob("the request ends early")
        rest = rest[count:]


def _take(source: io.FileIO, size: int) -> bytes:
    buffer = bytearray(size)
    _fill(source, buffer)
    return bytes(buffer)


def _files(source: io.FileIO, listed: Sequence[tuple[str, int]]) -> dict[str, bytes]:
    return {path: _take(source, size) for path, size in listed}


def loaded(bundles: Sequence[Bundle], listed: Sequence[Mapping[str, Any]]) -> Callable[..., object]:
    """The decorated function of the first bundle; what it requires is loaded before it."""
    functions: dict[int, Callable[..., object]] = {}

    def load(index: int) -> Callable[..., object]:
        if index not in functions:
            bundle = bundles[index]
            for name, upstream in listed[index]["requires"].items():
                setattr(bundle.requires, name, load(upstream))
            if "module.py" not in bundle.files:
                raise RefusedJob(f"{bundle.shown('module.py')} is missing")
            module = importlib.import_module(f"{bundle.package}.module")
            entry = listed[index]["entry"]
            if not callable(getattr(module, entry, None)):
                raise RefusedJob(f"{bundle.shown('module.py')} has no function {entry!r}, the entry in module.toml")
            functions[index] = getattr(module, entry)
        return functions[index]

    return load(0)


def _check_ports(interface: Interface, declared: Mapping[str, Sequence[str]] | None) -> None:
    """Refuse a function whose ports are not the manifest's."""
    if declared is None:
        return
    for kind, ports in (("inputs", interface.inputs), ("outputs", interface.outputs)):
        if set(declared[kind]) != set(ports):
            told = ", ".join(declared[kind]) or "none"
            raise RefusedJob(f"module.toml declares {kind} {told}; {interface.name} has {', '.join(ports)}")


def _check_inputs(interface: Interface, given: Mapping[str, str]) -> None:
    """Refuse columns that are not exactly the module's input ports."""
    for name, dtype in interface.inputs.items():
        if name not in given:
            raise RefusedJob(f"missing input port {name!r} ({dtype}) of {interface.name}")
        if given[name] != dtype:
            raise RefusedJob(f"input port {name!r} of {interface.name} takes {dtype}, got {given[name]}")
    for name in given:
        if name not in interface.inputs:
            raise RefusedJob(f"unknown input port {name!r}: {interface.name} takes {', '.join(interface.inputs)}")


def outputs(interface: Interface, value: object, rows: int) -> list[Column]:
    """The outputs in port order, checked to be what the interface promises; a number is an array of shape ()."""
    if interface.several:
        if not isinstance(value, tuple) or len(value) != len(interface.outputs):
            raise TypeError(f"{interface.name} returned {type(value).__name__}, not its declared NamedTuple")
        values: tuple[object, ...] = value
    else:
        values = (value,)
    columns: list[Column] = []
    for (name, dtype), column in zip(interface.outputs.items(), values, strict=True):
        if dtype in NUMBERS:
            columns.append(_number(name, dtype, column))
            continue
        if type(column) is not np.ndarray:
            raise TypeError(f"output {name!r} is {type(column).__name__}, not a numpy array")
        if column.dtype != np.dtype(dtype):
            raise TypeError(f"output {name!r} has dtype {column.dtype}, declared {dtype}")
        if column.shape != (rows,):
            raise ValueError(f"output {name!r} has shape {column.shape}, expected ({rows},)")
        columns.append(np.ascontiguousarray(column))
    return columns


def _number(name: str, kind: str, value: Any) -> Column:
    """One number as an array of shape (); numpy's integers count as int, since its sums of them are its own."""
    whole = (isinstance(value, int) and not isinstance(value, bool)) or isinstance(value, np.integer)
    if kind == "int" and whole:
        return np.array(int(value), np.int64)
    if kind == "float" and (whole or isinstance(value, float)):
        return np.array(float(value), np.float64)
    raise TypeError(f"output {name!r} is {type(value).__name__}, declared {kind}: return one with {kind}(...)")


def _opened() -> tuple[io.FileIO, dict[str, Any]]:
    """The request's stream, after its header, and the header."""
    source = io.FileIO(0, "rb", closefd=False)
    (size,) = struct.unpack("<I", _take(source, 4))
    return source, json.loads(_take(source, size))


def serve() -> None:
    """Answer the one request this guest lives for."""
    source, request = _opened()
    bundles = [
        Bundle(index, listed["label"], _files(source, listed["files"]), listed["native"])
        for index, listed in enumerate(request["bundles"])
    ]
    sys.meta_path.insert(0, Finder(bundles))
    answer = Answer(bundles[0])
    seed: int = request["seed"]
    random.seed(seed)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32])
    try:
        function = loaded(bundles, request["bundles"])
        try:
            interface = spec(function, request["settings"])
            settings = interface.settle(request["settings"])
        except (TypeError, ValueError) as error:
            raise RefusedJob(str(error)) from None
        _check_ports(interface, request["ports"])
        told = {
            "name": interface.name,
            "inputs": list(interface.inputs.items()),
            "outputs": list(interface.outputs.items()),
            "settings": [[name, *setting] for name, setting in interface.settings.items()],
            "lookback": interface.lookback,
            "several": interface.several,
        }
        if request["call"] == "describe":
            answer.send({"interface": told})
            return
        given = {name: dtype for name, dtype, _ in request["inputs"]}
        _check_inputs(interface, given)
        inputs = {name: np.empty(rows, dtype) for name, dtype, rows in request["inputs"]}
        for column in inputs.values():
            _fill(source, column.view(np.uint8).data)
            column.flags.writeable = False
    except (RefusedJob, ForbiddenImportError) as error:
        answer.send({"refused": str(error)[:MAX_TEXT]})
        return
    except MemoryError:
        answer.send({"memory": True})
        return
    except BaseException as error:  # noqa: BLE001 - whatever the module's own code raises while it is loaded
        answer.fail(error)
        return
    try:
        value = function(*(inputs[name] for name in interface.inputs), **settings)
        columns = outputs(interface, value, len(next(iter(inputs.values()))))
        sys.stdout.flush()
    except MemoryError:
        answer.send({"memory": True})
    except BaseException as error:  # noqa: BLE001 - whatever the module raises, SystemExit too
        answer.fail(error)
    else:
        shapes = [
            [name, kind, len(column) if column.ndim else None]
            for (name, kind), column in zip(interface.outputs.items(), columns, strict=True)
        ]
        answer.send({"interface": told, "result": shapes}, columns)
