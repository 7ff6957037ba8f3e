import json
from pathlib import Path

import pytest

from fusion.chain.deployment import Deployment
from fusion.errors import BadInput, NotReady

KEPT = Deployment(31337, {"MockUSD": "0x" + "11" * 20}, 3, "ab" * 32)


def test_what_is_saved_loads(tmp_path: Path) -> None:
    KEPT.save(tmp_path / "home" / "deployment.json")

    assert Deployment.load(tmp_path / "home" / "deployment.json") == KEPT
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["deployment.json"]


def test_none_is_there(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"no deployment at .*; start the local network with `fusion up`"):
        Deployment.load(tmp_path / "deployment.json")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"chain_id": 1, "contracts": ["0x"], "block": 1, "hash": ""}),
        json.dumps({"chain_id": 1, "contracts": {"MockUSD": "0x12"}, "block": 1, "hash": ""}),
        json.dumps({"chain_id": "x", "contracts": {}, "block": 1, "hash": ""}),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "deployment.json").write_text(text)

    with pytest.raises(BadInput, match=r"deployment\.json is no deployment"):
        Deployment.load(tmp_path / "deployment.json")
