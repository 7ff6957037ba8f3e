"""What a venue tells on no stream is asked for, live, again and again, as politely as the rest."""

import asyncio

import numpy as np
import pytest
import structlog

from atom.events import StatusKind, Unit
from atom.reader import read_capture
from tests.integration.atom_venue import BinanceDelivery, BinanceFutures, FakeVenue
from tests.integration.test_atom_live import recorded, same


def interest(batches):
    return np.concatenate([batch.more["open_interest"] for batch in batches if "open_interest" in batch.more] or [[]])


@pytest.mark.parametrize(
    ("form", "unit", "contract"), [(BinanceFutures(), Unit.BASE, 1), (BinanceDelivery(), Unit.CONTRACTS, 100)]
)
def test_open_interests_are_asked_for_and_an_import_gives_the_same(form, unit, contract, tmp_path):
    venue = FakeVenue(form, 5, ["close", "429"])
    venue.polls.extend((429, 503, 404))

    def enough(judge):
        return len(judge.batches) == 2 and all(len(interest(batches)) > 3 for batches in judge.batches.values())

    with structlog.testing.capture_logs() as told:
        judge = asyncio.run(recorded(venue, raw=tmp_path, enough=enough))
    assert judge.status[StatusKind.RATE_LIMITED] == 2
    assert sum("refuses" in line["event"] for line in told) == 1
    imported = read_capture(form.venue, sorted(tmp_path.glob("*/*"))).recordings
    assert len(imported) == 2
    for one in imported:
        batches = judge.batches[one.events.instrument.venue_symbol]
        same(batches, one.events)
        rows = interest(batches)
        assert set(rows["unit"]) == {unit}
        assert set(rows["contract_size"]) == {contract}
        market = venue.markets[one.events.instrument.venue_symbol]
        for row in rows:
            assert int(row["ts_event"]) // 10**6 in market.truth
            assert row["size"] % 1 == 0.125
        assert (np.diff(rows["size"]) >= 0).all()
