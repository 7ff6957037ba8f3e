"""A run and the fetching before it fit together in the commit window."""

from pathlib import Path

import numpy as np
import pytest

from fusion.content.cid import Cid
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.content.table import add_table
from fusion.errors import Retryable
from node.executor import run as run_module
from node.executor.message import Run
from node.executor.resolve import Listing
from node.executor.run import vote
from node.spec import JobSpec
from sandbox.outcome import LimitHit, Outcome

MANIFEST = b"""
name = "ema"
version = "1.0.0"
entry = "run"
summary = "A test"
license = "Apache-2.0"
[inputs]
price = "Any"
[outputs]
value = "One"
"""


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Slow(Content):
    """Content of which each directory takes a while."""

    def __init__(self, store: BlockStore, clock: Clock, seconds: float) -> None:
        super().__init__(store)
        self.clock, self.seconds, self.fetched = clock, seconds, 0

    def directory(self, root: Cid) -> dict[str, bytes]:
        self.fetched += 1
        self.clock.now += self.seconds
        return super().directory(root)


@pytest.mark.parametrize(("seconds", "left", "fetched"), [(10.0, 40.0, 2), (30.0, None, 2), (60.0, None, 1)])
def test_fetching_takes_of_the_run_s_time(
    seconds: float, left: float | None, fetched: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(run_module, "time", clock)
    store = BlockStore(tmp_path)
    content = Slow(store, clock, seconds)
    bundle = store.add_directory({"module.toml": MANIFEST, "module.py": b"def run(price): ...\n"})
    spec = JobSpec(1, {"price": add_table(store, {"price": np.ones(3)})})
    given: list[float] = []

    def execute(run: Run) -> Outcome:
        given.append(run.deadline)
        return LimitHit("fuel")

    def run() -> None:
        vote(spec, lambda _: Listing(bundle, sealed=False, upstreams=()), content, execute, clock.now + 60.0)

    if left is None:
        with pytest.raises(Retryable, match="came too late"):
            run()
    else:
        run()
    assert given == ([] if left is None else [left])
    assert content.fetched == fetched
