"""`fusion backtest`: records by feed and from the event log, agents around them, and what is refused."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atom.feed import open_feed
from atom.store import Store
from cli.main import app
from fusion.errors import BadInput
from node.exchange.tester import examples

MAKER = str(Path(examples.__file__ or "").parent / "maker.py")
OPENS = 1_704_067_200


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))


def ran(*words: str) -> dict[str, object]:
    words = ("backtest", MAKER, "--form", "python", *words, "--json")
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told: dict[str, object] = json.loads(result.stdout)
    return told


def test_the_event_log_makes_the_same_trades_as_its_feed(tmp_path: Path) -> None:
    Store(tmp_path / "atom").write(open_feed("simulated:1"))
    feed, log = ran("--data", "simulated:1"), ran("--data", "atom:simulated")
    assert {name for name in feed if feed[name] != log[name]} == {"data"}  # and the digest is the same
    span = ("--from", str(OPENS + 100), "--to", "2024-01-01T00:05")
    parts = [ran("--data", data, *span) for data in ("simulated:1", "atom:simulated")]
    assert parts[0]["trades"] == parts[1]["trades"]
    for part in parts:
        assert (OPENS + 100) * 10**9 <= int(str(part["begin"])) < int(str(part["end"])) < (OPENS + 300) * 10**9
    assert [each.name for each in tmp_path.iterdir()] == ["atom"]  # and nothing of the work is left


def test_agents_around_a_record_are_told_of_and_follow_the_seed() -> None:
    span = ("--data", "simulated:1", "--to", "2024-01-01T00:00:30", "--agents", "20")
    one, again, other = ran(*span), ran(*span), ran(*span, "--seed", "1")
    assert one["agents"] == 20
    assert one["digest"] == again["digest"] != other["digest"]


def test_recorded_latency_is_that_of_the_record() -> None:
    delays = ("recorded", "feed=recorded,entry=recorded,response=recorded", "recorded:5ms", "5ms")
    told = [ran("--data", "simulated:1", "--latency", each) for each in delays]
    assert told[0]["profit"] == told[1]["profit"] != told[2]["profit"]
    assert told[2]["queue_wait_s"] != told[3]["queue_wait_s"]  # it was not the same all the time


def test_a_digest_does_not_know_how_the_terms_were_written() -> None:
    terms = [
        words.split()
        for words in (
            "--cash 10000 --latency 5ms --fees 1,5 --param gap=1 --param size=0.01",
            "--cash 1e4 --latency 5000us --fees 1.0,5.00 --param size=0.010 --param gap=1",
            "--cash 10000.00 --latency entry=5ms,feed=0.005s,response=5ms --fees 1,5 --param gap=1 --param size=1e-2",
        )
    ]
    for data in ("made:3000", "agents:20,5s"):
        found = [ran("--data", data.replace("5s", "5000ms") if at else data, *each) for at, each in enumerate(terms)]
        assert len({each["digest"] for each in found}) == 1
        assert ran("--data", data, *terms[0], "--cash", "10001")["digest"] != found[0]["digest"]


def test_a_digest_of_many_runs_does_not_know_their_order() -> None:
    swept = [ran("--data", "made:3000", "--sweep", f"gap={values}", "--jobs", "1") for values in ("0,2,1", "1,2,0")]
    assert swept[0]["digest"] == swept[1]["digest"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--data", "atom:binance"), "there is no event log"),
        (("--data", "simulated", "--symbol", "X"), "has one market"),
        (("--data", "simulated", "--from", "yesterday"), "--from yesterday: give a time"),
        (("--data", "simulated", "--from", "2024-01-02", "--to", "2024-01-01"), "ends before it begins"),
        (("--data", "simulated", "--from", "1960-01-01"), "times begin with 1970"),
        (("--data", "made", "--agents", "20"), "is no record"),
        (("--data", "made", "--latency", "recorded"), "no latency is recorded"),
        (("--data", "simulated", "--latency", "feed=recordedly"), "write it as recorded"),
        (("--data", "simulated", "--agents", "3"), "3 agents are no market"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        CliRunner().invoke(app, ["backtest", MAKER, *words, "--form", "python"], catch_exceptions=False)
