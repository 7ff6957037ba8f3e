"""The local network's life: Ctrl-C leaves nothing behind, and the next start goes on from the same chain."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from fusion.chain.anvil import Anvil
from sandbox.image import Image
from tests.e2e.command import Fusion

pytestmark = pytest.mark.e2e


def processes_of(fusion: Fusion) -> list[psutil.Process]:
    """Every process whose environment names this home, or that serves its chain."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ().get("FUSION_HOME", "")
            if environment.startswith(str(fusion.home)) and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return found


def start(fusion: Fusion) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "up", "--foreground"],
        env=fusion.environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 90
    ready = fusion.home / "network.ready"
    while not (ready.exists() and ready.read_text() == str(process.pid)):  # one may be left of a killed process
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return process


def test_ctrl_c_ends_all_and_the_next_start_goes_on(tmp_path: Path, image: Image) -> None:
    fusion = Fusion.at(tmp_path / "home")
    process = start(fusion)
    block = int(Anvil(fusion.rpc).rpc.call("eth_blockNumber"), 16)
    first = Anvil(fusion.rpc).rpc.call("eth_getBlockByNumber", hex(block), False)["hash"]
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)  # an impatient person presses twice
    assert process.wait(60) == 0
    assert processes_of(fusion) == []

    again = start(fusion)
    try:
        assert Anvil(fusion.rpc).rpc.call("eth_getBlockByNumber", hex(block), False)["hash"] == first
        assert int(Anvil(fusion.rpc).rpc.call("eth_blockNumber"), 16) >= block
    finally:
        os.killpg(again.pid, signal.SIGKILL)  # not even then is the next start confused
        again.wait()
    third = start(fusion)
    assert Anvil(fusion.rpc).rpc.call("eth_getBlockByNumber", hex(block), False)["hash"] == first
    assert fusion("down").returncode == 0
    assert third.wait(60) == 0
    assert processes_of(fusion) == []


def test_a_port_in_use_is_told(tmp_path: Path, image: Image) -> None:
    fusion = Fusion.at(tmp_path / "home")
    with Anvil.run() as other:
        done = fusion("up", FUSION_RPC=other.url)
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr
    assert processes_of(fusion) == []


def test_two_starts_at_once_make_one_network(tmp_path: Path, image: Image) -> None:
    fusion = Fusion.at(tmp_path / "home")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: fusion.json("up"), range(2)))
    assert sorted(each.pop("started") for each in both) == [False, True]
    assert both[0] == both[1]
    assert fusion.json("down") == {"stopped": True, "leftovers_ended": 0}
    assert fusion("down").stdout == "The network was not up.\n"
    assert processes_of(fusion) == []
