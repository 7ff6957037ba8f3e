"""Deploying on real chains: the same addresses everywhere, on from where it stopped, and never over something else."""

import dataclasses
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusion.chain import deployment, verification
from fusion.chain.account import Account
from fusion.chain.anvil import ROOT, Anvil
from fusion.chain.authority import GOVERNED, Roles
from fusion.chain.client import Chain
from fusion.chain.contract import selector
from fusion.chain.contracts import AssurancePool, Factory, JobMarket, MockUSD
from fusion.chain.deployment import PAID_IN, Deployment, deploy
from fusion.chain.factory import CONTRACTS, DEPLOYER, SALT, Plan
from fusion.chain.governance import Holder, allowed_tokens, holders, operations
from fusion.chain.parameters import PRODUCTION, Parameters
from fusion.chain.transactions import Sender
from fusion.chain.watch import NonceTakenError
from fusion.errors import BadInput, NotReady, TransactionLost

OWNER = Account.from_key("0f" * 32)
ADMIN, GUARDIAN, OTHER = (Account.random().address for _ in range(3))
ROLES = Roles(ADMIN, GUARDIAN, 3600)
STEPS = 1 + len(CONTRACTS) + 1  # the factory, each contract, the roles


@pytest.fixture
def anvil(anvil: Anvil) -> Anvil:
    anvil.fund(OWNER.address)
    return anvil


@pytest.fixture
def other_network() -> Iterator[Anvil]:
    with Anvil.run() as running:
        running.rpc.call("anvil_setChainId", 777)
        running.fund(OWNER.address)
        yield running


def made(anvil: Anvil, **more: Any) -> Deployment:
    return deploy(anvil.url, OWNER, **{"treasury": OWNER.address, "roles": ROLES, **more})


def cut_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """The power goes after so many transactions were sent."""
    sent = 0
    take = deployment._Steps.take

    def counting(self: deployment._Steps, what: str, to: str, data: bytes) -> None:
        nonlocal sent
        if sent == steps:
            raise KeyboardInterrupt
        take(self, what, to, data)
        sent += 1

    monkeypatch.setattr(deployment._Steps, "take", counting)


def test_an_account_has_the_same_addresses_on_every_network(anvil: Anvil, other_network: Anvil) -> None:
    here = made(anvil)
    # Another chain, other parameters, another treasury, and a token of the network's own.
    other_network.fund(OTHER)
    stranger = Account.random()
    other_network.fund(stranger.address)
    money = deploy(other_network.url, stranger, treasury=stranger.address).contracts["MockUSD"]
    there = made(other_network, parameters=PRODUCTION, treasury=OTHER, token=money, roles=None, network="other")

    assert (here.chain_id, there.chain_id, there.network) == (31337, 777, "other")
    assert {PAID_IN: money, **here.contracts} == {"MockUSD": here.contracts["MockUSD"], **there.contracts}
    assert here.contracts["MockUSD"] not in there.contracts.values()
    assert here.hash != there.hash
    chain = Chain.connect(other_network.url, there)
    assert chain.token.address == chain.staking.token() == money
    assert chain.jobs.windows() == PRODUCTION.windows
    assert allowed_tokens(chain) == [money]


def test_another_account_or_salt_has_other_addresses(anvil: Anvil) -> None:
    first = Plan.of(OWNER.address, OWNER.address, Parameters(), token=None, salt=SALT)
    salted = Plan.of(OWNER.address, OWNER.address, Parameters(), token=None, salt="again")
    others = Plan.of(OTHER, OWNER.address, Parameters(), token=None, salt=SALT)
    assert len({first.factory, salted.factory, others.factory}) == 3

    here, again = made(anvil), made(anvil, salt="again", parameters=Parameters(protocol_fee_bps=1))

    assert not set(here.contracts.values()) & set(again.contracts.values())
    assert Chain.connect(anvil.url, again).ledger.protocol_fee_bps() == 1


def test_everything_is_as_it_was_planned(anvil: Anvil) -> None:
    chain = Chain.connect(anvil.url, made(anvil))

    assert holders(chain) == {"admin": [Holder(ADMIN, 3600)], "guardian": [Holder(GUARDIAN, 0)]}
    for (kind, signature), role in GOVERNED.items():
        at = chain.deployment.contracts[kind.NAME]
        assert chain.manager.get_target_function_role(at, selector(signature)) == role
    assert allowed_tokens(chain) == [chain.token.address]
    assert operations(chain) == []
    assert chain.deployment.block == 1


