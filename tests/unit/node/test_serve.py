"""The operator's gateway and its status file."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.errors import BadInput, NotReady
from node.executor.serve import GatewayServer
from node.executor.status import State, Status, since_boot, started

STATUS = Status(
    operator="0x" + "1" * 40,
    endpoint="http://127.0.0.1:9/ipfs",
    image="00" * 32,
    pid=os.getpid(),
    block=7,
    time=1_700_000_000,
    jobs={"done": 3},
    free=1,
    locked=2,
    unbonding=3,
    claimable=4,
    claimed=5,
    started=started(os.getpid()),
)


def test_what_one_keeps_another_fetches(tmp_path: Path) -> None:
    ours = BlockStore(tmp_path / "ours")
    root = ours.add_directory({"value.f8": bytes(1_000_000)})
    server = GatewayServer(ours, "127.0.0.1", 0)
    server.start()
    try:
        theirs = Content(BlockStore(tmp_path / "theirs"), [server.url])
        assert theirs.directory(root) == {"value.f8": bytes(1_000_000)}
    finally:
        server.stop()


def test_an_address_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    server = GatewayServer(BlockStore(tmp_path), "127.0.0.1", 0)
    try:
        with pytest.raises(BadInput, match=f"cannot listen on 127.0.0.1:{server.port}"):
            GatewayServer(BlockStore(tmp_path), "127.0.0.1", server.port)
    finally:
        server.stop()


def test_a_status_is_read_as_it_was_written(tmp_path: Path) -> None:
    STATUS.save(tmp_path / "status.json")
    assert Status.load(tmp_path / "status.json") == STATUS
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_a_status_says_whether_its_process_is_there() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert STATUS.running
    assert not replace(STATUS, pid=ended.pid).running
    assert not replace(STATUS, pid=os.getppid(), started=STATUS.started + 60).running, "another has its number now"
    assert replace(STATUS, started=0.0).running, "written before the start was noted"


def test_a_status_that_is_not_the_present_says_so() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert replace(STATUS, written=since_boot()).stale == ""
    assert replace(STATUS, written=since_boot() - 90).stale == "silent for 90 s"
    assert replace(STATUS, pid=ended.pid).stale == "not running"
    assert replace(STATUS, pid=ended.pid, state=State.STOPPED).stale == "stopped"
    assert replace(STATUS, pid=ended.pid, state=State.DRAINED).stale == "drained"


def test_a_status_of_an_older_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    STATUS.save(path)
    old = {name: value for name, value in json.loads(path.read_text()).items() if name not in ("duties", "written")}
    path.write_text(json.dumps(old))
    assert Status.load(path).stale == ""


def test_no_status_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="fusion operator start"):
        Status.load(tmp_path / "status.json")
    for text in ("no json", json.dumps({"operator": 1}), "[]"):
        (tmp_path / "status.json").write_text(text)
        with pytest.raises(BadInput, match="is no operator's status"):
            Status.load(tmp_path / "status.json")
