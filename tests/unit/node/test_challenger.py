"""Runs of proposed jobs take no worker that a duty wants."""

import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from fusion.errors import BadInput, Retryable
from node.executor.casebook import Case
from node.executor.reruns import Finding, Reruns
from node.executor.slots import Slots
from node.executor.watching import Watching
from node.spec import JobSpec

CASE = Case(7, b"spec", b"proposed", "drawn")
SPEC = JobSpec(1)
CHAIN = SimpleNamespace(jobs=SimpleNamespace(seats=lambda _: []))


class Interrupted:
    """A worker whose run ends when it is interrupted."""

    pid = None

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def interrupt(self) -> None:
        self.stopped.set()


def reruns(slots: Slots, rerun: Callable[..., bytes], busy: Callable[[], bool] = lambda: False) -> Reruns:
    chain: Any = CHAIN
    return Reruns(chain, slots, rerun, busy)


def collected(of: Reruns) -> Sequence[Finding]:
    for future in of.under_way():
        future.exception(10)
    found = of.collect()
    assert found is not None
    return found


def test_the_second_run_is_told_with_the_first() -> None:
    worker: Any = Interrupted()
    said = iter([b"one", b"two"])
    slots = Slots([worker], 2**30)
    of = reruns(slots, lambda *_: next(said))

    assert of.start(CASE, SPEC, 10)
    assert of.runs(7)
    assert collected(of) == [Finding(CASE, b"one", b"")]
    assert of.start(CASE, SPEC, 10)
    assert collected(of) == [Finding(CASE, b"two", b"one")]
    assert (slots.idle, slots.taken, of.collect()) == (1, 0, None)

    of.forget(7)
    said = iter([b"three"])
    of = reruns(slots, lambda *_: next(said))
    of.start(CASE, SPEC, 10)
    assert collected(of)[0].first == b""


def test_it_takes_no_worker_that_a_duty_waits_for() -> None:
    worker: Any = Interrupted()
    slots = Slots([worker], 2**30)
    busy = True
    of = reruns(slots, lambda *_: b"", lambda: busy)

    assert not of.start(CASE, SPEC, 10)
    assert slots.idle == 1
    busy = False
    assert of.start(CASE, SPEC, 10)
    assert not of.start(Case(8, b"", b"", "drawn"), SPEC, 10)  # nor one that there is not
    collected(of)


def test_a_duty_that_comes_later_has_its_worker() -> None:
    worker: Any = Interrupted()
    slots = Slots([worker], 2**30)
    busy = False

    def rerun(_spec: JobSpec, taken: Any, *_: object) -> bytes:
        assert taken.stopped.wait(10)
        raise Retryable("the sandbox process ended during a run")

    of = reruns(slots, rerun, lambda: busy)
    of.start(CASE, SPEC, 10)
    of.make_way()
    assert not worker.stopped.is_set()
    busy = True
    of.make_way()

    assert worker.stopped.is_set()
    assert collected(of) == []  # no failure of the job's
    assert slots.idle == 1
    assert not of.runs(7)


def test_what_fails_by_itself_is_told() -> None:
    worker: Any = Interrupted()

    def fails(*_: object) -> bytes:
        raise BadInput("no such module")

    of = reruns(Slots([worker], 2**30), fails)
    of.start(CASE, SPEC, 10)

    (finding,) = collected(of)
    assert isinstance(finding.error, BadInput)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_a_part_of_one(share: float) -> None:
    with pytest.raises(BadInput, match="give a part of one"):
        Watching(share, 1)


def test_money_is_needed() -> None:
    with pytest.raises(BadInput, match="--max-bond"):
        Watching(0.5, 0)
