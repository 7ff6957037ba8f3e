"""A module that needs machine code is published and sold like any; its buyer runs it, and no operator does."""

from pathlib import Path

import pytest

from sandbox.jail.walls import WALLS, enough, usable
from tests.e2e.command import Fusion, refused

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("told")]


@pytest.mark.skipif(not enough(WALLS - usable()), reason="native modules are not run where too few walls stand")
def test_it_is_published_and_sold_and_no_operator_runs_it(fusion: Fusion, tmp_path: Path) -> None:
    assert fusion("module", "new", "swift", cwd=tmp_path).returncode == 0
    folder = tmp_path / "swift"
    told = (folder / "module.toml").read_text()
    (folder / "module.toml").write_text('native = ["numba"]\n' + told)
    source = (folder / "module.py").read_text()
    (folder / "module.py").write_text(source.replace("import numpy as np", "import numba\nimport numpy as np"))

    published = fusion.json("module", "publish", str(folder), "--as", "ada")
    version = str(published["version"])
    sold = fusion.json("module", "offer", version, "--as", "ada", "--free")
    fusion.json("license", "buy", str(sold["offer"]), "--as", "you")
    assert "native code is never attested" in refused(fusion, "module", "run", version, "--as", "you")
    assert fusion.json("module", "test", str(folder), "--native")["runtime"] == "native"
