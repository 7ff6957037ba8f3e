"""What is kept in the project is text that people wrote: nothing that was built or downloaded slips in."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 512 * 1024  # bytes


def test_no_file_is_larger_than_people_write() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone of the project")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]
    assert len(names) > 1000
    assert [name for name in names if (ROOT / name).stat().st_size > LARGEST] == []
