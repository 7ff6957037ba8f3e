"""What the chain's unit tests share."""

import pytest

from fusion.chain import front, nonces, transactions, watch


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting by the clock, and nothing remembered of other tests."""
    monkeypatch.setattr(transactions, "POLL", 0.001)
    monkeypatch.setattr(watch, "FIRST_POLL", 0.001)
    monkeypatch.setattr(watch, "LAST_POLL", 0.001)
    monkeypatch.setattr(watch, "SURE_AFTER", 0.0)
    monkeypatch.setattr(watch, "STUCK_AFTER", 0.0)
    monkeypatch.setattr(watch, "TEND", 0.0)
    monkeypatch.setattr(front, "SECONDS", 0.0)
    monkeypatch.setattr(nonces, "_all", {})
