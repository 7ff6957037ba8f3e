"""The command line's promises: quick help, one line for every refusal, the right exit code."""

import subprocess
import sys
from pathlib import Path

import pytest


def fusion(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        capture_output=True,
        text=True,
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "FUSION_HOME": str(home / "fusion")} | environment,
        timeout=120,
        check=False,
    )


def test_help_loads_no_heavy_package(tmp_path: Path) -> None:
    heavy = ("web3", "numpy", "fastapi", "wasmtime", "pydantic_settings")
    code = f"import sys, cli.main; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
    assert "module" in fusion("--help", home=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command"),
        (["module", "buy", "x", "--as", "you"], "valid integer"),
        (["module", "offer", "1", "--as", "you"], "Missing option"),
        (["module", "new", "not-a-name"], "cannot name a module"),
        (["module", "test", "missing"], "missing"),
        (["module", "buy", "1", "--as", "you", "--max-price", "x"], "--max-price is 'x'"),
        (["module", "buy", "1", "--as", "nobody"], "no account 'nobody'"),
        (["atom", "import", "--venue", "nowhere", "x"], "nowhere"),
        (["atom", "import", "--venue", "binance", "x"], "x"),
        (["atom", "show", "binance"], "binance"),
        (["indexer", "hash"], "there is no index"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = fusion(*arguments, home=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert words in done.stderr


def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    done = fusion("account", "list", home=tmp_path, FUSION_API_PORT="many")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "FUSION_API_PORT is 'many'" in done.stderr


def test_nothing_is_written_by_a_command_that_is_refused(tmp_path: Path) -> None:
    fusion("atom", "import", "--venue", "binance", "x", home=tmp_path)
    fusion("module", "test", "missing", home=tmp_path)
    assert list(tmp_path.rglob("*")) == []
