"""Cgroups of both versions: made with their bounds, read, removed; the second only where it was delegated."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.jail import cgroup
from sandbox.jail.cgroup import Group, Hierarchy, hierarchy, make

FIRST = {"memory": "memory.limit_in_bytes", "pids": "pids.max"}


@pytest.fixture
def here() -> Hierarchy:
    found = hierarchy()
    if not found.folders:
        pytest.skip("this user may not make cgroups: fusion doctor says what to do")
    return found


def test_a_group_has_its_bounds_and_is_gone_when_removed(here: Hierarchy) -> None:
    group = make(here, memory=64 << 20, processes=7)
    try:
        assert (group.folders["pids"] / "pids.max").read_text().strip() == "7"
        memory = group.folders["memory"]
        limit = "memory.max" if here.unified else "memory.limit_in_bytes"
        assert (memory / limit).read_text().strip() == str(64 << 20)
        assert not group.out_of_memory()
    finally:
        group.remove()
    assert not any(folder.exists() for folder in group.folders.values())


def test_a_process_that_takes_too_much_is_ended_and_counted(here: Hierarchy) -> None:
    group = make(here, memory=48 << 20, processes=7)
    join = "".join(f"open({str(entry)!r}, 'w').write('0');" for entry in group.entries)
    try:
        ended = subprocess.run([sys.executable, "-c", f"{join} bytearray(200 << 20)"], check=False)
        assert ended.returncode == -9
        assert group.out_of_memory()
    finally:
        group.remove()


def test_groups_of_dead_processes_are_removed_and_others_are_not(here: Hierarchy) -> None:
    parent = here.folders["memory"]
    dead = parent / "fusion-999999999-1-0"
    recycled = parent / f"fusion-{os.getpid()}-1-0"  # a process of this number that started at another time
    mine = make(here, memory=1 << 20, processes=1)
    for folder in (dead, recycled):
        folder.mkdir()
    other = make(here, memory=1 << 20, processes=1)
    assert not dead.exists()
    assert not recycled.exists()
    assert all(folder.exists() for folder in mine.folders.values())
    mine.remove()
    other.remove()


def test_a_group_that_cannot_be_bounded_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _text: str) -> int:
        raise OSError(errno.EINVAL, "no")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="no"):
        make(Hierarchy({"memory": tmp_path}, unified=True), memory=1, processes=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("file", "text", "killed"),
    [
        ("memory.events", "low 0\noom 1\noom_kill 0\n", False),
        ("memory.events", "low 0\noom 1\noom_kill 2\n", True),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", False),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", True),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 1\n", False),  # before Linux 4.13
    ],
)
def test_the_counter_of_either_version_is_read(tmp_path: Path, file: str, text: str, killed: bool) -> None:
    (tmp_path / file).write_text(text)
    assert Group({"memory": tmp_path}).out_of_memory() is killed


class Second:
    """A model of the second version's rule: who has processes cannot hand controllers on."""

    def __init__(self, top: Path, own: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.top = top
        self.proc = top / "proc"
        (self.proc / "self").mkdir(parents=True)
        (self.proc / "self/mountinfo").write_text(f"30 20 0:26 / {top} rw shared:4 - cgroup2 cgroup2 rw\n")
        (self.proc / "self/cgroup").write_text(f"0::{own}\n")
        self._write = Path.write_text
        monkeypatch.setattr(Path, "write_text", self._written())
        self._mkdir = Path.mkdir
        monkeypatch.setattr(Path, "mkdir", self._made(Path.mkdir))

    def _written(self) -> Callable[[Path, str], int]:
        return lambda path, text: self.write(path, text)  # noqa: PLW0108 - a function, so that it becomes a method

    def _made(self, mkdir: Callable[..., None]) -> Callable[..., None]:
        def made(path: Path, mode: int = 0o777, **named: bool) -> None:
            mkdir(path, mode, **named)
            if not (path / "cgroup.procs").exists():
                self.folder(path, "")

        return made

    def folder(self, path: Path, processes: str, control: str = "") -> Path:
        self._mkdir(path, parents=True, exist_ok=True)
        for name, text in (
            ("cgroup.procs", processes),
            ("cgroup.controllers", "cpu memory pids"),
            ("cgroup.subtree_control", control),
        ):
            self._write(path / name, text)
        return path

    def write(self, path: Path, text: str) -> int:
        if path.name == "cgroup.procs":
            for each in self.top.rglob("cgroup.procs"):
                self._write(each, " ".join(pid for pid in each.read_text().split() if pid != text))
            text = f"{path.read_text()} {text}"
        if path.name == "cgroup.subtree_control":
            if (path.parent / "cgroup.procs").read_text().split():
                raise OSError(errno.EBUSY, "Device or resource busy")
            text = text.replace("+", "")
        return self._write(path, text)


def test_a_delegated_folder_is_used_after_its_processes_moved_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Second(tmp_path, "/service", monkeypatch)
    service = model.folder(tmp_path / "service", str(os.getpid()))
    found = hierarchy(proc=model.proc)
    assert found == Hierarchy({"memory": service, "pids": service}, unified=True)
    assert (service / "fusion-main/cgroup.procs").read_text().split() == [str(os.getpid())]
    (model.proc / "self/cgroup").write_text("0::/service/fusion-main\n")
    assert hierarchy(proc=model.proc) == found
    group = make(found, memory=5, processes=6)
    assert [(group.folders["memory"] / name).read_text() for name in ("memory.max", "pids.max")] == ["5", "6"]
    assert group.entries == (group.folders["memory"] / "cgroup.procs",)


def test_strangers_in_the_folder_are_not_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Second(tmp_path, "/session", monkeypatch)
    session = model.folder(tmp_path / "session", f"1 {os.getpid()}")
    model.folder(tmp_path, "1")
    assert hierarchy(proc=model.proc) == Hierarchy({}, unified=True)
    assert (session / "cgroup.procs").read_text().split() == ["1", str(os.getpid())]


def test_the_folder_above_is_used_where_it_hands_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Second(tmp_path, "/slice/session", monkeypatch)
    above = model.folder(tmp_path / "slice", "", "memory")
    model.folder(above / "session", "1")
    assert hierarchy(proc=model.proc) == Hierarchy({"memory": above, "pids": above}, unified=True)


def test_folders_of_others_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Second(tmp_path, "/slice/session", monkeypatch)
    model.folder(model.folder(tmp_path / "slice", "", "memory pids") / "session", "")
    monkeypatch.setattr(cgroup.os, "access", lambda *_: False)
    assert hierarchy(proc=model.proc).folders == {}
