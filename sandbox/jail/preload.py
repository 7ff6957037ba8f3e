"""What a zygote imports and does before there are jobs.

A job can map no machine code, so whatever a module may need of a package is loaded here; and what packages do once, the
first time, is done here, so that no job pays for it.
"""

import contextlib
import gc
import importlib
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path

import numpy as np

from sandbox.guest.imports import LIBRARY
from sandbox.packages import ABSENT, ALWAYS, PACKAGES, installed

_LIBRARY = ("_multiprocessing", "_zoneinfo", "encodings.idna", "unicodedata", "zoneinfo")
"""Parts of the standard library with machine code that the ones a module may import load when they are used."""


_SPREAD = 0x9E3779B97F4A7C15  # an odd number of 64 bits: all of a seed's bits are in the 32 that numba takes

Seeder = Callable[[int], None]
"""Makes a package's random numbers follow from a job's seed; for those that the runner does not know."""


def load(packages: Iterable[str]) -> tuple[Seeder, ...]:
    """Imports packages, with all their machine code, and what modules may import of the standard library."""
    seeders: list[Seeder] = []
    for name in ABSENT:
        sys.modules[name] = None  # type: ignore[assignment]  # the documented way to make an import fail
    for name in sorted(LIBRARY - set(ALWAYS)) + list(_LIBRARY):
        importlib.import_module(name)
    for name in dict.fromkeys([*filter(installed, ALWAYS), *packages]):
        importlib.import_module(name)
        for part in _with_machine_code(name):
            with contextlib.suppress(ImportError):  # it needs what is not installed, so no job can use it either
                importlib.import_module(part)
        seeder = _WARM[name]() if name in _WARM else None
        if seeder is not None:
            seeders.append(seeder)
    gc.collect()
    gc.freeze()
    return tuple(seeders)


def _with_machine_code(name: str) -> Iterator[str]:
    """The modules of a package that are shared libraries, but for tests."""
    spec: ModuleSpec | None = PathFinder.find_spec(name)
    skipped = PACKAGES[name].skipped
    for folder in map(Path, (spec.submodule_search_locations or ()) if spec else ()):
        for suffix in EXTENSION_SUFFIXES:
            for path in sorted(folder.rglob(f"*{suffix}")):
                parts = path.relative_to(folder.parent).parts
                full = ".".join((*parts[:-1], parts[-1].removesuffix(suffix)))
                known = full.replace(".", "_").isidentifier() and "test" not in full
                if known and not any(full == shut or full.startswith(f"{shut}.") for shut in skipped):
                    yield full


def _numpy() -> None:
    np.linalg.inv(np.eye(2))
    np.linalg.eigvals(np.eye(2))
    np.fft.rfft(np.ones(8))
    np.random.default_rng(1).normal()
    np.polynomial.Polynomial([1.0, 2.0])


def _pandas() -> None:
    pd = importlib.import_module("pandas")
    series = pd.Series([1.0, 2.0, 3.0])
    series.rolling(2).mean()
    series.rolling(2).std()
    series.ewm(span=2).mean()
    pd.DataFrame({"a": [1.0, 2.0]}).groupby([0, 1]).sum()


def _numba() -> Seeder:
    numba = importlib.import_module("numba")
    importlib.import_module("numba.typed")

    @numba.njit  # type: ignore[untyped-decorator]  # numba has no types
    def mean(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        total = 0.0
        for value in values:
            total += value
        return total / len(values)

    @numba.vectorize  # type: ignore[untyped-decorator]  # numba has no types
    def double(value: float) -> float:
        return 2.0 * value

    @numba.njit  # type: ignore[untyped-decorator]  # numba has no types
    def seed(value: int) -> None:
        np.random.seed(value)

    seed(0)
    mean(np.ones(3))
    mean(np.ones(3, np.int64))
    double(np.ones(3))
    warnings.simplefilter(
        "ignore", importlib.import_module("numba.core.errors").NumbaSystemWarning
    )  # of a lock it needs not
    return lambda value: seed((value * _SPREAD >> 32) & 0xFFFFFFFF)


def _torch() -> Seeder:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    torch.backends.mkldnn.set_flags(False)  # it makes machine code while it runs
    return lambda value: torch.manual_seed(value & (1 << 63) - 1) and None


_WARM: dict[str, Callable[[], Seeder | None]] = {"numpy": _numpy, "pandas": _pandas, "numba": _numba, "torch": _torch}
