"""Each wall alone stops what it is for, and without it the same attempt gets through."""

import pytest

from sandbox.jail.walls import Wall
from tests.escape.attempts.alone import ALONE
from tests.escape.player import Report
from tests.escape.stage import USERS, Stage, Staged, User, needs_x86


@pytest.fixture
def place(wall: Wall, user: User, stage: Staged) -> Stage:
    """The stage, where the wall stands for this user and what it is tried with is there."""
    needs_x86(ALONE[wall].attempt)
    found = stage(user, "host")
    why = found.standing()[wall]
    if why:
        pytest.skip(f"{wall} does not stand for this user: {why}")
    return found


def _through(report: Report) -> bool:
    """Whether the attempt succeeded."""
    return "ModuleError Reached" in report.endings or bool(report.harms)


every = pytest.mark.parametrize(("wall", "user"), [(wall, user) for wall in Wall for user in USERS])


def test_there_is_an_attempt_for_every_wall() -> None:
    assert set(ALONE) == set(Wall)


@every
def test_alone_it_stops_the_attempt(wall: Wall, place: Stage, without: frozenset[Wall]) -> None:
    report = place.break_out(ALONE[wall].attempt, {wall, *ALONE[wall].needs} - without)
    assert not _through(report), report


@every
def test_without_it_the_attempt_gets_through(wall: Wall, place: Stage) -> None:
    report = place.break_out(ALONE[wall].attempt, ALONE[wall].needs)
    assert _through(report), report
