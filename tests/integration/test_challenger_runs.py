"""What an operator runs again in its sandbox comes out as the operators found it, and leaves nothing behind."""

import time
from pathlib import Path

from fusion.chain.bindings.types import Status
from node.spec import JobSpec
from sandbox.image import Image
from sandbox.worker import Worker
from tests.integration.executor_network import DOUBLE, Running, opened


def test_a_run_again_comes_out_the_same_and_keeps_nothing(tmp_path: Path, image: Image) -> None:
    with opened(tmp_path, ("ann", "bob"), image) as network, Worker(image) as worker:
        version, _ = network.publish("double", DOUBLE)
        bob = network.daemon("bob")  # watches from beside: it has no seat
        with Running({"ann": network.daemon("ann")}):
            network.staked("ann")
            job_id = network.post(version, n=1, k=1, rows=10_000)  # too much for a document
            job = network.until(job_id, lambda job: job.status in (Status.PROPOSED, Status.FINAL))
        posted = network.chain.events(0, network.chain.head().number)
        (data,) = (event.spec for event in posted if getattr(event, "spec", None) is not None)
        spec = JobSpec.decode(data)

        outcomes = [bob.rerun(spec, worker, time.monotonic() + 60, ()) for _ in range(2)]

        assert outcomes == [job.outcome_hash] * 2
        assert list(bob._shelves.results.roots()) == []
