"""The images that this version can run: its own, and those of other versions that left what they need.

An operator that renews Fusion still has jobs and panels under way that name the image of before. A version that
changed the guest's sources alone runs both by itself; else the other's process is started from `sandbox.relic`.
"""

import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from sandbox.image import Image, lock
from sandbox.relic import PACKAGES, Relic

UNUSED = 30 * 86_400.0
"""Seconds after its last use that an image is kept, if nobody says otherwise: longer than any challenge window."""


def kept(images: Path) -> Mapping[bytes, Image]:
    """The images that can be run, by id."""
    return {image.id: image for image in _all(images) if image.is_compiled() and _runnable(image)}


def prune(images: Path, needed: Collection[bytes], unused: float = UNUSED) -> list[bytes]:
    """Removes images of other versions that nobody used for long, and what no image that is left needs.

    Args:
        needed: ids of images that stay.
        unused: seconds since the last use.

    Returns:
        the ids of the removed.
    """
    gone: list[bytes] = []
    if images.is_dir():
        with lock(images):
            before = time.time() - unused
            for image in list(_all(images)):
                if image.id not in needed and not image.is_current() and image.path.stat().st_mtime < before:
                    shutil.rmtree(image.path)
                    gone.append(image.id)
            if gone:
                _prune_shared(images, before)
    return gone


def _runnable(image: Image) -> bool:
    if image.is_current():
        return True
    relic = Relic.of(image.path)
    return relic is not None and relic.usable


def _prune_shared(images: Path, before: float) -> None:
    """Removes native code and packages of which no image is left."""
    left = list(_all(images))
    needed = {image.compiled for image in left}
    needed |= {folder for image in left if (relic := Relic.of(image.path)) for folder in relic.folders(image.path)}
    for folder in [*(images / "compiled").glob("*"), *(images / PACKAGES).glob("*")]:
        if folder not in needed and folder.stat().st_mtime < before:
            shutil.rmtree(folder)


def _all(images: Path) -> Iterator[Image]:
    """Every image that was prepared here, runnable or not."""
    for record in sorted(images.glob("*/image.json")):
        image = Image.at(record.parent)
        if image is not None:
            yield image
