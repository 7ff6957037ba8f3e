"""An operator runs the images that were kept, and forgets those that nobody needs."""

from pathlib import Path

import pytest

from fusion.errors import BadInput
from node.executor import images
from node.executor.images import forget, runnable
from node.executor.run import checked_spec
from node.spec import JobSpec
from sandbox.image import Image

OWN, OTHER = bytes(32), bytes([1]) * 32


def test_its_own_image_is_run_even_where_none_is_prepared(tmp_path: Path) -> None:
    own = Image(OWN, tmp_path / OWN.hex())
    assert runnable(own) == {OWN: own}


def test_what_duties_name_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[bytes]] = []
    monkeypatch.setattr(images, "prune", lambda _folder, needed: asked.append(needed) or [])
    own = Image(OWN, tmp_path / OWN.hex())
    forget(own, [])
    assert asked == [], "no image was prepared there: the folder around it may be anyone's"
    own.path.mkdir()
    forget(own, [JobSpec(1, image=OTHER).encode(), b"no spec at all"])
    assert asked == [{OWN, OTHER}]


def test_images_that_cannot_be_removed_stop_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: Path, _needed: set[bytes]) -> list[bytes]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(images, "prune", refuse)
    (tmp_path / OWN.hex()).mkdir()
    forget(Image(OWN, tmp_path / OWN.hex()), [])


def test_a_job_for_any_kept_image_is_taken_and_no_other() -> None:
    from types import SimpleNamespace

    from fusion.chain.bindings.types import Job
    from node.digest import keccak

    spec = JobSpec(1, image=OTHER)
    job = SimpleNamespace(spec_hash=keccak(spec.encode()), version=1, fuel=spec.limits.fuel)
    taken: Job = job  # type: ignore[assignment]  # as much of it as is read
    assert checked_spec(spec.encode(), taken, {OWN, OTHER}, 10**14) == spec
    with pytest.raises(BadInput, match=f"the job is for image {OTHER.hex()}, this operator has {OWN.hex()}"):
        checked_spec(spec.encode(), taken, {OWN}, 10**14)
