"""A desk before a chain of jobs that are all alike."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.bindings.types import Status
from fusion.content.store import BlockStore
from fusion.errors import ChainUnavailable
from node.executor.desk import Desk
from node.executor.duty import Contract, Duty
from node.executor.journal import Journal, Posted
from node.executor.run import Vote
from node.executor.slots import Slots
from tests.unit.node.desk_world import IMAGE, ME, SPEC, Made, Panels, World


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Made]]:
    """Makes a world, a desk with `workers` and a journal with `count` jobs, of which the last `ready` have a vote.

    Its voter raises `failure`, or else waits for the test's end.
    """
    journal = Journal(tmp_path / "journal.sqlite")
    begun: list[World] = []

    def make(
        status: Status,
        *,
        count: int,
        ready: int = 0,
        workers: int = 0,
        memory: int = 2**40,
        failure: Exception | None = None,
    ) -> Made:
        world = World(status)
        world.panel = Panels(world)  # type: ignore[assignment]  # until then it was its own
        begun.append(world)

        def run(*_arguments: object) -> Vote:
            if failure is not None:
                raise failure
            world.sent.wait(10)
            raise ChainUnavailable("the test is over")

        some: Any = [SimpleNamespace(pid=7) for _ in range(workers)]
        slots = Slots(some, memory)
        store = BlockStore(tmp_path / "content")
        desk = Desk(
            cast("Any", world), ME, journal, store=store, images={IMAGE}, slots=slots, voter=run, max_fuel=10**12
        )
        journal.advance(1, "0xa", [Posted(job_id, 1, SPEC) for job_id in range(1, count + 1)])
        for job_id in range(count - ready + 1, count + 1):
            journal.ready(Duty(Contract.JOB, job_id), 1, b"document", b"h" * 32, b"s" * 32)
        return world, desk, journal

    yield make
    for world in begun:
        world.sent.set()
    journal.close()
