"""Whole local networks for journeys."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.image import Image
from tests.e2e.command import Fusion
from tests.e2e.court import Court, held


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


@pytest.fixture(scope="session")
def court(tmp_path_factory: pytest.TempPathFactory, image: Image) -> Iterator[Court]:
    """One network for all sales and disputes."""
    with held(tmp_path_factory.mktemp("court"), image) as court:
        yield court
