import shutil
from pathlib import Path

import pytest

from fusion.chain import anvil
from fusion.chain.anvil import Anvil
from fusion.errors import NotReady


def test_the_command_of_a_kept_chain() -> None:
    command = Anvil.command(Path("/home/x/chain.json"), 8545, 1)

    assert Path(command[0]).name == "anvil"
    assert " ".join(command[1:]) == (
        "--quiet --host 127.0.0.1 --port 8545 --chain-id 31337 --prune-history 256 "
        "--state /home/x/chain.json --state-interval 2 --block-time 1"
    )


def test_the_command_of_a_passing_chain() -> None:
    assert "--state" not in Anvil.command(None, 8545, None)
    assert "--block-time" not in Anvil.command(None, 8545, None)


def test_anvil_is_found_on_the_path_or_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(anvil, "ROOT", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/local/bin/anvil")
    assert Anvil.binary() == Path("/usr/local/bin/anvil")

    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(NotReady, match=r"anvil is missing: neither .* nor on PATH; run `npm ci`"):
        Anvil.binary()


def test_a_port_in_use_is_told() -> None:
    with Anvil.run() as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(NotReady, match=f"port {port} of 127.0.0.1 is in use"), Anvil.run(port=port):
            pass
