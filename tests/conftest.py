"""Fixtures that every kind of test shares."""

import os
from pathlib import Path

import pytest

from fusion.settings import Settings
from sandbox.image import Image, prepare

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real captures; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("FUSION_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real captures are absent: no folder {folder}; set FUSION_TEST_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def image() -> Image:
    """The compiled sandbox image, prepared once a machine."""
    return prepare(Settings().images, None)
