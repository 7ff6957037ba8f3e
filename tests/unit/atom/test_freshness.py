"""Kept kernels are compiled anew when what they were made of has changed, in whichever file that is."""

import os
import subprocess
import sys

import pytest

INNER = """
from atom.book.engine import jit

STEP = {step}

@jit
def inner(value):
    return value {sign} 1
"""
OUTER = """
import inner_of as other
from atom.book.engine import jit
from inner_of import STEP, inner

@jit
def outer(value):
    return between(value) * STEP

@jit
def between(value):
    return inner(value)

@jit
def through_module(value):
    return other.inner(value) * other.STEP

print(outer(10), through_module(10), len(outer.stats.cache_hits))
"""


@pytest.fixture
def said(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    (tmp_path / "outer_of.py").write_text(OUTER)

    def says(step, sign):
        (tmp_path / "inner_of.py").write_text(INNER.format(step=step, sign=sign))
        words = [sys.executable, "-m", "outer_of"]
        run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
        return run.stdout.split()

    return says


def test_a_change_of_another_file_is_seen_and_no_change_keeps_them(said):
    assert said(2, "+") == ["22", "22", "0"]
    assert said(2, "+") == ["22", "22", "1"]
    assert said(3, "+") == ["33", "33", "0"]  # another constant
    assert said(3, "-") == ["27", "27", "0"]  # another kernel


def test_what_a_version_kept_is_never_another_versions(said, tmp_path):
    """numba's own names are numbers: killed between index and file, it would go on with what an old version kept."""
    kept = []
    for sign in "+-":
        said(2, sign)
        kept.append({path.name for path in tmp_path.rglob("outer_of.outer*.nbc")})
    assert [len(names) for names in kept] == [1, 1]
    assert not kept[0] & kept[1]
