"""Runs in the guest: loads the SDK once, then for a job its module and what it requires, calls it, sends one frame.

The wall is the WebAssembly instance. What is kept here is order: a module imports what it may, gets the columns it
declares, and gives the columns it declares. A module runs in this same interpreter and could undo any of it, or send a
frame of its own; so the host believes nothing in a frame but what its strict parser accepts, and a module gains by a
forged frame no more than it could by returning those arrays or raising that exception.

`boot` runs once for an image, and each job starts from the memory it leaves; `serve` runs once for a job.

Request, on descriptor 0: a header (u32 length, JSON), then the files it lists, then the columns it lists, raw.
Answer, on descriptor 1000: one frame (see `sandbox/frame.py`).
"""

import ast
import builtins
import gc
import importlib
import importlib.machinery
import io
import json
import os
import random
import struct
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fusion.sdk import Interface

ANSWER = 1000

_NAMES = (
    "__future__ abc array base64 binascii bisect calendar cmath collections contextlib copy csv dataclasses datetime "
    "decimal enum fractions functools graphlib hashlib heapq io itertools json math numbers operator pkgutil random re "
    "statistics string struct textwrap time types typing warnings weakref zlib numpy pandas"
)
LIBRARY = frozenset(_NAMES.split())
"""Top-level names a module may import besides `fusion.sdk`, `requires` and its own files."""

CLOSED = ("numpy.ctypeslib", "numpy.distutils", "numpy.f2py", "numpy.testing", "pandas.io", "pandas.testing")
"""Parts of them that reach for native code, files or tools."""

MAX_LINES = 32
MAX_TEXT = 400

Column = np.ndarray[Any, np.dtype[np.float64]] | np.ndarray[Any, np.dtype[np.int64]]


class ForbiddenImportError(ImportError):
    """A module asked for something outside the allow list."""


class RefusedJob(Exception):  # noqa: N818 - an ending, not an error of this program
    """The job cannot be run as it was given."""


