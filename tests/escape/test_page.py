"""The docs tell what is tried, and the script tells a wall that nothing misses."""

import sys

import pytest

from sandbox.jail.walls import Wall
from tests.escape import page, walls
from tests.escape.attempts.catalogue import ATTEMPTS


def test_the_page_is_what_is_tried() -> None:
    assert page.PAGE.read_text() == page.text(), "write it again: python -m tests.escape.page"


def test_names_are_given_once() -> None:
    names = [attempt.name for attempt in ATTEMPTS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("failed", "status"), [(["a test"], 0), ([], 1)])
def test_a_wall_that_no_test_misses_is_told(
    failed: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(walls, "standing", lambda: dict.fromkeys(Wall, ""))
    monkeypatch.setattr(walls, "failures", lambda wall, *, suite: failed)
    monkeypatch.setattr(sys, "argv", ["walls", "net"])

    assert walls.main() == status
    assert (", ".join(failed) or "none") in capsys.readouterr().out
