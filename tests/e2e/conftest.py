"""Whole local networks for journeys."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.image import Image
from tests.e2e.command import Fusion


@pytest.fixture(scope="session")
def fusion(tmp_path_factory: pytest.TempPathFactory, image: Image) -> Iterator[Fusion]:
    """One network for all journeys that do not end it; its first journey is walked by whoever asks for `told`."""
    fusion = Fusion.at(tmp_path_factory.mktemp("fusion"))
    yield fusion
    ended = fusion("down")
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="session")
def told(fusion: Fusion) -> dict[str, Any]:
    """What `fusion demo --json` printed on a fresh home."""
    shown: dict[str, Any] = fusion.json("demo")
    return shown
