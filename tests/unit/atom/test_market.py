"""`atom(venue, symbol)`: what is stored, exact and as floats, through Python, Polars and SQL."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from atom import atom
from atom.market import nanoseconds
from atom.recording import Recording
from atom.store import Log, Store
from atom.venues.simulated import OPENS, simulate
from fusion.errors import BadInput


@pytest.fixture(scope="module")
def market():
    return simulate(7, 1_000)


@pytest.fixture
def stored(tmp_path, market):
    Store(tmp_path).write(Recording(market, 0, 0, 0, 0))
    return atom("simulated", "SIM-USD", folder=tmp_path)


def test_the_folder_is_in_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))
    assert repr(atom("a", "B")) == f"atom('a', 'B', folder='{tmp_path}/atom')"


def test_the_book_is_exact_and_as_floats(stored):
    book = stored.book(depth=2)
    (price, size), _ = book.bids
    assert isinstance(price, Decimal)
    level = book.book.best_bid
    assert (price, size) == (level.price * Decimal("0.01"), level.size * Decimal("0.001"))
    assert book.mid == float((price + book.asks[0][0]) / 2)
    assert book.polars().columns == ["bid_size", "bid", "ask", "ask_size"]
    assert book.polars()["bid"][0] == float(price)
    assert stored.book(at="2023-12-31").valid is False


def test_trades_as_floats_and_as_decimals(stored, market):
    floats, exact = stored.trades(), stored.trades(exact=True)
    assert floats["price"].to_list() == market.instrument.prices(market.trade["price"]).tolist()
    assert exact["price"].to_list() == [int(price) * Decimal("0.01") for price in market.trade["price"]]
    assert exact.schema["size"] == pl.Decimal(38, 3)
    assert set(floats["side"].to_list()) == {"bid", "ask"}
    assert floats.schema["ts_recv"] == pl.Datetime("ns", "UTC")


def test_a_span_is_of_arrivals(stored, market):
    start = OPENS + 10**10
    part = stored.trades(start, end="2024-01-01T00:00:15")
    arrivals = market.trade["ts_recv"]
    assert len(part) == int(((arrivals >= start) & (arrivals < OPENS + 15 * 10**9)).sum()) > 0
    assert len(stored.quotes()) == 0


def test_metrics_of_a_part_are_those_of_the_whole(stored):
    start = OPENS + 10**10
    whole, part = stored.metrics(), stored.metrics(start)
    assert {"mid", "spread", "microprice"} <= set(part.columns)
    assert part["mid"][1:].to_list() == whole["mid"][-(len(part) - 1) :].to_list()
    assert len(stored.metrics(periods=True))


def test_sql_has_exact_prices_of_this_market(stored, market, tmp_path):
    other = simulate(8, 50)
    Store(tmp_path / "other").write(Recording(other, 0, 0, 0, 0))
    (row,) = stored.sql("select count(*), sum(price * size), min(price_ticks) from trade").rows()
    prices = [int(price) * Decimal("0.01") for price in market.trade["price"]]
    sizes = [int(size) * Decimal("0.001") for size in market.trade["size"]]
    assert row[0] == len(market.trade)
    assert row[1] == sum(price * size for price, size in zip(prices, sizes, strict=True))
    assert row[2] == market.trade["price"].min()
    assert stored.sql("select distinct venue, symbol from book").rows() == [("simulated", "SIM-USD")]
    minutes = stored.sql("select date_trunc('minute', ts_recv) as m, count(*) from trade group by m")
    assert minutes["m"].min() == datetime(2024, 1, 1)
    with pytest.raises(BadInput, match=r"the query is refused: .*quote"):
        stored.sql("select * from quote")


def test_what_just_arrived_is_there(tmp_path, market):
    with Log(tmp_path) as log:
        log.take(market)
        log.flush()
        assert len(atom("simulated", "SIM-USD", folder=tmp_path).trades()) == len(market.trade)


def test_times_in_words():
    assert nanoseconds("2024-01-01") == nanoseconds(datetime(2024, 1, 1, tzinfo=UTC)) == OPENS
    assert nanoseconds("2024-01-01T00:00:00.000000001") == OPENS + 1
    assert nanoseconds("2024-01-01T01:00:00+01:00") == OPENS
    with pytest.raises(BadInput, match="'noon' is no time"):
        nanoseconds("noon")


def test_a_type_that_there_is_not(stored):
    with pytest.raises(BadInput, match="'tick' is no type of events; they are book, trade"):
        stored.polars("tick")
