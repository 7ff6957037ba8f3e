"""The plan of a chaos: repeatable, fair to every kind, and never more operators away than a run can bear."""

from collections import Counter

import pytest

from tests.soak.faults import GATEWAY, HARMLESS, RPC, Fault, Kind, plan
from tests.soak.scale import scale

FULL = scale(14, 200)
HOUR = 3_600.0
ABLE = {
    "a": frozenset({Kind.KILL, Kind.STOP, Kind.DISK}),
    "b": frozenset({Kind.KILL, Kind.STOP, Kind.CLOCK}),
    **{name: frozenset({Kind.KILL, Kind.STOP, *RPC}) for name in "cd"},
    **{name: frozenset({Kind.KILL, Kind.STOP}) for name in "efg"},
}


@pytest.fixture(scope="module")
def faults() -> list[Fault]:
    return plan(7, ABLE, FULL, HOUR)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another(faults: list[Fault]) -> None:
    assert plan(7, ABLE, FULL, HOUR) == faults
    assert plan(8, ABLE, FULL, HOUR) != faults


def test_every_kind_comes_and_only_to_those_that_can_have_it(faults: list[Fault]) -> None:
    assert {fault.kind for fault in faults} == set(Kind)
    for fault in faults:
        assert fault.target == GATEWAY if fault.kind is Kind.LOSE else fault.kind in ABLE[fault.target]


def test_never_more_are_away_together_than_a_run_can_bear(faults: list[Fault]) -> None:
    away = [each for each in faults if each.kind not in HARMLESS and each.target != GATEWAY and each.seconds]
    for fault in away:
        at_once = [each for each in away if each.at <= fault.at < each.at + each.seconds]
        assert len(at_once) <= FULL.down
        assert max(Counter(each.target for each in at_once).values()) == 1


def test_few_faults_outlast_a_commit_window_and_the_gateway_never_does(faults: list[Fault]) -> None:
    long = [fault for fault in faults if fault.seconds > FULL.commit]
    assert {fault.kind for fault in long} == {Kind.STOP}
    assert len(long) < len(faults) / 20
    lost = [fault.seconds for fault in faults if fault.kind is Kind.LOSE]
    assert max(lost) < FULL.commit / 2


def test_a_small_run_has_no_long_faults() -> None:
    small = scale(5, 12)
    assert max(fault.seconds for fault in plan(1, ABLE, small, HOUR)) < small.commit - small.grace
