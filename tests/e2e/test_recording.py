"""The journey on a real recording: the same outcome on all operators, and again on another network."""

from pathlib import Path

import pytest

from sandbox.image import Image
from tests.e2e.command import Fusion

pytestmark = pytest.mark.e2e


def test_a_recorded_binance_file_gives_one_outcome_everywhere(shared_data: Path, tmp_path: Path, image: Image) -> None:
    feed = f"binance:{shared_data / 'binance_2024' / 'spot_btcusdt_20240808.gz'}"
    fusion = Fusion.at(tmp_path / "home", FUSION_FEED=feed)
    try:
        first, second = fusion.json("demo"), fusion.json("demo")
    finally:
        assert fusion("down").returncode == 0
    assert len(set(first["results"].values())) == 1
    assert set(first["results"].values()) == set(second["results"].values())
    assert sum(first["credited"].values()) + first["protocol_fee"] == first["paid"]
