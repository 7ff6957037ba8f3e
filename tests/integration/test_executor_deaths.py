"""A process that dies between any two steps of the rarer acts: declining, answering, expiring, and those with money."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.job_market import Answered, Committed, Revealed
from fusion.chain.bindings.operator_staking import Slashed, Staked, UnbondRequested
from fusion.chain.bindings.types import Failure, OutcomeKind, Status
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import Call
from fusion.chain.deployment import MUSD
from fusion.content.store import BlockStore
from fusion.errors import BadInput
from node.digest import outcome_hash
from node.executor import pauses as pauses_module
from node.executor.bond import Bond
from node.executor.journal import Journal
from node.executor.run import Vote
from node.executor.steps import Act
from node.spec import JobSpec
from sandbox.encoding import TABLE_CHUNK, encode
from sandbox.outcome import Result
from sandbox.worker import Worker
from tests.integration.conftest import Deployed
from tests.integration.executor_scene import FEE, STAKE, Killed, Scene

UNNOTED, NOTED = ("before {}", "after {}, before it is noted"), ("before {}", "after {} is noted")


@pytest.fixture
def scene(deployed: Deployed, tmp_path: Path) -> Scene:
    return Scene(deployed.anvil, deployed.chain, deployed["ann"], deployed["buyer"], tmp_path / "journal.sqlite")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses_module, "FIRST_PAUSE", 0.01)


def _points(act: Act, forms: Sequence[str]) -> set[str]:
    return {form.format(act) for form in forms}


@pytest.mark.parametrize("forms", [UNNOTED, NOTED])
def test_declining_once_is_enough(scene: Scene, forms: Sequence[str]) -> None:
    def voter(*_: object) -> Vote:
        raise BadInput("it requires what it does not pay")

    job_id = scene.post()
    to_come = _points(Act.DECLINE, NOTED) | _points(Act.COMMIT, forms) | _points(Act.REVEAL, forms)
    scene.work_through(to_come, voter)
    assert to_come == set()
    assert scene.failure(job_id) is Failure.INPUTS_UNAVAILABLE
    assert len(scene.chain.find(Committed, job_id=job_id)) == len(scene.chain.find(Revealed, job_id=job_id)) == 1
    assert scene.chain.find(Slashed) == []


@pytest.mark.parametrize("forms", [UNNOTED, NOTED])
def test_a_demand_is_answered_once(scene: Scene, forms: Sequence[str]) -> None:
    store = BlockStore(scene.path.parent / "content")

    def voter(spec: JobSpec, _worker: Worker, _until: float, _others: Sequence[str]) -> Vote:
        encoded = encode(Result({"value": np.arange(2_000, dtype=np.float64)}, fuel=1), bytes(32))
        assert encoded.files is not None
        store.add_directory(encoded.files, chunk=TABLE_CHUNK)
        kind = OutcomeKind.RESULT
        return Vote(kind, encoded.document, outcome_hash(kind, encoded.document), secrets.token_bytes(32))

    job_id = scene.post()
    journal = Journal(scene.path)
    scene.drive(scene.desk(journal, voter=voter), journal, lambda: scene.job(job_id).status is Status.PROPOSED)
    journal.close()
    deposit = scene.chain.jobs.minimum_fee(scene.job(job_id).fuel)
    scene.chain.send(scene.buyer, scene.chain.token.approve(scene.chain.jobs.address, deposit))
    document = scene.entry(job_id).document
    scene.chain.send(scene.buyer, scene.chain.jobs.demand(job_id, document, [], []))
    to_come = _points(Act.ANSWER, forms)
    scene.work_through(to_come, voter)
    assert to_come == set()
    assert scene.job(job_id).status is Status.FINAL
    assert len(scene.chain.find(Answered, job_id=job_id)) == 1
    owed = scene.chain.ledger.claimable(scene.operator.address, scene.chain.token.address)
    assert owed == FEE + deposit


@pytest.mark.parametrize("forms", [UNNOTED, NOTED])
def test_a_job_that_nobody_took_is_ended_once(scene: Scene, forms: Sequence[str]) -> None:
    job_id = scene.post()
    scene.anvil.advance(scene.chain.jobs.windows().open + 1)
    to_come = _points(Act.EXPIRE, forms)
    scene.work_through(to_come)
    assert to_come == set()
    assert scene.failure(job_id) is Failure.NOT_ASSIGNED


class Dying:
    """Sends for one who dies after so many transactions, whether or not they were told to have been included."""

    def __init__(self, chain: Chain, lives: int, *, told: bool) -> None:
        self._send: Callable[..., Receipt] = chain.send
        self.lives, self.told = lives, told

    def __call__(self, account: Account, call: Call, **options: Any) -> Receipt:
        if self.lives == 0 and self.told:
            raise Killed
        receipt = self._send(account, call, **options)
        self.lives -= 1
        if self.lives < 0:
            raise Killed
        return receipt


@pytest.mark.parametrize("told", [False, True])
def test_money_moves_once_whenever_its_owner_dies(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    send, held = chain.send, chain.token.balance_of(ann.address)
    bond = Bond(chain, ann)

    def started() -> None:
        bond.register("http://127.0.0.1:1/ipfs")
        bond.top_up(STAKE)

    for lives in range(4):  # register, approve, stake, and nothing left to do
        monkeypatch.setattr(chain, "send", Dying(chain, lives, told=told))
        try:
            started()
        except Killed:
            monkeypatch.setattr(chain, "send", send)
        monkeypatch.setattr(chain, "send", send)
    started()
    (staked,) = chain.find(Staked, operator=ann.address)
    assert (staked.amount, bond.standing().free) == (STAKE, STAKE)

    for lives in range(2):
        monkeypatch.setattr(chain, "send", Dying(chain, lives, told=told))
        try:
            bond.unbond()
        except (Killed, BadInput):  # a drain looks whether any is free before it asks
            monkeypatch.setattr(chain, "send", send)
        monkeypatch.setattr(chain, "send", send)
    (asked,) = chain.find(UnbondRequested, operator=ann.address)
    assert asked.amount == STAKE
    deployed.anvil.advance(chain.staking.unbond_period())
    monkeypatch.setattr(chain, "send", Dying(chain, 0, told=False))
    with pytest.raises(Killed):
        bond.withdraw()
    monkeypatch.setattr(chain, "send", send)
    with pytest.raises(BadInput, match="no stake is unbonding"):
        bond.withdraw()
    assert chain.token.balance_of(ann.address) == held
    assert STAKE == 5_000 * MUSD
