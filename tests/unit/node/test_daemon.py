"""The operator refuses to begin where it could not work."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.account import Account
from fusion.errors import BadInput, ContractRefused, FusionError
from node.executor import daemon as daemon_module
from node.executor.bond import Standing
from node.executor.daemon import Daemon, Terms


def _daemon(home: Path, terms: Terms) -> Daemon:
    untouched = cast("Any", None)
    deployment = SimpleNamespace(chain_id=1)
    chain = cast("Any", SimpleNamespace(deployment=deployment, jobs=SimpleNamespace(address="0x" + "1" * 40)))
    return Daemon(home, chain, Account.random(), content=untouched, image=untouched, terms=terms)


class Short:
    """A bond whose stake is refused until `enough`."""

    def __init__(self, *, locked: int, error: FusionError) -> None:
        self.locked, self.error, self.enough, self.tries = locked, error, False, 0

    def register(self, _endpoint: str) -> None: ...

    def standing(self) -> Standing:
        return Standing(free=0, locked=self.locked, unbonding=0, claimable=0)

    def stake(self, _wanted: int) -> None:
        self.tries += 1
        if not self.enough:
            raise self.error


TOO_LOW = ContractRefused("OperatorStaking.stake was refused: StakeTooLow(...)", error="StakeTooLow")


@pytest.mark.parametrize("error", [TOO_LOW, BadInput("it holds 0 base units and stakes 5 more")])
def test_a_stake_that_fails_keeps_nobody_from_the_jobs_that_lock_it(
    error: FusionError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_module, "STAKE_AGAIN", 0.0)
    daemon = _daemon(tmp_path, Terms(stake=9))
    bond = Short(locked=5, error=error)
    daemon._bond = cast("Any", bond)

    daemon._begin("http://here", threading.Event())  # it would not come back

    bond.enough = True
    while daemon._stake_at is not None:
        daemon._stake_again()
    daemon._stake_again()
    assert bond.tries == 2
    assert daemon._staking is None


def test_without_locked_stake_a_stake_that_fails_ends_the_start(tmp_path: Path) -> None:
    daemon = _daemon(tmp_path, Terms(stake=9, poll=0.001))
    daemon._bond = cast("Any", Short(locked=0, error=TOO_LOW))
    with pytest.raises(ContractRefused, match="StakeTooLow"):
        daemon._begin("http://here", threading.Event())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_an_endpoint_that_nobody_can_reach_is_not_registered(host: str, tmp_path: Path) -> None:
    daemon = _daemon(tmp_path, Terms(stake=1, host=host))
    with pytest.raises(BadInput, match="nobody can reach a gateway at"):
        daemon.run(threading.Event())
    assert list(tmp_path.iterdir()) == []