class Bundle:
    """One module's files, importable under a name of their own.

    Args:
        index: its place in the request; the module to run has 0.
        label: what its files are called in tracebacks, empty for the module to run.
        files: path -> content.
    """

    def __init__(self, index: int, label: str, files: Mapping[str, bytes]) -> None:
        self.package = f"fusion_bundle_{index}"
        self.label = label
        self.files = files
        self.requires = types.ModuleType("requires", "The modules this one requires.")
        self.builtins = {**vars(builtins), "__import__": self.import_, "__lazy_import__": self.import_}

    def shown(self, path: str) -> str:
        """A file's name in tracebacks."""
        return f"{self.label}/{path}" if self.label else path

    def path_of(self, name: str) -> str | None:
        """The file of one of this bundle's own modules (`stats`, `parts.decay`)."""
        stem = name.replace(".", "/")
        return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in self.files), None)

    def refusal(self, name: str, wanted: Sequence[str]) -> str | None:
        """Why `import name` or `from name import wanted` is refused, or None."""
        top = name.partition(".")[0]
        if self.path_of(top) is not None:
            return None
        if name == "requires":
            missing = [one for one in wanted if not hasattr(self.requires, one)]
            return f"requires has no {missing[0]!r}: declare it under [requires] in module.toml" if missing else None
        if top == "fusion":
            inside = name.split(".")[1:2] == ["sdk"] or (name == "fusion" and list(wanted) == ["sdk"])
            return None if inside else f"import of {name} is not allowed: of fusion a module sees fusion.sdk"
        reached = [name, *(f"{name}.{one}" for one in wanted)]
        closed = [full for full in reached if any(full == shut or full.startswith(f"{shut}.") for shut in CLOSED)]
        if top not in LIBRARY or closed:
            refused = closed[0] if closed else name
            return (
                f"import of {refused} is not allowed: use the pure part of the standard library, numpy, pandas, "
                "fusion.sdk, requires or the module's own files"
            )
        return None

    def import_(
        self,
        name: str,
        globals_: Mapping[str, object] | None = None,
        locals_: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> types.ModuleType:
        """What `import` means in this bundle's files."""
        wanted = tuple(fromlist or ())
        if level > 0:
            return builtins.__import__(name, globals_, locals_, wanted, level)
        why = self.refusal(name, wanted)
        if why is not None:
            raise ForbiddenImportError(why, name=name)
        if name == "requires":
            return self.requires
        top = name.partition(".")[0]
        if self.path_of(top) is not None:
            module = builtins.__import__(f"{self.package}.{name}", None, None, wanted, 0)
            return module if wanted else sys.modules[f"{self.package}.{top}"]
        return builtins.__import__(name, None, None, wanted, 0)

    def checked(self, path: str) -> ast.Module:
        """A file's syntax tree, with every import statement in it allowed."""
        tree = ast.parse(self.files[path], self.shown(path))
        for node in ast.walk(tree):
            for name, wanted in _imported(node):
                why = self.refusal(name, wanted)
                if why is not None:
                    raise ForbiddenImportError(f"{self.shown(path)}:{getattr(node, 'lineno', 0)}: {why}", name=name)
        return tree


class Finder:
    """Finds the SDK and the bundles' own files in memory; a finder and loader of `sys.meta_path`."""

    def __init__(self) -> None:
        self.sdk: Mapping[str, bytes] = {}
        self.bundles: dict[str, Bundle] = {}

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of one of our modules; None for all others."""
        top, _, rest = name.partition(".")
        bundle = self.bundles.get(top)
        if bundle is not None:
            path = bundle.path_of(rest) if rest else ""
            package = not rest or (path or "").endswith("/__init__.py")
        elif top == "fusion":
            path = next((p for p in (f"{name.replace('.', '/')}{end}" for end in _ENDS) if p in self.sdk), None)
            path = "" if name == "fusion" else path
            package = name == "fusion" or (path or "").endswith("/__init__.py")
        else:
            return None
        if path is None:
            return None
        spec = importlib.machinery.ModuleSpec(name, self, origin=path, is_package=package)  # type: ignore[arg-type]  # a duck-typed loader
        spec.has_location = bundle is not None
        return spec

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> None:
        """The default module will do."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run a file, with its bundle's own meaning of `import`."""
        spec = module.__spec__
        top = module.__name__.partition(".")[0]
        bundle = self.bundles.get(top)
        if spec is None or not spec.origin:
            if bundle is not None:
                module.__file__ = f"{top}/__init__.py"
        elif bundle is None:
            exec(compile(self.sdk[spec.origin], spec.origin, "exec", dont_inherit=True), vars(module))  # noqa: S102
        else:
            tree = bundle.checked(spec.origin)
            vars(module)["__builtins__"] = bundle.builtins
            exec(compile(tree, bundle.shown(spec.origin), "exec", dont_inherit=True), vars(module))  # noqa: S102

    def get_data(self, path: str) -> bytes:
        """A data file beside a bundle's code, for `pkgutil.get_data(__package__, name)`."""
        top, _, rest = path.partition("/")
        bundle = self.bundles.get(top)
        if bundle is None or rest not in bundle.files:
            raise FileNotFoundError(f"the bundle has no file {rest!r}")
        return bundle.files[rest]


_ENDS = (".py", "/__init__.py")
FINDER = Finder()


def _imported(node: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """The absolute imports one node of a syntax tree stands for."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield alias.name, []
        case ast.ImportFrom(module=str(module), names=names, level=0):
            yield module, [alias.name for alias in names if alias.name != "*"]
        case ast.Call(func=ast.Name(id="__import__"), args=[ast.Constant(value=str(name)), *_]):
            yield name, []


class Answer:
    """The one frame that is sent, and what it takes to make it."""

    def __init__(self, root: Bundle) -> None:
        self.root = root

    def send(self, header: Mapping[str, object], columns: Sequence[Column] = ()) -> None:
        """Write a frame: a JSON header of known length, then columns as they are in memory."""
        text = json.dumps(header).encode()
        _write(struct.pack("<I", len(text)) + text)
        for column in columns:
            _write(column.view(np.uint8).data)

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


def _loaded(bundles: Sequence[Bundle], listed: Sequence[Mapping[str, Any]]) -> Callable[..., object]:
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


def _check_ports(interface: "Interface", declared: Mapping[str, Sequence[str]] | None) -> None:
    """Refuse a function whose ports are not the manifest's."""
    if declared is None:
        return
    for kind, ports in (("inputs", interface.inputs), ("outputs", interface.outputs)):
        if set(declared[kind]) != set(ports):
            told = ", ".join(declared[kind]) or "none"
            raise RefusedJob(f"module.toml declares {kind} {told}; {interface.name} has {', '.join(ports)}")


def _check_inputs(interface: "Interface", given: Mapping[str, str]) -> None:
    """Refuse columns that are not exactly the module's input ports."""
    for name, dtype in interface.inputs.items():
        if name not in given:
            raise RefusedJob(f"missing input port {name!r} ({dtype}) of {interface.name}")
        if given[name] != dtype:
            raise RefusedJob(f"input port {name!r} of {interface.name} takes {dtype}, got {given[name]}")
    for name in given:
        if name not in interface.inputs:
            raise RefusedJob(f"unknown input port {name!r}: {interface.name} takes {', '.join(interface.inputs)}")


def _outputs(interface: "Interface", value: object, rows: int) -> list[Column]:
    """The output columns in port order, checked to be what the interface promises."""
    if interface.several:
        if not isinstance(value, tuple) or len(value) != len(interface.outputs):
            raise TypeError(f"{interface.name} returned {type(value).__name__}, not its declared NamedTuple")
        values: tuple[object, ...] = value
    else:
        values = (value,)
    columns: list[Column] = []
    for (name, dtype), column in zip(interface.outputs.items(), values, strict=True):
        if type(column) is not np.ndarray:
            raise TypeError(f"output {name!r} is {type(column).__name__}, not a numpy array")
        if column.dtype != np.dtype(dtype):
            raise TypeError(f"output {name!r} has dtype {column.dtype}, declared {dtype}")
        if column.shape != (rows,):
            raise ValueError(f"output {name!r} has shape {column.shape}, expected ({rows},)")
        columns.append(np.ascontiguousarray(column))
    return columns


def _opened() -> tuple[io.FileIO, dict[str, Any]]:
    """The request's stream, after its header, and the header."""
    source = io.FileIO(0, "rb", closefd=False)
    (size,) = struct.unpack("<I", _take(source, 4))
    return source, json.loads(_take(source, size))


def boot() -> None:
    """Take the SDK's sources and import it."""
    source, request = _opened()
    FINDER.sdk = _files(source, request["sdk"])
    sys.meta_path.insert(0, FINDER)
    importlib.import_module("fusion.sdk")
    gc.collect()
    gc.freeze()


def serve() -> None:
    """Answer the one request this guest lives for."""
    source, request = _opened()
    bundles = [
        Bundle(index, listed["label"], _files(source, listed["files"]))
        for index, listed in enumerate(request["bundles"])
    ]
    FINDER.bundles = {bundle.package: bundle for bundle in bundles}
    answer = Answer(bundles[0])
    seed: int = request["seed"]
    random.seed(seed)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32])
    try:
        function = _loaded(bundles, request["bundles"])
        from fusion.sdk import spec  # noqa: PLC0415 - served by the finder above

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
        columns = _outputs(interface, value, len(next(iter(inputs.values()))))
        sys.stdout.flush()
    except MemoryError:
        answer.send({"memory": True})
    except BaseException as error:  # noqa: BLE001 - whatever the module raises, SystemExit too
        answer.fail(error)
    else:
        shapes = [
            [name, dtype, len(column)] for (name, dtype), column in zip(interface.outputs.items(), columns, strict=True)
        ]
        answer.send({"interface": told, "result": shapes}, columns)
