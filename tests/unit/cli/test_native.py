"""`module test --native`: asked for in so many words, and said in the report."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from fusion.errors import BadInput
from sandbox.jail.walls import Wall, usable

MANIFEST = """\
name = "drift"
version = "0.1.0"
entry = "drift"
summary = "Trailing mean"
license = "Apache-2.0"
native = ["{package}"]

[inputs]
price = "Price"

[outputs]
value = "Its trailing mean"
"""

CODE = """\
import numba
import numpy as np
from fusion.sdk import Floats, module


@numba.njit
def trailing(price, window):
    out = np.empty(price.size)
    for i in range(price.size):
        out[i] = price[max(0, i + 1 - window) : i + 1].mean()
    return out


@module(lookback=lambda window: window)
def drift(price: Floats, *, window: int = 20) -> Floats:
    return trailing(price, window)
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSION_HOME", str(tmp_path / "home"))


def module(folder: Path, package: str) -> str:
    folder.mkdir()
    (folder / "module.toml").write_text(MANIFEST.format(package=package))
    (folder / "module.py").write_text(CODE)
    return str(folder)


def test_native_packages_have_to_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.session.Session.image", None)  # it is refused before an image is prepared
    ended = CliRunner().invoke(app, ["module", "test", module(tmp_path / "drift", "numba")])
    assert isinstance(ended.exception, BadInput)
    assert str(ended.exception) == (
        "it needs the native package 'numba': give --native to run it on this machine alone, never attested"
    )


def test_a_package_that_is_not_installed_is_told(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["module", "test", module(tmp_path / "drift", "torch"), "--native"])
    assert isinstance(ended.exception, BadInput)
    assert "run `pip install torch`" in str(ended.exception)


@pytest.mark.skipif(Wall.SECCOMP not in usable(), reason="native modules run behind Linux's walls")
def test_a_native_module_is_tested_and_the_report_says_what_that_is_worth(tmp_path: Path) -> None:
    folder = module(tmp_path / "drift", "numba")
    ended = CliRunner().invoke(app, ["module", "test", folder, "--native", "--json"])
    assert ended.exit_code == 0, ended.exception
    found = json.loads(ended.stdout)
    assert found["sound"] is True
    assert found["runtime"] == "native"
    assert found["note"] == "not attested, may differ between machines"
    assert found["fuel"] is None
