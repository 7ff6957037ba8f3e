"""Offers and licenses."""

from sqlmodel import Session

from fusion.chain.bindings.license_market import OfferSet, Purchased, Transfer
from indexer.fold.context import Place
from indexer.tables import License, Offer


def offer_set(event: OfferSet, session: Session, place: Place) -> None:
    """An offer is made once and changed in place."""
    known = session.get(Offer, event.offer_id)
    session.merge(
        Offer(
            id=event.offer_id,
            version_id=event.version,
            token=event.token,
            price=event.price,
            duration=event.duration,
            per_run_price=event.per_run_price,
            active=event.active,
            set_at=place.time,
            block=known.block if known else place.block,
            tx=known.tx if known else place.tx,
        )
    )


def purchased(event: Purchased, session: Session, place: Place) -> None:
    session.add(
        License(
            id=event.license_id,
            offer_id=event.offer_id,
            version_id=event.version,
            buyer=event.buyer,
            owner=event.recipient,
            token=event.token,
            price=event.price,
            expiry=event.expiry,
            purchased_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )


def transferred(event: Transfer, session: Session, place: Place) -> None:
    """A mint comes before its `Purchased`, which says the same."""
    license_ = session.get(License, event.token_id)
    if license_ is not None:
        license_.owner = event.to
