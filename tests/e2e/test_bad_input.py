"""What people get wrong: one clear line on stderr, exit 2 (1 for what may come back), no traceback, nothing written."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fusion.chain.anvil import ROOT, free_port
from fusion.content.cid import Cid
from tests.e2e.command import Fusion, refused

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("told")]

Edit = Callable[[Path], object]


def edited(folder: Path, old: str, new: str) -> None:
    text = (folder / "module.py").read_text()
    assert old in text
    (folder / "module.py").write_text(text.replace(old, new))


def manifest(folder: Path, old: str, new: str) -> None:
    text = (folder / "module.toml").read_text()
    assert old in text
    (folder / "module.toml").write_text(text.replace(old, new))


UNKNOWN = str(Cid.directory(bytes(31) + b"\x07"))
REQUIRES = f'\n[requires]\nema = {{version = "1.0.0", cid = "{UNKNOWN}"}}\n'

BUNDLES: dict[str, tuple[Edit, str]] = {
    "syntax error": (lambda f: edited(f, "return middle", "return return middle"), "module.py:"),
    "forbidden import": (lambda f: edited(f, "import numpy as np", "import numpy as np\nimport socket"), "socket"),
    "undeclared import": (
        lambda f: edited(f, "import numpy as np", "import numpy as np\nfrom requires import ema"),
        "ema",
    ),
    "wrong types": (lambda f: edited(f, "bid: Floats", "bid: list"), "bid"),
    "port without a doc": (lambda f: manifest(f, 'ask = "Best ask, in quote currency"\n', ""), "ask"),
    "broken manifest": (lambda f: manifest(f, 'name = "', "name = "), "module.toml"),
    "bad version": (lambda f: manifest(f, '"0.1.0"', '"1.0"'), "'1.0'"),
    "no module.py": (lambda f: (f / "module.py").unlink(), "module.py is missing"),
    "missing directory": (shutil.rmtree, "No such file"),
    "over the limit": (lambda f: (f / "data.bin").write_bytes(bytes(17 << 20)), "16 MiB"),
    "too many files": (lambda f: [(f / f"f{i}.txt").touch() for i in range(1001)], "1,000 files"),
    "unknown CID": (lambda f: (f / "module.toml").write_text((f / "module.toml").read_text() + REQUIRES), UNKNOWN),
}


@pytest.fixture
def written(fusion: Fusion) -> Callable[[], Any]:
    """What a refused command must leave as it is: the user's content, event log and licenses, modules and jobs."""

    def look() -> Any:
        files = sorted(str(path) for room in ("content", "atom", "keys") for path in (fusion.home / room).rglob("*"))
        rows = fusion.query("{ modules { id } versions { id } offers { id } licenses { id } jobs { id } }")
        return files, rows

    return look


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bad_bundle_is_neither_tested_nor_published(
    name: str, fusion: Fusion, tmp_path: Path, written: Callable[[], Any]
) -> None:
    edit, words = BUNDLES[name]
    assert fusion("module", "new", "slope", cwd=tmp_path).returncode == 0
    folder = tmp_path / "slope"
    edit(folder)
    before = written()
    assert words in refused(fusion, "module", "test", str(folder))
    assert words in refused(fusion, "module", "publish", str(folder), "--as", "ada")
    assert written() == before


