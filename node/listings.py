"""What the chain says of a version: its bundle and the upstreams that its revenue table pays."""

from fusion.chain.bindings.module_registry import Published
from fusion.chain.bindings.types import Access, Split
from fusion.chain.client import Chain
from fusion.content.cid import Cid
from fusion.errors import Retryable
from node.digest import splits_hash
from node.resolve import Listing


class ChainListings:
    """Reads listings from the registry; one never changes while the chain keeps its block, so each is read once."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._known: dict[int, Listing] = {}

    def __call__(self, version: int) -> Listing:
        """The listing of a version, its table checked against the hash that the registry keeps.

        Raises:
            ContractRefused: there is no such version.
            Retryable: the endpoint does not give the log that published it, or another table.
        """
        if version not in self._known:
            terms = self._chain.registry.version(version)
            upstreams = tuple(split.version for split in self._splits(version) if split.version)
            self._known[version] = Listing(Cid.directory(terms.cid_digest), terms.access is Access.SEALED, upstreams)
        return self._known[version]

    def forget(self) -> None:
        """Reads all anew: the chain dropped blocks, and an id may be another version's now."""
        self._known = {}

    def _splits(self, version: int) -> tuple[Split, ...]:
        expected = self._chain.registry.splits_hash(version)
        for event in self._chain.find(Published, version_id=version):
            if splits_hash(event.splits) == expected:
                return event.splits
        raise Retryable(f"the endpoint gives no log with the revenue table of version {version}; it may be behind")
