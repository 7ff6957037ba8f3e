"""Several processes behind one door."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fusion.content.cid import Cid
from fusion.errors import Retryable
from sandbox.capacity import cores
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image
from sandbox.message import Run
from sandbox.outcome import Result
from sandbox.pool import Pool

CODE = b"""
from fusion.sdk import Floats, module


@module
def run(price: Floats) -> Floats:
    return 2 * price
"""


def _run(value: float, code: bytes = CODE) -> Run:
    module = ModuleCode(Cid.directory(bytes(32)), {"module.py": code}, "run")
    return Run(module, {"price": np.array([value])}, {}, Limits(fuel=10**13), 0, 60.0)


def test_many_threads_share_two_processes_and_a_dead_one_is_replaced(image: Image) -> None:
    with Pool(image, 2) as pool:
        pool.start()
        pids = {worker.pid for worker in pool._workers}
        with ThreadPoolExecutor(6) as threads:
            outcomes = list(threads.map(pool.run, [_run(float(n)) for n in range(12)]))
            assert [each.outputs["value"][0] for each in outcomes if isinstance(each, Result)] == list(range(0, 24, 2))
            assert {worker.pid for worker in pool._workers} == pids
            running = threads.submit(pool.run, _run(1.0, CODE.replace(b"return", b"while True: pass #")))
            while pool._free.qsize() == 2:
                time.sleep(0.01)
            busy = next(worker for worker in pool._workers if worker._busy.locked())
            assert busy._cell is not None
            busy._cell.process.kill()
            with pytest.raises(Retryable, match="ended"):
                running.result(60)
        assert all(isinstance(pool.run(_run(3.0)), Result) for _ in range(2))
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_closing_wakes_who_waits_for_a_free_process(image: Image) -> None:
    pool = Pool(image, 1)
    with ThreadPoolExecutor(3) as threads:
        loops = [threads.submit(pool.run, _run(1.0, CODE.replace(b"return", b"while True: pass #"))) for _ in range(3)]
        threading.Timer(0.5, pool.close).start()
        for each in loops:
            with pytest.raises(Retryable):
                each.result(60)


def test_there_is_one_process_a_core(image: Image) -> None:
    pool = Pool(image)
    assert len(pool) == cores() >= 1
    pool.close()
