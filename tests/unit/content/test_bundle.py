import os
from pathlib import Path

import pytest

from fusion.content import bundle, unixfs
from fusion.content.bundle import Bundle
from fusion.errors import BundleError

MANIFEST = b"""\
name = "ema"
version = "1.0.0"
entry = "ema"   # kept byte for byte
summary = "Exponential moving average"
license = "Apache-2.0"
[inputs]
price = "Any series"
[outputs]
value = "Its average"
"""
FILES = {"module.toml": MANIFEST, "module.py": b"def ema(): ...\n", "data/table.csv": b"1,2\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ema"
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def refusal(given: Path | dict[str, bytes]) -> str:
    with pytest.raises(BundleError) as refused:
        Bundle.load(given) if isinstance(given, Path) else Bundle.from_files(given)
    told = str(refused.value)
    assert "\n" not in told
    assert len(told) < 300
    told.encode()
    return told


def test_same_source_same_cid(folder: Path) -> None:
    loaded = Bundle.load(folder)

    assert loaded == Bundle.from_files(dict(reversed(FILES.items())))
    assert loaded.cid == unixfs.directory_cid(FILES)
    assert loaded.files == FILES
    assert list(loaded.files) == sorted(FILES)
    assert loaded.manifest.name == "ema"


def test_what_tools_leave_behind_is_left_out(folder: Path) -> None:
    expected = Bundle.load(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "module.cpython-311.pyc").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_bytes(b"x")
    (folder / ".venv").symlink_to("/usr")
    for name in (".DS_Store", "module.py~", "#module.py#", ".#module.py", ".module.py.swp", "old.pyc"):
        (folder / name).write_bytes(b"x")

    assert Bundle.load(folder) == expected


def test_times_and_modes_are_no_matter(folder: Path) -> None:
    expected = Bundle.load(folder).cid
    (folder / "module.py").chmod(0o755)
    os.utime(folder / "module.py", (0, 0))

    assert Bundle.load(folder).cid == expected


def test_no_such_folder(folder: Path) -> None:
    assert "No such file or directory" in refusal(folder / "absent")
    assert "Not a directory" in refusal(folder / "module.py")


@pytest.mark.parametrize("name", ["module.toml", "module.py"])
def test_both_files_are_needed(folder: Path, name: str) -> None:
    (folder / name).unlink()

    assert refusal(folder) == f"{name} is missing; a module has module.toml and module.py"


def test_a_broken_manifest_is_told(folder: Path) -> None:
    (folder / "module.toml").write_bytes(MANIFEST.replace(b"1.0.0", b"1.0"))

    assert refusal(folder) == "module.toml: version: '1.0' is not a semantic version; write it like 1.0.0"


@pytest.mark.parametrize("code", [b"\xff", b"x = '\0'"])
def test_source_is_text(folder: Path, code: bytes) -> None:
    (folder / "module.py").write_bytes(code)

    assert refusal(folder).startswith("module.py")


def test_too_many_bytes_are_seen_before_any_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(10**12)  # sparse: it could not be read
    monkeypatch.setattr(bundle, "_read", lambda *_: pytest.fail("read before measuring"))

    assert "16,777,216 (16 MiB) are allowed" in refusal(folder)


def test_exactly_the_limit_is_allowed(folder: Path) -> None:
    (folder / "large.bin").write_bytes(bytes(bundle.MAX_BYTES - sum(map(len, FILES.values()))))

    assert Bundle.load(folder).cid
    (folder / "one.bin").write_bytes(b"x")
    assert "16 MiB" in refusal(folder)


def test_too_many_files(folder: Path) -> None:
    for number in range(bundle.MAX_FILES - len(FILES)):
        (folder / "data" / f"{number}").touch()
    assert len(Bundle.load(folder).files) == 1000

    (folder / "one-more").touch()
    assert refusal(folder) == "the bundle has more than 1,000 files; pack data into fewer"


@pytest.mark.parametrize("target", ["module.py", "/etc/passwd", "..", "nowhere"])
def test_links_are_refused(folder: Path, target: str) -> None:
    (folder / "data" / "link").symlink_to(target)

    assert "'data/link' is a symbolic link" in refusal(folder)


def test_what_is_no_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    assert "'pipe' is neither a file nor a folder" in refusal(folder)


def test_a_file_that_grows_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "data" / "table.csv"
    scan = bundle._scan  # the moment between measuring and reading has no other door

    def and_then_grow(*arguments: Path) -> list[tuple[str, int]]:
        found = list(scan(*arguments))
        path.write_bytes(bytes(100))
        return found

    monkeypatch.setattr(bundle, "_scan", and_then_grow)
    assert refusal(folder) == "data/table.csv changed while it was read; try again"


@pytest.mark.parametrize("name", ["fast.so", "fast.so.1", "FAST.SO", "fast.pyd", "fast.dll", "fast.dylib", "lib.a"])
def test_native_libraries_are_refused(folder: Path, name: str) -> None:
    (folder / "data" / name).write_bytes(b"x")

    assert "native library" in refusal(folder)


@pytest.mark.parametrize("start", [b"\x7fELF", b"\xcf\xfa\xed\xfe"])
def test_machine_code_under_another_name_is_refused(folder: Path, start: bytes) -> None:
    (folder / "data" / "table.csv").write_bytes(start + bytes(100))

    assert refusal(folder).startswith("data/table.csv holds machine code")


@pytest.mark.parametrize(
    "name",
    [
        "naïve.csv",
        "e\u0301.csv",
        "\u202egpj.csv",
        "zero\u200bwidth",
        "new\nline",
        "\x1b[2J",
        "two words",
        "back\\slash",
        "C:",
        "-option",
        "trailing.",
        "x" * 101,
    ],
)
def test_names_are_portable(folder: Path, name: str) -> None:
    (folder / "data" / name).write_bytes(b"x")
    assert "is no portable name" in refusal(folder)

    (folder / "data" / name).unlink()
    (folder / name).mkdir()
    (folder / name / "file").write_bytes(b"x")
    assert "is no portable name" in refusal(folder)


def test_a_name_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / os.fsdecode(b"\xff.csv")).write_bytes(b"x")

    assert "is no portable name" in refusal(folder)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../up", "a/../b", "a//b", "./a", ".hidden", "__pycache__/a", "m.pyc"]
)
def test_names_of_fetched_files_are_held_to_the_same_rules(path: str) -> None:
    assert "is no portable name" in refusal(FILES | {path: b"x"})


@pytest.mark.parametrize("paths", [("a.csv", "A.csv"), ("data/a", "Data/b"), ("x/y/a", "x/Y/a")])
def test_names_that_differ_in_case_alone_are_refused(paths: tuple[str, str]) -> None:
    assert "differ in case alone" in refusal(FILES | dict.fromkeys(paths, b"x"))


def test_a_file_is_no_folder() -> None:
    assert "lies below a file" in refusal(FILES | {"data/table.csv/x": b""})


def test_deep_folders_are_refused(folder: Path) -> None:
    deep = folder.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x")

    assert "more than 7 folders deep" in refusal(folder)
    assert "more than 7 folders deep" in refusal(FILES | {"a/b/c/d/e/f/g/h/file": b""})
