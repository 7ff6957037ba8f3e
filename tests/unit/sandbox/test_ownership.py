"""No code is run from where a stranger on the machine could have put it."""

import os
from pathlib import Path

import pytest

from fusion.errors import NotReady
from sandbox import ownership
from sandbox.image import load, prepare


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_of_ones_own_will_do(tmp_path: Path, there: bool) -> None:
    images = tmp_path / "cache" / "images"
    if there:
        images.mkdir(parents=True, mode=0o700)
    ownership.check(images)


@pytest.mark.parametrize("open_one", ["cache", "cache/images"])
def test_what_anybody_may_write_to_is_refused(tmp_path: Path, open_one: str) -> None:
    images = tmp_path / "cache" / "images"
    images.mkdir(parents=True)
    (tmp_path / open_one).chmod(0o777)
    for use in (ownership.check, load, prepare):
        with pytest.raises(NotReady, match=r"anybody may write to .*chmod o-w"):
            use(images)


def test_where_each_may_remove_but_his_own_a_folder_is_safe(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    (tmp_path / "tmp/images").mkdir(mode=0o700)
    ownership.check(tmp_path / "tmp/images")
    with pytest.raises(NotReady, match="anybody may write"):
        ownership.check(tmp_path / "tmp")


def test_what_a_link_leads_to_counts(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "images").symlink_to(tmp_path / "open")
    with pytest.raises(NotReady, match="anybody may write"):
        ownership.check(tmp_path / "images")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away, which takes root")
def test_somebody_elses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir(mode=0o755)
    os.chown(tmp_path / "images", 20_473, 20_473)
    with pytest.raises(NotReady, match="belongs to user 20473"):
        ownership.check(tmp_path / "images")
