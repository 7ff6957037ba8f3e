"""Hostile bundles are refused in one line, and nothing of them is written where it should not be."""

import pytest

from tests.escape.attempts.archives import ARCHIVES, Archive
from tests.escape.stage import USERS, Staged, User


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda archive: archive.name)
def test_it_is_refused(archive: Archive, user: User, stage: Staged) -> None:
    report = stage(user, None).unpack(archive.name)

    assert report.harms == []
    assert set(report.endings) <= set(archive.refusals)
    assert "\n" not in report.said
    assert len(report.said) < 600
