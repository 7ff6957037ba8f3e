"""The files of a module version, and the rules that keep them portable and small."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

from fusion.content import unixfs
from fusion.content.cid import Cid
from fusion.content.manifest import FILE, Manifest, Requirement
from fusion.errors import BundleError

__all__ = ["Bundle", "Manifest", "Requirement"]

CODE = "module.py"
MAX_BYTES = 16 * 1024 * 1024
MAX_FILES = 1_000
MAX_DEPTH = 8

# ASCII alone: names that look alike, or that one file system folds and another does not, cannot occur.
_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+-]{0,98}[A-Za-z0-9_+-])?", re.ASCII)
_IGNORED = re.compile(r"\..*|__pycache__|.*\.py[co]|.*~|#.*#", re.DOTALL)
_NATIVE_NAME = re.compile(r".*\.(?:so(?:\.[0-9]+)*|pyd|dll|dylib|a|o|exe)", re.IGNORECASE)
_NATIVE_START = (b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")


@dataclass(frozen=True)
class Bundle:
    """A module's files, checked.

    Attributes:
        manifest: what `module.toml` says.
        files: relative POSIX path -> content, sorted by path, byte for byte as the author wrote them.
        cid: the folder they make; equal files have an equal CID whatever machine they lie on.
    """

    manifest: Manifest
    files: Mapping[str, bytes] = field(repr=False)
    cid: Cid

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads a folder, leaving out dotfiles, `__pycache__`, `*.pyc` and editors' backups.

        Raises:
            BundleError: no such folder, a rule of the format broken, or more than 16 MiB or 1,000 files, which is seen
                before anything is read.
        """
        sizes: dict[str, int] = {}
        total = 0
        for path, size in _scan(folder, folder):
            sizes[path] = size
            total += size
            _check_limits(len(sizes), total)
        _check_names(sizes)
        return cls.from_files({path: _read(folder, path, size) for path, size in sizes.items()})

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Checks files that were fetched or made; raises BundleError."""
        _check_limits(len(files), sum(map(len, files.values())))
        _check_names(files)
        for path, content in files.items():
            if content.startswith(_NATIVE_START):
                raise BundleError(f"{path} holds machine code; a module is Python source and data")
        for needed in (FILE, CODE):
            if needed not in files:
                raise BundleError(f"{needed} is missing; a module has {FILE} and {CODE}")
        manifest = Manifest.parse(files[FILE])
        _check_source(files[CODE])
        kept = MappingProxyType(dict(sorted(files.items())))
        return cls(manifest, kept, unixfs.directory_cid(kept))


def _scan(folder: Path, root: Path) -> Iterator[tuple[str, int]]:
    """The regular files below `folder`, as path from `root` and bytes."""
    where = folder.relative_to(root)
    if len(where.parts) >= MAX_DEPTH:
        raise BundleError(f"{where.as_posix()!r:.90} is more than {MAX_DEPTH - 1} folders deep")
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise BundleError(f"{str(folder)!r}: {error.strerror}; give the folder that holds {FILE}") from None
    for entry in entries:
        if _IGNORED.fullmatch(entry.name):
            continue
        path = (where / entry.name).as_posix()
        seen = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(seen.st_mode):
            raise BundleError(f"{path!r} is a symbolic link; put the file itself into the bundle")
        if stat.S_ISDIR(seen.st_mode):
            yield from _scan(folder / entry.name, root)
        elif stat.S_ISREG(seen.st_mode):
            yield path, seen.st_size
        else:
            raise BundleError(f"{path!r} is neither a file nor a folder")


def _check_limits(count: int, size: int) -> None:
    if count > MAX_FILES:
        raise BundleError(f"the bundle has more than {MAX_FILES:,} files; pack data into fewer")
    if size > MAX_BYTES:
        raise BundleError(f"the bundle has at least {size:,} bytes; {MAX_BYTES:,} (16 MiB) are allowed")


def _check_names(paths: Mapping[str, object]) -> None:
    spelled: dict[str, str] = {}
    for path in paths:
        parts = path.split("/")
        if len(parts) > MAX_DEPTH:
            raise BundleError(f"{path!r:.100} is more than {MAX_DEPTH - 1} folders deep")
        for part in parts:
            if not _PART.fullmatch(part) or _IGNORED.fullmatch(part):
                raise BundleError(
                    f"{path!r:.90} is no portable name; use ASCII letters, digits, _ . + -, a letter, digit or _ first"
                )
        if _NATIVE_NAME.fullmatch(parts[-1]):
            raise BundleError(f"{path} is a native library; a module is Python source and data")
        for depth in range(1, len(parts) + 1):
            prefix = "/".join(parts[:depth])
            other = spelled.setdefault(prefix.lower(), prefix)
            if other != prefix:
                raise BundleError(f"{prefix} and {other} differ in case alone; rename one")
        if any("/".join(parts[:depth]) in paths for depth in range(1, len(parts))):
            raise BundleError(f"{path} lies below a file; a name is a file or a folder")


def _check_source(source: bytes) -> None:
    try:
        text = source.decode()
    except UnicodeDecodeError as error:
        raise BundleError(f"{CODE}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    if "\0" in text:
        raise BundleError(f"{CODE} has a NUL character, so it is not Python source")


def _read(folder: Path, path: str, size: int) -> bytes:
    """The content of a file that had `size` bytes a moment ago; a link put in its place is not followed."""
    try:
        handle = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            content = file.read(size + 1)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from None
    if len(content) != size:
        raise BundleError(f"{path} changed while it was read; try again")
    return content
