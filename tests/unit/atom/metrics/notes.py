"""Events made of a few numbers."""

from collections.abc import Sequence
from decimal import Decimal

from atom.events import DTYPES, Events, Flag, Status, empty
from atom.instrument import Instrument

INSTRUMENT = Instrument("here", "BTC-USDT-PERP", "BTCUSDT", Decimal("0.1"), Decimal("0.01"))


def events(
    *, of: Instrument = INSTRUMENT, status: Sequence[Status] = (), **told: Sequence[tuple[float, ...]]
) -> Events:
    """Each row is its time on both clocks, then the fields of its type after the common ones; missing ones are 0."""
    tables = {kind: _rows(kind, rows) for kind, rows in told.items()}
    market = [tables.pop(kind, empty(kind)) for kind in ("book", "trade", "quote")]
    return Events(of, *market, tuple(status), tables)


def _rows(kind, told):
    rows = empty(kind, len(told))
    names = DTYPES[kind].names[4:]
    for at, (ts, *values) in enumerate(told):
        rows[at]["ts_event"] = rows[at]["ts_recv"] = ts
        rows[at]["flags"] = Flag.LAST
        for name, value in zip(names, values, strict=False):
            rows[at][name] = value
    return rows
