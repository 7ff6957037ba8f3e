"""Archive: windows and manifests of one home, own and mirrored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from atom.archive.catalogue import NAME, Catalogue, Entry
from atom.archive.cut import Window
from atom.archive.manifest import Manifest
from atom.window import add_window
from fusion.chain.account import Account
from fusion.content.cid import Cid
from fusion.content.store import BlockStore


@dataclass(frozen=True, slots=True)
class Archive:
    """Where windows and manifests are.

    Attributes:
        content: their blocks, which the API serves as a gateway.
        catalogue: which manifests there are.
    """

    content: BlockStore
    catalogue: Catalogue

    @classmethod
    def at(cls, home: Path, content: Path) -> Self:
        """The archive of a home."""
        return cls(BlockStore(content), Catalogue(home / NAME))

    def add(self, window: Window, by: Account, lateness: int) -> tuple[Cid, Manifest]:
        """Keeps a window and its signed manifest, which follows the recorder's last of that market.

        Raises:
            BadInput: the window is too large, or the signer refuses.
            FusionError: the disk refuses.
        """
        of, tables = window.events.instrument, window.events.tables()
        head = self.catalogue.head(by.address, of.venue, of.symbol)
        told = Manifest(
            of.venue,
            of.symbol,
            window.span,
            add_window(self.content, window.events),
            {kind: len(rows) for kind, rows in sorted(tables.items())},
            window.gaps,
            tuple(
                (row, None if events is None else add_window(self.content, events)) for row, events in window.pictures
            ),
            window.unplaced,
            lateness,
            by.address,
            None if head is None else head.manifest,
        )
        cid, block = told.signed(by)
        self.content.put(cid, block)
        self.catalogue.add(Entry.of(cid, told))
        return cid, told

    def manifest(self, cid: Cid) -> Manifest:
        """A manifest that is here; ContentError where it was altered."""
        return Manifest.parse(self.content.get(cid))
