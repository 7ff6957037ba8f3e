"""How well a connection holds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atom.events import Status, StatusKind
from atom.metrics.connection import Connection
from atom.metrics.latency import Latency
from tests.unit.atom.metrics.notes import events

STATUS = [
    Status(StatusKind.CONNECT, 100, None, "wss://here"),
    Status(StatusKind.GAP, 150, 7, "updates 5 to 6 are missing"),
    Status(StatusKind.RESYNC, 160, 9, "snapshot 9"),
    Status(StatusKind.STALE, 180, None, "no message for 30 s"),
    Status(StatusKind.DISCONNECT, 200, None, "it was silent (1006 no close frame)"),
    Status(StatusKind.DISCONNECT, 220, None, "no connection: refused"),
    Status(StatusKind.RATE_LIMITED, 230, None, "429; the next connection in 60 s"),
    Status(StatusKind.CONNECT, 300, None, "wss://here"),
    Status(StatusKind.PARSE_ERROR, 340, None, "not understood: 1006"),
    Status(StatusKind.DISCONNECT, 400, None, "1000 the recorder ends"),
]


def test_by_hand():
    metric = Connection()
    table = metric.update(events(status=STATUS))
    last = {name: column[-1] for name, column in table.items()}
    assert (last["disconnects"], last["reconnects"], last["failures"]) == (2, 1, 1)
    assert (last["gap"], last["resync"], last["stale"], last["rate_limited"], last["parse_error"]) == (1, 1, 1, 1, 1)
    assert (last["checksum"], last["crossed"], last["clock"]) == (0, 0, 0)
    assert last["uptime"] == (100 + 100) / 300
    assert metric.codes == {1006: 1, 1000: 1}
    np.testing.assert_array_equal(table["close_code"], [*[math.nan] * 4, *[1006.0] * 5, 1000.0])


def test_latency_of_messages_and_trades():
    told = events(trade=[(10, 1, 1, 1), (20, 1, 1, 1), (30, 1, 1, 1)], book=[(10, 1, 1, 1, 1), (15, 1, 1, 1, 1)])
    told.trade["ts_event"] -= [4, 1000, -7]
    told.book["ts_event"] -= [4, 4]
    told.book["flags"] = [0, 1]  # the first row ends no message
    metric = Connection()
    metric.update(told)
    assert metric.report()["latency_p50"] == 4
    assert metric.report()["latency_p99"] == pytest.approx(1000, rel=1 / 64)
    assert metric.report()["uptime"] == 1.0


@pytest.mark.parametrize("cut", range(1, 420, 20))
def test_it_is_the_same_wherever_it_is_cut(cut):
    trades = [(at, 1, 1, 1) for at in range(5, 415, 10)]

    def told(least, most):
        piece = events(
            trade=[row for row in trades if least <= row[0] < most],
            status=[one for one in STATUS if least <= one.ts_recv < most],
        )
        piece.trade["ts_event"] //= 2
        return piece

    one, other = Connection(), Connection()
    whole, pieces = one.update(told(0, 500)), [other.update(told(0, cut)), other.update(told(cut, 500))]
    for name, column in whole.items():
        assert np.concatenate([piece[name] for piece in pieces]).tobytes() == column.tobytes()
    assert one.report() == other.report()


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1), st.sampled_from([1, 50, 99, 100]))
def test_percentiles_are_near_those_of_all_times(times, percent):
    latency = Latency()
    latency.update(np.array(times, np.int64))
    exact = sorted(times)[max(1, math.ceil(len(times) * percent / 100)) - 1]
    assert latency.percentile(percent) == pytest.approx(exact, rel=1 / 64, abs=0)


def test_without_times_there_are_no_percentiles():
    assert math.isnan(Latency().percentile(50))
