"""What `import` means in a module: an allow list, the bundle's own files, what it requires.

This is order and not a wall: a module runs in the interpreter that these lines run in. The wall is the instance.
"""

import ast
import builtins
import importlib.machinery
import re
import sys
import types
from collections.abc import Iterator, Mapping, Sequence

_NAMES = (
    "__future__ abc array base64 binascii bisect calendar cmath collections contextlib copy csv dataclasses datetime "
    "decimal enum fractions functools graphlib hashlib heapq io itertools json math numbers operator pkgutil random re "
    "statistics string struct textwrap time types typing warnings weakref zlib numpy pandas"
)
LIBRARY = frozenset(_NAMES.split())
"""Top-level names a module may import besides `fusion.sdk`, `requires` and its own files."""

CLOSED = ("numpy.ctypeslib", "numpy.distutils", "numpy.f2py", "numpy.testing", "pandas.io", "pandas.testing")
"""Parts of them that reach for native code, files or tools."""

_PARTLY = frozenset(name.partition(".")[0] for name in CLOSED)

_PLAIN = re.compile(
    rb"^[ \t]*(?:import ([\w.]+)(?: as \w+)?|from (\w[\w.]*) import (\w+(?:, \w+)*))[ \t]*$", re.MULTILINE
)
"""An import statement as nearly all are written: alone on its line, without brackets."""


class ForbiddenImportError(ImportError):
    """A module asked for something outside the allow list."""


class Bundle:
    """One module's files, importable under a name of their own.

    Args:
        index: its place in the request; the module to run has 0.
        label: what its files are called in tracebacks, empty for the module to run.
        files: path -> content.
        native: packages it may import besides; there are none in the wasm guest.
    """

    def __init__(self, index: int, label: str, files: Mapping[str, bytes], native: Sequence[str] = ()) -> None:
        self.package = f"fusion_bundle_{index}"
        self.label = label
        self.files = files
        self.allowed = LIBRARY.union(native)
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
        if top in LIBRARY and top not in _PARTLY:
            return None
        reached = [name, *(f"{name}.{one}" for one in wanted)]
        closed = [full for full in reached if any(full == shut or full.startswith(f"{shut}.") for shut in CLOSED)]
        if top not in self.allowed or closed:
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

    def compiled(self, path: str) -> types.CodeType:
        """A file's code, with every import statement in it allowed."""
        source, shown = self.files[path], self.shown(path)
        if self._plainly_allowed(source):
            return compile(source, shown, "exec", dont_inherit=True)
        tree = ast.parse(source, shown)
        for node in ast.walk(tree):
            for name, wanted in _imported(node):
                why = self.refusal(name, wanted)
                if why is not None:
                    raise ForbiddenImportError(f"{shown}:{getattr(node, 'lineno', 0)}: {why}", name=name)
        return compile(tree, shown, "exec", dont_inherit=True)

    def _plainly_allowed(self, source: bytes) -> bool:
        """Whether all that says `import` is a plain statement, and allowed: then no syntax tree need be walked.

        A walk takes as long as the compiler, and a job may be shorter than either.
        """
        found = _PLAIN.findall(source)
        if len(found) != source.count(b"import") or b"coding" in source:
            return False
        return all(
            self.refusal((module or name).decode(), listed.decode().split(", ") if listed else ()) is None
            for name, module, listed in found
        )


class Finder:
    """Finds and runs the bundles' own files; a finder and loader of `sys.meta_path`.

    Args:
        bundles: the job's bundles.
    """

    def __init__(self, bundles: Sequence[Bundle]) -> None:
        self.bundles = {bundle.package: bundle for bundle in bundles}

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a bundle's package or of one of its modules; None for all others."""
        top, _, rest = name.partition(".")
        if top not in self.bundles:
            return None
        path = self.bundles[top].path_of(rest) if rest else "__init__.py"
        if path is None:
            return None
        package = not rest or path.endswith("/__init__.py")
        spec = importlib.machinery.ModuleSpec(name, self, origin=f"{top}/{path}", is_package=package)  # type: ignore[arg-type]  # a duck-typed loader
        spec.has_location = True
        return spec

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> None:
        """The default module will do."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run a file with its bundle's own meaning of `import`; the bundle's package itself has no code."""
        top, _, rest = module.__name__.partition(".")
        bundle = self.bundles[top]
        path = bundle.path_of(rest) if rest else None
        if path is not None:
            code = bundle.compiled(path)
            vars(module)["__builtins__"] = bundle.builtins
            exec(code, vars(module))  # noqa: S102

    def get_data(self, path: str) -> bytes:
        """A data file beside a bundle's code, for `pkgutil.get_data(__package__, name)`."""
        top, _, rest = path.partition("/")
        bundle = self.bundles.get(top)
        if bundle is None or rest not in bundle.files:
            raise FileNotFoundError(f"the bundle has no file {rest!r}")
        return bundle.files[rest]


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
