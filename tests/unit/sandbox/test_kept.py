"""An image of another version is run by its own process, from what was left beside it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fusion.errors import ContentError, Retryable
from sandbox import relic
from sandbox.image import Image, load, prepare
from sandbox.kept import kept, prune
from sandbox.outcome import Result
from sandbox.relic import Relic
from sandbox.worker import Worker
from tests.unit.sandbox.walled import task

ROOT = Path(__file__).parents[3]
CLOCK = b"""
import time
from fusion.sdk import Floats, module


@module
def run(price: Floats) -> Floats:
    return price * 0 + time.time()
"""


@pytest.fixture(scope="module")
def images(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images of its own, with the same native code, and in it this version's."""
    folder = tmp_path_factory.mktemp("images")
    compiled = image.compiled
    assert compiled is not None
    target = folder / "compiled" / compiled.name
    target.parent.mkdir()
    target.symlink_to(compiled)
    prepare(folder)
    return folder


@pytest.fixture(scope="module")
def other(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image of a version whose guests have another clock, prepared by that version."""
    root = tmp_path_factory.mktemp("version")
    for package in ("fusion", "sandbox"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__", "bindings"))
    host = root / "sandbox/host.py"
    text = host.read_text()
    assert "\nNOW = " in text
    host.write_text(text + "\nNOW = 7 * 10**9\n")
    program = "import sys, pathlib, sandbox.image as m; print(m.prepare(pathlib.Path(sys.argv[1])).id.hex())"
    ended = subprocess.run(
        [sys.executable, "-c", program, str(images)],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    shutil.rmtree(root)  # that version is not installed any more
    return Image(bytes.fromhex(ended.stdout.strip()), images / ended.stdout.strip())


@pytest.fixture
def copied(images: Path, other: Image, tmp_path: Path) -> Path:
    copy = tmp_path / "images"
    shutil.copytree(images, copy, symlinks=True, ignore=shutil.ignore_patterns("packages"))
    shutil.copytree(images / "packages", copy / "packages", copy_function=os.link)  # large, and nobody writes to them
    assert other.path.parent == images
    return copy


def test_two_versions_run_side_by_side_in_one_worker(images: Path, other: Image) -> None:
    mine = load(images)
    assert not other.is_current()
    assert kept(images) == {mine.id: mine, other.id: other}
    with Worker(mine) as worker:
        clocks = []
        for image in (None, other, mine):
            outcome = worker.run(task(CLOCK), image)
            assert isinstance(outcome, Result)
            clocks.append(outcome.outputs["value"][0])
            assert worker.pid is not None
            paths = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"PYTHONPATH=")[1]
            assert paths.startswith(bytes(other.path)) == (image == other)
    assert clocks[1] == 7.0
    assert clocks[0] == clocks[2] != 7.0


def test_what_an_image_leaves_is_complete_and_left_once(images: Path) -> None:
    mine = load(images)
    found = Relic.of(mine.path)
    assert found is not None
    assert found.usable
    made = (mine.path / "relic/relic.json").stat().st_ino
    prepare(images)
    assert (mine.path / "relic/relic.json").stat().st_ino == made
    names = {path.relative_to(mine.path / "relic").as_posix() for path in (mine.path / "relic").rglob("*.py")}
    loaded = "import sys, sandbox.process; print(*(m for m in sys.modules if m.split('.')[0] in ('fusion', 'sandbox')))"
    told = subprocess.run(
        [sys.executable, "-c", loaded], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    ).stdout
    for module in told.split():
        path = module.replace(".", "/")
        assert {f"{path}.py", f"{path}/__init__.py"} & names, module


@pytest.mark.parametrize(
    "change", [{"protocol": 0}, {"encoding": "0" * 64}, {"packages": ["wasmtime-0"]}, {"protocol": None, "packages": 3}]
)
def test_an_image_that_cannot_be_run_or_voted_for_is_not_listed(
    copied: Path, other: Image, change: dict[str, object]
) -> None:
    path = copied / other.path.name / "relic/relic.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert set(kept(copied)) == {load(copied).id}


def test_damage_is_not_listed(copied: Path, other: Image) -> None:
    record = copied / other.path.name / "image.json"
    record.write_text(record.read_text().replace("49.0.0", "48.0.0"))
    (copied / ("0" * 64)).mkdir()
    (copied / ("0" * 64) / "image.json").write_text("{}")
    (copied / "stray").mkdir()
    (copied / "stray/image.json").write_text("no json")
    assert set(kept(copied)) == {load(copied).id}


def test_a_process_that_says_it_is_another_is_not_used(copied: Path, other: Image) -> None:
    message = copied / other.path.name / "relic/sandbox/message.py"
    message.write_text(message.read_text().replace("PROTOCOL = 1", "PROTOCOL = 9"))
    with Worker(Image(other.id, copied / other.path.name)) as worker, pytest.raises(ContentError, match="a greeting"):
        worker.run(task())


def test_sources_that_are_not_the_image_s_do_not_run(copied: Path, other: Image) -> None:
    host = copied / other.path.name / "relic/sandbox/host.py"
    host.write_text(host.read_text() + "\n")
    with (
        Worker(Image(other.id, copied / other.path.name)) as worker,
        pytest.raises(Retryable, match="made by other versions"),
    ):
        worker.run(task())


def test_an_unused_image_goes_with_what_it_alone_needs(copied: Path, other: Image) -> None:
    mine = load(copied)
    alone = copied / "packages/wasmtime-1"
    alone.mkdir()
    shared = {path.name for path in (copied / "packages").iterdir()} - {alone.name}
    month_ago = time.time() - 31 * 86_400
    assert prune(copied, set()) == []
    for folder in (*copied.iterdir(), *(copied / "packages").iterdir()):
        os.utime(folder, (month_ago, month_ago))
    assert prune(copied, {other.id}) == []
    assert alone.exists()
    assert prune(copied, set()) == [other.id]
    assert set(kept(copied)) == {mine.id}
    assert {path.name for path in (copied / "packages").iterdir()} == shared


def test_an_image_in_use_is_not_pruned(copied: Path, other: Image) -> None:
    folder = copied / other.path.name
    month_ago = time.time() - 31 * 86_400
    os.utime(folder, (month_ago, month_ago))
    Image(other.id, folder).touch()
    assert prune(copied, set()) == []


def test_the_two_files_that_outcomes_hang_on_are_left(images: Path) -> None:
    assert relic.Relic.left_now("0" * 64).encoding
    assert (load(images).path / "relic/sandbox/encoding.py").exists()
    assert (load(images).path / "relic/sandbox/guest/stub.json").exists()
