"""The processes behind native runs: what ends them, what does not, and that nothing is left of them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fusion.errors import NotReady, Retryable
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image
from sandbox.jail import cgroup
from sandbox.jail.walls import WALLS, Wall, usable
from sandbox.native import NativeRuntime
from sandbox.outcome import LimitHit, NoVote, Result

X = np.arange(5.0)
ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(Wall.SECCOMP not in usable(), reason="native modules run behind Linux's walls")

Body = Callable[[str], ModuleCode]


@pytest.fixture
def native() -> Iterator[NativeRuntime]:
    with NativeRuntime() as runtime:
        yield runtime


def below(pid: int) -> list[int]:
    """A process's descendants, parents first."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in map(int, listed) for found in (child, *below(child))]


def family(runtime: NativeRuntime) -> list[int]:
    """Guard, launcher, zygote, the job if one runs, and the process that waits for the next."""
    assert runtime.pid is not None
    return [runtime.pid, *below(runtime.pid)]


def gone(pids: list[int], within: float = 20.0) -> bool:
    """Whether processes have ended; one that nobody has waited for counts as ended."""
    until = time.monotonic() + within
    while any(_runs(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def groups(pid: int) -> list[Path]:
    """The groups that a process made."""
    parents = set(cgroup.hierarchy().folders.values())
    return [folder for parent in parents for folder in parent.glob(f"fusion-{pid}-*")]


def test_nothing_is_left_after_closing(body: Body) -> None:
    open_before, groups_before = len(list(Path("/proc/self/fd").iterdir())), groups(os.getpid())
    mounts_before = Path("/proc/self/mountinfo").read_text()
    with NativeRuntime() as runtime:
        for _ in range(3):
            assert isinstance(runtime.run(body("return x"), {"x": X}, {}), Result)
        processes = family(runtime)
        assert len(processes) == 4
    assert gone(processes, within=0.0)
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before
    assert groups(os.getpid()) == groups_before
    assert Path("/proc/self/mountinfo").read_text() == mounts_before


def test_jobs_leave_no_descriptor_in_the_zygote(native: NativeRuntime, body: Body) -> None:
    counts: list[int] = []
    for statement in ("return x", "1 / 0", "while True: print(1)", "return x"):
        native.run(body(statement), {"x": X}, {}, limits=Limits(output=1 << 16))
        counts.append(len(list(Path(f"/proc/{family(native)[2]}/fd").iterdir())))
    assert len(set(counts)) == 1


@pytest.mark.parametrize("member", [0, 1, 2, 3])
def test_a_process_that_was_killed_is_replaced(native: NativeRuntime, body: Body, member: int) -> None:
    native.start()
    before = family(native)
    os.kill(before[member], signal.SIGKILL)
    assert gone(before[member:])
    assert isinstance(native.run(body("return x"), {"x": X}, {}), Result)


def test_a_zygote_that_dies_during_a_run_is_told_and_replaced(native: NativeRuntime, body: Body) -> None:
    native.start()
    before = family(native)
    killer = threading.Timer(1.0, os.kill, (before[2], signal.SIGKILL))
    killer.start()
    with pytest.raises(Retryable, match="ended during a run"):
        native.run(body("while True: pass"), {"x": X}, {})
    killer.join()
    assert gone(before)
    assert isinstance(native.run(body("return x"), {"x": X}, {}), Result)


def test_a_job_that_is_killed_ends_alone(native: NativeRuntime, body: Body) -> None:
    native.start()
    before = family(native)
    threading.Timer(1.0, lambda: os.kill(family(native)[3], signal.SIGKILL)).start()
    outcome = native.run(body("while True: pass"), {"x": X}, {})
    assert isinstance(outcome, NoVote)
    assert "SIGKILL" in outcome.why
    assert family(native)[:3] == before[:3]


def test_closing_ends_a_run(body: Body) -> None:
    runtime = NativeRuntime()
    runtime.start()
    processes = family(runtime)
    threading.Timer(1.0, runtime.close).start()
    with pytest.raises(Retryable):
        runtime.run(body("while True: pass"), {"x": X}, {})
    assert gone(processes)


HOST = """
import json, os, sys
import numpy as np
from fusion.content.unixfs import directory_cid
from sandbox.code import ModuleCode
from sandbox.native import NativeRuntime
from sandbox.outcome import Result

def code(statement):
    text = f"from fusion.sdk import Floats, module\\n\\n\\n@module\\ndef f(x: Floats) -> Floats:\\n    {statement}\\n"
    return ModuleCode(directory_cid({"module.py": text.encode()}), {"module.py": text.encode()}, "f")

runtime = NativeRuntime()
outcome = runtime.run(code("return 2 * x"), {"x": np.arange(3.0)}, {})
assert isinstance(outcome, Result), outcome
print(json.dumps([os.getuid(), runtime.pid, outcome.outputs["value"].tolist()]), flush=True)
"""


def test_nothing_is_left_when_the_host_is_killed() -> None:
    script = HOST + "runtime.run(code('while True: pass'), {'x': np.arange(3.0)}, {})"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True) as host:
        assert host.stdout is not None
        _, guard, _ = json.loads(host.stdout.readline())
        while len(processes := [guard, *below(guard)]) < 5:  # until the loop runs
            time.sleep(0.01)
        assert bool(groups(host.pid)) == bool(usable() & {Wall.MEMORY, Wall.PIDS})
        host.kill()
        assert gone(processes)
        until = time.monotonic() + 20.0
        while groups(host.pid) and time.monotonic() < until:
            time.sleep(0.01)
        assert not groups(host.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_runs_native_modules(image: Image) -> None:
    ordinary = str(ROOT / "tests" / "escape" / "ordinary.py")
    script = HOST + "runtime.close()"
    ended = subprocess.run(
        [sys.executable, ordinary, str(image.path), "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    user, guard, values = json.loads(ended.stdout.splitlines()[-1])
    assert user > 0
    assert values == [0.0, 2.0, 4.0]
    assert gone([guard])


# With and without cgroups


@pytest.mark.skipif(not usable() >= {Wall.MEMORY, Wall.PIDS}, reason="this user may not make cgroups")
def test_the_kernel_s_end_for_want_of_memory_is_the_same_limit(body: Body) -> None:
    bomb, limits = body("return np.ones(10**8)"), Limits(memory=128 << 20)
    for without in (frozenset({Wall.MEMORY, Wall.PIDS}), frozenset({Wall.RLIMITS})):
        with NativeRuntime(walls=WALLS - without) as runtime:
            runtime.start()
            before = family(runtime)
            for _ in range(2):
                assert runtime.run(bomb, {"x": X}, {}, limits=limits) == LimitHit("memory", native=True)
                assert isinstance(runtime.run(body("return x"), {"x": X}, {}, limits=limits), Result)
            assert family(runtime)[:3] == before[:3]


def test_too_few_walls_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {wall: "it is not there" if wall is Wall.SECCOMP else "" for wall in Wall}
    monkeypatch.setattr("sandbox.jail.walls.standing", lambda: found)
    monkeypatch.setattr("sandbox.jail.walls.usable", lambda: WALLS - {Wall.SECCOMP})
    with pytest.raises(NotReady, match=r"more walls than stand on this machine \(seccomp: it is not there"):
        NativeRuntime()


def test_a_start_that_fails_is_told(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.native.pins", lambda: {"OPENBLAS_NUM_THREADS": "2"})
    with NativeRuntime() as runtime, pytest.raises(NotReady, match=r"cannot be started here: .* started threads"):
        runtime.run(body("return x"), {"x": X}, {})