CALLS: dict[str, tuple[list[str], str]] = {
    "price too low": (["license", "buy", "1", "--as", "you", "--max-price", "24.999999"], "price too low"),
    "unknown offer": (["license", "buy", "999", "--as", "you"], "there is no offer 999"),
    "no license": (["module", "run", "3", "--as", "ben"], "no license"),
    "unknown version": (["module", "run", "999", "--as", "you"], "999"),
    "runs are not sold": (["module", "run", "3", "--as", "ben", "--per-run", "1"], "sells no runs of version 3"),
    "unknown setting": (["module", "run", "3", "--as", "you", "--set", "spam=3"], "spam"),
    "setting of another type": (["module", "run", "3", "--as", "you", "--set", "span=wide"], "span"),
    "unknown CID": (["module", "run", "3", "--as", "you", "--data", UNKNOWN], UNKNOWN),
    "no CID": (["module", "run", "3", "--as", "you", "--data", "bafynonsense"], "bafynonsense"),
    "unknown feed": (["module", "run", "3", "--as", "you", "--feed", "nowhere:x"], "nowhere"),
    "offer of another version": (["module", "run", "1", "--as", "you", "--per-run", "1"], "sells no runs of version 1"),
    "port without a column": (["module", "run", "3", "--as", "you", "--input", "bid=nowhere"], "nowhere"),
    "not the author": (["module", "offer", "3", "--as", "you", "--price", "1"], "NotAuthor"),
    "quorum": (["module", "run", "3", "--as", "you", "-n", "3", "-k", "1"], "1 of 3: ask for an odd number of seats"),
    "license that is not there": (["license", "show", "999"], "there is no license 999"),
    "no card": (["license", "card", "999"], "there is no license 999"),
    "renewal of what lasts for ever": (["license", "renew", "1", "--as", "you"], "it lasts for ever"),
    "refund without a trial": (["license", "refund", "1", "--as", "you"], "cannot be returned"),
    "refund of another's": (["license", "refund", "1", "--as", "ben"], "who alone can return it"),
    "release of nothing": (["license", "release", "1", "--as", "ben"], "nothing of license 1 is held"),
    "change of another's offer": (["module", "offer", "3", "--as", "you", "--offer", "1", "--price", "1"], "NotAuthor"),
    "change of no offer": (["module", "offer", "3", "--as", "cleo", "--offer", "99", "--price", "1"], "no offer 99"),
    "trial longer than the license": (
        ["module", "offer", "3", "--as", "cleo", "--price", "1", "--duration", "1h", "--trial", "2h"],
        "outlasts",
    ),
    "fee too low": (["module", "run", "3", "--as", "you", "--fee", "0.01"], "a fee of 0.01 is below the least"),
    "value beyond the bound": (["module", "run", "3", "--as", "you", "--value", "1"], "a value of 1.00 is more"),
    "job that is not there": (["job", "show", "999"], "there is no job 999"),
    "challenge of a job that is over": (["job", "challenge", "1", "--as", "you"], "job 1 is final"),
    "demand of a job that is over": (["job", "demand", "1", "--as", "you"], "job 1 is final"),
    "nothing to resolve": (["job", "resolve", "1", "--as", "you"], "job 1 is final"),
    "no canary": (["assurance", "open", "1", "--as", "you"], "job 1 is no canary"),
    "claim for nobody": (["revenue", "claim", "--as", "you", "--for", "nobody"], "--for is 'nobody'"),
    "show unknown": (["module", "show", "999"], "999"),
    "unknown venue": (["atom", "import", "--venue", "nowhere", "x.gz"], "nowhere"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_bad_call_is_refused(name: str, fusion: Fusion, written: Callable[[], Any]) -> None:
    arguments, words = CALLS[name]
    before = written()
    assert words in refused(fusion, *arguments)
    assert written() == before


def test_an_empty_wallet_cannot_buy_or_run(fusion: Fusion) -> None:
    fusion.json("account", "new", "poor")
    assert "fund it" in refused(fusion, "license", "buy", "1", "--as", "poor")
    fusion.json("account", "fund", "poor", "--amount", "1")
    assert "holds 1.00, offer 1 costs 25.00; fund it first" in refused(fusion, "license", "buy", "1", "--as", "poor")


def test_an_rpc_that_is_down_may_come_back(fusion: Fusion) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    for verb in (
        ["license", "buy", "1", "--as", "you"],
        ["module", "run", "3", "--as", "you"],
        ["module", "show", "3"],
    ):
        assert nobody in refused(fusion, *verb, code=1, FUSION_RPC=nobody)
    published = ["module", "publish", str(ROOT / "modules" / "ema"), "--as", "ada"]
    assert nobody in refused(fusion, *published, code=1, FUSION_RPC=nobody)


def test_altered_bytes_are_noticed(fusion: Fusion, told: dict[str, Any]) -> None:
    """A block of the bundle is changed on disk: the store tells, and nothing runs."""
    name = told["cid"]
    block = fusion.home / "content" / name[-3:-1] / name
    original = block.read_bytes()
    block.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    try:
        assert "altered" in refused(fusion, "module", "show", str(told["version_id"]))
        assert "altered" in refused(fusion, "module", "run", str(told["version_id"]), "--as", "you")
    finally:
        block.write_bytes(original)


@pytest.mark.parametrize(
    "content", [b"", b"not a capture\n", gzip.compress(b"1 {}\n" * 50)[:-9]], ids=["empty", "text", "cut"]
)
def test_a_broken_capture_is_told(content: bytes, fusion: Fusion, tmp_path: Path, written: Callable[[], Any]) -> None:
    file = tmp_path / "capture.gz"
    file.write_bytes(content)
    before = written()
    assert "capture.gz" in refused(fusion, "atom", "import", "--venue", "binance", str(file))
    assert written() == before


def test_an_operator_that_cannot_stake_is_not_registered(fusion: Fusion) -> None:
    fusion.json("account", "new", "small")
    fusion.json("account", "fund", "small", "--amount", "500")
    before = fusion.json("operator", "status")
    assert "below the least" in refused(fusion, "operator", "start", "--as", "small", "--stake", "1")
    assert "holds" in refused(fusion, "operator", "start", "--as", "small", "--stake", "2000")
    assert [row["operator"] for row in fusion.json("operator", "status")] == [row["operator"] for row in before]
    assert list(fusion.home.glob("journal-*")) == []
