"""When a service of the local network counts as ready."""

from pathlib import Path

import pytest

from api.health import LAG
from cli.local import LocalNetwork
from fusion.chain.client import Chain
from fusion.chain.deployment import Deployment, Parameters
from fusion.settings import Settings
from indexer.database import open_engine, prepare
from indexer.follow import Follower
from indexer.scripted import ScriptedChain


def test_the_indexer_is_ready_once_it_stands_on_the_chain_near_its_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = ScriptedChain()
    monkeypatch.setattr(Chain, "connect", lambda rpc, deployment: chain)
    monkeypatch.setattr(Deployment, "load", lambda path: chain.deployment)
    monkeypatch.setattr("cli.local.accounts.address_of", lambda folder, name: "")  # no operator is asked here
    settings = Settings(home=tmp_path)
    network = LocalNetwork(settings)
    # Nothing that an API may answer is asked: there is none.
    ready = next(each for each in network.services() if each.name == "indexer").ready

    assert not ready()  # no file
    assert not (tmp_path / "index.sqlite").exists()
    engine = open_engine(settings.index)
    with engine.begin():
        pass
    assert not ready()  # no tables
    prepare(engine, "other")
    assert not ready()  # no block
    chain.mine()
    Follower(chain, engine).step()
    assert ready()
    for _ in range(LAG + 1):
        chain.mine()
    assert not ready()  # far behind
    Follower(chain, engine).step()
    assert ready()
    chain.drop(1)
    assert not ready()  # of another chain
    engine.dispose()


def test_the_challenge_window_is_a_setting_and_has_a_chain_of_its_own(tmp_path: Path) -> None:
    usual, slow = (LocalNetwork(Settings(home=tmp_path, challenge_window=seconds)) for seconds in (2, 90))

    assert usual.parameters == Parameters()
    assert slow.parameters.windows.challenge == 90
    assert slow.folder != usual.folder
