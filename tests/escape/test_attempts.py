"""Every attempt, in both runtimes, as root and as an ordinary user: how it ends, and that the operator is unharmed."""

from collections.abc import Sequence

import pytest

from tests.escape.attempt import Attempt, RuntimeName
from tests.escape.attempts import jit
from tests.escape.attempts.catalogue import ATTEMPTS
from tests.escape.stage import USERS, Staged, User, needs_x86

RUNTIMES: tuple[tuple[RuntimeName, Sequence[Attempt]], ...] = (
    ("wasm", ATTEMPTS),
    ("native", ATTEMPTS),
    ("jit", jit.ATTEMPTS),
)

CASES = [
    pytest.param(runtime, attempt, id=f"{runtime}-{attempt.name}")
    for runtime, attempts in RUNTIMES
    for attempt in attempts
]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(("runtime", "attempt"), CASES)
def test_it_stays_inside(runtime: RuntimeName, attempt: Attempt, user: User, stage: Staged) -> None:
    if runtime != "wasm":
        needs_x86(attempt)
    report = stage(user, runtime).play(runtime, attempt)

    assert report.harms == []
    assert set(report.endings) <= set(attempt.endings(runtime)), report.said[:300]
    assert report.after == "Result"
