"""OperatorStaking: stake comes and goes by its rules, and only jobs may lock or take it."""

from brownie import chain
from conftest import MINIMUM_STAKE, UNBOND_PERIOD, refused


def test_an_operator_registers_then_stakes_at_least_the_minimum(house, people):
    house.fund(people.ada, 2 * MINIMUM_STAKE, house.staking)
    with refused("NotRegistered"):
        house.staking.stake(MINIMUM_STAKE, {"from": people.ada})
    house.staking.register("http://127.0.0.1:9000", {"from": people.ada})
    with refused("StakeTooLow"):
        house.staking.stake(MINIMUM_STAKE - 1, {"from": people.ada})
    house.staking.stake(MINIMUM_STAKE, {"from": people.ada})
    house.staking.stake(1, {"from": people.ada})
    assert house.staking.operator(people.ada)["free"] == MINIMUM_STAKE + 1
    assert house.staking.endpoint(people.ada) == "http://127.0.0.1:9000"
    assert (house.staking.operatorCount(), house.staking.candidateCount()) == (1, 1)
    assert house.staking.totalStake() == MINIMUM_STAKE + 1


def test_unbonding_takes_its_time(house, people):
    house.enlist([people.ada])
    house.staking.requestUnbond(MINIMUM_STAKE, {"from": people.ada})
    assert house.staking.candidateCount() == 0
    with refused("StillUnbonding"):
        house.staking.withdraw({"from": people.ada})
    with refused("NotEnoughFree"):
        house.staking.requestUnbond(1, {"from": people.ada})
    chain.sleep(UNBOND_PERIOD + 1)
    chain.mine()
    house.staking.withdraw({"from": people.ada})
    assert house.usd.balanceOf(people.ada) == MINIMUM_STAKE
    with refused("NothingUnbonding"):
        house.staking.withdraw({"from": people.ada})


def test_nobody_but_jobs_draws_unlocks_or_slashes(house, people):
    house.enlist([people.ada])
    for call in (
        lambda: house.staking.drawAndLock(1, b"\x01" * 32, chain.height, 1, 1, [], {"from": people.eve}),
        lambda: house.staking.unlock(1, people.ada, 1, {"from": people.eve}),
        lambda: house.staking.slash(1, people.ada, 1, 3, {"from": people.eve}),
    ):
        with refused("NotJobs"):
            call()
