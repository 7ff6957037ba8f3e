"""Modules and versions."""

from sqlmodel import Session

from fusion.chain.bindings.module_registry import Deprecated, ModuleRegistered, Published, Transfer
from fusion.chain.words import word
from indexer.fold.context import Place, hexed, text
from indexer.tables import Module, Split, Version


def registered(event: ModuleRegistered, session: Session, place: Place) -> None:
    session.add(
        Module(
            id=event.module_id,
            name=text(event.name),
            author=event.author,
            registered_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )


def transferred(event: Transfer, session: Session, place: Place) -> None:
    """The owner is the author. A mint comes before its `ModuleRegistered`, which says the same."""
    module = session.get(Module, event.token_id)
    if module is not None:
        module.author = event.to


def published(event: Published, session: Session, place: Place) -> None:
    session.add(
        Version(
            id=event.version_id,
            module_id=event.module_id,
            semver=text(event.semver),
            cid_digest=hexed(event.cid_digest),
            plain_digest=hexed(event.plain_digest),
            access=word(event.access),
            min_royalty_ppm=event.min_royalty_ppm,
            published_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )
    for position, split in enumerate(event.splits):
        session.add(
            Split(
                version_id=event.version_id,
                position=position,
                account=None if split.version else split.account,
                upstream_id=split.version or None,
                ppm=split.ppm,
            )
        )


def deprecated(event: Deprecated, session: Session, place: Place) -> None:
    session.get_one(Version, event.version_id).deprecated = True
