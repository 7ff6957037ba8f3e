"""`fusion atom replay` and `watch`: lines for programs, and a refusal for what cannot be."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.atom import app
from fusion.errors import BadInput

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))

    def runs(*words):
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    return runs


def test_what_is_served_is_what_is_printed(run):
    printed = run("replay", "simulated:3", "--speed", "max", "--feed", "metrics")
    server = subprocess.Popen(
        [sys.executable, "-m", "cli", "atom", "replay", "simulated:3", "--speed", "max", "--serve", "0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        url = server.stderr.readline().removeprefix("fusion: ").strip()
        watched = run("watch", url, "--venue", "simulated", "--symbol", "SIM-USD", "--feed", "metrics")
        assert server.wait(60) == 0
    assert watched == printed
    numbers = [json.loads(line)["seq"] for line in printed.splitlines()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_metrics_of_a_replay_are_those_of_the_same_feed(run):
    lines = map(json.loads, run("replay", "simulated:3", "--speed", "max", "--feed", "metrics").splitlines())
    wanted = json.loads(run("metrics", "simulated:3", "--json"))
    told = [{name: value for name, value in line.items() if name in wanted[0]} for line in lines]
    assert [{**row, "ts": int(row["ts"])} for row in told] == wanted


def test_levels_alone_have_no_orders_to_print(run):
    capture = ROOT / "tests" / "data" / "binance" / "spot.txt"
    with pytest.raises(BadInput, match="the feed `book` has them"):
        run("replay", f"binance:{capture}", "--speed", "max", "--feed", "orders")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["replay"], "say what to replay"),
        (["replay", "simulated", "--speed", "0"], "a speed is `max` or"),
        (["replay", "simulated", "--feed", "noise"], "unknown feed 'noise'"),
        (["replay", "simulated", "--venue", "okx"], "not both"),
        (["replay", "--venue", "okx", "--symbol", "BTC-USDT"], "no events of 'BTC-USDT' on 'okx'"),
        (["watch", "nowhere", "--venue", "a", "--symbol", "b"], "no address of a stream"),
    ],
)
def test_what_cannot_be_is_refused(run, words, told):
    with pytest.raises(BadInput, match=told):
        run(*words)
