"""Runs in the guest once for an image: takes the sources it is sent, makes them importable, loads and warms the runner.

Every job starts from the memory this leaves, and calls `serve`.
"""

import gc
import importlib.machinery
import io
import json
import struct
import sys
import types
from collections.abc import Callable, Mapping


class Sources:
    """Finds and runs modules whose sources are in memory; every folder of theirs is a package.

    Args:
        files: posix path -> source, such as `fusion/sdk/ports.py`.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.packages = {parent for path in files for parent in _parents(path)}

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of one of these modules; None for all others."""
        stem = name.replace(".", "/")
        package = stem in self.packages
        path = f"{stem}/__init__.py" if package else f"{stem}.py"
        if not package and path not in self.files:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=path, is_package=package)  # type: ignore[arg-type]  # a duck-typed loader

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> None:
        """The default module will do."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run a source, if there is one: a package may be a mere folder."""
        origin = module.__spec__.origin if module.__spec__ else None
        if origin is not None and origin in self.files:
            exec(compile(self.files[origin], origin, "exec", dont_inherit=True), vars(module))  # noqa: S102


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def start() -> Callable[[], None]:
    """Read the sources, rehearse, and give the runner's `serve`."""
    data = io.FileIO(0, "rb", closefd=False).readall()
    (size,) = struct.unpack_from("<I", data)
    at = 4 + size
    files: dict[str, bytes] = {}
    for path, length in json.loads(data[4:at])["files"]:
        files[path] = data[at : at + length]
        at += length
    sys.meta_path.insert(0, Sources(files))
    from sandbox.guest.rehearsal import rehearse  # noqa: PLC0415 - importable from here on
    from sandbox.guest.runner import serve  # noqa: PLC0415

    rehearse()
    return serve


if __name__ == "__main__":
    serve = start()
    gc.collect()
    gc.freeze()
