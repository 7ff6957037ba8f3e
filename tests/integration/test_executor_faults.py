"""A full disk, a process that stood still, chain time that jumps: what an operator keeps, and goes on with."""

import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fusion.chain.bindings.job_market import Committed, Revealed
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.types import Fault, OutcomeKind, Status
from node.digest import outcome_hash
from node.executor import daemon as daemon_module
from node.executor import notes as notes_module
from node.executor import pauses as pauses_module
from node.executor.journal import Journal
from node.executor.run import Vote
from node.spec import JobSpec
from sandbox.image import Image
from sandbox.worker import Worker
from tests.integration.conftest import Deployed
from tests.integration.executor_network import DOUBLE, Network, Running, opened
from tests.integration.executor_process import SCRIPTED, NoWorker, Scripted
from tests.integration.executor_scene import Scene, idle

IMAGE = Image(bytes(range(32)), Path("/absent/image"))
SIZE = 1 << 20  # bytes of the small disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("a disk that can be filled is mounted by root alone")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(folder: Path) -> Path:
    """Takes all the room that there is."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while file.write(bytes(size)):
                    continue
            except OSError:
                continue
    return filler


def _large(spec: JobSpec, _worker: Worker, _until: float, _others: Sequence[str]) -> Vote:
    """An outcome that takes a page of the journal."""
    document = spec.seed.to_bytes(8, "big") * 500
    return Vote(OutcomeKind.RESULT, document, outcome_hash(1, document), secrets.token_bytes(32))


def test_on_a_full_disk_nothing_is_committed_that_is_not_written_and_all_else_goes_on(
    deployed: Deployed, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(notes_module, "AGAIN", 0.0)
    scene = Scene(deployed.anvil, deployed.chain, deployed["ann"], deployed["buyer"], disk / "journal.sqlite")
    runs: list[int] = []
    full = threading.Event()

    def voter(spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        runs.append(spec.seed)
        if spec.seed == 2:
            full.wait(30.0)
        return _large(spec, worker, until, others)

    first = scene.post(seed=1)
    journal = Journal(scene.path)
    desk = scene.desk(journal, voter=voter)
    scene.drive(desk, journal, lambda: scene.job(first).status is Status.COMMITTED and not desk.under_way())
    second = scene.post(seed=2)
    scene.drive(desk, journal, lambda: runs == [1, 2])
    filler = _fill(disk)
    full.set()

    # What the first job needs of the journal is there: it is revealed and ended. The second is run, and waits.
    head = scene.chain.head()
    for _ in range(200):
        desk.collect()
        desk.review(scene.chain.head())
        if scene.job(first).status is Status.REVEALED:
            break
        scene.anvil.mine()
    for _ in range(20):
        desk.collect()
        desk.review(scene.chain.head())
    assert scene.chain.now() < head.timestamp + scene.chain.jobs.windows().commit
    assert len(scene.chain.find(Revealed, job_id=first)) == 1
    assert runs == [1, 2]
    assert scene.chain.find(Committed, job_id=second) == []

    filler.unlink()
    scene.drive(desk, journal, lambda: idle(journal) and not desk.under_way())
    journal.close()
    assert runs == [1, 2], "the outcome was kept meanwhile, and is not found anew"
    assert [scene.job(each).status for each in (first, second)] == [Status.FINAL] * 2
    assert scene.chain.find(Slashed) == []


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with (
        pytest.MonkeyPatch.context() as patch,
        opened(tmp_path_factory.mktemp("faults"), ("ann", "bob", "cyd"), IMAGE, tick=0.1) as network,
    ):
        patch.setattr(daemon_module, "Worker", NoWorker)
        network.publish("double", DOUBLE)
        yield network


def _lost(network: Network, name: str) -> list[Fault]:
    return [each.fault for each in network.chain.find(Slashed, operator=network.keys[name].address)]


def test_a_process_that_stood_still_goes_on_where_the_chain_is(network: Network) -> None:
    others = {name: network.daemon(name, Scripted) for name in ("bob", "cyd")}
    ann = subprocess.Popen(network.command("ann", SCRIPTED))
    try:
        with Running(others):
            network.staked("ann", "bob", "cyd")
            job_id = network.post(1, n=3, k=3)
            network.until(job_id, lambda job: job.committed == 3)
            ann.send_signal(signal.SIGSTOP)
            network.until(job_id, lambda job: job.revealed >= 2)
            ann.send_signal(signal.SIGCONT)
            assert network.ended(job_id).job.status is Status.FINAL
            assert _lost(network, "ann") == []

            ann.send_signal(signal.SIGSTOP)  # and now past its window
            job_id = network.post(1, n=3, k=2, seed=2)
            network.until(job_id, lambda job: job.committed == 2)
            network.anvil.advance(network.chain.jobs.windows().commit + 300)
            ended = network.ended(job_id)
            assert ended.job.status is Status.FINAL
            assert _lost(network, "ann") == [Fault.SILENT]
            ann.send_signal(signal.SIGCONT)
            again = network.ended(network.post(1, n=3, k=3, seed=3))
            assert again.job.status is Status.FINAL
            assert _lost(network, "ann") == [Fault.SILENT]
    finally:
        ann.kill()
        ann.wait()
