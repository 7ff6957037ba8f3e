"""A folder of blocks, each in a file named by its CID."""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fusion.content import unixfs
from fusion.content.cid import Cid
from fusion.errors import ContentError, ContentUnavailable, Retryable


class BlockStore:
    """Blocks on disk, safe for many writers at once: a block is complete or absent, and is checked whenever it is read.

    Args:
        folder: made on the first write. A block lies in `<folder>/<two letters of its CID>/<CID>`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, cid: Cid, data: bytes) -> None:
        """Keeps a block so that it survives a power cut; raises ContentError when it is not the block of `cid`."""
        self.put_all([(cid, data)])

    def put_all(self, blocks: Iterable[unixfs.Block]) -> None:
        """Keeps blocks in the order given. Raises Retryable when the disk is full or read-only."""
        shards: set[Path] = set()
        for cid, data in blocks:
            _check_size(cid, data)
            cid.check(data)
            path = self._path(cid)
            try:
                if _read(path) != data:  # absent, or altered on disk
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _replace(path, data)
                    shards.add(path.parent)
            except OSError as error:
                raise Retryable(f"cannot write to the content store {self.folder}: {error.strerror}") from error
        for shard in shards:
            _sync(shard)

    def get(self, cid: Cid) -> bytes:
        """The block of `cid`.

        Raises:
            ContentUnavailable: it is not here.
            ContentError: the file was altered.
        """
        try:
            data = _read(self._path(cid))
        except OSError as error:
            raise Retryable(f"cannot read the content store {self.folder}: {error.strerror}") from error
        if data is None:
            raise ContentUnavailable(f"{cid} is not in the content store {self.folder}")
        try:
            cid.check(data)
        except ContentError:
            raise ContentError(
                f"the stored block {self._path(cid)} was altered; delete the file to fetch it again"
            ) from None
        return data

    def has(self, cid: Cid) -> bool:
        return self._path(cid).is_file()

    def add_directory(self, files: Mapping[str, bytes], *, chunk: int = unixfs.CHUNK) -> Cid:
        """Keeps a folder (relative POSIX path -> content) and returns its root. Raises BadInput on a bad path."""
        blocks = list(unixfs.directory_blocks(files, chunk=chunk))
        self.put_all(blocks)  # children first: a root that is here has its files here
        return blocks[-1][0]

    def read_directory(self, root: Cid) -> dict[str, bytes]:
        """The files of a folder, path -> content.

        Raises:
            ContentUnavailable: a block is not here.
            ContentError: a block was altered, or the folder is malformed or over the limits of `unixfs.read_directory`.
        """
        return unixfs.read_directory(root, self.get)

    def blocks_of(self, root: Cid) -> Iterator[unixfs.Block]:
        """Every block below and with `root`, depth first, each once. Raises as `read_directory`."""
        return unixfs.walk(root, self.get)

    def _path(self, cid: Cid) -> Path:
        name = str(cid)
        return self.folder / name[-3:-1] / name


def _check_size(cid: Cid, data: bytes) -> None:
    if len(data) > unixfs.MAX_BLOCK:
        raise ContentError(f"{cid} has {len(data)} bytes; a block has at most {unixfs.MAX_BLOCK}")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