def test_a_deployment_that_was_cut_off_goes_on_where_it_stopped(anvil: Anvil, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = anvil.snapshot()
    whole = made(anvil)
    nonces = transactions(anvil)
    for steps in range(STEPS):
        anvil.restore(blank)
        blank = anvil.snapshot()
        with monkeypatch.context() as patch:
            cut_after(patch, steps)
            with pytest.raises(KeyboardInterrupt):
                made(anvil)
        assert transactions(anvil, "pending") == steps

        assert made(anvil) == whole

        assert transactions(anvil) == nonces, "nothing is made twice"
        chain = Chain.connect(anvil.url, whole)
        assert holders(chain) == {"admin": [Holder(ADMIN, 3600)], "guardian": [Holder(GUARDIAN, 0)]}
        assert allowed_tokens(chain) == [chain.token.address]


def transactions(anvil: Anvil, block: str = "latest") -> int:
    return int(anvil.rpc.call("eth_getTransactionCount", OWNER.address, block), 16)


def test_deploying_again_changes_nothing(anvil: Anvil) -> None:
    first = made(anvil)
    sent = transactions(anvil)

    assert made(anvil) == made(anvil, roles=None) == first

    assert transactions(anvil) == sent


def test_other_code_or_parameters_at_an_address_are_refused(anvil: Anvil) -> None:
    first = made(anvil, roles=None)
    sent = transactions(anvil)
    ledger, staking = first.contracts["RevenueLedger"], first.contracts["OperatorStaking"]

    with pytest.raises(BadInput, match=f"RevenueLedger at {ledger} was created with other code or parameters"):
        made(anvil, treasury=OTHER)
    with pytest.raises(BadInput, match=f"OperatorStaking at {staking} was created with other .* or another --salt"):
        made(anvil, parameters=Parameters(minimum_stake=1))
    with pytest.raises(BadInput, match=f"OperatorStaking at {staking}"):
        made(anvil, token=first.contracts["AccessManager"])
    assert transactions(anvil) == sent


def test_other_code_is_refused_half_way_too(anvil: Anvil, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        cut_after(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            made(anvil)
    monkeypatch.setattr(MockUSD, "creation", classmethod(lambda cls: b"\x00"))  # not created yet: no difference so far
    made_before = Plan.of(OWNER.address, OWNER.address, Parameters(), token=None, salt=SALT)
    assert Factory(Chain(anvil.rpc, whole(made_before)), made_before.factory).count() == 5

    with pytest.raises(BadInput, match="OperatorStaking at"):
        made(anvil, parameters=Parameters(minimum_stake=1))


def whole(plan: Plan) -> Deployment:
    return Deployment(31337, {kind.NAME: plan.at[kind] for kind in CONTRACTS}, 0, "")


def test_a_stranger_who_makes_the_factory_before_does_no_harm(anvil: Anvil) -> None:
    plan = Plan.of(OWNER.address, OWNER.address, Parameters(), token=None, salt=SALT)
    stranger = Account.random()
    anvil.fund(stranger.address)
    steps = deployment._Steps(anvil.rpc, stranger)
    steps.take("making", DEPLOYER, plan.making)
    steps.finish()

    assert made(anvil).contracts["JobMarket"] == plan.at[JobMarket]


def test_a_chain_without_the_deterministic_deployer_is_told(anvil: Anvil) -> None:
    anvil.rpc.call("anvil_setCode", DEPLOYER, "0x")

    with pytest.raises(NotReady, match=f"chain 31337 has no deterministic deployer at {DEPLOYER}"):
        made(anvil)
    assert transactions(anvil) == 0


def test_a_token_that_is_not_there_is_told(anvil: Anvil) -> None:
    with pytest.raises(NotReady, match=f"no token at {OTHER} on chain 31337"):
        made(anvil, token=OTHER)


def test_what_was_handed_over_is_not_taken_back(anvil: Anvil) -> None:
    made(anvil)

    with pytest.raises(BadInput, match=r"handed this deployment over, and it is not as asked \(labelRole, grantRole\)"):
        made(anvil, roles=dataclasses.replace(ROLES, guardian=OTHER))
    with pytest.raises(BadInput, match="governs without a delay until it hands over"):
        made(anvil, roles=Roles(OWNER.address, GUARDIAN, 1))


def test_it_may_be_handed_over_later(anvil: Anvil) -> None:
    first = made(anvil, roles=None)
    assert holders(Chain.connect(anvil.url, first)) == {
        "admin": [Holder(OWNER.address, 0)],
        "guardian": [Holder(OWNER.address, 0)],
    }

    assert made(anvil, roles=Roles(ADMIN, OWNER.address, 60)) == first

    chain = Chain.connect(anvil.url, first)
    assert holders(chain) == {"admin": [Holder(ADMIN, 60)], "guardian": [Holder(OWNER.address, 0)]}


def test_what_a_call_that_was_cut_off_had_sent_is_waited_for(anvil: Anvil, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        cut_after(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            made(anvil)
    anvil.automine(on=False)
    plan = Plan.of(OWNER.address, OWNER.address, Parameters(), token=None, salt=SALT)
    steps = deployment._Steps(anvil.rpc, OWNER)
    place, kind = 2, CONTRACTS[2]
    call = Factory(steps, plan.factory).create(place, plan.codes[kind])
    steps.take("creation", call.to, call.data)
    monkeypatch.setattr(deployment, "TIMEOUT", 0.5)
    with pytest.raises(TransactionLost, match="has transactions that are not included yet; try again later"):
        made(anvil)

    anvil.automine(on=True)
    anvil.mine()
    monkeypatch.setattr(deployment, "TIMEOUT", 60)
    assert made(anvil).contracts["JobMarket"] == plan.at[JobMarket]


def test_another_that_sends_meanwhile_is_told(anvil: Anvil, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(*_: object) -> None:
        raise NonceTakenError

    with monkeypatch.context() as patch:
        patch.setattr(Sender, "wait", overtaken)
        with pytest.raises(TransactionLost, match="was overtaken; deploy again, it goes on there"):
            made(anvil)

    made(anvil)


def test_what_explorers_are_given_compiles_to_what_is_deployed(anvil: Anvil, tmp_path: Path) -> None:
    made(anvil)
    plan = Plan.of(OWNER.address, OWNER.address, Parameters(), token=None, salt=SALT)

    verification.write(verification.verifications(plan), tmp_path)

    index = json.loads((tmp_path / "contracts.json").read_text())
    names = {kind.NAME for kind in CONTRACTS} | {"Factory", "LicenseCard", "Referee"}
    assert {each["name"] for each in index} == names
    for each in index:
        assert anvil.rpc.call("eth_getCode", each["address"], "latest") != "0x", each["name"]
    form = next(each for each in index if each["name"] == "AssurancePool")
    compiled = compile_standard(tmp_path / form["input"])
    file, _, contract = form["source"].rpartition(":")
    code = compiled["contracts"][file][contract]["evm"]["bytecode"]["object"] + form["arguments"]
    assert bytes.fromhex(code) == plan.codes[AssurancePool]


def compile_standard(file: Path) -> Any:
    compiler = ROOT / "contracts" / "solc" / "solc"
    with file.open() as given:
        done = subprocess.run([compiler, "--standard-json"], stdin=given, capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


def test_sources_that_changed_are_no_verification(tmp_path: Path) -> None:
    plan = Plan.of(OWNER.address, OWNER.address, Parameters(), token=None, salt=SALT)

    with pytest.raises(NotReady, match=r"Factory is not compiled here: no .*; run `make contracts`"):
        verification.verifications(plan, tmp_path)
    compiled = tmp_path / "build" / "forge" / "Factory.sol"
    compiled.mkdir(parents=True)
    text = (ROOT / "build" / "forge" / "Factory.sol" / "Factory.json").read_text()
    (compiled / "Factory.json").write_text(text)
    with pytest.raises(NotReady, match=r"contracts/Factory\.sol is not what was compiled"):
        verification.verifications(plan, tmp_path)
    artifact = json.loads(text)
    artifact["bytecode"]["object"] += "00"
    (compiled / "Factory.json").write_text(json.dumps(artifact))
    with pytest.raises(NotReady, match="is not what is deployed"):
        verification.verifications(plan, tmp_path)
