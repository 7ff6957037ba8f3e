"""Each kind of event is folded, or known to change nothing."""

from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, create_engine

from fusion.chain.bindings import (
    access_manager,
    job_market,
    license_market,
    mock_usd,
    module_registry,
    operator_staking,
    revenue_ledger,
)
from fusion.chain.bindings.types import Access, Failure, OutcomeKind, Status
from fusion.chain.contract import Event
from indexer.fold import FOLDS, fold
from indexer.fold.context import Place, digest, text, word
from indexer.scripted import ANYWHERE, TREASURY
from indexer.tables import Balance, Income, License, Module, Offer, Revenue

INDEXED = (module_registry, license_market, revenue_ledger, operator_staking, job_market)
SHOWN_NOWHERE = {
    module_registry.Approval,
    module_registry.ApprovalForAll,
    license_market.Approval,
    license_market.ApprovalForAll,
    license_market.AuthorityUpdated,
    license_market.TokenAllowed,
}
ANN, BOB, TOKEN = ("0x" + digit * 40 for digit in "abc")
PLACE = Place(block=7, time=1_700, log_index=3, tx="0xfe", treasury=TREASURY)


@pytest.fixture
def session(tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path}/index.sqlite")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def events_of(module) -> set[type[Event]]:
    kinds = (each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Event))
    return {kind for kind in kinds if kind is not Event}


def test_every_event_is_folded_or_known_to_be_shown_nowhere() -> None:
    kinds = set().union(*(events_of(module) for module in INDEXED))
    assert kinds == FOLDS.keys() | SHOWN_NOWHERE
    assert not FOLDS.keys() & SHOWN_NOWHERE


@pytest.mark.parametrize("module", [mock_usd, access_manager])
def test_tokens_and_authority_change_no_row(module) -> None:
    assert not events_of(module) & FOLDS.keys()


def test_an_event_without_a_fold_changes_nothing(session: Session) -> None:
    fold(license_market.TokenAllowed(token=TOKEN, allowed=True, log=ANYWHERE), session, PLACE)
    assert not session.new


def test_a_module_belongs_to_whom_it_was_moved_to(session: Session) -> None:
    fold(module_registry.Transfer(from_="0x0", to=ANN, token_id=1, log=ANYWHERE), session, PLACE)
    fold(module_registry.ModuleRegistered(module_id=1, author=ANN, name="ema", log=ANYWHERE), session, PLACE)
    fold(module_registry.Transfer(from_=ANN, to=BOB, token_id=1, log=ANYWHERE), session, PLACE)
    assert session.get_one(Module, 1).author == BOB


def test_an_offer_keeps_the_block_it_was_made_in(session: Session) -> None:
    def set_to(price: int, block: int) -> None:
        event = license_market.OfferSet(
            offer_id=1, version=1, token=TOKEN, price=price, duration=0, per_run_price=0, active=True, log=ANYWHERE
        )
        fold(event, session, Place(block=block, time=block, log_index=0, tx=f"0x{block}", treasury=TREASURY))

    set_to(5, 7)
    set_to(6, 8)
    offer = session.get_one(Offer, 1)
    assert (offer.price, offer.block, offer.tx, offer.set_at) == (6, 7, "0x7", 8)


def test_a_license_is_its_recipients_on_the_terms_at_purchase(session: Session) -> None:
    event = license_market.Purchased(
        license_id=1, offer_id=2, version=3, buyer=ANN, recipient=BOB, token=TOKEN, price=9, expiry=99, log=ANYWHERE
    )
    fold(event, session, PLACE)
    row = session.get_one(License, 1)
    assert (row.buyer, row.owner, row.price, row.expiry, row.purchased_at) == (ANN, BOB, 9, 99, 1_700)


def test_income_and_fee_of_a_sale(session: Session) -> None:
    fold(revenue_ledger.Credited(version=1, token=TOKEN, net=975, protocol_fee=25, log=ANYWHERE), session, PLACE)
    assert session.get_one(Income, (1, TOKEN)).received == 975
    assert session.get_one(Balance, (TREASURY, TOKEN)).claimable == 25
    row = session.get_one(Revenue, (7, 3))
    assert (row.kind, row.amount, row.fee, row.tx) == ("Credited", 975, 25, "0xfe")


def test_a_claim_moves_what_is_claimable(session: Session) -> None:
    fold(revenue_ledger.AccountCredited(account=ANN, token=TOKEN, amount=2**200, log=ANYWHERE), session, PLACE)
    later = Place(block=8, time=1_701, log_index=0, tx="0xff", treasury=TREASURY)
    fold(revenue_ledger.Claimed(account=ANN, token=TOKEN, to=BOB, amount=2**200, log=ANYWHERE), session, later)
    balance = session.get_one(Balance, (ANN, TOKEN))
    assert (balance.claimable, balance.claimed) == (0, 2**200)
    assert session.get_one(Revenue, (8, 0)).recipient == BOB


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (OutcomeKind.MODULE_ERROR, "ModuleError"),
        (Failure.TOO_FEW_COMMITS, "TooFewCommits"),
        (Status.FINAL, "Final"),
        (Access.OPEN, "Open"),
    ],
)
def test_enums_are_said_as_the_contracts_say_them(member, said: str) -> None:
    assert word(member) == said


def test_text_of_strangers_can_be_stored() -> None:
    assert text("naïve 名") == "naïve 名"
    assert text("a\0b\ud800") == "a\ufffdb\ufffd"
    text("\udfff" * 10).encode()


def test_a_zero_digest_is_none() -> None:
    assert digest(bytes(32)) is None
    assert digest(b"\1" * 32) == "0x" + "01" * 32
