"""The process that runs modules: it answers, it dies alone, and it knows nothing."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fusion.content.cid import Cid
from fusion.errors import Retryable
from node.executor.worker import Run, Worker
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image
from sandbox.outcome import LimitHit, Result

DOUBLE = b"""
from fusion.sdk import Floats, module


@module
def run(price: Floats) -> Floats:
    return 2 * price
"""
LOOP = DOUBLE.replace(b"return 2 * price", b"while True: pass")


def _run(code: bytes, *, deadline: float = 20.0) -> Run:
    module = ModuleCode(Cid.directory(bytes(32)), {"module.py": code}, "run")
    return Run(module, {"price": np.array([1.0, 2.0])}, {}, Limits(fuel=10**12), 0, deadline)


@pytest.fixture
def worker(image: Image) -> Iterator[Worker]:
    with Worker(image) as started:
        yield started


def test_it_runs_one_module_after_another(worker: Worker) -> None:
    for _ in range(2):
        outcome = worker.run(_run(DOUBLE))
        assert isinstance(outcome, Result)
        np.testing.assert_array_equal(outcome.outputs["value"], [2.0, 4.0])


def test_a_deadline_ends_a_run_and_not_the_process(worker: Worker) -> None:
    assert worker.run(_run(LOOP, deadline=0.5)) == LimitHit("deadline")
    assert isinstance(worker.run(_run(DOUBLE)), Result)


def test_a_process_that_dies_is_told_and_replaced(worker: Worker) -> None:
    worker.start()
    assert worker.pid is not None
    killer = threading.Timer(1.0, os.kill, (worker.pid, 9))
    killer.start()
    with pytest.raises(Retryable, match="ended during a run"):
        worker.run(_run(LOOP))
    killer.join()
    assert isinstance(worker.run(_run(DOUBLE)), Result)


def test_closing_ends_a_run(worker: Worker) -> None:
    worker.start()
    threading.Timer(1.0, worker.close).start()
    begun = time.monotonic()
    with pytest.raises(Retryable, match="ended during a run"):
        worker.run(_run(LOOP, deadline=60.0))
    assert time.monotonic() - begun < 30.0


def test_the_process_has_nothing_of_the_operator_s_environment(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSION_SECRET", "do not tell")
    worker.start()
    names = {entry.split(b"=")[0] for entry in Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0") if entry}
    assert names == {b"PYTHONPATH", b"OPENBLAS_NUM_THREADS"}


def test_a_defect_of_the_host_is_told_and_not_fatal(worker: Worker) -> None:
    with pytest.raises(RuntimeError, match="in the sandbox process"):
        worker.run(Run(None, {}, {}, Limits(), 0, 5.0))  # type: ignore[arg-type]  # no module at all
    assert isinstance(worker.run(_run(DOUBLE)), Result)
