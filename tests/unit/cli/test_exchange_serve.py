"""Serving an exchange, told truly: one that starts can be stopped and waited for, and no option is passed over."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import exchange_serve
from cli.main import app
from fusion.errors import BadInput, NotReady, Retryable
from node.exchange.service.home import Home, write
from node.exchange.service.plan import LADDER, REPLAY, Asked, Plan, standard

STARTS = """
import signal, sys
from pathlib import Path
from node.exchange.service.home import Home
with Home(Path(sys.argv[1])) as home:
    home.tell_starting("catching up with the time", 0.25)
    print("there", flush=True)
    if sys.stdin.readline():
        home.tell_running(url="http://127.0.0.1:1", api_key="a", secret="b")
        print("serves", flush=True)
    signal.pause()
"""
PLAN = Plan(standard(["BTC-USDT"]), LADDER, seed=3)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))


@pytest.fixture
def starting(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that has the exchange of `home` and does not serve it yet; a line makes it serve."""
    words = [sys.executable, "-c", STARTS, str(tmp_path / "home")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield process
        process.kill()


def _run(tmp_path: Path, *words: str) -> str:
    told = CliRunner().invoke(app, ["exchange", *words, "--home", str(tmp_path / "home")], catch_exceptions=False)
    return told.stdout


def _serves(starting: "subprocess.Popen[str]") -> None:
    """Lets it serve."""
    assert starting.stdin is not None
    assert starting.stdout is not None
    starting.stdin.write("\n")
    starting.stdin.flush()
    assert starting.stdout.readline() == "serves\n"


def test_one_that_starts_is_stopped(tmp_path: Path, starting: "subprocess.Popen[str]") -> None:
    assert json.loads(_run(tmp_path, "stop", "--json")) == {"stopped": True}
    assert starting.wait(10) == -15
    assert json.loads(_run(tmp_path, "stop", "--json")) == {"stopped": False}


def test_one_that_starts_is_told_of(tmp_path: Path, starting: "subprocess.Popen[str]") -> None:
    told = rf"does not serve yet \(process {starting.pid}: catching up with the time, 25%\)"
    for words in (["serve"], ["status"]):
        with pytest.raises(Retryable, match=told):
            _run(tmp_path, *words)


def test_one_that_starts_is_waited_for(
    tmp_path: Path, starting: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, seen = starting.stdin, threading.Event()
    assert pipe is not None

    def paused(_: float) -> None:
        if not seen.is_set():
            seen.set()
            pipe.write("\n")
            pipe.flush()

    monkeypatch.setattr(exchange_serve.time, "sleep", paused)
    assert json.loads(_run(tmp_path, "serve", "--detach", "--json"))["pid"] == starting.pid
    assert seen.is_set()


def test_one_that_does_nothing_for_long_is_not_waited_for(
    tmp_path: Path, starting: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_serve, "LONGEST_START", 0.2)
    with pytest.raises(NotReady, match="told nothing for 0 s"):
        _run(tmp_path, "serve", "--detach")
    assert starting.poll() is None  # it is somebody else's


@pytest.mark.parametrize(
    "words",
    [
        "--symbols ETH-USDT",
        "--agents 15",
        "--seed 4",
        "--replay simulated:1",
        "--config {home}/other.toml",
    ],
)
def test_an_option_that_asks_for_another_exchange_is_refused(tmp_path: Path, words: str) -> None:
    with Home(tmp_path / "home") as home:
        home.describe(PLAN.told())
    terms = 'tick = "0.01"\nlot = "0.01"\nleast = "0.01"\nnotional = "1"\nprice = "100"\n'
    (tmp_path / "other.toml").write_text(f'[[market]]\nsymbol = "BTC-USDT"\n{terms}')
    given = words.format(home=tmp_path).split()
    with pytest.raises(BadInput, match=f"made otherwise than {given[0]} says: leave it out, or give another --home"):
        _run(tmp_path, "serve", *given)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--symbols", ""], "usual terms are known of"),
        (["--symbol", ""], "give --replay too"),
        (["--agents", "1"], "agents"),
        (["--config", "nowhere.toml", "--symbols", ""], "leave --symbols out"),
    ],
)
def test_what_makes_no_exchange_is_refused_before_there_is_a_folder(
    tmp_path: Path, words: list[str], told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        _run(tmp_path, "serve", *words)
    assert not (tmp_path / "home").exists()


def test_a_seed_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    words = ["exchange", "serve", "--agents", "0", "--seed", str(2**64), "--home", str(tmp_path / "home")]
    assert CliRunner().invoke(app, words).exit_code == 2
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_folder_that_is_no_home_is_left_as_it_is(tmp_path: Path, detach: list[str]) -> None:
    other = tmp_path / "home"
    other.write_text("a file")
    with pytest.raises(BadInput, match="cannot be an exchange's home"):
        _run(tmp_path, "serve", "--agents", "0", *detach)
    other.unlink()
    other.mkdir()
    (other / "mine").touch()
    with pytest.raises(BadInput, match=r"holds mine and no markets\.json"):
        _run(tmp_path, "serve", "--agents", "0", *detach)
    assert [each.name for each in other.iterdir()] == ["mine"]


def test_one_that_is_served_at_another_port_is_not_passed_off_as_served_there(
    tmp_path: Path, starting: "subprocess.Popen[str]"
) -> None:
    _serves(starting)
    with pytest.raises(BadInput, match=r"is served at http://127\.0\.0\.1:1; stop it first to have it at port 2"):
        _run(tmp_path, "serve", "--port", "2")
    assert json.loads(_run(tmp_path, "serve", "--port", "1", "--json"))["started"] is False


@pytest.mark.parametrize("verb", ["status", "log", "verify", "stop"])
def test_to_ask_for_an_exchange_that_there_is_not_makes_no_folder(tmp_path: Path, verb: str) -> None:
    if verb == "stop":
        assert "no exchange is served" in _run(tmp_path, verb)
    else:
        with pytest.raises(NotReady):
            _run(tmp_path, verb)
    assert not (tmp_path / "home").exists()


def test_options_that_a_record_was_opened_with_may_be_given_again(
    tmp_path: Path, starting: "subprocess.Popen[str]"
) -> None:
    second = 1_000_000_000
    asked = Asked("simulated:1", None, (1_704_067_210 * second, 1_704_067_260 * second), tmp_path, 1, "hash")
    plan = replace(PLAN, crowd=REPLAY, replay=asked)
    write(tmp_path / "home" / "markets.json", {"made_by": 2, **plan.told()})
    same = ["--replay", "simulated:1", "--from", "2024-01-01T00:00:10", "--to", "2024-01-01T00:01", "--seed", "3"]
    with pytest.raises(Retryable, match="does not serve yet"):  # and so it was let pass
        _run(tmp_path, "serve", *same)
    same[3] = "2024-01-01T00:00:11"
    with pytest.raises(BadInput, match="otherwise than --from says"):
        _run(tmp_path, "serve", *same)
    with pytest.raises(BadInput, match="give --replay too"):
        _run(tmp_path, "serve", "--symbol", "SIM-USD")


def test_one_that_is_served_is_not_given_another_speed_in_silence(
    tmp_path: Path, starting: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    _serves(starting)
    monkeypatch.setattr(exchange_serve, "ask", lambda *_: {"speed": 1.0})
    assert json.loads(_run(tmp_path, "serve", "--speed", "1", "--json"))["started"] is False
    with pytest.raises(BadInput, match="fusion exchange speed 7 --home"):
        _run(tmp_path, "serve", "--speed", "7")
