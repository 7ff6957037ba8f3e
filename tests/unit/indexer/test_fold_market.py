"""Offers and licenses: trials are held until they are released or refunded, renewals move the expiry."""

import pytest
from sqlmodel import Session, select

from fusion.chain.bindings import license_market
from fusion.chain.bindings.types import Offer as Terms
from fusion.chain.bindings.types import Sells
from indexer.scripted import ANYWHERE, maker
from indexer.tables import Holding, License, Offer, Renewal

ANN, BOB, CYD, TOKEN = ("0x" + digit * 40 for digit in "abcd")
NOBODY = "0x" + "00" * 20
MARKET = maker(license_market.Purchased)


def offered(price: int = 900, **changed: object) -> license_market.OfferSet:
    terms = {
        "token": TOKEN,
        "version": 3,
        "duration": 60,
        "price": price,
        "per_run_price": 5,
        "trial": 20,
        "referral_bps": 1_250,
        "resale_bps": 300,
        "sells": Sells.BOTH,
    }
    return license_market.OfferSet(offer_id=1, version=3, terms=Terms(**terms | changed), log=ANYWHERE)


def bought(*, trial: bool, referrer: str = NOBODY) -> license_market.Purchased:
    return license_market.Purchased(
        license_id=1,
        offer_id=1,
        version=3,
        buyer=ANN,
        recipient=BOB,
        price=900,
        expiry=1_060,
        refundable_until=1_020 if trial else 0,
        referrer=referrer,
        log=ANYWHERE,
    )


def held(session: Session) -> int:
    row = session.get(Holding, (MARKET, TOKEN))
    return 0 if row is None else row.amount


def test_an_offer_keeps_the_block_it_was_made_in(session: Session, happen) -> None:
    first = happen(offered(5))
    second = happen(offered(6, sells=Sells.NOTHING))
    offer = session.get_one(Offer, 1)
    assert (offer.price, offer.block, offer.tx, offer.set_at) == (6, first.block, first.tx, second.time)
    assert (offer.sells, offer.duration, offer.trial) == ("Nothing", 60, 20)
    assert (offer.per_run_price, offer.referral_bps, offer.resale_bps) == (5, 1_250, 300)


def test_a_license_is_its_recipients_on_the_terms_at_purchase(session: Session, happen) -> None:
    happen(offered())
    place = happen(bought(trial=False))
    row = session.get_one(License, 1)
    assert (row.buyer, row.owner, row.token, row.price, row.expiry) == (ANN, BOB, TOKEN, 900, 1_060)
    assert (row.purchased_at, row.refundable_until, row.referrer, row.referral) == (place.time, 0, None, 0)
    assert held(session) == 0


def test_a_referrer_has_its_part_of_the_price(session: Session, happen) -> None:
    happen(offered(), bought(trial=True, referrer=CYD))
    row = session.get_one(License, 1)
    assert (row.referrer, row.referral) == (CYD, 112)  # 12.5 % of 900, rounded down


def test_a_trial_is_held_until_it_is_released(session: Session, happen) -> None:
    happen(offered(), bought(trial=True))
    assert held(session) == 900
    assert session.get_one(License, 1).refundable_until == 1_020
    place = happen(license_market.Released(license_id=1, price=900, log=ANYWHERE))
    row = session.get_one(License, 1)
    assert (row.refundable_until, row.released_at, row.refunded_at) == (0, place.time, None)
    assert held(session) == 0


def test_a_refund_burns_the_license(session: Session, happen) -> None:
    happen(offered(), bought(trial=True))
    happen(license_market.Transfer(from_=BOB, to=NOBODY, token_id=1, log=ANYWHERE))
    place = happen(license_market.Refunded(license_id=1, holder=BOB, price=900, log=ANYWHERE))
    row = session.get_one(License, 1)
    assert (row.owner, row.buyer, row.refunded_at, row.released_at) == (None, ANN, place.time, None)
    assert held(session) == 0


def test_renewals_are_kept_and_move_the_expiry(session: Session, happen) -> None:
    happen(offered(), bought(trial=False))
    for expiry in (1_120, 1_180):
        happen(license_market.Renewed(license_id=1, payer=CYD, price=800, expiry=expiry, log=ANYWHERE))
    row = session.get_one(License, 1)
    assert (row.expiry, row.renewal_count, row.price) == (1_180, 2, 900)
    renewals = session.exec(select(Renewal)).all()
    assert [(each.license_id, each.payer, each.price, each.expiry) for each in renewals] == [
        (1, CYD, 800, 1_120),
        (1, CYD, 800, 1_180),
    ]


@pytest.mark.parametrize("to", [ANN, CYD])
def test_a_license_belongs_to_whom_it_was_moved_to(session: Session, happen, to: str) -> None:
    happen(offered(), bought(trial=False))
    happen(license_market.Transfer(from_=BOB, to=to, token_id=1, log=ANYWHERE))
    assert session.get_one(License, 1).owner == to
