"""Three operators on a real chain: they agree, one lies, one is killed; modules fail in every attestable way."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion.chain.bindings.job_market import Assigned
from fusion.chain.bindings.types import Job, OutcomeKind, Status
from fusion.content.store import BlockStore
from node import request
from node.digest import outcome_hash
from node.executor.daemon import Daemon
from node.executor.run import Vote
from node.executor.status import Status as Standing
from node.spec import JobSpec
from sandbox.code import Limits
from sandbox.encoding import decode
from sandbox.image import Image
from sandbox.worker import Worker
from tests.integration.executor_network import DOUBLE, FEE, FUEL, STAKE, Network, Running, opened

NAMES = ("ann", "bob", "cyd")

TWICE = """
from fusion.sdk import Floats, module
from requires import double


@module
def run(price: Floats) -> Floats:
    return double(double(price))
"""
RAISES = """
from fusion.sdk import Floats, module


@module
def run(price: Floats) -> Floats:
    raise KeyError("no such price")
"""
LOOPS = """
from fusion.sdk import Floats, module


@module
def run(price: Floats) -> Floats:
    while True:
        pass
"""
FLOODS = """
from fusion.sdk import Floats, module


@module
def run(price: Floats) -> Floats:
    while True:
        print("x" * 100_000)
"""


class Liar(Daemon):
    """Reports another result than it found."""

    def vote(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        honest = super().vote(spec, worker, until, others)
        document = honest.document[:-1] + bytes([honest.document[-1] ^ 1])
        return replace(honest, document=document, outcome_hash=outcome_hash(honest.kind, document))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, image: Image) -> Iterator[Network]:
    with opened(tmp_path_factory.mktemp("network"), NAMES, image) as network:
        yield network


@pytest.fixture
def operators(network: Network) -> Iterator[Running]:
    with Running({name: network.daemon(name) for name in NAMES}) as running:
        yield running


def test_three_agree_on_a_large_result_and_share_the_fee(network: Network, operators: Running) -> None:
    network.staked(*NAMES)
    _, cid = network.publish("double", DOUBLE)
    version, _ = network.publish("twice", TWICE, {"double": cid})
    before = network.owed()
    job_id = network.post(version, n=3, k=2, rows=2_000)
    answer = network.ended(job_id)
    assert answer.job.status is Status.FINAL
    assert answer.job.kind is OutcomeKind.RESULT
    assert set(answer.hashes.values()) == {"0x" + answer.job.outcome_hash.hex()}

    (assigned,) = network.chain.find(Assigned, job_id=job_id)
    assert network.paid(job_id) == assigned.operators
    share, rest = divmod(FEE, 3)
    names = {key.address: name for name, key in network.keys.items()}
    gained = [network.owed()[names[each]] - before[names[each]] for each in assigned.operators]
    assert gained == [share + rest, share, share]  # the lowest seat takes the remainder

    # The requester has the result from the operators' own gateways.
    columns = request.outputs(network.chain, answer, BlockStore(network.homes["ann"].parent / "requester"))
    np.testing.assert_array_equal(columns["value"], 4.0 * np.linspace(1.0, 2.0, 2_000))


@pytest.mark.parametrize(
    ("name", "code", "limits", "kind", "told"),
    [
        ("raises", RAISES, Limits(fuel=FUEL), OutcomeKind.MODULE_ERROR, ("KeyError", None)),
        ("loops", LOOPS, Limits(fuel=3 * 10**9), OutcomeKind.LIMIT_HIT, (None, "fuel")),
        ("floods", FLOODS, Limits(fuel=FUEL, output=2**20), OutcomeKind.LIMIT_HIT, (None, "output")),
    ],
)
def test_a_module_that_fails_ends_the_same_for_all(
    network: Network,
    operators: Running,
    name: str,
    code: str,
    limits: Limits,
    kind: OutcomeKind,
    told: tuple[str | None, str | None],
) -> None:
    network.staked(*NAMES)
    version, _ = network.publish(name, code)
    job_id = network.post(version, n=3, k=3, limits=limits)
    answer = network.ended(job_id)
    assert (answer.job.status, answer.job.kind) == (Status.FINAL, kind)
    assert set(answer.hashes) == {key.address for key in network.keys.values()}
    document = decode(answer.document)
    assert (document.error, document.which) == told
    assert len(network.paid(job_id)) == 3


def test_a_liar_is_outvoted_and_unpaid(network: Network) -> None:
    kinds = dict.fromkeys(NAMES, Daemon) | {"bob": Liar}
    with Running({name: network.daemon(name, kind) for name, kind in kinds.items()}):
        network.staked(*NAMES)
        version, _ = network.publish("honest", DOUBLE)
        before = network.owed()
        job_id = network.post(version, n=3, k=2)
        answer = network.ended(job_id)
    liar = network.keys["bob"].address
    assert answer.job.status is Status.FINAL
    honest = [found for operator, found in answer.hashes.items() if operator != liar]
    assert honest == ["0x" + answer.job.outcome_hash.hex()] * 2
    assert answer.hashes[liar] not in honest
    assert liar not in network.paid(job_id)
    gained = {name: network.owed()[name] - before[name] for name in NAMES}
    assert gained["bob"] == 0
    assert sorted([gained["ann"], gained["cyd"]]) == [FEE // 2, FEE - FEE // 2]
    (values,) = decode(answer.document).outputs.values()
    np.testing.assert_array_equal(values, 2.0 * np.linspace(1.0, 2.0, 10))


def test_an_operator_killed_between_commit_and_reveal_goes_on(network: Network) -> None:
    version, _ = network.publish("killed", DOUBLE)
    victim = subprocess.Popen(network.command("ann"))
    processes = [victim]
    me = network.keys["ann"].address

    def committed(_: Job) -> bool:
        return any(seat.operator == me and any(seat.commitment) for seat in network.chain.jobs.seats(job_id))

    try:
        with Running({name: network.daemon(name) for name in ("bob", "cyd")}):
            network.staked(*NAMES)
        job_id = network.post(version, n=3, k=3)
        network.until(job_id, committed)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        with Running({name: network.daemon(name) for name in ("bob", "cyd")}):
            network.until(job_id, lambda job: job.status is Status.COMMITTED and job.revealed == 2)
            processes.append(subprocess.Popen(network.command("ann")))
            answer = network.ended(job_id)
        assert answer.job.status is Status.FINAL
        assert me in network.paid(job_id)
        assert len(set(answer.hashes.values())) == 1
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_worker_ends_with_its_operator(network: Network) -> None:
    operator = subprocess.Popen(network.command("ann"))
    try:
        workers: list[int] = []
        end = time.monotonic() + 20.0
        while not workers:
            assert time.monotonic() < end
            workers = _children(operator.pid)
            time.sleep(0.05)
    finally:
        operator.kill()
        operator.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < end + 10.0
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def test_the_status_file_tells_how_an_operator_does(network: Network, operators: Running) -> None:
    network.staked(*NAMES)
    path = operators.daemons["ann"].status
    end = time.monotonic() + 20.0
    while not path.exists() or Standing.load(path).pid != os.getpid():
        assert time.monotonic() < end
        time.sleep(0.05)
    standing = Standing.load(path)
    assert standing.operator == network.keys["ann"].address
    assert standing.free + standing.locked == STAKE
    assert standing.endpoint == network.chain.staking.endpoint(standing.operator)
    assert standing.running
    assert set(standing.jobs) == {"seen", "ready", "committed", "revealed", "abstained", "done"}


def test_stopping_in_the_middle_of_a_run_is_quick_and_loses_nothing(network: Network) -> None:
    version, _ = network.publish("long", LOOPS)
    with Running({name: network.daemon(name) for name in NAMES}):
        network.staked(*NAMES)
        job_id = network.post(version, n=1, k=1, limits=Limits(fuel=4 * 10**10))
        network.until(job_id, lambda job: job.status is Status.ASSIGNED)
        time.sleep(1.5)
        begun = time.monotonic()
    assert time.monotonic() - begun < 8.0
    assert network.chain.jobs.job(job_id).status is Status.ASSIGNED
    with Running({name: network.daemon(name) for name in NAMES}):
        answer = network.ended(job_id)
    assert (answer.job.status, answer.job.kind) == (Status.FINAL, OutcomeKind.LIMIT_HIT)


def test_earnings_are_claimed_once_they_are_enough(network: Network) -> None:
    version, _ = network.publish("paying", DOUBLE)
    token, address = network.chain.token, network.keys["bob"].address
    before = token.balance_of(address) + network.owed()["bob"]
    with Running({name: network.daemon(name, claim_at=1) for name in NAMES}) as running:
        network.staked(*NAMES)
        network.ended(network.post(version, n=3, k=3))
        path = running.daemons["bob"].status
        end = time.monotonic() + 20.0
        while not path.exists() or Standing.load(path).claimed == 0 or network.owed()["bob"] > 0:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert token.balance_of(address) in (before + FEE // 3, before + FEE - 2 * (FEE // 3))
