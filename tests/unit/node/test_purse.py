"""What an operator does with its money: it stakes as it can, asks back when it drains, and claims what is enough."""

import threading
from concurrent.futures import wait
from typing import Any, cast

import pytest

from fusion.errors import BadInput, ContractRefused, FusionError
from node.executor import purse as purse_module
from node.executor.bond import Standing
from node.executor.metrics import Metrics
from node.executor.purse import Purse
from node.executor.terms import Terms
from node.executor.troubles import Troubles

LEAST = 10
TOO_LOW = ContractRefused("OperatorStaking.stake was refused: StakeTooLow(...)", error="StakeTooLow")


class Short:
    """A bond whose stake is refused until `enough`."""

    def __init__(self, *, locked: int = 0, error: FusionError = TOO_LOW) -> None:
        self.locked, self.error, self.enough, self.tries = locked, error, False, 0
        self.done: list[str] = []

    def register(self, endpoint: str) -> None:
        self.done.append(endpoint)

    def standing(self) -> Standing:
        return Standing(free=0, locked=self.locked, unbonding=0, claimable=0)

    def top_up(self, _wanted: int) -> bool:
        self.tries += 1
        if not self.enough:
            raise self.error
        return True

    def unbond(self) -> int:
        self.done.append("unbond")
        return 5

    def claim(self) -> int:
        self.done.append("claim")
        return 7


def _purse(bond: Short, **terms: Any) -> Purse:
    return Purse(cast("Any", bond), Terms(stake=9, **terms), Metrics(), Troubles(), operator="0x1")


def _reviewed(purse: Purse, standing: Standing, *, draining: bool = False) -> None:
    purse.review(standing, least=LEAST, draining=draining)
    wait(purse.under_way())
    purse.collect()


def _begin(purse: Purse, *, draining: bool = False) -> None:
    purse.begin("http://here", threading.Event(), draining=draining, pause=lambda _failures: 0.001)


@pytest.mark.parametrize("error", [TOO_LOW, BadInput("it holds 0 base units and stakes 5 more")])
def test_who_has_duties_stakes_and_registers_beside_them_until_it_works(
    error: FusionError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purse_module, "AGAIN", 0.0)
    bond = Short(locked=5, error=error)
    purse = _purse(bond)
    purse.begin_again("http://here", draining=False)
    assert bond.done == [], "nothing is waited for"
    _reviewed(purse, bond.standing())
    bond.enough = True
    for _ in range(3):
        _reviewed(purse, bond.standing())
    assert bond.tries == 2, "one that failed, one that did not"
    assert bond.done == ["http://here"]


def test_without_locked_stake_a_stake_that_fails_ends_the_start() -> None:
    with pytest.raises(ContractRefused, match="StakeTooLow"):
        _begin(_purse(Short()))


def test_who_drains_stakes_nothing() -> None:
    bond = Short()
    _begin(_purse(bond), draining=True)
    purse = _purse(bond)
    purse.begin_again("http://here", draining=True)
    _reviewed(purse, bond.standing(), draining=True)
    assert bond.tries == 0


@pytest.mark.parametrize(
    ("standing", "asked"),
    [
        (Standing(free=9, locked=0, unbonding=0, claimable=0), True),
        (Standing(free=5, locked=5, unbonding=0, claimable=0), True),
        (Standing(free=4, locked=5, unbonding=0, claimable=0), False),  # too little to be drawn by: it can wait
        (Standing(free=0, locked=20, unbonding=0, claimable=0), False),
    ],
)
def test_who_drains_asks_back_what_it_could_be_drawn_by(standing: Standing, *, asked: bool) -> None:
    bond = Short()
    _reviewed(_purse(bond), standing, draining=True)
    assert bond.done == ["unbond"] * asked


def test_what_is_owed_is_claimed_once_it_is_enough() -> None:
    bond = Short()
    purse = _purse(bond, claim_at=7)
    _reviewed(purse, Standing(0, 0, 0, claimable=6))
    assert bond.done == []
    _reviewed(purse, Standing(0, 0, 0, claimable=7))
    assert purse.claimed == 7
