"""Each kind of event is folded, or known to change nothing; and how values of the chain become columns."""

import pytest
from sqlmodel import Session

from fusion.chain.bindings import (
    access_manager,
    assurance_pool,
    job_market,
    license_market,
    mock_usd,
    module_registry,
    operator_staking,
    panel,
    revenue_ledger,
    search_market,
    window_registry,
)
from fusion.chain.contract import Event
from indexer.fold import FOLDS
from indexer.fold.context import account, digest, text
from indexer.scripted import ANYWHERE, TREASURY
from indexer.tables import Balance, Income, Module, Revenue

INDEXED = (
    module_registry,
    license_market,
    revenue_ledger,
    operator_staking,
    job_market,
    panel,
    assurance_pool,
    search_market,
    window_registry,
)
SHOWN_NOWHERE = {
    module_registry.Approval,
    module_registry.ApprovalForAll,
    license_market.Approval,
    license_market.ApprovalForAll,
    license_market.AuthorityUpdated,
    revenue_ledger.AuthorityUpdated,
    job_market.AuthorityUpdated,
    search_market.AuthorityUpdated,
    window_registry.AuthorityUpdated,
}
ANN, BOB, TOKEN = ("0x" + digit * 40 for digit in "abc")


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


def test_an_event_without_a_fold_changes_nothing(session: Session, happen) -> None:
    happen(license_market.AuthorityUpdated(authority=ANN, log=ANYWHERE))
    assert not session.new


def test_a_module_belongs_to_whom_it_was_moved_to(session: Session, happen) -> None:
    happen(
        module_registry.Transfer(from_="0x0", to=ANN, token_id=1, log=ANYWHERE),
        module_registry.ModuleRegistered(module_id=1, author=ANN, name="ema", log=ANYWHERE),
        module_registry.Transfer(from_=ANN, to=BOB, token_id=1, log=ANYWHERE),
    )
    assert session.get_one(Module, 1).author == BOB


def test_income_and_fee_of_a_sale(session: Session, happen) -> None:
    place = happen(revenue_ledger.Credited(version=1, token=TOKEN, net=975, protocol_fee=25, log=ANYWHERE))
    assert session.get_one(Income, (1, TOKEN)).received == 975
    assert session.get_one(Balance, (TREASURY, TOKEN)).claimable == 25
    row = session.get_one(Revenue, (place.block, 0))
    assert (row.kind, row.amount, row.fee, row.tx) == ("Credited", 975, 25, place.tx)


def test_a_claim_moves_what_is_claimable(session: Session, happen) -> None:
    happen(revenue_ledger.AccountCredited(account=ANN, token=TOKEN, amount=2**200, log=ANYWHERE))
    place = happen(revenue_ledger.Claimed(account=ANN, token=TOKEN, to=BOB, amount=2**200, log=ANYWHERE))
    balance = session.get_one(Balance, (ANN, TOKEN))
    assert (balance.claimable, balance.claimed) == (0, 2**200)
    assert session.get_one(Revenue, (place.block, 0)).recipient == BOB


def test_a_held_log_is_kept_and_credits_nobody(session: Session, happen) -> None:
    place = happen(revenue_ledger.Held(market=ANN, token=TOKEN, amount=9, log=ANYWHERE))
    row = session.get_one(Revenue, (place.block, 0))
    assert (row.kind, row.account, row.amount) == ("Held", ANN, 9)
    assert session.get(Balance, (ANN, TOKEN)) is None


def test_text_of_strangers_can_be_stored() -> None:
    assert text("naïve 名") == "naïve 名"
    assert text("a\0b\ud800") == "a\ufffdb\ufffd"
    text("\udfff" * 10).encode()


def test_a_zero_digest_is_none_and_a_zero_address_nobody() -> None:
    assert digest(bytes(32)) is None
    assert digest(b"\1" * 32) == "0x" + "01" * 32
    assert account("0x" + "00" * 20) is None
    assert account(ANN) == ANN
