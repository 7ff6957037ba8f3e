"""How an operator is told what to do: options, operator.toml, variables, defaults, and what a person sees of it."""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli import operator_checks, operator_file
from cli.operator_ask import Asker
from cli.operator_start import merged, terms_of
from cli.operator_watch import drawn
from cli.values import parse_bytes
from fusion.errors import BadInput
from fusion.settings import Settings
from node.executor.status import State, Status, since_boot, started
from node.executor.terms import LEAST_MEMORY
from sandbox import capacity


def _write(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / operator_file.FILE).write_text(text)


def test_an_option_is_before_the_file_and_the_file_before_the_default(tmp_path: Path) -> None:
    _write(tmp_path, 'account = "olga"\nstake = "2000"\nworkers = 3\nport = 7\nmemory = "2GiB"')
    values = merged(Settings(home=tmp_path), {"stake": "5000", "port": None})
    assert values["account"] == "olga"
    terms = terms_of(values)
    assert (terms.stake, terms.port, terms.workers, terms.memory) == (5_000 * 10**6, 7, 3, 2 << 30)
    assert (terms.host, terms.metrics_port, terms.keep) == ("127.0.0.1", 0, 7 * 86_400)


def test_without_a_word_an_operator_gives_its_cores_and_a_share_of_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "cores", lambda: 6)
    monkeypatch.setattr(capacity, "free_memory", lambda: 10 << 30)
    base: dict[str, Any] = {"account": "a", "stake": "1"}
    home = Path("/nonexistent")
    terms = terms_of(merged(Settings(home=home), base))
    assert (terms.workers, terms.memory) == (6, 5 << 30)
    monkeypatch.setattr(capacity, "free_memory", lambda: 1)
    assert terms_of(merged(Settings(home=home), base)).memory == LEAST_MEMORY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stake = ", "is no TOML"),
        ('steak = "5"', "names 'steak'; known are account"),
        ("stake = 5", "stake in .* is 5: make it a text"),
        ("workers = true", "workers in .* is True: make it a whole number"),
        ("gateways = [1]", "make it a list of texts"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(text: str, said: str, tmp_path: Path) -> None:
    _write(tmp_path, text)
    with pytest.raises(BadInput, match=said):
        operator_file.load(tmp_path)


def test_who_and_how_much_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no --as: give it, or write operator\.toml"):
        merged(Settings(home=tmp_path), {"stake": "5"})
    with pytest.raises(BadInput, match="no --stake"):
        merged(Settings(home=tmp_path), {"account": "olga"})


def test_the_file_stands_in_for_variables_that_are_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSION_RPC", "http://set:1")
    monkeypatch.setattr(os, "environ", dict(os.environ))
    _write(tmp_path, 'rpc = "http://file:1"\nnetwork = "sepolia"\ngateways = ["http://here/ipfs"]')
    operator_file.stand_in(operator_file.load(tmp_path))
    assert os.environ["FUSION_RPC"] == "http://set:1"
    assert (os.environ["FUSION_NETWORK"], os.environ["FUSION_GATEWAYS"]) == ("sepolia", '["http://here/ipfs"]')


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    values = {"account": 'o"l\\ga é', "port": 0, "gateways": ["http://a/ipfs", "http://b/ipfs"], "stake": "5"}
    operator_file.write(tmp_path, {**values, "signer": "", "memory": None})
    assert operator_file.load(tmp_path) == values


def test_nobody_at_a_terminal_is_asked_nothing() -> None:
    asker = Asker({"port": "x", "host": None})
    assert not asker.interactive
    assert asker.ask("host", "Host", "127.0.0.1") == "127.0.0.1"
    with pytest.raises(BadInput, match="no --stake"):
        asker.ask("stake", "Stake", None)
    with pytest.raises(ValueError, match="invalid literal"):
        asker.ask("port", "Port", "1", int)
    assert not asker.confirmed("Sure?")


def test_a_person_is_asked_again_until_the_answer_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["lots", "1GiB"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    asker = Asker({})
    asker.interactive = True
    assert asker.ask("memory", "Memory", None, lambda text: parse_bytes(text, "--memory")) == "1GiB"


@pytest.mark.parametrize(("text", "size"), [("123", 123), ("4GiB", 4 << 30), ("512MiB", 512 << 20), ("0KiB", 0)])
def test_sizes_are_read_in_bytes(text: str, size: int) -> None:
    assert parse_bytes(text, "--memory") == size


@pytest.mark.parametrize("text", ["", "GiB", "-1", "1.5GiB", "4GB", "4 GiB", "9" * 19])
def test_what_is_no_size_is_told(text: str) -> None:
    with pytest.raises(BadInput, match="--memory is"):
        parse_bytes(text, "--memory")


@pytest.mark.parametrize(
    ("endpoint", "port", "said"),
    [
        ("", 8650, "127.0.0.1 is not reachable from outside its own network"),
        ("", 0, "choose a --port"),
        ("http://10.1.2.3/ipfs", 8650, "10.1.2.3 is not reachable"),
    ],
)
def test_a_gateway_that_others_cannot_reach_is_told(endpoint: str, port: int, said: str) -> None:
    found = operator_checks.gateway("127.0.0.1", port, endpoint, local=False)
    assert not found.ok
    assert said in found.advice


def test_an_endpoint_that_is_no_url_is_refused() -> None:
    with pytest.raises(BadInput, match="give a URL"):
        operator_checks.gateway("127.0.0.1", 1, "node.example.org", local=False)


def test_a_container_is_given_no_more_than_it_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, folder = tmp_path / "own", tmp_path / "cgroup"
    (folder / "a.service").mkdir(parents=True)
    own.write_text("1:cpu:/x\n0::/a.service\n")
    for name, text in (("cpu.max", "150000 100000"), ("memory.max", "1000"), ("memory.current", "400")):
        (folder / "a.service" / name).write_text(text)
    monkeypatch.setattr(capacity, "OWN", own)
    monkeypatch.setattr(capacity, "CGROUPS", folder)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert capacity.cores() == 2
    assert capacity.free_memory() == 600
    (folder / "a.service" / "memory.max").write_text("max")
    (folder / "a.service" / "cpu.max").write_text("max 100000")
    assert capacity.cores() == 8
    assert capacity.free_memory() > 600


def test_the_live_view_shows_what_matters() -> None:
    status = Status(
        operator="0x" + "1" * 40,
        endpoint="http://127.0.0.1:9/ipfs",
        image="00" * 32,
        pid=os.getpid(),
        block=7,
        time=1_000,
        jobs={"done": 3, "seen": 0},
        free=5 * 10**6,
        locked=0,
        unbonding=2 * 10**6,
        claimable=0,
        claimed=0,
        started=started(os.getpid()),
        written=since_boot(),
        state=State.DRAINING,
        head=9,
        duties=[{"duty": "job 4", "job_id": 4, "stage": "ready", "status": "assigned", "deadline": 1_060, "act": None}],
        runs=[{"duty": "job 5", "job": 5, "seconds": 1.5, "memory": 512 << 20}],
        errors=[{"time": 1, "about": "chain", "error": "no answer [from] it", "times": 4}],
        walls={"seccomp": "no"},
        left="1 duties and transactions to end",
        watch={
            "suspected": 2,
            "challenges": 1,
            "bonds": 3 * 10**6,
            "endings": {"won": 4},
            "rewards": 10**6,
            "stopped": "it was wrong",
        },
    )
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(drawn(status))
    text = console.export_text()
    for word in (
        "draining",
        "7, 2 behind",
        "5.00 free",
        "2.00 unbonding",
        "3 done",
        "job 4",
        "60",
        "512 MiB",
        "seccomp",
        "2 suspected, 1 challenged with 3.00 in bonds, 4 won, 1.00 earned, STOPPED: it was wrong",
    ):
        assert word in text
    assert "no answer [from] it" in text
