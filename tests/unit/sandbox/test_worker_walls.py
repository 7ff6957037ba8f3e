"""The process that runs modules is behind its walls, dies with its operator and leaves nothing behind."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fusion.errors import Retryable
from sandbox.code import Limits
from sandbox.image import Image
from sandbox.jail import cgroup
from sandbox.jail.walls import WALLS, Wall, usable
from sandbox.outcome import LimitHit, NoVote, Result
from sandbox.worker import Worker
from tests.unit.sandbox.walled import DOUBLE, children, look, session, task

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).parent / "walled.py"
NO_CAPABILITY = "0000000000000000"
root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else, which takes root")


def _gone(leader: int) -> bool:
    end = time.monotonic() + 20.0
    while session(leader):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


_others: set[Path] = set()
"""Groups of this process's other workers, which tests before keep for the whole session."""


@pytest.fixture(autouse=True)
def _looked() -> None:
    _others.clear()
    _others.update(_groups())


def _groups() -> list[Path]:
    folders = cgroup.hierarchy().folders.values()
    return [entry for folder in folders for entry in folder.glob(f"fusion-{os.getpid()}-*") if entry not in _others]


def _descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@root
def test_all_walls_stand_around_it(image: Image) -> None:
    assert usable() >= WALLS - {Wall.MEMORY, Wall.PIDS}
    with Worker(image, memory=1 << 30) as worker:
        seen = look(worker)
        assert bool(_groups()) == (Wall.MEMORY in usable())
    assert seen["outcome"] == "Result"
    assert seen["status"] == {
        "Uid": ["65534"] * 4,
        "Groups": [],
        "NoNewPrivs": ["1"],
        "Seccomp": ["2"],
        "CapEff": [NO_CAPABILITY],
        "CapBnd": [NO_CAPABILITY],
        "NSpid": [str(seen["status"]["NSpid"][0]), "1"],
    }
    assert NO_CAPABILITY in str(seen["parent_caps"])
    assert seen["apart"] == ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"]
    assert seen["files"] == []
    assert [mount.split()[1:3] + mount.split()[3].split(",")[:4] for mount in seen["mounts"]] == [
        ["/", "tmpfs", "ro", "nosuid", "nodev", "noexec"]
    ]
    names = {Path(str(name)).name for name in seen["descriptors"]}
    assert names == {"null", "memfd", "code.cwasm", "python-stdlib.zip", "pipe", "pagemap", "socket"}
    assert seen["data"] == str(1 << 30)
    assert not _groups()


@root
def test_behind_them_a_job_finds_the_pages_of_the_one_before_it(image: Image) -> None:
    """A start that is mapped anew costs some thousand page faults, which is half of a short job's time."""

    def faults(pid: int) -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[7])

    with Worker(image) as worker:
        worker.run(task())
        assert worker.pid is not None
        (locked,) = children(worker.pid)
        before = faults(locked)
        for _ in range(10):
            worker.run(task())
        assert faults(locked) - before < 10 * 200


@root
def test_all_but_cgroups_stand_around_an_ordinary_users(image: Image) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            str(ROOT / "tests/escape/ordinary.py"),
            str(image.path),
            str(SCRIPT),
            str(image.path.parent),
            "look",
        ],
        capture_output=True,
        env={"PYTHONPATH": str(ROOT), "HOME": "/nowhere"},
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    seen = json.loads(ended.stdout.splitlines()[-1])  # after what is logged of missing cgroups
    assert seen["outcome"] == "Result"
    assert seen["status"]["Uid"][0] not in {"0", "65534"}
    assert seen["status"]["Seccomp"] == ["2"]
    assert seen["status"]["CapEff"] == [NO_CAPABILITY]
    assert seen["status"]["NSpid"][-1] == "1"


@pytest.mark.parametrize("left", [WALLS, {Wall.USER}, {Wall.SECCOMP, Wall.RLIMITS}, {Wall.NO_NEW_PRIVS, Wall.PID}])
def test_any_walls_can_be_left_out(image: Image, left: frozenset[Wall]) -> None:
    with Worker(image, usable() - left) as worker:
        assert isinstance(worker.run(task()), Result)


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.9, None])
def test_killed_at_any_moment_it_leaves_nothing(image: Image, moment: float | None) -> None:
    before = _descriptors()
    worker = Worker(image)
    worker.start()
    leader = worker.pid
    assert leader is not None
    if moment is None:
        worker.run(task())
    else:
        time.sleep(moment)
    os.kill(leader, 9)
    assert _gone(leader)
    with pytest.raises(Retryable, match="SIGKILL"):
        worker.run(task())
    assert not _groups()
    worker.close()
    assert _descriptors() == before


def test_killed_with_its_operator_it_leaves_nothing_that_the_next_start_does_not_remove(image: Image) -> None:
    operator = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(image.path.parent), "die"],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT), "HOME": "/nowhere"},
    )
    with operator:
        assert operator.stdout is not None
        told = b""
        while not told.endswith(b"]"):
            told += operator.stdout.read1() or pytest.fail("the operator ended")
        leader, *locked = json.loads(told)
        assert set(session(leader)) == {leader, *locked}
        operator.kill()
    assert _gone(leader)
    found = cgroup.hierarchy()
    if found.folders:
        left = [entry for folder in found.folders.values() for entry in folder.glob(f"fusion-{operator.pid}-*")]
        assert left
        cgroup.make(found, memory=1 << 20, processes=1).remove()
        assert not any(entry.exists() for entry in left)


def test_another_file_than_was_compiled_is_not_run(image: Image, tmp_path: Path) -> None:
    copied = tmp_path / image.path.name
    shutil.copytree(image.path, copied)
    code, _ = image.code()
    folder = tmp_path / "compiled" / code.parent.name
    folder.mkdir(parents=True)
    shutil.copy(code.parent / "record.json", folder)
    (folder / code.name).write_bytes(b"another")
    with (
        Worker(Image(image.id, copied)) as worker,
        pytest.raises(Retryable, match=r"before it was ready: .* has sha256"),
    ):
        worker.run(task())


BOMB = DOUBLE.replace(b"return", b"x = bytearray(600 << 20); return")


@pytest.mark.parametrize("wall", [Wall.MEMORY, Wall.RLIMITS])
def test_a_run_that_takes_too_much_memory_hits_the_limit_whichever_wall_it_meets(image: Image, wall: Wall) -> None:
    if wall not in usable():
        pytest.skip(f"no {wall} here: fusion doctor says why")
    other = {Wall.MEMORY, Wall.RLIMITS} - {wall}
    with Worker(image, usable() - other, memory=512 << 20) as worker:
        assert worker.run(task(BOMB, limits=Limits(fuel=10**14, memory=1 << 30))) == LimitHit("memory")
        assert isinstance(worker.run(task()), Result)


def test_a_task_larger_than_the_memory_hits_the_limit(image: Image) -> None:
    large = dataclasses.replace(task(), inputs={"price": np.zeros(48 << 20)})
    with Worker(image, usable() - {Wall.MEMORY}, memory=320 << 20) as worker:
        assert worker.run(large) == LimitHit("memory")


def test_a_process_is_new_after_an_ending_that_is_no_vote(image: Image) -> None:
    deep = DOUBLE.replace(b"return 2 * price", b"return deep(price)\ndef deep(x):\n    return sorted([x], key=deep)\n")
    with Worker(image) as worker:
        worker.run(task())
        before = worker.pid
        outcome = worker.run(task(deep))
        if isinstance(outcome, NoVote):
            assert worker.pid is None
        assert isinstance(worker.run(task()), Result)
        assert (worker.pid == before) != isinstance(outcome, NoVote)
