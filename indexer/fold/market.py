"""Offers, licenses, and what the ledger holds of licenses on trial."""

from sqlmodel import Session

from fusion.chain.bindings.license_market import OfferSet, Purchased, Refunded, Released, Renewed, Transfer
from fusion.chain.words import word
from indexer.fold.context import Place, account
from indexer.fold.holding import hold, let_go
from indexer.tables import License, Offer, Renewal

_BPS = 10_000


def offer_set(event: OfferSet, session: Session, place: Place) -> None:
    """An offer is made once and changed in place."""
    known, terms = session.get(Offer, event.offer_id), event.terms
    session.merge(
        Offer(
            id=event.offer_id,
            version_id=event.version,
            token=terms.token,
            sells=word(terms.sells),
            price=terms.price,
            duration=terms.duration,
            trial=terms.trial,
            per_run_price=terms.per_run_price,
            referral_bps=terms.referral_bps,
            resale_bps=terms.resale_bps,
            set_at=place.time,
            block=known.block if known else place.block,
            tx=known.tx if known else place.tx,
        )
    )


def purchased(event: Purchased, session: Session, place: Place) -> None:
    """The price of a license on trial is held until the trial ends. An offer's token never changes."""
    offer, referrer = session.get_one(Offer, event.offer_id), account(event.referrer)
    session.add(
        License(
            id=event.license_id,
            offer_id=event.offer_id,
            version_id=event.version,
            buyer=event.buyer,
            owner=event.recipient,
            referrer=referrer,
            referral=event.price * offer.referral_bps // _BPS if referrer else 0,
            token=offer.token,
            price=event.price,
            expiry=event.expiry,
            refundable_until=event.refundable_until,
            purchased_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )
    if event.refundable_until:
        hold(session, event.log.address, offer.token, event.price)


def renewed(event: Renewed, session: Session, place: Place) -> None:
    license_ = session.get_one(License, event.license_id)
    license_.expiry = event.expiry
    license_.renewal_count += 1
    session.add(
        Renewal(
            block=place.block,
            log_index=place.log_index,
            license_id=event.license_id,
            payer=event.payer,
            price=event.price,
            expiry=event.expiry,
            time=place.time,
            tx=place.tx,
        )
    )


def released(event: Released, session: Session, place: Place) -> None:
    license_ = session.get_one(License, event.license_id)
    license_.refundable_until = 0
    license_.released_at = place.time
    let_go(session, event.log.address, license_.token, event.price)


def refunded(event: Refunded, session: Session, place: Place) -> None:
    license_ = session.get_one(License, event.license_id)
    license_.refundable_until = 0
    license_.refunded_at = place.time
    let_go(session, event.log.address, license_.token, event.price)


def transferred(event: Transfer, session: Session, place: Place) -> None:
    """A mint comes before its `Purchased`, which says the same; a refund burns."""
    license_ = session.get(License, event.token_id)
    if license_ is not None:
        license_.owner = account(event.to)
