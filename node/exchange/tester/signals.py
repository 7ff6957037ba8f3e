"""Signals: a module's columns over a market, computed in the sandbox in batches, as a strategy will be shown them."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

import numpy as np

from atom.window import with_metrics
from fusion.content.table import Column, Table
from fusion.errors import BadInput
from fusion.sdk import Scalar
from node.exchange.tester.book import SIGNALS
from node.exchange.tester.data import Data
from node.exchange.tester.memory import Floats, Ints
from node.exchange.tester.quotes import QUOTE, quotes_of
from node.exchange.tester.run import Signals
from node.inputs import port_columns
from sandbox.code import ModuleCode
from sandbox.outcome import Result
from sandbox.port import ModuleRuntime
from sandbox.verify import told

POSITION: Final = "position"
"""The output column that says what to hold, from -1 to 1."""
BATCH: Final = 1 << 16
"""Rows that a module gets at a time, at the least and besides its lookback."""
_CUTS: Final = 6
"""Rows of each batch at which it is checked that a module does not look ahead."""


def quotes(data: Data) -> tuple[Ints, Table]:
    """The best prices of a market that no strategy has touched, a row a change, with Atom's metrics of them; and after
    how many commands of the data each row is known.

    Raises:
        BadInput: the market answers to what is done, so that there is nothing to compute beforehand.
    """
    if data.agents:
        raise BadInput(
            f"{data.name} answers to what is done, and columns are computed beforehand: choose recorded data"
        )
    scene = data.scene()
    rows = np.concatenate([np.zeros(0, QUOTE), *quotes_of(scene.exchange, scene.commands)])
    tick, lot = float(data.listing.tick), float(data.listing.lot)
    table = with_metrics(
        {
            "ts": rows["time"].copy(),
            "bid": rows["bid"] * tick,
            "ask": rows["ask"] * tick,
            "bid_size": rows["bid_size"] * lot,
            "ask_size": rows["ask_size"] * lot,
        }
    )
    return rows["number"].copy(), table


def columns(
    runtime: ModuleRuntime, code: ModuleCode, data: Data, settings: Mapping[str, Scalar], chosen: Mapping[str, str]
) -> Signals:
    """A module's columns over all of the data, its position first.

    A module that declares a lookback runs on batches of rows, each with the lookback before it, so that it has no more
    than a batch at once; any other runs on all rows. Then each batch is cut before some of its rows, which the
    module's and the data's hashes choose: what it says of the rows before may not change with those after.

    Args:
        chosen: columns for ports of another name.

    Raises:
        BadInput: the module or its settings will not do, or it looks ahead.
    """
    numbers, table = quotes(data)
    if not len(numbers):
        raise BadInput(f"{data.name} never has both a bid and an ask: choose other data or another time")
    interface = runtime.describe(code, settings)
    inputs = port_columns(table, interface.inputs, chosen)
    seed = int.from_bytes(sha256(f"{code.cid} {data.commands.digest()}".encode()).digest()[:8], "little")
    chance = np.random.Generator(np.random.PCG64(seed))
    moves = 1 + np.flatnonzero((np.diff(table["bid"]) != 0) | (np.diff(table["ask"]) != 0))
    parts: list[dict[str, Column]] = []
    for begin, end in _batches(len(numbers), interface.lookback):
        before = min(begin, interface.lookback or 0)
        batch = {name: each[begin - before : end] for name, each in inputs.items()}
        found = _outputs(runtime, code, batch, settings)
        for cut in _cuts(chance, moves[(moves > begin) & (moves < end)], begin, end):
            rows = cut - begin + before
            again = _outputs(runtime, code, {name: each[:rows] for name, each in batch.items()}, settings)
            _check(found, again, rows)
        parts.append({name: each[before:] for name, each in found.items()})
        if parts[0].keys() != found.keys():
            raise BadInput(f"the module returns {', '.join(found)}, and before it returned {', '.join(parts[0])}")
    names = sorted(parts[0], key=lambda name: (name != POSITION, name))
    if len(names) > SIGNALS:
        raise BadInput(f"the module has {len(names)} columns; a strategy may see {SIGNALS}")
    values: Floats = np.column_stack([np.concatenate([part[name] for part in parts]).astype(float) for name in names])
    return Signals(tuple(names), numbers, values)


def _batches(rows: int, lookback: int | None) -> Iterator[tuple[int, int]]:
    """First row and the row after the last of each batch."""
    size = rows if lookback is None else max(BATCH, 4 * lookback)
    for begin in range(0, rows, size):
        yield begin, min(begin + size, rows)


def _cuts(chance: np.random.Generator, moves: Ints, begin: int, end: int) -> list[int]:
    """Rows of a batch before which it is cut. Most are those with which a price moves: what is gained by looking ahead
    is gained on the rows before them.
    """
    telling = chance.choice(moves, min(len(moves), _CUTS), replace=False).tolist() if len(moves) else []
    anywhere = chance.integers(begin + 1, max(begin + 2, end), 2).tolist()
    return sorted(set(telling + anywhere))


def _check(found: Mapping[str, Column], again: Mapping[str, Column], cut: int) -> None:
    """BadInput where what is said of the first `cut` rows is another thing once those after them are known."""
    for name in found.keys() | again.keys():
        if name not in again or name not in found or again[name].tobytes() != found[name][:cut].tobytes():
            raise BadInput(
                f"the module looks ahead: its column {name} of the first {cut} rows of a batch is another once the rows"
                " after them are known; a backtest of it would be worth nothing"
            )


def _outputs(
    runtime: ModuleRuntime, code: ModuleCode, inputs: Mapping[str, Column], settings: Mapping[str, Scalar]
) -> dict[str, Column]:
    outcome = runtime.run(code, dict(inputs), dict(settings))
    if not isinstance(outcome, Result):
        raise BadInput(f"the module did not return: {told(outcome)}")
    rows = len(next(iter(inputs.values())))
    found = {name: value for name, value in outcome.outputs.items() if value.shape == (rows,)}
    if not found:
        raise BadInput("the module returns no column: a strategy needs one, and one named `position` can be traded")
    return found
