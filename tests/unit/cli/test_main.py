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
        (["license", "buy", "x", "--as", "you"], "valid integer"),
        (["license", "buy", "1"], "Missing option"),
        (["license", "buy", "1", "--as", "you", "--referrer", "bob"], "--referrer is 'bob'"),
        (["module", "offer", "1", "--as", "you"], "give --price, --free or --per-run"),
        (["module", "offer", "1", "--as", "you", "--price", "1", "--trial", "soon"], "--trial is 'soon'"),
        (["module", "offer", "1", "--as", "you", "--sells", "all"], "is not one of 'licenses', 'runs', 'both'"),
        (["module", "offer", "1", "--as", "you", "--withdraw"], "give --offer OFFER"),
        (["module", "run", "1", "--as", "you", "--solo", "-n", "3"], "leave out --seats"),
        (["module", "run", "1", "--as", "you", "--assurance", "101"], "--assurance is '101'"),
        (["job", "challenge", "0", "--as", "you"], "greater than or equal to 1"),
        (["assurance", "fund", "much", "--as", "you"], "the amount is 'much'"),
        (["module", "new", "not-a-name"], "cannot name a module"),
        (["module", "test", "missing"], "missing"),
        (["license", "buy", "1", "--as", "you", "--max-price", "x"], "--max-price is 'x'"),
        (["license", "buy", "1", "--as", "nobody"], "no account 'nobody'"),
        (["atom", "import", "--venue", "nowhere", "x"], "nowhere"),
        (["atom", "import", "--venue", "binance", "x"], "x"),
        (["atom", "show", "binance"], "binance"),
        (["indexer", "hash"], "there is no index"),
        (["revenue", "claim", "--as", "ada", "--to", "ada"], "--to is 'ada'"),
        (["module", "new", "class"], "no word of Python"),
        (["module", "new"], "see `fusion module new --help`"),
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


@pytest.mark.parametrize("value", ["x", '["x"', "{}", "[1]", "http://127.0.0.1:8000/ipfs"])
def test_gateways_that_are_no_list_are_told(value: str, tmp_path: Path) -> None:
    done = fusion("account", "list", home=tmp_path, FUSION_GATEWAYS=value)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"FUSION_GATEWAYS is {value!r}: give a JSON list, such as [" in done.stderr


@pytest.mark.parametrize("room", [[], ["module"]])
def test_a_room_without_a_verb_shows_its_help(room: list[str], tmp_path: Path) -> None:
    done = fusion(*room, home=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == fusion(*room, "--help", home=tmp_path).stdout


def test_the_help_of_a_verb_is_not_cut_off(tmp_path: Path) -> None:
    rooms = "module license job operator revenue assurance account atom indexer api collider window sandbox protocol"
    for room in ([], *([each] for each in rooms.split())):
        assert "...\n" not in fusion(*room, "--help", home=tmp_path).stdout.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("database", "code", "words"),
    [
        ("nonsense", 2, "'nonsense' is no database"),
        ("postgresql+nowhere://x/y", 2, "is no database"),
        ("sqlite:///{home}/text", 1, "file is not a database"),
    ],
)
def test_a_database_that_cannot_be_used_is_told(database: str, code: int, words: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, but long enough to be taken for one\n" * 20)
    done = fusion("indexer", "hash", home=tmp_path, FUSION_DATABASE=database.format(home=tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert words in done.stderr
    assert "fault" not in done.stderr


def test_a_home_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = fusion("down", home=tmp_path, FUSION_HOME=str(tmp_path / "file"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{tmp_path / 'file'}/network.lock: Not a directory" in done.stderr


def test_columns_are_of_a_feed_not_of_made_up_data(tmp_path: Path) -> None:
    fusion("module", "new", "slope", home=tmp_path)
    done = fusion("module", "test", "slope", "--input", "bid=nothing", home=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "give --feed too" in done.stderr


def test_nothing_is_written_by_a_command_that_is_refused(tmp_path: Path) -> None:
    fusion("atom", "import", "--venue", "binance", "x", home=tmp_path)
    fusion("module", "test", "missing", home=tmp_path)
    assert list(tmp_path.rglob("*")) == []
