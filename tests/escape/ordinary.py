"""Becomes an ordinary user for good, then runs Python: `python ordinary.py IMAGE ARGUMENTS...`.

Root's checkout, interpreter and image may lie in a folder that only root can enter. So, while still root, this makes a
view of its own: over each such folder lies an empty one that all may enter, with what is needed bound into it at the
paths it has outside. What is made lies in a mount namespace that ends with this process.
"""

import ctypes
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ORDINARY = 20_473
"""The user's id; nobody's, and not the one root's jail takes."""

ROOT = Path(__file__).resolve().parents[2]

_NEWNS, _BIND, _REC, _PRIVATE = 0x00020000, 0x1000, 0x4000, 0x40000
_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> None:
    """Never returns."""
    image, *rest = arguments
    _view(Path(image))
    os.setgroups([])
    os.setresgid(ORDINARY, ORDINARY, ORDINARY)
    os.setresuid(ORDINARY, ORDINARY, ORDINARY)
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *rest])


def _view(image: Path) -> None:
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), ROOT, Path(tempfile.gettempdir())}
    needed = {path for each in prefixes for path in (each.absolute(), each.resolve())}
    needed = {path for path in needed if not any(path != other and path.is_relative_to(other) for other in needed)}
    _check(_libc.unshare(_NEWNS), "unshare")
    _mount(None, Path("/"), _REC | _PRIVATE)
    held = {path: os.open(path, os.O_PATH) for path in needed}
    images = image.parent.resolve()
    files = dict(_image_files(image.resolve(), images))
    code = {path: os.open(path, os.O_PATH) for path in files if path.suffix == ".cwasm"}
    packages = {path: os.open(path, os.O_PATH) for path in images.glob("packages")}
    for closed in sorted({found for path in (*needed, images) if (found := _closed(path))}):
        if _closed(closed / "x") == closed:  # not below one that lies open by now
            _mount(b"tmpfs", closed, 0, b"mode=755")
    for path, handle in held.items():
        if not path.exists():
            path.mkdir(parents=True)
            _bind(handle, path)
    if images.exists():
        _mount(b"tmpfs", images, 0, b"mode=755")
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if path in code:
            _bind(code[path], path)
    for path, handle in packages.items():
        path.mkdir()
        _bind(handle, path)
    for handle in (*held.values(), *code.values(), *packages.values()):
        os.close(handle)


def _image_files(image: Path, images: Path) -> Iterator[tuple[Path, bytes]]:
    """The image's files: its own and the code that it shares, which is bound and not copied."""
    for path in (*image.rglob("*"), *(images / "compiled").rglob("*")):
        if path.is_file():
            yield path, b"" if path.suffix == ".cwasm" else path.read_bytes()


def _closed(path: Path) -> Path | None:
    """The first folder on the way to `path` that not everybody may enter."""
    for folder in reversed(path.parents):
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def _bind(handle: int, target: Path) -> None:
    _mount(f"/proc/self/fd/{handle}".encode(), target, _BIND | _REC)


def _mount(source: bytes | None, target: Path, flags: int, data: bytes | None = None) -> None:
    kind = source if data else None
    _check(_libc.mount(source, bytes(target), kind, ctypes.c_ulong(flags), data), f"mount on {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
