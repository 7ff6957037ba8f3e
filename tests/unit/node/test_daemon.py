"""The operator refuses to begin where it could not work."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.account import Account
from fusion.errors import BadInput
from node.executor.daemon import Daemon, Terms


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_an_endpoint_that_nobody_can_reach_is_not_registered(host: str, tmp_path: Path) -> None:
    untouched = cast("Any", None)
    deployment = SimpleNamespace(chain_id=1)
    chain = cast("Any", SimpleNamespace(deployment=deployment, jobs=SimpleNamespace(address="0x" + "1" * 40)))
    daemon = Daemon(
        tmp_path, chain, Account.random(), content=untouched, image=untouched, terms=Terms(stake=1, host=host)
    )
    with pytest.raises(BadInput, match="nobody can reach a gateway at"):
        daemon.run(threading.Event())
    assert list(tmp_path.iterdir()) == []
