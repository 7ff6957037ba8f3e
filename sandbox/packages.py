"""The native packages that a module may declare, and what makes runs with them agree as far as they can."""

import importlib.util
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Package:
    """A package with machine code.

    Attributes:
        name: as a manifest, an import and an installer name it.
        jit: whether it makes machine code while it runs.
        skipped: modules of it with machine code that no job can use.
    """

    name: str
    jit: bool = False
    skipped: tuple[str, ...] = ()


PACKAGES: Mapping[str, Package] = MappingProxyType(
    {
        package.name: package
        for package in (
            Package("numba", jit=True, skipped=("numba.cuda", "numba.np.ufunc.tbbpool")),
            Package("numpy"),
            Package("pandas"),
            Package("scipy"),
            Package("torch"),
        )
    }
)

ALWAYS = ("numpy", "pandas")
"""Packages that every module may import, as in wasm; pandas where it is installed."""

ABSENT = ("pyarrow",)
"""Packages that others would use where they find them, and that the wasm image has not."""

_THREADS = ("OPENBLAS", "OMP", "MKL", "NUMBA", "NUMEXPR", "BLIS")
_BASELINE = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Nehalem",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-FMA4,-AVX",
    "NUMBA_CPU_NAME": "nehalem",
    "NUMBA_CPU_FEATURES": "",
}


def pins() -> dict[str, str]:
    """The whole environment of native runs: one thread, one kind of processor, the same hashes of text."""
    same = {f"{library}_NUM_THREADS": "1" for library in _THREADS}
    same |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    same |= {"NUMBA_THREADING_LAYER": "omp"}  # of numba's three the one that needs no second thread for one
    return same | (_BASELINE if platform.machine() == "x86_64" else {})


def installed(name: str) -> bool:
    """Whether a package can be imported here."""
    return importlib.util.find_spec(name) is not None


def versions(names: Iterable[str]) -> dict[str, str]:
    """Of installed packages: name -> version."""
    return {name: metadata.version(name) for name in names}


def refusal(names: Iterable[str]) -> str | None:
    """Why a module that declares these packages cannot run here, or None."""
    for name in names:
        if name not in PACKAGES:
            return f"native package {name!r} is not one that a module may use: they are {', '.join(PACKAGES)}"
        if not installed(name):
            return f"native package {name!r} is not installed here: run `pip install {name}`"
    return None


def jit(names: Iterable[str]) -> bool:
    """Whether any of these makes machine code while it runs."""
    return any(PACKAGES[name].jit for name in names)
