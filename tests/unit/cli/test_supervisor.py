"""The supervisor starts, restarts and ends real processes, and finds those that a killed one left behind."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cli.supervisor import Service, Supervisor, end_leftovers, ended
from fusion.errors import NotReady

ROOT = Path(__file__).resolve().parents[3]
SLEEPS = "import time, pathlib, sys; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"


def service(folder: Path, code: str = SLEEPS) -> Service:
    mark = folder / "ready"
    return Service("sleeper", [sys.executable, "-c", code, str(mark)], {}, mark.exists)


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "not within 20 s"
        time.sleep(0.02)


def only_child(supervisor: Supervisor) -> psutil.Process:
    (running,) = supervisor._running
    return psutil.Process(running.process.pid)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    one = Supervisor(logs=tmp_path / "logs", journal=tmp_path / "processes.json")
    yield one
    one.stop()


def test_stop_ends_what_was_started(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service(tmp_path)])
    child = only_child(supervisor)
    supervisor.stop()
    assert not child.is_running()
    assert not (tmp_path / "processes.json").exists()


def test_a_service_that_ends_at_once_is_told_with_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="sleeper ended at once: no port"):
        supervisor.start([service(tmp_path, "print('no port'); raise SystemExit(2)")])


def test_the_journal_names_each_process_before_the_next_is_started(supervisor: Supervisor, tmp_path: Path) -> None:
    absent = Service("absent", [str(tmp_path / "no program")], {}, lambda: True)
    with pytest.raises(FileNotFoundError):
        supervisor.start([service(tmp_path), absent])
    assert list(json.loads((tmp_path / "processes.json").read_text())) == [str(only_child(supervisor).pid)]


def test_what_dies_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service(tmp_path)])
    stop = threading.Event()
    watcher = threading.Thread(target=supervisor.watch, args=(stop,))
    watcher.start()
    try:
        first = only_child(supervisor)
        first.kill()
        eventually(lambda: only_child_or_none(supervisor) not in (None, first))
    finally:
        stop.set()
        watcher.join()


def only_child_or_none(supervisor: Supervisor) -> psutil.Process | None:
    try:
        child = only_child(supervisor)
        return child if child.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


ABANDON = """
import os, pathlib, sys
from cli.supervisor import Service, Supervisor
folder = pathlib.Path(sys.argv[1])
mark = folder / "ready"
service = Service("sleeper", [sys.executable, "-c", sys.argv[2], str(mark)], {}, mark.exists)
Supervisor(logs=folder / "logs", journal=folder / "processes.json").start([service])
os._exit(0)
"""


def test_leftovers_of_a_killed_supervisor_are_ended_but_no_other_process(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", ABANDON, str(tmp_path), SLEEPS], cwd=ROOT, check=True, timeout=60)
    journal = tmp_path / "processes.json"
    (pid,) = json.loads(journal.read_text())
    left = psutil.Process(int(pid))
    noted = journal.read_text()
    journal.write_text(noted.replace("}", f', "{psutil.Process().pid}": 1.0}}'))  # a pid that was given anew: ours
    assert end_leftovers(journal) == 1
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
    assert end_leftovers(journal) == 0


def test_a_process_is_over_when_it_is_gone_or_waits_to_be_noticed() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert not ended(process.pid)
    process.kill()
    eventually(lambda: ended(process.pid))
    process.communicate()
    assert ended(process.pid)
