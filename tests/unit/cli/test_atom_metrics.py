"""`fusion atom metrics`: definitions, and values of a feed or a stored symbol."""

import json

import pytest
from typer.testing import CliRunner

from atom.metrics import DEFINITIONS
from cli.main import app
from fusion.errors import BadInput

FEED = "simulated:2"


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))


def said(*words):
    result = CliRunner().invoke(app, ["atom", "metrics", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_without_a_feed_all_definitions_are_told():
    table = said()
    assert "order flow imbalance" in table
    told = json.loads(said("--json"))
    assert len(told) == len(DEFINITIONS)
    assert {"name", "unit", "formula", "source", "warm_up", "null", "ours", "parameters"} <= set(told[0])


def test_one_definition_is_told_whole():
    assert "Easley" in said("--name", "vpin")
    (told,) = json.loads(said("--name", "nfr", "--json"))
    assert told["ours"] is True
    assert told["source"] == "ours (no public definition found)"


def test_values_of_a_feed():
    rows = json.loads(said(FEED, "--name", "ofi", "--name", "mid", "--set", "period=100000000000", "--json"))
    assert [list(row) for row in rows] == [["ts", "ofi", "mid"]] * len(rows)
    assert rows[0]["ofi"] is None  # the recording begins within the first period
    assert len(said(FEED, "--name", "ofi", "--rows", "3").splitlines()) == 4
    assert "kyle_lambda" in said(FEED)


def test_a_row_each_message():
    rows = json.loads(
        said(FEED, "--each", "message", "--name", "bid_depth_7", "--set", "depths=7,9", "--json", "--rows", "2")
    )
    assert [list(row) for row in rows] == [["ts", "bid_depth_7"]] * 2


def test_metrics_of_administrative_data():
    assert json.loads(said(FEED, "--name", "basis", "--json")) == []
    assert said(FEED, "--name", "eoi") == "(none)\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--name", "nope"], "no metric 'nope'"),
        ([FEED, "--name", "nope"], "no metric 'nope'"),
        ([FEED, "--name", "ofi", "--name", "basis"], "ask for one at a time"),
        ([FEED, "--name", "adl_rank"], "but from positions"),
        ([FEED, "--each", "message", "--name", "ofi"], "ofi is no column"),
        ([FEED, "--each", "hour"], "--each is period or message"),
        ([FEED, "--clock", "mine"], "--clock arrival or venue"),
        ([FEED, "--set", "period"], "NAME=VALUE"),
        ([FEED, "--set", "period=soon"], "no number"),
        ([FEED, "--set", "period=0"], "period is 1000000 to"),
        ([FEED, "--set", "pace=1"], "'pace' is no parameter"),
        ([FEED, "--name", "basis", "--set", "of=index"], "not 'index'"),
        (["--venue", "binance"], "go together"),
        (["--venue", "binance", "--symbol", "BTC-USDT"], "no events of"),
        ([FEED, "--venue", "binance"], "not both"),
    ],
)
def test_what_cannot_be_is_refused(words, told):
    with pytest.raises(BadInput, match=told):
        CliRunner().invoke(app, ["atom", "metrics", *words], catch_exceptions=False)


def test_flows_of_raw_logs(tmp_path):
    topic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    token, one, two = ("0x" + digits * 20 for digits in ("7e", "aa", "bb"))
    logs = [
        {
            "block_number": at,
            "block_timestamp": 1_700_000_000 + at,
            "transaction_index": 0,
            "log_index": 0,
            "transaction_hash": "0x" + "1" * 64,
            "address": token,
            "topics": [topic, *(f"0x{address[2:]:>064}" for address in (one, two))],
            "data": f"0x{amount:064x}",
        }
        for at, amount in ((1, 250), (2, 750), (100, 1))
    ]
    (tmp_path / "logs.json").write_text("".join(json.dumps(log) + "\n" for log in logs))
    (tmp_path / "labels.csv").write_text(f"address,owner\n{two},venue\n")
    words = [str(tmp_path / "logs.json"), "--token", token, "--period", str(50 * 10**9), "--decimals", "2", "--json"]
    result = CliRunner().invoke(app, ["atom", "flows", *words, "--labels", str(tmp_path / "labels.csv")])
    (row,) = json.loads(result.output)
    assert (row["inflow"], row["outflow"], row["fund_flow_ratio"], row["nfr"]) == (10.0, 0.0, 1.0, 1.0)
    with pytest.raises(BadInput, match="cannot be read"):
        CliRunner().invoke(app, ["atom", "flows", *words, "--labels", str(tmp_path / "no.csv")], catch_exceptions=False)
