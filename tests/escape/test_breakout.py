"""Raw system calls in the process that hosts the wasm runtime, as after a break out of the instance."""

import pytest

from tests.escape.attempt import Attempt
from tests.escape.attempts import exhaustion, files, kernel, network, processes
from tests.escape.stage import USERS, Staged, User, needs_x86

ATTEMPTS = [
    attempt for topic in (files, network, processes, kernel, exhaustion) for attempt in topic.ATTEMPTS if attempt.host
]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_it_stays_inside(attempt: Attempt, user: User, stage: Staged) -> None:
    needs_x86(attempt)
    report = stage(user, "host").break_out(attempt, None)

    assert report.harms == []
    assert set(report.endings) <= set(attempt.host), report.said[:300]
