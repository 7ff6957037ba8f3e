"""The long run in small: a thousand agents' day is the same but for its length."""

from tests.soak.agents import soak


def test_a_few_minutes_of_many_agents() -> None:
    found, again = (soak(0.05, 100, seed=1) for _ in range(2))
    assert found["conserved"]
    assert found["overdrawn"] == 0
    assert isinstance(found["fills"], int)
    assert found["fills"] > 1000
    assert found["digest"] == again["digest"]
