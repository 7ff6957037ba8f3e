"""The fingerprint is the same in every process and on another processor, and the image comes out the same again."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.fingerprint import ROWS, inputs, numeric_cases
from sandbox.image import Image

ROOT = Path(__file__).resolve().parents[2]
QEMU = shutil.which("qemu-x86_64-static")
COMMAND = (sys.executable, "-m", "cli", "sandbox", "fingerprint", "--json")


def begun(home: Path, *before: str, options: Sequence[str] = ()) -> subprocess.Popen[str]:
    environment = os.environ | {"FUSION_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([*before, *COMMAND, *options], env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def ended(process: subprocess.Popen[str]) -> dict[str, object]:
    said, _ = process.communicate(timeout=500)
    assert process.returncode == 0
    return dict(json.loads(said))


@pytest.fixture(scope="module")
def told(image: Image, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return ended(begun(tmp_path_factory.mktemp("home"), options=["--each"]))


@pytest.fixture(scope="module")
def each(told: dict[str, object]) -> dict[str, str]:
    return dict(told["each"])


@pytest.fixture(scope="module")
def here(told: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in told.items() if name != "each"}


def test_it_says_what_it_is(here, image):
    assert here["image"] == image.id.hex()
    assert here["wasmtime"] == "49.0.0"
    assert len(bytes.fromhex(here["hash"])) == 32
    assert here["fuel"] > 10**8
    assert here["cases"] >= 34 + 3


def test_three_processes_agree(here, tmp_path):
    two = [begun(tmp_path / str(number)) for number in range(2)]
    assert [ended(process) for process in two] == [here, here]


@pytest.mark.skipif(QEMU is None, reason="qemu-x86_64-static is not installed (Debian package qemu-user-static)")
def test_an_emulated_processor_agrees(here, tmp_path):
    """Nehalem: the baseline that the image is compiled for, without AVX and FMA, which libraries like to choose by."""
    assert ended(begun(tmp_path, str(QEMU), "-cpu", "Nehalem")) == here


def test_inputs_do_not_depend_on_a_library():
    columns = inputs({"x": "float64", "k": "int64", "bid": "float64"}, 3)
    assert [float(value).hex() for value in columns["x"]] == [
        "0x1.5fa11a975afb0p-3",
        "0x1.036f3b213e3e3p-3",
        "-0x1.53dd76683c298p-1",
    ]
    assert columns["k"].tolist() == [44377, 93490, 48255]
    assert (columns["bid"] > 100).all()
    assert {len(column) for column in inputs({"x": "float64"}).values()} == {ROWS}


def test_every_case_is_one_of_its_own(each):
    assert set(numeric_cases()) < set(each)
    assert len(set(each.values())) == len(each)
