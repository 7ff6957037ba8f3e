"""All content that an operator has at hand: its own store, what its jobs needed, and what came of them.

Its own store is what a person published or pinned with this home: it is read, never written and never cleaned. Bundles
and inputs that jobs needed are a cache, of which the longest unused goes first. A result stays while a duty names it.
"""

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from fusion.content import unixfs
from fusion.content.cid import Cid
from fusion.content.gateway import Content, GatewayClient
from fusion.content.store import BlockStore
from fusion.errors import ContentError, ContentUnavailable
from node.executor.shelf import Shelf

RESULTS, FETCHED = "results", "fetched"


class Shelves(BlockStore):
    """The operator's own store with the shelves beside it; what is added as a folder is a result.

    Args:
        own: what a person keeps here.
        folder: where the shelves are.
        cache: bytes that what was fetched may take; the newest root stays however large it is.
    """

    def __init__(self, own: BlockStore, folder: Path, cache: int) -> None:
        super().__init__(own.folder)
        self.results = Shelf(folder / RESULTS)
        self.fetched = Shelf(folder / FETCHED)
        self._cache = cache
        self._guard = threading.Lock()
        self._reading: Counter[Cid] = Counter()
        self._fresh: set[Cid] = set()  # results of this process that no duty names yet
        self._unnamed: dict[Cid, int] = {}  # result -> chain time, in seconds, since which no duty has named it

    def get(self, cid: Cid) -> bytes:
        try:
            return super().get(cid)
        except (ContentUnavailable, ContentError):  # altered there, it may be whole here
            for shelf in (self.results, self.fetched):
                try:
                    return shelf.get(cid)
                except ContentUnavailable:
                    continue
            raise

    def has(self, cid: Cid) -> bool:
        return super().has(cid) or self.results.has(cid) or self.fetched.has(cid)

    def add_directory(self, files: Mapping[str, bytes], *, chunk: int = unixfs.CHUNK) -> Cid:
        blocks = list(unixfs.directory_blocks(files, chunk=chunk))
        root = blocks[-1][0]
        self._fresh.add(root)
        self.results.put(root, blocks)
        return root

    @contextmanager
    def reading(self, root: Cid) -> Iterator[None]:
        """Keeps a fetched root from being evicted meanwhile."""
        with self._guard:
            self._reading[root] += 1
        try:
            yield
        finally:
            with self._guard:
                self._reading[root] -= 1
            self.fetched.used(root)
            self.evict(self._cache, keep=root)

    @contextmanager
    def complete(self, root: Cid) -> Iterator[BlockStore]:
        """Where to put a fetched root's blocks, of which nothing stays unless all came."""
        try:
            yield self.fetched.store(root)
        except BaseException:
            if self._reading[root] == 1:  # nobody else is fetching it
                self.fetched.drop(root)
            raise
        self.fetched.added(root)

    def clean(self, named: Collection[Cid], ended: Collection[Cid], *, now: int, keep: int) -> int:
        """Drops the results that no duty needs any more, and returns how many.

        Args:
            named: results of the duties that stay.
            ended: those of the duties that go.
            now: chain time, in seconds.
            keep: seconds for which a result that no duty names stays all the same: its journal may have been lost,
                while others still ask for it.
        """
        self._fresh.difference_update(named)
        dropped = 0
        for root in self.results.roots():
            if root in named or root in self._fresh:
                self._unnamed.pop(root, None)
            elif root in ended or self._unnamed.setdefault(root, now) < now - keep:
                self.results.drop(root)
                self._unnamed.pop(root, None)
                dropped += 1
        return dropped

    def evict(self, bound: int, *, keep: Cid | None = None) -> None:
        """Drops what was fetched and nobody reads, longest unused first, until at most `bound` bytes stay."""
        for root in self.fetched.roots():
            if self.fetched.size() <= bound:
                return
            with self._guard:
                idle = root != keep and not self._reading[root]
            if idle:
                self.fetched.drop(root)


class Library(Content):
    """Folders by CID: from the shelves, else from gateways, and then kept among what was fetched."""

    def __init__(self, shelves: Shelves, gateways: Sequence[str]) -> None:
        super().__init__(shelves, gateways)
        self.shelves = shelves

    def beside(self, gateways: Sequence[str]) -> "Library":
        return Library(self.shelves, [*self.gateways, *gateways])

    def directory(self, root: Cid) -> dict[str, bytes]:
        with self.shelves.reading(root):
            try:
                return self.shelves.read_directory(root)
            except (ContentUnavailable, ContentError):
                if not self.gateways:
                    raise
            with self.shelves.complete(root) as store:
                GatewayClient(self.gateways).fetch(root, store)
            return self.shelves.read_directory(root)
