import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fusion.content import unixfs
from fusion.content.cid import RAW, Cid
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentError, ContentUnavailable, Retryable

DATA = b"some data"
CID = Cid.of_block(RAW, DATA)
FILES = {"module.py": b"x = 1\n", "data/large.bin": bytes(600_000)}


def files_of(store: BlockStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_keeps_a_block(store: BlockStore) -> None:
    assert not store.has(CID)
    store.put(CID, DATA)

    assert store.has(CID)
    assert store.get(CID) == DATA


def test_nothing_is_written_before_the_first_block(store: BlockStore) -> None:
    with pytest.raises(ContentUnavailable, match=str(CID)):
        store.get(CID)

    assert not store.folder.exists()


def test_a_block_that_does_not_match_is_not_kept(store: BlockStore) -> None:
    with pytest.raises(ContentError, match="altered"):
        store.put(CID, DATA + b"!")

    assert not store.folder.exists()


def test_a_block_over_two_megabytes_is_not_kept(store: BlockStore) -> None:
    data = bytes(unixfs.MAX_BLOCK + 1)

    with pytest.raises(ContentError, match="at most 2097152"):
        store.put(Cid.of_block(RAW, data), data)


def test_a_block_altered_on_disk_is_seen_and_healed(store: BlockStore) -> None:
    store.put(CID, DATA)
    (path,) = files_of(store)
    path.write_bytes(DATA[:-1])

    with pytest.raises(ContentError, match=str(path)):
        store.get(CID)
    store.put(CID, DATA)
    assert store.get(CID) == DATA


def test_folders(store: BlockStore) -> None:
    root = store.add_directory(FILES)

    assert root == unixfs.directory_cid(FILES)
    assert store.read_directory(root) == dict(sorted(FILES.items()))
    assert dict(store.blocks_of(root)) == dict(unixfs.directory_blocks(FILES))


def test_a_bad_path_leaves_nothing_behind(store: BlockStore) -> None:
    with pytest.raises(BadInput):
        store.add_directory(FILES | {"../up": b""})

    assert not store.folder.exists()


def test_many_writers_at_once(store: BlockStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        roots = set(pool.map(lambda _: BlockStore(store.folder).add_directory(FILES), range(24)))

    (root,) = roots
    assert store.read_directory(root) == FILES
    assert len(files_of(store)) == len(dict(unixfs.directory_blocks(FILES)))


def test_a_full_disk_is_told_in_one_line_and_leaves_no_part(store: BlockStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(Retryable, match="No space left on device"):
        store.put(CID, DATA)
    assert files_of(store) == []


def test_a_file_in_the_place_of_the_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "content").write_text("not a folder")

    with pytest.raises(Retryable, match="Not a directory"):
        BlockStore(tmp_path / "content").put(CID, DATA)
