"""A run and the fetching before it fit together in the commit window; what has no outcome is told apart."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.content.table import add_table
from fusion.errors import BadInput, ChainUnavailable, ContentUnavailable
from node.digest import outcome_hash
from node.executor import run as run_module
from node.executor.run import UNAVAILABLE, Late, NotAttested, gives_cause, unavailable, vote
from node.resolve import Listing
from node.spec import JobSpec
from sandbox.message import Run
from sandbox.outcome import LimitHit, NoVote, Outcome, Refused

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
        with pytest.raises(ContentUnavailable, match="came too late"):
            run()
    else:
        run()
    assert given == ([] if left is None else [left])
    assert content.fetched == fetched


def _content(tmp_path: Path) -> tuple[Content, Cid]:
    store = BlockStore(tmp_path)
    return Content(store), store.add_directory({"module.toml": MANIFEST, "module.py": b"def run(price): ...\n"})


def test_nobody_waits_for_content_beyond_the_time_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, bundle = _content(tmp_path)
    released = threading.Event()
    monkeypatch.setattr(content, "directory", lambda root: released.wait(20) or {})
    begun = time.monotonic()
    with pytest.raises(ContentUnavailable, match="came too late"):
        vote(JobSpec(1), lambda _: Listing(bundle, sealed=False, upstreams=()), content, _never, time.monotonic() + 0.2)
    assert time.monotonic() - begun < 10.0
    released.set()


def _never(run: Run) -> Outcome:
    raise AssertionError(run)


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (LimitHit("deadline"), Late),
        (LimitHit("memory"), NotAttested),
        (NoVote("it crashed"), NotAttested),
        (Refused("no such port"), BadInput),
    ],
)
def test_an_outcome_that_is_none_to_vote_for_says_whose_fault_it_is(
    outcome: Outcome, error: type[Exception], tmp_path: Path
) -> None:
    content, bundle = _content(tmp_path)
    listing = Listing(bundle, sealed=False, upstreams=())
    with pytest.raises(error):
        vote(JobSpec(1), lambda _: listing, content, lambda run: outcome, time.monotonic() + 60.0)


def test_only_who_was_slow_or_cut_off_has_no_cause_to_decline() -> None:
    assert not any(map(gives_cause, (Late("slow"), ChainUnavailable("away"))))
    assert all(map(gives_cause, (ContentUnavailable("gone"), NotAttested("memory"), BadInput("sealed"), OSError())))


def test_every_operator_declines_in_the_same_words_and_commits_to_others() -> None:
    first, second = unavailable(), unavailable()
    assert dcbor.decode(UNAVAILABLE) == {"kind": "InputUnavailable"}
    assert first.document == second.document == UNAVAILABLE
    assert first.outcome_hash == outcome_hash(4, UNAVAILABLE)
    assert first.salt != second.salt
