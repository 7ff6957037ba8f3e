"""The process that runs modules: it answers, it dies alone, and it knows nothing."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion.content.cid import Cid
from fusion.errors import ContentError, Retryable
from sandbox import worker as worker_module
from sandbox.channel import Channel
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image
from sandbox.jail.walls import usable
from sandbox.message import Run, encode_hello
from sandbox.outcome import LimitHit, Result
from sandbox.worker import Worker, _Cell

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
    worker.run(_run(DOUBLE))  # which waits until the process is ready
    assert worker.pid is not None
    killer = threading.Timer(1.0, os.kill, (worker.pid, 9))
    killer.start()
    with pytest.raises(Retryable, match="ended during a run by SIGKILL"):
        worker.run(_run(LOOP))
    killer.join()
    assert isinstance(worker.run(_run(DOUBLE)), Result)


def test_closing_ends_a_run(worker: Worker) -> None:
    worker.run(_run(DOUBLE))
    threading.Timer(1.0, worker.close).start()
    begun = time.monotonic()
    with pytest.raises(Retryable, match="ended during a run"):
        worker.run(_run(LOOP, deadline=60.0))
    assert time.monotonic() - begun < 30.0


def test_the_process_has_nothing_of_the_operator_s_environment(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSION_SECRET", "do not tell")
    worker.run(_run(DOUBLE))  # until it answers, the kernel may not have given the new process its environment yet
    names = {entry.split(b"=")[0] for entry in Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0") if entry}
    assert names == {b"PYTHONPATH", b"OPENBLAS_NUM_THREADS"}


def test_a_defect_of_the_host_is_told_and_not_fatal(worker: Worker) -> None:
    with pytest.raises(RuntimeError, match="in the sandbox process"):
        worker.run(replace(_run(DOUBLE), seed=-1))  # which no run has
    assert isinstance(worker.run(_run(DOUBLE)), Result)


def test_an_answer_that_is_not_taken_is_not_the_next_run_s(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of it on the socket was written by a module, and would be read as whatever that module likes."""
    worker.run(_run(DOUBLE))
    read, left = Channel._read, [16]

    def short_of_memory(channel: Channel, size: int, until: float | None) -> bytes:
        if size in left:
            left.remove(size)
            raise MemoryError
        return read(channel, size, until)

    with monkeypatch.context() as patched:
        patched.setattr(Channel, "_read", short_of_memory)
        with pytest.raises(MemoryError):
            worker.run(_run(DOUBLE))
    outcome = worker.run(_run(DOUBLE.replace(b"2 *", b"3 *")))
    assert isinstance(outcome, Result)
    np.testing.assert_array_equal(outcome.outputs["value"], [3.0, 6.0])


HOSTILE = """
import pickle, socket, struct, sys, time, os
end = socket.socket(fileno=int(sys.argv[4]))
hello = {hello!r}
end.sendall(struct.pack('>QQ', len(hello), 0) + hello)
end.recv(1 << 20)
{does}
time.sleep(60)
"""


def _take_over(does: str, folder: Path, monkeypatch: pytest.MonkeyPatch, hello: bytes) -> None:
    """Has workers start a process that greets with `hello` and `does` this once it has a run."""
    usable()  # found before the interpreter is another
    script = folder / "hostile"
    script.write_text(f"#!{sys.executable}\n" + HOSTILE.format(does=does, hello=hello))
    script.chmod(0o700)
    monkeypatch.setattr(worker_module.sys, "executable", str(script))


@pytest.mark.parametrize(
    ("does", "error", "told"),
    [
        ("end.sendall(struct.pack('!i', 40) + pickle.dumps(print))", ContentError, "a message has a header of"),
        ("end.sendall(struct.pack('>QQ', 1, 2**40) + b'x')", ContentError, "a message has a body of"),
        ("end.sendall(struct.pack('>QQ', 1, 0) + b'x')", ContentError, "what is no outcome: CBOR"),
        ("end.sendall(struct.pack('>QQ', 9, 0) + b'x')", Retryable, "gave no answer within 1 s"),
        (
            "end.sendall(struct.pack('>QQ', 99, 0))\nwhile not time.sleep(0.1): end.sendall(b'x')",
            Retryable,
            "gave no answer within 1 s",
        ),
        ("end.close()", Retryable, "ended during a run"),
    ],
)
def test_a_hostile_process_is_ended(
    does: str, error: type[Exception], told: str, image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take_over(does, tmp_path, monkeypatch, encode_hello(image.id))
    monkeypatch.setattr(worker_module, "GRACE", 0.5)
    with Worker(image) as hostile:
        with pytest.raises(error, match=told):
            hostile.run(_run(DOUBLE, deadline=0.5))
        assert hostile.pid is None


def test_closing_does_not_wait_for_what_a_process_left_behind(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take_over("os.fork() or os.setsid(); time.sleep(20); os._exit(0)", tmp_path, monkeypatch, encode_hello(image.id))
    hostile = Worker(image)
    threading.Timer(0.5, hostile.close).start()
    begun = time.monotonic()
    with pytest.raises(Retryable, match="ended during a run"):
        hostile.run(_run(DOUBLE, deadline=60.0))
    assert time.monotonic() - begun < 15.0


def test_closing_while_a_run_starts_its_process_ends_the_run(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    starting, go = threading.Event(), threading.Event()
    start = Worker._start

    def slowly(worker: Worker, image: Image) -> _Cell:
        starting.set()
        go.wait(10)
        return start(worker, image)

    monkeypatch.setattr(Worker, "_start", slowly)
    worker = Worker(image)
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(worker.run, _run(LOOP, deadline=60.0))
        starting.wait(10)
        begun = time.monotonic()
        closing = pool.submit(worker.close)
        time.sleep(0.1)
        go.set()
        closing.result(30)
        with pytest.raises(Retryable):
            running.result(30)
    assert time.monotonic() - begun < 30.0
    assert worker.pid is None
