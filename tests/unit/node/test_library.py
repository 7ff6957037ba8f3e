"""What an operator keeps: its own content for ever, results while a duty names them, the rest in a bounded cache."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.content.table import Column, add_table
from fusion.errors import ContentUnavailable
from node.executor.library import Library, Shelves
from node.executor.serve import GatewayServer
from node.executor.shelf import Shelf

KB = 1_000


class Peer:
    """Another's gateway, and what it keeps."""

    def __init__(self, folder: Path) -> None:
        self.store = BlockStore(folder)
        self.server = GatewayServer(self.store, "127.0.0.1", 0)
        self.server.start()

    def has(self, name: str, size: int = 100 * KB) -> Cid:
        return self.store.add_directory({name: name.encode() * (size // len(name))})


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    peer = Peer(tmp_path / "peer")
    yield peer
    peer.server.stop()


def _library(home: Path, peer: Peer, cache: int = 10**9) -> Library:
    shelves = Shelves(BlockStore(home / "own"), home / "shelves", cache)
    return Library(shelves, [peer.server.url])


def test_what_was_fetched_is_at_hand_without_its_peer(tmp_path: Path, peer: Peer) -> None:
    root = peer.has("a")
    library = _library(tmp_path, peer)
    assert library.directory(root) == {"a": b"a" * 100 * KB}
    peer.server.stop()
    assert _library(tmp_path, peer).directory(root) == {"a": b"a" * 100 * KB}
    assert not (tmp_path / "own").exists(), "its own store is for what a person puts there"


def test_the_longest_unused_goes_first_and_its_own_never(tmp_path: Path, peer: Peer) -> None:
    library = _library(tmp_path, peer, cache=250 * KB)
    mine = BlockStore(tmp_path / "own").add_directory({"mine": b"m" * 400 * KB})
    a, b, c = (peer.has(name) for name in "abc")
    library.directory(a)
    library.directory(b)
    library.directory(a)
    library.directory(mine)
    assert library.shelves.fetched.roots() == [b, a], "what is used is the last to go"
    library.directory(c)
    assert library.shelves.fetched.roots() == [a, c]
    assert library.shelves.has(mine)
    assert not library.shelves.has(b)
    assert _library(tmp_path, peer, cache=250 * KB).shelves.fetched.roots() == [a, c], "the order outlives the process"


def test_a_root_larger_than_the_cache_is_still_read(tmp_path: Path, peer: Peer) -> None:
    library = _library(tmp_path, peer, cache=10)
    a, b = peer.has("a"), peer.has("b")
    assert library.directory(a)
    assert library.directory(b)
    assert library.shelves.fetched.roots() == [b]


def test_blocks_that_two_roots_share_stay_with_the_other(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "from")
    one = store.add_directory({"x": b"x" * 100, "y": b"y" * 100})
    two = store.add_directory({"x": b"x" * 100, "z": b"z" * 100})
    shelf = Shelf(tmp_path / "shelf")
    for root in (one, two):
        shelf.put(root, reversed(list(store.blocks_of(root))))
    shared = next(cid for cid, data in store.blocks_of(one) if data == b"x" * 100)
    shelf.drop(one)
    assert shelf.get(shared) == b"x" * 100
    assert not shelf.has(one)
    shelf.drop(two)
    assert not shelf.has(shared)
    with pytest.raises(ContentUnavailable):
        shelf.get(shared)


def test_what_a_crash_left_incomplete_is_removed(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "from")
    root = store.add_directory({"x": b"x" * 100})
    shelf = Shelf(tmp_path / "shelf")
    (cid, data), *_ = [block for block in store.blocks_of(root) if block[0] != root]
    shelf.store(root).put(cid, data)
    again = Shelf(tmp_path / "shelf")
    assert again.roots() == []
    assert list((tmp_path / "shelf").iterdir()) == []


def test_nothing_stays_of_what_could_not_be_fetched(tmp_path: Path, peer: Peer) -> None:
    library = _library(tmp_path, peer)
    absent = BlockStore(tmp_path / "other").add_directory({"a": b"a"})
    with pytest.raises(ContentUnavailable):
        library.directory(absent)
    assert library.shelves.fetched.size() == 0


def test_a_result_stays_while_a_duty_names_it(tmp_path: Path, peer: Peer) -> None:
    shelves = _library(tmp_path, peer).shelves
    named, ended, fresh = (add_table(shelves, {"value": _column(at)}) for at in range(3))
    assert shelves.clean({named}, {ended}, now=1_000, keep=100) == 0, "just found, and perhaps not named yet"
    assert shelves.clean({named, ended}, set(), now=1_000, keep=100) == 0
    assert shelves.clean({named}, {ended}, now=1_001, keep=100) == 1
    assert shelves.results.roots() == [named, fresh]


def test_a_result_that_no_journal_knows_stays_for_a_while(tmp_path: Path, peer: Peer) -> None:
    root = add_table(_library(tmp_path, peer).shelves, {"value": _column(1)})
    shelves = _library(tmp_path, peer).shelves  # of a later process, whose journal was lost
    assert shelves.clean(set(), set(), now=1_000, keep=100) == 0
    assert shelves.clean(set(), set(), now=1_100, keep=100) == 0
    assert shelves.clean(set(), set(), now=1_101, keep=100) == 1
    assert not shelves.has(root)


def _column(at: int) -> Column:
    return np.full(10, float(at))
