"""Live traffic comes in batches of any size: together they are what the import of the same recording brings."""

import numpy as np
import pytest

from atom.capture import Capture, Form
from atom.events import PRICES, SIZES
from atom.gather.desk import Desk
from atom.instrument import rescale
from atom.reader import read_capture
from atom.venues import venue

CAPTURES = {
    "binance": (["BINANCE.ws.1.0"], ["BINANCE.0", "BINANCE.http.0.0"]),
    "binance_futures": (["BINANCE_FUTURES.ws.1.0"], ["BINANCE_FUTURES.0", "BINANCE_FUTURES.http.0.0"]),
    "bitfinex": (["BITFINEX.ws.11.0"], ["BITFINEX.0"]),
    "bitstamp": (["BITSTAMP.ws.1.0"], ["BITSTAMP.0", "BITSTAMP.http.0.0"]),
    "bybit": (["BYBIT.ws.25.0", "BYBIT.ws.26.0"], ["BYBIT.0"]),
    "coinbase": (["COINBASE.ws.28.0"], ["COINBASE.0"]),
    "deribit": (["DERIBIT.ws.1.0"], ["DERIBIT.0"]),
    "independent_reserve": (
        ["INDEPENDENT_RESERVE.ws.1.0"],
        ["INDEPENDENT_RESERVE.0", "INDEPENDENT_RESERVE.http.0.0"],
    ),
    "kraken": (["KRAKEN.ws.48.0", "KRAKEN.ws.49.0", "KRAKEN.ws.50.0"], ["KRAKEN.0"]),
    "okx": (["OKX.ws.1.0"], ["OKX.0"]),
}
BATCH = 37  # lines


def batches(venue_id, files):
    """What a desk tells of each symbol when it is asked now and then."""
    desk, told, last = Desk(venue(venue_id)), {}, 0
    for n, line in enumerate(Capture(files)):
        if line.form in {Form.MESSAGE, Form.ANSWER}:
            assert desk.receive(line)
        else:
            desk.take(line)
        last = line.ts_recv
        if n % BATCH == 0:
            for events in desk.drain(last):
                told.setdefault(events.instrument.symbol, []).append(events)
    for columns in desk.columns.values():
        columns.abandon()
    for events in desk.drain(last):
        told.setdefault(events.instrument.symbol, []).append(events)
    return told


def on_steps(rows, events, instrument):
    """Rows of a batch in the steps of an instrument, which may be finer."""
    rows = rows.copy()
    for names, step in ((PRICES, "tick"), (SIZES, "lot")):
        for name in set(names) & set(rows.dtype.names):
            rows[name] = rescale(rows[name], getattr(events.instrument, step), getattr(instrument, step))
    return rows


@pytest.mark.parametrize("venue_id", sorted(CAPTURES))
def test_batches_are_the_import(shared_data, venue_id):
    streams, answers = ([shared_data / "venues" / f"{name}.xz" for name in names] for names in CAPTURES[venue_id])
    told = batches(venue_id, [*streams, *answers])
    recordings = read_capture(venue_id, streams, answers).recordings
    assert sorted(told) == sorted(one.events.instrument.symbol for one in recordings)
    for one in recordings:
        some, whole = told[one.events.instrument.symbol], one.events
        assert (some[-1].instrument.tick, some[-1].instrument.lot) == (whole.instrument.tick, whole.instrument.lot)
        for name in ("book", "trade", "quote"):
            rows = [on_steps(batch.tables()[name], batch, whole.instrument) for batch in some]
            assert np.array_equal(np.concatenate(rows), whole.tables()[name]), name
        for name, table in whole.more.items():
            rows = [batch.more[name] for batch in some if name in batch.more]
            assert np.concatenate(rows).tobytes() == table.tobytes(), name
        status = [each for batch in some for each in batch.status]
        assert sorted(status, key=repr) == sorted(whole.status, key=repr)
