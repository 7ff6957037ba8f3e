"""An operator refuses terms with which it could not work, and says what it could never run."""

import pytest

from fusion.errors import BadInput
from node.executor.run import MAX_MEMORY
from node.executor.terms import LEAST_MEMORY, Terms


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_an_endpoint_that_nobody_can_reach_is_refused(host: str) -> None:
    with pytest.raises(BadInput, match="nobody can reach a gateway at"):
        Terms(stake=1, host=host)
    assert Terms(stake=1, host=host, endpoint="https://node.example.org/ipfs").host == host


def test_memory_in_which_nothing_runs_is_refused() -> None:
    with pytest.raises(BadInput, match="no module runs in less than 128 MiB"):
        Terms(stake=1, memory=LEAST_MEMORY - 1)


def test_jobs_that_could_never_run_here_are_told() -> None:
    assert Terms(stake=1).shortfalls() == []
    (memory,) = Terms(stake=1, memory=MAX_MEMORY // 2).shortfalls()
    assert "1024 MiB" in memory
    assert "512 MiB" in memory
    (fuel,) = Terms(stake=1, max_fuel=10**9).shortfalls()
    assert "1000000000" in fuel
    assert Terms(stake=1, memory=LEAST_MEMORY).job_memory == LEAST_MEMORY
    assert Terms(stake=1, memory=64 * MAX_MEMORY).job_memory == MAX_MEMORY
