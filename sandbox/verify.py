"""What `fusion module test` checks: a module does in the sandbox what its manifest and signature promise."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusion.content.table import Column, canonical
from fusion.errors import BadInput
from fusion.sdk import Interface, Scalar
from sandbox.code import ModuleCode
from sandbox.outcome import LimitHit, ModuleError, Outcome, Refused, Result
from sandbox.port import ModuleRuntime

ROWS = 512
_MAX_ROWS = 20_000
_TOLERANCE = 1e-6
"""How far, relatively, the last row of a trailing window of `lookback` rows may be from the last row of all."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        interface: the module's ports and settings.
        rows: length of the inputs it was run on.
        fuel: wasm instructions of the run on all rows.
        prefixes: row counts at which "no look-ahead" was checked.
        lookback_error: largest relative difference of the last row when only `lookback` rows are given; None when no
            lookback is declared or there are too few rows to tell.
        problems: what is wrong, one line each; none when the module is sound.
        printed: what the module printed on all rows, its first 64 KiB.
    """

    interface: Interface
    rows: int
    fuel: int
    prefixes: tuple[int, ...]
    lookback_error: float | None
    problems: tuple[str, ...]
    printed: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(
    runtime: ModuleRuntime,
    module: ModuleCode,
    inputs: Mapping[str, Column] | None = None,
    settings: Mapping[str, Scalar] | None = None,
) -> Report:
    """Run a module on given or made-up inputs and check it.

    Checked are: the manifest's ports are the function's; it returns; it does so again with the same bytes; its columns
    do not look ahead, `f(x[:n]) == f(x)[:n]` bit for bit; and its `lookback` is long enough. A number is of all rows,
    so a module that returns numbers alone has nothing to look ahead with.

    Raises:
        BadInput: the code cannot be loaded, or the inputs or settings do not fit; the message says where.
    """
    given = dict(settings or {})
    interface = runtime.describe(module, given)
    columns = dict(inputs) if inputs is not None else market(interface, _rows(interface))
    prints: list[str] = []
    first = runtime.run(module, columns, given, printed=prints.append)
    if isinstance(first, Refused):
        raise BadInput(first.why)
    rows = len(next(iter(columns.values())))
    if not isinstance(first, Result):
        return Report(interface, rows, getattr(first, "fuel", 0), (), None, (told(first),), "".join(prints))
    problems: list[str] = []
    if not _same(first, runtime.run(module, columns, given)):
        problems.append("a second run on the same inputs gave another outcome")
    prefixes = tuple(sorted({n for n in (1, 2, rows // 3, rows // 2, rows - 1) if 0 < n < rows}))
    if not interface.columns:
        prefixes = ()
    for n in prefixes:
        part = runtime.run(module, {name: column[:n] for name, column in columns.items()}, given)
        problem = _ahead(first, part, n)
        if problem is not None:
            problems.append(problem)
            break
    error = None
    if interface.lookback is not None and interface.lookback < rows:
        window = {name: column[-interface.lookback :] for name, column in columns.items()}
        error = _last_row(first, runtime.run(module, window, given))
        if not error <= _TOLERANCE:
            problems.append(
                f"with the last {interface.lookback} rows alone, its lookback, the last row differs by {error:.1e}: "
                "declare a longer one"
            )
    return Report(interface, rows, first.fuel, prefixes, error, tuple(problems), "".join(prints))


def told(outcome: Outcome) -> str:
    """An outcome in one line."""
    match outcome:
        case Result(outputs=outputs, fuel=fuel):
            return f"returned {', '.join(outputs)} with {fuel:,} fuel"
        case ModuleError(message=message):
            return message
        case LimitHit(which=which):
            return f"the {which} limit was hit"
        case _:
            return outcome.why


def market(interface: Interface, rows: int, seed: int = 0) -> dict[str, Column]:
    """Made-up inputs that look like a market: every port by its name and dtype.

    `bid` and `ask` ports get prices on a grid around one random walk, ports named after sizes or volumes get lots, `ts`
    gets times, other floats the walk itself and other integers small counts.
    """
    random = np.random.default_rng(seed)
    middle = 100 + np.cumsum(random.normal(0, 0.02, rows))
    bid = np.floor(middle * 100) / 100
    columns: dict[str, Column] = {}
    for name, dtype in interface.inputs.items():
        word = name.lower()
        if dtype == "int64":
            steps = random.integers(1, 50_000_000, rows)
            columns[name] = 1_700_000_000_000_000_000 + np.cumsum(steps) if word == "ts" else steps % 7
        elif any(part in word for part in ("size", "volume", "qty", "quantity", "amount")):
            columns[name] = np.round(random.exponential(5.0, rows), 3) + 0.001
        elif "bid" in word:
            columns[name] = bid
        elif "ask" in word:
            columns[name] = bid + 0.01 * (1 + random.poisson(0.3, rows))
        else:
            columns[name] = middle
    return columns


def _rows(interface: Interface) -> int:
    return min(_MAX_ROWS, max(ROWS, 2 * (interface.lookback or 0)))


def _same(first: Result, again: Outcome) -> bool:
    """Whether a second run gave the same bytes."""
    return isinstance(again, Result) and all(
        canonical(column).tobytes() == canonical(again.outputs[name]).tobytes()
        for name, column in first.outputs.items()
    )


def _ahead(full: Result, part: Outcome, n: int) -> str | None:
    """What is wrong with the outcome on the first rows, given the one on all."""
    if not isinstance(part, Result):
        return f"on the first {n} rows alone it ended otherwise: {told(part)}"
    for name, column in part.outputs.items():
        if not column.ndim:
            continue
        differ = np.flatnonzero(canonical(column).view(np.int64) != canonical(full.outputs[name][:n]).view(np.int64))
        if len(differ):
            row = int(differ[0])
            return (
                f"it looks ahead: output {name!r} in row {row} is {full.outputs[name][row]} with all rows, "
                f"{column[row]} with the first {n}"
            )
    return None


def _last_row(full: Result, window: Outcome) -> float:
    """The largest relative difference between two last rows; infinite where one has no number."""
    if not isinstance(window, Result):
        return np.inf
    worst = 0.0
    for name, column in window.outputs.items():
        if not column.ndim:
            continue
        here, there = float(column[-1]), float(full.outputs[name][-1])
        if np.isnan(here) and np.isnan(there):
            continue
        worst = max(worst, abs(here - there) / max(abs(there), 1e-12)) if np.isfinite(here - there) else np.inf
    return worst
