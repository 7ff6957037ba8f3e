"""`fusion operator` as a person speaks to it: set up, stake, ask back, withdraw, drain."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from cli import operator_file
from cli.main import main
from fusion.chain import account as accounts
from fusion.chain.deployment import MUSD
from fusion.settings import Settings
from node.executor.bond import Bond
from tests.integration.conftest import Deployed

ENDPOINT = "http://127.0.0.1:8650/ipfs"


class Command:
    """The command in this process, with a home of its own."""

    def __init__(self, home: Path, deployed: Deployed, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self.home, self.patch, self.capsys = home, patch, capsys
        cache = Settings().cache
        for name in [each for each in os.environ if each.startswith("FUSION_")]:
            patch.delenv(name)
        for name, value in (("HOME", str(home)), ("CACHE", str(cache))):
            patch.setenv(f"FUSION_{name}", value)
        deployed.chain.deployment.save(home / "deployment.json")
        self.rpc = deployed.anvil.url

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, and what was written to stdout and stderr."""
        self.capsys.readouterr()
        self.patch.setattr(sys, "argv", ["fusion", *arguments])
        self.patch.setenv("FUSION_RPC", self.rpc)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    def told(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def fusion(
    tmp_path: Path, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(tmp_path / "home", deployed, monkeypatch, capsys)


def _init(fusion: Command, *options: str) -> Any:
    return fusion.told("operator", "init", "--rpc", fusion.rpc, "--as", "olga", *options)


def test_an_operator_is_set_up_by_options_alone(fusion: Command, deployed: Deployed) -> None:
    told = _init(
        fusion, "--stake", "2000", "--workers", "2", "--memory", "1GiB", "--endpoint", ENDPOINT, "--port", "8650"
    )
    findings = {each["what"]: each for each in told["findings"]}
    address = accounts.address_of(fusion.home / "keys", "olga")
    assert told["operator"] == address
    assert not told["ready"]
    assert (
        f"send 2,000.00 more of the token {deployed.chain.token.address} to {address}" in findings["tokens"]["advice"]
    )
    assert "send it ether" in findings["ether"]["advice"]
    assert findings["gateway"]["ok"], "what is called at the endpoint comes back to this machine"
    assert findings["capacity"]["ok"]
    assert told["systemd"][0] == f"Environment=FUSION_HOME={fusion.home}"
    assert stat.S_IMODE((fusion.home / "keys" / "olga.password").stat().st_mode) == 0o600

    values = operator_file.load(fusion.home)
    assert values == {
        "account": "olga",
        "network": "local",
        "rpc": fusion.rpc,
        "stake": "2000",
        "claim_at": "1",
        "host": "127.0.0.1",
        "port": 8650,
        "endpoint": ENDPOINT,
        "workers": 2,
        "memory": "1GiB",
        "metrics_port": 0,
    }

    deployed.anvil.fund(address)
    deployed.chain.send(deployed["ann"], deployed.chain.token.mint(address, 2_000 * MUSD))
    before = (fusion.home / "operator.toml").read_text()
    code, _, err = fusion("operator", "init", "--as", "other", "--stake", "5")
    assert code == 2
    assert "--overwrite replaces it" in err
    assert (fusion.home / "operator.toml").read_text() == before
    assert _init(fusion, "--stake", "2000", "--overwrite")["ready"]


def test_what_nobody_says_is_asked_for_by_its_option(fusion: Command, tmp_path: Path) -> None:
    (fusion.home / "deployment.json").unlink()
    code, _, err = fusion("operator", "init", "--as", "olga")
    assert code == 2
    assert "no --deployment: give it, or run this at a terminal" in err
    code, _, err = fusion("operator", "init", "--deployment", str(tmp_path / "nowhere.json"))
    assert code == 2
    code, _, err = fusion("operator", "start")
    assert code == 2
    assert "fusion operator init" in err
    assert not (fusion.home / "operator.toml").exists()


def test_stake_is_asked_back_and_withdrawn_in_its_time(fusion: Command, deployed: Deployed) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    accounts.create(fusion.home / "keys", "ann", key=ann._signer._key.key)  # type: ignore[attr-defined]  # a Key
    bond = Bond(chain, ann)
    bond.register("http://127.0.0.1:1/ipfs")
    bond.stake(3_000 * MUSD)
    assert fusion("operator", "unbond", "--as", "ann")[0] == 2, "how much must be said"
    assert fusion("operator", "withdraw", "--as", "ann")[0] == 2, "nothing was asked back"
    told = fusion.told("operator", "unbond", "1000", "--as", "ann")
    assert (told["free"], told["unbonding"]) == (2_000 * MUSD, 1_000 * MUSD)
    assert told["unbond_at"] == chain.now() + chain.staking.unbond_period()
    code, _, err = fusion("operator", "withdraw", "--as", "ann")
    assert code == 1
    assert "1,000.00 may be withdrawn from " in err
    assert " UTC on, in 1:4" in err  # hours and minutes

    assert not bond.top_up(3_000 * MUSD), "who asks stake back means it"
    deployed.anvil.advance(chain.staking.unbond_period())
    assert fusion.told("operator", "withdraw", "--as", "ann")["withdrawn"] == 1_000 * MUSD
    assert not bond.top_up(3_000 * MUSD), "also once it has it"
    fusion.told("operator", "stake", "500", "--as", "ann")
    assert bond.top_up(3_000 * MUSD), "until it stakes again"
    told = fusion.told("operator", "unbond", "--all", "--as", "ann")
    assert (told["free"], told["unbonding"]) == (0, 3_000 * MUSD)
    (row,) = fusion.told("operator", "status")
    assert (row["unbonding"], row["daemon"]) == (3_000 * MUSD, None)


def test_a_drain_is_asked_for_in_the_home_and_taken_back(fusion: Command) -> None:
    assert fusion.told("operator", "drain")["state"] == "not started"
    assert (fusion.home / "drain").exists()
    code, _, err = fusion("operator", "stake", "5", "--as", "ann")
    assert code == 2
    assert "drain --cancel" in err
    assert fusion.told("operator", "drain", "--cancel") == {"draining": False, "was_asked": True}
    assert not (fusion.home / "drain").exists()
