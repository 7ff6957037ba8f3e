"""`fusion deploy` and `fusion protocol`, spoken to as a person would, on another network than the local one."""

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from fusion.chain import account as accounts
from fusion.chain.anvil import Anvil
from fusion.chain.deployment import Deployment, deploy

DELAY = 3600


class Command:
    """The command in this process, with a home of its own, on a network named testnet."""

    def __init__(
        self, home: Path, anvil: Anvil, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.home, self.anvil, self.monkeypatch, self.capsys = home, anvil, monkeypatch, capsys
        for name in [each for each in os.environ if each.startswith("FUSION_")]:
            monkeypatch.delenv(name)
        for name, value in (("HOME", str(home)), ("NETWORK", "testnet"), ("RPC", anvil.url)):
            monkeypatch.setenv(f"FUSION_{name}", value)
        self.at: dict[str, str] = {}
        for name in ("dora", "adam", "gus", "tess"):
            self.at[name] = accounts.create(home / "keys", name).address
            anvil.fund(self.at[name])

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, and what was written to stdout and stderr."""
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "argv", ["fusion", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    def told(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def refused(self, *arguments: str) -> str:
        code, out, err = self(*arguments)
        assert code == 2, out
        assert err.count("\n") == 1
        return err

    def deploy(self, *more: str) -> list[str]:
        return ["deploy", "--network", "testnet", "--account", "dora", *more]

    def handing_over(self) -> list[str]:
        return self.deploy("--admin", self.at["adam"], "--guardian", self.at["gus"], "--delay", str(DELAY))


@pytest.fixture
def fusion(
    tmp_path: Path, anvil: Anvil, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(tmp_path, anvil, monkeypatch, capsys)


def test_a_network_is_deployed_governed_and_deployed_again(fusion: Command) -> None:
    told = fusion.told(*fusion.handing_over(), "--treasury", fusion.at["tess"])

    assert told["admin"] == [{"account": fusion.at["adam"], "delay": DELAY}]
    assert told["guardian"] == [{"account": fusion.at["gus"], "delay": 0}]
    record = fusion.home / "deployments" / "testnet.json"
    assert told["record"] == str(record)
    kept = Deployment.load(record)
    assert (kept.network, kept.chain_id, dict(kept.contracts)) == ("testnet", 31337, told["contracts"])
    forms = json.loads((Path(told["verification"]) / "contracts.json").read_text())
    assert {each["name"]: each["address"] for each in forms}.items() >= told["contracts"].items()
    assert fusion.told(*fusion.handing_over(), "--treasury", fusion.at["tess"]) == told

    before = fusion.told("protocol", "show")
    assert (before["network"], before["sales"], before["jobs"], before["fee_bps"]) == ("testnet", "open", "open", 250)
    assert [each["state"] for each in fusion.told("protocol", "pause", "--as", "gus")] == ["done"] * 3
    assert fusion.told("protocol", "pause", "--as", "gus") == []
    assert "that is the admin's" in fusion.refused("protocol", "resume", "--as", "gus")
    scheduled = fusion.told("protocol", "resume", "--as", "adam")
    assert [each["state"] for each in scheduled] == ["scheduled"] * 3
    shown = fusion.told("protocol", "show")
    assert (shown["sales"], shown["jobs"], shown["searches"]) == ("paused",) * 3
    assert [each["from"] for each in shown["scheduled"]] == [each["from"] for each in scheduled]
    assert "waiting" in fusion("protocol", "resume", "--as", "adam")[1]
    fusion.anvil.advance(DELAY)
    assert [each["state"] for each in fusion.told("protocol", "resume", "--as", "adam")] == ["done"] * 3
    assert fusion.told("protocol", "show") == before

    assert [each["state"] for each in fusion.told("protocol", "fee", "100", "--as", "adam")] == ["scheduled"]
    assert "no call of RevenueLedger.setFee is scheduled; scheduled is RevenueLedger.setProtocolFee" in fusion.refused(
        "protocol", "cancel", "RevenueLedger.setFee", "--as", "adam"
    )
    assert "Unauthorized" in fusion.refused("protocol", "cancel", "RevenueLedger.setProtocolFee", "--as", "gus")
    assert len(fusion.told("protocol", "cancel", "RevenueLedger.setProtocolFee", "--as", "adam")["tx"]) == 1
    assert fusion.told("protocol", "show") == before
    assert [each["state"] for each in fusion.told("protocol", "fee", "100", "--as", "adam")] == ["scheduled"]
    assert fusion.told("protocol", "recorder", "gus", "--as", "adam")[0]["state"] == "scheduled"
    token = told["contracts"]["MockUSD"]
    assert fusion.told("protocol", "token", token, "--as", "adam") == []
    assert fusion.told("protocol", "token", token, "--stop", "--as", "adam")[0]["state"] == "scheduled"
    fusion.anvil.advance(DELAY)
    assert fusion.told("protocol", "fee", "100", "--wait", "--as", "adam")[0]["state"] == "done"
    assert fusion.told("protocol", "token", token, "--stop", "--as", "adam")[0]["state"] == "done"
    assert fusion.told("protocol", "recorder", fusion.at["gus"], "--as", "adam")[0]["state"] == "done"
    assert fusion.told("protocol", "recorder", "gus", "--as", "adam") == []
    assert [each["account"] for each in fusion.told("window", "recorders")["recorders"]] == [fusion.at["gus"]]
    after = fusion.told("protocol", "show")
    assert (after["fee_bps"], after["tokens"], after["scheduled"]) == (100, [], [])


def test_without_an_admin_the_account_governs_at_once(fusion: Command) -> None:
    told = fusion.told(*fusion.deploy())
    assert told["admin"] == [{"account": fusion.at["dora"], "delay": 0}]

    assert fusion.told("protocol", "fee", "300", "--as", "dora")[0]["state"] == "done"
    shown = fusion.told("protocol", "show")
    assert (shown["fee_bps"], shown["next_fee_bps"]) == (250, 300)
    assert shown["next_fee_from"] > 1_600_000_000


def test_who_deployed_hands_over_later_by_the_same_command(fusion: Command) -> None:
    before = fusion.told(*fusion.deploy())
    assert before["guardian"] == [{"account": fusion.at["dora"], "delay": 0}]

    after = fusion.told(*fusion.handing_over())

    assert after["contracts"] == before["contracts"]
    assert after["admin"] == [{"account": fusion.at["adam"], "delay": DELAY}]
    assert after["guardian"] == [{"account": fusion.at["gus"], "delay": 0}]
    assert "that is the guardian's" in fusion.refused("protocol", "pause", "--as", "dora")


def test_parameters_and_the_token_of_a_network(fusion: Command) -> None:
    stranger = accounts.Account.random()
    fusion.anvil.fund(stranger.address)
    money = deploy(fusion.anvil.url, stranger, treasury=stranger.address).contracts["MockUSD"]
    parameters = fusion.home / "ours.toml"
    parameters.write_text("minimum_stake = 7\n")

    told = fusion.told(*fusion.deploy("--token", money, "--parameters", str(parameters), "--salt", "ours"))

    assert told["contracts"]["Token"] == money
    assert fusion.told("protocol", "show")["tokens"] == [money]
    given = next(
        each
        for each in json.loads((Path(told["verification"]) / "contracts.json").read_text())
        if each["name"] == "OperatorStaking"
    )
    assert given["arguments"][-128:-64] == f"{tomllib.loads(parameters.read_text())['minimum_stake']:064x}"


def test_what_cannot_be_deployed_is_one_line(fusion: Command) -> None:
    nobody = "0x" + "ab" * 20
    for more, told in (
        (["--network", "Test Net"], "--network is 'Test Net': use lower-case letters"),
        (["--guardian", nobody], "give --admin too"),
        (["--admin", "adam"], "--admin is 'adam': give an address"),
        (["--admin", fusion.at["dora"], "--delay", "5"], "name another account as admin"),
        (["--token", nobody], "it is no ERC-20 token on that network"),
        (["--parameters", "none.toml"], "no file none.toml"),
        (["--delay", "-1"], "--delay"),
    ):
        assert told in fusion.refused(*fusion.deploy(*more))
    fusion.anvil.rpc.call("anvil_setCode", "0x4e59b44847b379578588920cA78FbF26c0B4956C", "0x")
    assert "has no deterministic deployer" in fusion.refused(*fusion.deploy())
    assert not (fusion.home / "deployments").exists()


def test_a_token_of_other_decimals_wants_parameters(fusion: Command) -> None:
    code = "0x60125f5260205ff3"  # answers 18 to everything
    token = "0x" + "12" * 20
    fusion.anvil.rpc.call("anvil_setCode", token, code)

    assert "has 18 decimals: say minimum_stake and minimum_fee" in fusion.refused(*fusion.deploy("--token", token))


def test_the_local_network_is_not_started_under_another_name(fusion: Command) -> None:
    assert "FUSION_NETWORK is testnet: unset it" in fusion.refused("up", "--foreground")
