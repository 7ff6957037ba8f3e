"""Secrets that a person keeps in a file: read only where nobody else can read them."""

import os
import stat
from pathlib import Path

from fusion.errors import BadInput

LARGEST = 4096  # bytes


def read(path: Path, what: str = "the password") -> str:
    """The text of a file, without the end of its last line.

    It is a file of mode 0600 or less, of this user or root. One among systemd's credentials may show a mode that lets
    its group read: that is how the service's own permission shows there.

    Raises:
        BadInput: it is missing, empty, too long, no text, or others can read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise BadInput(f"{path}, with {what}, cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadInput(f"{path}, with {what}, is no file")
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        mode = stat.S_IMODE(found.st_mode)
        if mode & (0o007 | (0 if _is_credential(path) else 0o070)):
            raise BadInput(f"{path}, with {what}, can be read by others (mode {mode:04o}): `chmod 600` it")
        if found.st_uid not in (os.geteuid(), 0):
            raise BadInput(f"{path}, with {what}, belongs to another user ({found.st_uid})")
        data = file.read(LARGEST + 1)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}, with {what}, is no text") from error
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(data) > LARGEST:
        raise BadInput(f"{path}, with {what}, is {'empty' if not text else f'longer than {LARGEST} bytes'}")
    return text


def _is_credential(path: Path) -> bool:
    """Whether systemd put it there for this service; its folder can be entered by the service alone."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.parent == Path(folder or "/")
