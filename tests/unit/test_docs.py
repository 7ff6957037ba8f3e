"""Docs that must name what the code has: settings, errors, words."""

import inspect
import re
from pathlib import Path

from fusion import errors
from fusion.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`FUSION_{name.upper()}`" not in text] == []


def test_the_error_tree_in_the_docstring_is_the_tree() -> None:
    classes = {
        name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.FusionError)
    }
    assert set(re.findall(r"^[│├└─ ]*(\w+)", errors.__doc__ or "", re.M)) >= classes


def test_no_file_written_by_hand_passes_400_lines() -> None:
    folders = ["fusion", "atom", "sandbox", "node", "indexer", "api", "cli", "tests", "contracts", "modules", "bench"]
    long = {
        str(path.relative_to(ROOT)): count
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sol", ".js", ".css", ".html") and "bindings" not in path.parts
        if (count := path.read_text().count("\n")) > 400
    }
    assert long == {}
