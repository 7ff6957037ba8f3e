"""A shelf: content by its root, each root's blocks in a folder of their own, so that one can go without another."""

import os
import shutil
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.content.unixfs import Block
from fusion.errors import BadInput, ContentUnavailable, Retryable


class Shelf:
    """Safe for several threads; of one process.

    Args:
        folder: has one folder for each root. What a crash left incomplete is removed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = threading.Lock()
        self._sizes: dict[Cid, int] = {}  # in the order of last use, the longest ago first
        self._where: dict[str, set[Cid]] = {}  # name of a block -> the roots that have it
        self._last = 0
        for root in sorted(self._found(), key=self._used_at):
            self._last = max(self._last, self._used_at(root))
            self._enter(root)

    def put(self, root: Cid, blocks: Iterable[Block]) -> None:
        """Keeps the blocks below and with `root`, which comes last. Raises as `BlockStore.put_all`."""
        self.store(root).put_all(blocks)
        self.added(root)

    def store(self, root: Cid) -> BlockStore:
        """Where the blocks of `root` are, or may be put; then `added` is to be told."""
        return BlockStore(self.folder / str(root))

    def added(self, root: Cid) -> None:
        """The blocks of `root` are all there."""
        with self._guard:
            self._enter(root)
        self.used(root)

    def used(self, root: Cid) -> None:
        """Makes it the one that was used last, also for later processes."""
        with self._guard:
            if root not in self._sizes:
                return
            self._sizes[root] = self._sizes.pop(root)
            self._last += 1
            # A count in the place of a time: clocks may be set back.
            with suppress(OSError):
                os.utime(self._of(root), (self._last, self._last))

    def get(self, cid: Cid) -> bytes:
        """A block of any root; ContentUnavailable where none has it."""
        for root in self._having(cid):
            with suppress(ContentUnavailable):
                return self.store(root).get(cid)
        raise ContentUnavailable(f"{cid} is not in {self.folder}")

    def has(self, cid: Cid) -> bool:
        return any(self.store(root).has(cid) for root in self._having(cid))

    def drop(self, root: Cid) -> None:
        """Removes a root's blocks: the root first, so that what is left of it after a crash counts as incomplete."""
        with self._guard:
            self._sizes.pop(root, None)
            for roots in self._where.values():
                roots.discard(root)
            self._where = {name: roots for name, roots in self._where.items() if roots}
        _remove(self._of(root), root)

    def roots(self) -> list[Cid]:
        """All, the one that was used longest ago first."""
        with self._guard:
            return list(self._sizes)

    def size(self) -> int:
        """Bytes of all blocks."""
        with self._guard:
            return sum(self._sizes.values())

    def _having(self, cid: Cid) -> list[Cid]:
        with self._guard:
            return list(self._where.get(str(cid), ()))

    def _enter(self, root: Cid) -> None:
        names = [path for path in self._of(root).glob("*/*") if not path.name.startswith(".")]
        self._sizes[root] = sum(path.stat().st_size for path in names)
        for path in names:
            self._where.setdefault(path.name, set()).add(root)

    def _found(self) -> list[Cid]:
        """The roots on disk that are complete; the others are removed."""
        complete = []
        for path in self.folder.glob("*"):
            try:
                root = Cid.parse(path.name)
            except BadInput:
                continue  # not ours
            if self.store(root).has(root):
                complete.append(root)
            else:
                shutil.rmtree(path, ignore_errors=True)
        return complete

    def _used_at(self, root: Cid) -> int:
        return int(self._of(root).stat().st_mtime)

    def _of(self, root: Cid) -> Path:
        return self.folder / str(root)


def _remove(folder: Path, root: Cid) -> None:
    try:
        for path in folder.glob(f"*/{root}"):
            path.unlink()
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Retryable(f"cannot remove {folder}: {error.strerror}") from error
