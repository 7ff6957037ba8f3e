"""Logs go to whatever stderr is when they are said."""

import io
import json
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


def _line(monkeypatch: pytest.MonkeyPatch, form: log.Form | None) -> str:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    log.configure("INFO", form)
    try:
        with log.bound(job=7, operator="0x1"):
            try:
                secret = "a salt"
                raise ValueError(secret[:1])
            except ValueError:
                log.get().exception("failed")
    finally:
        structlog.reset_defaults()
    return said.getvalue()


def test_a_form_is_what_was_asked_for_and_json_where_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    for form in (None, log.Form.JSON):
        told = json.loads(_line(monkeypatch, form))
        assert (told["event"], told["job"], told["operator"]) == ("failed", 7, "0x1")
        assert "ValueError: a" in told["exception"]
    text = _line(monkeypatch, log.Form.CONSOLE)
    assert "job=7" in text
    assert "ValueError: a" in text


@pytest.mark.parametrize("form", list(log.Form))
def test_a_traceback_shows_no_values(monkeypatch: pytest.MonkeyPatch, form: log.Form) -> None:
    assert "a salt" not in _line(monkeypatch, form).replace('secret = "a salt"', "")
