"""History comes page by page, whatever happens on the way: nothing twice, nothing missing."""

import math
import os
import signal
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from typer.testing import CliRunner

from atom.events import Crowd, Unit
from atom.history import fetch_history
from atom.store import Store
from atom.venues.history import History
from cli.main import app
from fusion.errors import BadInput, Retryable
from tests.unit.atom.history_server import BEGAN, MINUTE, history_server

NS = 10**6
SPAN = (BEGAN * NS, (BEGAN + 2500 * MINUTE) * NS)


@pytest.fixture
def server():
    with history_server() as running:
        yield running


@pytest.fixture
def slept():
    return []


@pytest.fixture
def fetch(server, tmp_path, slept):
    store = Store(tmp_path / "events")

    def fetches(kind="candle", period="1m", span=SPAN, symbol="BTC-USDT-PERP", venue="binance_futures"):
        of = History(venue, host=server.host, sleep=slept.append)
        of._client.rateLimit = 0
        told = fetch_history(store, of, symbol, kind=kind, period=period, span=span, report=lambda *_: None)
        return told, store.read(venue, symbol)

    return fetches


def minutes(rows):
    return ((rows["ts_event"] // NS - BEGAN) // MINUTE).tolist()


ALL = [n for n in range(2500) if n != 7]  # the venue has no candle of the seventh minute


def test_candles_come_whole(fetch, server):
    told, events = fetch()
    assert (told.rows, told.held) == (2499, 0)
    rows = events.more["candle"]
    assert minutes(rows) == ALL
    names = ("period", "open", "high", "low", "close", "volume", "quote_volume", "buy_volume", "trades")
    assert [rows[-1][name] for name in names] == [60 * 10**9, 2599.1, 2601, 2598, 2600.5, 8, 800.5, 6, 20]
    assert (rows["ts_recv"] - rows["ts_event"] == 60 * 10**9).all()  # known when it was over
    assert (events.instrument.venue_symbol, events.instrument.tick) == ("BTCUSDT", Decimal("0.1"))
    assert len(server.asked) == told.pages == 3


def test_a_second_run_brings_only_what_is_new(fetch, server):
    fetch(span=(SPAN[0], (BEGAN + 1200 * MINUTE) * NS))
    told, events = fetch()
    assert (told.rows, told.held) == (1300, 1199)
    assert minutes(events.more["candle"]) == ALL
    again, _ = fetch()
    assert (again.rows, again.held) == (0, 2499)
    earlier, events = fetch(span=((BEGAN - 9 * MINUTE) * NS, SPAN[1]))
    assert (earlier.rows, minutes(events.more["candle"])) == (0, ALL)


@pytest.mark.parametrize("faults", [[429, 429], ["torn"], ["cut"], [503, "torn", None, 418]])
def test_faults_are_waited_out(fetch, server, slept, faults):
    server.faults.extend(faults)
    told, events = fetch()
    assert (told.rows, minutes(events.more["candle"])) == (2499, ALL)
    assert len(slept) == sum(fault is not None for fault in faults)
    assert all(wait >= 7 for wait, fault in zip(slept, faults, strict=False) if isinstance(fault, int))


def test_a_venue_that_never_answers_is_left_for_later(fetch, server, slept):
    server.faults.extend([None, *[429] * 6])
    with pytest.raises(Retryable, match="gives no history after 6 tries"):
        fetch()
    assert len(slept) == 5
    told, events = fetch()
    assert (told.held, minutes(events.more["candle"])) == (999, ALL)


def test_what_the_venue_refuses_is_said(fetch, server):
    server.faults.append(400)
    with pytest.raises(BadInput, match="binance_futures refuses"):
        fetch()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"symbol": "BTC-EUR-PERP"}, "lists no 'BTC-EUR-PERP'"),
        ({"kind": "weather"}, "not 'weather'"),
        ({"period": "7m"}, "not '7m'"),
        ({"span": (SPAN[1], SPAN[0])}, "span of the history is empty"),
        ({"venue": "nyse"}, "ccxt knows no such exchange"),
        ({"venue": "kraken", "kind": "taker_volume"}, "no history of taker_volume"),
    ],
)
def test_what_cannot_be_is_refused(fetch, change, words):
    with pytest.raises(BadInput, match=words):
        fetch(**change)


