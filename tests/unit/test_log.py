"""Logs go to whatever stderr is when they are said."""

import io
import sys

import pytest
import structlog

from fusion import log


def test_a_log_goes_to_the_stderr_of_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    log.configure("INFO")
    try:
        told = log.get(job=7)
        told.info("begun")
        monkeypatch.setattr(sys, "stderr", second)
        first.close()
        told.bind(seat=1).warning("ended")
    finally:
        structlog.reset_defaults()
    assert '"event": "ended"' in second.getvalue()
    assert '"job": 7' in second.getvalue()
