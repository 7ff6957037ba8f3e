"""The page says what the script says."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import economics


def test_the_tables_of_the_page_are_the_scripts() -> None:
    text = economics.PAGE.read_text()
    _, begun, rest = text.partition(economics.BEGIN)
    committed, ended, _ = rest.partition(economics.END)
    assert begun
    assert ended
    assert committed.strip() == economics.report(), "run `.venv/bin/python bench/economics.py --write`"


def test_the_picture_is_the_scripts() -> None:
    committed = economics.PICTURE.read_text()
    assert committed == economics.picture(), "run `.venv/bin/python bench/economics.py --write`"
    ElementTree.fromstring(committed)


def test_json_has_the_form_of_every_bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(economics, "QUICK", 5_000)
    monkeypatch.setattr("sys.argv", ["economics.py", "--json", "--quick"])
    economics.main()
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"work", "rows"}
    assert all(set(row) == {"what", "ours", "unit", "peer", "theirs", "ratio"} for row in printed["rows"])


def test_writing_changes_nothing_but_what_stands_between_the_marks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page, picture = tmp_path / "economics.md", tmp_path / "economics.svg"
    page.write_text(f"before\n{economics.BEGIN}\nold\n{economics.END}\nafter\n")
    monkeypatch.setattr(economics, "PAGE", page)
    monkeypatch.setattr(economics, "PICTURE", picture)
    monkeypatch.setattr(economics, "report", lambda: "new")
    monkeypatch.setattr("sys.argv", ["economics.py", "--write"])
    economics.main()
    assert page.read_text() == f"before\n{economics.BEGIN}\nnew\n{economics.END}\nafter\n"
    assert picture.read_text().startswith("<svg")
