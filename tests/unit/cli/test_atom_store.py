"""`fusion atom ls`, `sql` and `compact`, as a user types them."""

import json

import pytest
from typer.testing import CliRunner

from atom.recording import Recording
from atom.store import Log, Store
from atom.venues.simulated import simulate
from cli.atom import app
from fusion.errors import BadInput


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))

    def runs(*words):
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    return runs


def test_what_is_stored_is_listed(run, tmp_path):
    assert run("ls", "--json") == "[]\n"
    market = simulate(1, 300)
    Store(tmp_path / "atom").write(Recording(market, 0, 0, 0, 0))
    (row,) = json.loads(run("ls", "--json"))
    assert (row["venue"], row["symbol"]) == ("simulated", "SIM-USD")
    assert row["types"] == ["book", "trade"]
    assert row["rows"] == len(market)
    assert row["first"].startswith("2024-01-01T00:00:00.")
    assert row["bytes"] > 1000
    assert "SIM-USD" in run("ls")


def test_sql_prints_exact_decimals_and_times(run, tmp_path):
    market = simulate(1, 300)
    Store(tmp_path / "atom").write(Recording(market, 0, 0, 0, 0))
    query = "select symbol, price, ts_recv, maker_order_id from trade order by ts_recv limit 1"
    (row,) = json.loads(run("sql", query, "--json"))
    assert row["symbol"] == "SIM-USD"
    assert row["price"] == market.instrument.price_text(int(market.trade["price"][0]))
    assert row["ts_recv"].endswith("Z")
    with pytest.raises(BadInput, match="the query is refused"):
        run("sql", "select nothing")


@pytest.mark.parametrize(
    ("query", "told"),
    [("select interval 1 day", "interval"), ("select 1 as a, 2 as a", "unique"), ("select 1::uuid", "cast")],
)
def test_a_query_whose_answer_is_no_table_is_refused(run, query, told):
    with pytest.raises(BadInput, match=f"the query is refused.*{told}"):
        run("sql", query)


def test_a_query_without_an_answer_has_no_rows(run):
    for query in ("", " ", "create table mine (a int)"):
        assert json.loads(run("sql", query, "--json")) == []


def test_lists_and_what_is_no_number_are_json(run):
    query = "select [1.50, 2] a, {'b': [date '2024-01-01'], 'c': ['inf'::double]} d, 'nan'::float e, 'inf'::double f"
    (row,) = json.loads(run("sql", query, "--json"), parse_constant=pytest.fail)
    assert row == {"a": ["1.50", "2.00"], "d": {"b": ["2024-01-01"], "c": [None]}, "e": None, "f": None}


def test_a_day_that_is_none_is_refused(run):
    with pytest.raises(BadInput, match="'tomorrow' is no day"):
        run("compact", "--before", "tomorrow")


def test_a_day_is_compacted(run, tmp_path):
    with Log(tmp_path / "atom") as log:
        for _ in range(2):
            log.take(simulate(1, 100))
            log.rotate()
    told = json.loads(run("compact", "--json"))
    assert [each["files"] for each in told] == [2, 2]
    assert json.loads(run("compact", "--before", "2024-01-01", "--json")) == []