def test_a_host_that_is_none_is_refused():
    with pytest.raises(BadInput, match="a host is like"):
        History("binance", host="localhost")


def fields(rows):
    return [rows[-1][name] for name in rows.dtype.names[4:]]


def test_other_kinds(fetch):
    _, events = fetch("funding")
    assert len(events.more["funding"]) == 2500 // 480 + 0
    assert fields(events.more["funding"]) == [0.0001, 0]
    _, events = fetch("open_interest", "5m")
    assert len(events.more["open_interest"]) == 500
    assert fields(events.more["open_interest"]) == [Unit.BASE, 7.5, 1, 300.25]
    _, events = fetch("long_short", "5m")
    assert fields(events.more["long_short"]) == [Crowd.ACCOUNTS, 300 * 10**9, 0.75, 0.25]
    _, events = fetch("taker_volume")
    assert fields(events.more["taker_volume"]) == [60 * 10**9, 6, 2]
    assert len(events.more["taker_volume"]) == 2499


def test_contracts_are_told_in_base_currency(fetch):
    _, events = fetch(venue="binance_delivery", symbol="BTC-USD-PERP", span=(SPAN[0], SPAN[0] + 600 * 10**9))
    assert fields(events.more["candle"])[5:] == [800.5, 8 * 100, 600.25, 20]


@pytest.mark.parametrize("kind", ["candle", "funding", "open_interest"])
def test_a_venue_that_tells_the_newest_first_is_asked_in_windows(fetch, server, monkeypatch, kind):
    monkeypatch.setattr("atom.venues.history._FORWARD", ())
    server.newest_first = True
    late = (BEGAN - 400 * MINUTE) * NS, SPAN[1]  # before the first row, and by more than a page
    period = "5m" if kind == "open_interest" else "1m"
    _, events = fetch(kind, period, span=late)
    rows = {"candle": 2499, "funding": 5, "open_interest": 500}
    assert len(events.more[kind]) == rows[kind]


def test_what_a_client_does_not_tell_is_null(fetch, monkeypatch):
    monkeypatch.setattr(History, "_raw", lambda self, kind, told: [None] * len(told))
    _, events = fetch(span=(SPAN[0], SPAN[0] + 600 * 10**9))
    row = events.more["candle"][0]
    assert row["volume"] == 8
    assert math.isnan(row["buy_volume"])


def test_a_killed_run_goes_on_where_it_was(server, tmp_path, monkeypatch):
    home = tmp_path / "home"
    asked = ["atom", "history", "--venue", "binance_futures", "--symbol", "BTC-USDT-PERP", "--kind", "candle"]
    asked += ["--from", "2024-01-01", "--to", "2024-01-02T17:40", "--period", "1m", "--host", server.host, "--json"]
    run = [sys.executable, "-m", "cli", *asked]
    with subprocess.Popen(
        run, env={**os.environ, "FUSION_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        for _ in range(2):  # the first page is kept, the second is on its way
            assert server.came.acquire(timeout=120)
            server.go.clear() if len(server.asked) == 2 else None
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    server.go.set()
    before = len(Store(home / "atom").read("binance_futures", "BTC-USDT-PERP").more["candle"])
    assert before == 999
    monkeypatch.setenv("FUSION_HOME", str(home))
    ended = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert ended.exit_code == 0
    rows = Store(home / "atom").read("binance_futures", "BTC-USDT-PERP").more["candle"]
    assert minutes(rows) == ALL
    assert (np.diff(rows["ts_event"]) > 0).all()
    assert '"rows": 1500' in ended.stdout
