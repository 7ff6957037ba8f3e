"""`fusion atom quality`, as a user types it."""

import json

import pytest
from typer.testing import CliRunner

from atom.recording import Recording
from atom.store import Store
from atom.venues.simulated import simulate
from cli.atom import app
from fusion.errors import BadInput


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))
    Store(tmp_path / "atom").write(Recording(simulate(1, 300), 0, 0, 0, 0))
    return lambda *words: CliRunner().invoke(app, ["quality", *words], catch_exceptions=False).stdout


def test_it_tells_numbers_and_draws_a_page(run, tmp_path):
    (row,) = json.loads(run("--json", "--html", str(tmp_path / "day.html")))
    assert (row["symbol"], row["date"], row["valid"]) == ("SIM-USD", "2024-01-01", 1.0)
    assert (tmp_path / "day.html").read_text().startswith("<!doctype html>")
    assert "SIM-USD" in run()
    assert (tmp_path / "quality.html").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--date", "yesterday"), "--date takes a day such as 2024-01-31"),
        (("--symbol", "NONE"), "nothing of that is stored"),
    ],
)
def test_it_says_what_is_wrong(run, words, told):
    with pytest.raises(BadInput, match=told):
        run(*words)
