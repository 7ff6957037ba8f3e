"""Signals: a module's columns over a market, computed in the sandbox all at once, as a strategy will be shown them."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from atom.window import with_metrics
from fusion.content.table import Column, Table
from fusion.errors import BadInput
from fusion.sdk import Scalar
from node.exchange.tester.book import BOOK, SIGNALS, TRADE, Book, Event
from node.exchange.tester.data import Data
from node.exchange.tester.memory import Floats, Ints
from node.exchange.tester.orders import Orders
from node.exchange.tester.run import Form, Run, Signals, Terms
from node.exchange.tester.strategy import Strategy
from node.inputs import port_columns
from sandbox.code import ModuleCode
from sandbox.outcome import Result
from sandbox.port import ModuleRuntime
from sandbox.verify import told

POSITION: Final = "position"
"""The output column that says what to hold, from -1 to 1."""
_CUTS: Final = (1, 3, 7)
"""Eighths of the time at which it is checked that a module does not look ahead."""


class _Listener(Strategy):
    """Trades nothing and writes down the best prices as they change."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.last = (0, 0, 0, 0)

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        top = (book.bid, book.ask, book.bid_size, book.ask_size)
        if event.kind in {BOOK, TRADE} and top != self.last and book.bid_size > 0 and book.ask_size > 0:
            self.last = top
            if self.rows and self.rows[-1][0] == event.time:
                self.rows.pop()
            self.rows.append((event.time, *top))


def quotes(data: Data) -> Table:
    """The best prices of a market that no strategy has touched, a row a change, with Atom's metrics of them.

    Raises:
        BadInput: the market answers to what is done, so that there is nothing to compute beforehand.
    """
    if data.agents:
        raise BadInput(
            f"{data.name} answers to what is done, and columns are computed beforehand: choose recorded data"
        )
    scene, listener = data.scene(), _Listener()
    Run(scene.exchange, listener, Terms(), Form.PYTHON).go(scene.commands)
    rows = np.array(listener.rows, np.int64).reshape(-1, 5).T
    tick, lot = float(data.listing.tick), float(data.listing.lot)
    return with_metrics(
        {
            "ts": rows[0],
            "bid": rows[1] * tick,
            "ask": rows[2] * tick,
            "bid_size": rows[3] * lot,
            "ask_size": rows[4] * lot,
        }
    )


def columns(
    runtime: ModuleRuntime, code: ModuleCode, data: Data, settings: Mapping[str, Scalar], chosen: Mapping[str, str]
) -> Signals:
    """A module's columns over all of the data, its position first.

    It runs once on all rows, which costs least and gives it all of its lookback; and on parts from the beginning, to
    see that what it says of a row does not change with the rows after it.

    Args:
        chosen: columns for ports of another name.

    Raises:
        BadInput: the module or its settings will not do, or it looks ahead.
    """
    table = quotes(data)
    interface = runtime.describe(code, settings)
    inputs = port_columns(table, interface.inputs, chosen)
    rows = len(table["ts"])
    found = _outputs(runtime, code, inputs, settings)
    for part in sorted({rows * eighth // 8 for eighth in _CUTS} - {0, rows}):
        again = _outputs(runtime, code, {name: each[:part] for name, each in inputs.items()}, settings)
        for name, column in again.items():
            if column.tobytes() != found[name][:part].tobytes():
                raise BadInput(
                    f"the module looks ahead: its column {name} of the first {part} rows is another once the rows "
                    "after them are known; a backtest of it would be worth nothing"
                )
    names = sorted(found, key=lambda name: (name != POSITION, name))
    if len(names) > SIGNALS:
        raise BadInput(f"the module has {len(names)} columns; a strategy may see {SIGNALS}")
    times: Ints = np.ascontiguousarray(table["ts"], np.int64)
    values: Floats = np.column_stack([found[name].astype(np.float64) for name in names])
    return Signals(tuple(names), times, values)


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
