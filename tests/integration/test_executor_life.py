"""The life of an operator: it drains and ends, or comes back on a chain that has forgotten it."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fusion.chain.bindings.job_market import Assigned
from fusion.chain.bindings.types import Status
from node.executor import daemon as daemon_module
from node.executor.background import in_thread
from node.executor.drain import Drain
from node.executor.status import State
from node.executor.status import Status as Standing
from sandbox.image import Image
from tests.integration.executor_network import DOUBLE, STAKE, Network, Running, opened
from tests.integration.executor_process import NoWorker, Scripted

IMAGE = Image(bytes(range(32)), Path("/absent/image"))


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setattr(daemon_module, "Worker", NoWorker)
    with opened(tmp_path, ("ann", "bob", "cyd"), IMAGE, tick=0.1) as network:
        network.publish("double", DOUBLE)
        yield network


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60.0
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_drained_operator_has_served_its_seats_and_takes_no_more(network: Network) -> None:
    ann, chain = network.keys["ann"].address, network.chain
    request = Drain(network.homes["ann"])
    daemon = network.daemon("ann", Scripted)
    stopped, never = threading.Event(), threading.Event()
    first = in_thread(lambda: daemon.run(stopped))
    with Running({name: network.daemon(name, Scripted) for name in ("bob", "cyd")}):
        network.staked("ann", "bob", "cyd")
        job_id = network.post(1, n=3, k=3)
        network.until(job_id, lambda job: job.status is Status.ASSIGNED)
        assert request.ask()
        _until(lambda: chain.staking.operator(ann).unbonding > 0)
        stopped.set()  # a drain outlives its process
        first.result(timeout=30.0)
        assert Standing.load(daemon.status).state == State.STOPPED

        second = in_thread(lambda: network.daemon("ann", Scripted).run(never))
        assert network.ended(job_id).job.status is Status.FINAL
        assert ann in network.paid(job_id)
        second.result(timeout=60.0)  # it ends by itself
        held = chain.staking.operator(ann)
        assert (held.free, held.locked, held.unbonding) == (0, 0, STAKE)
        status = Standing.load(daemon.status)
        assert (status.state, status.jobs["done"], status.endings) == (State.DRAINED, 1, {"paid": 1})

        alone = network.post(1, n=1, k=1, seed=2)
        network.ended(alone)
        (assigned,) = chain.find(Assigned, job_id=alone)
        assert ann not in assigned.operators

        in_thread(lambda: network.daemon("ann", Scripted).run(never)).result(timeout=60.0)  # nothing is left to do
        assert request.cancel()
        with Running({"ann": network.daemon("ann", Scripted)}) as running:
            _until(lambda: Standing.load(running.daemons["ann"].status).state == State.RUNNING)
            assert chain.staking.operator(ann).free == 0, "what was asked back is not put in again"


def test_an_operator_that_the_chain_forgot_registers_and_stakes_again(network: Network) -> None:
    ann, chain = network.keys["ann"].address, network.chain
    before = network.anvil.snapshot()
    with Running({"ann": network.daemon("ann", Scripted)}):
        network.staked("ann")
        endpoint = chain.staking.endpoint(ann)
        network.anvil.restore(before)
        assert chain.staking.operator(ann).free == 0
        _until(lambda: chain.staking.operator(ann).free == STAKE)
        assert chain.staking.endpoint(ann) == endpoint
