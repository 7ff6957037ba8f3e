"""What the owner sets: present state and each act."""

from sqlmodel import Session, select

from fusion.chain.bindings import job_market, license_market, revenue_ledger, search_market
from indexer.scripted import ANYWHERE, maker
from indexer.tables import OwnerAct, Rules, Token

TOKEN = "0x" + "cc" * 20


def fee(bps: int, from_: int) -> revenue_ledger.ProtocolFeeSet:
    return revenue_ledger.ProtocolFeeSet(bps=bps, from_=from_, log=ANYWHERE)


def test_a_fee_waits_for_its_second(session: Session, happen) -> None:
    happen(fee(250, 1_001))  # in second 1,001
    happen(fee(400, 1_062))
    rules = session.get_one(Rules, 1)
    assert (rules.protocol_fee_bps, rules.next_protocol_fee_bps, rules.next_from) == (250, 400, 1_062)


def test_a_fee_that_was_replaced_before_its_second_never_comes(session: Session, happen) -> None:
    happen(fee(250, 1_001), fee(400, 1_062), fee(300, 1_063))
    rules = session.get_one(Rules, 1)
    assert (rules.protocol_fee_bps, rules.next_protocol_fee_bps, rules.next_from) == (250, 300, 1_063)


def test_a_fee_of_which_the_second_came_is_the_present_one(session: Session, happen) -> None:
    happen(fee(250, 1_001), fee(400, 1_003), fee(100, 1_003))
    rules = session.get_one(Rules, 1)
    assert (rules.protocol_fee_bps, rules.next_protocol_fee_bps, rules.next_from) == (400, 100, 1_003)


def test_a_token_is_allowed_and_stopped(session: Session, happen) -> None:
    for allowed in (True, False):
        place = happen(revenue_ledger.TokenAllowed(token=TOKEN, allowed=allowed, log=ANYWHERE))
    row = session.get_one(Token, TOKEN)
    assert (row.allowed, row.changed_at, row.tx) == (False, place.time, place.tx)
    acts = session.exec(select(OwnerAct)).all()
    assert [(act.kind, act.token, act.enabled) for act in acts] == [
        ("TokenAllowed", TOKEN, True),
        ("TokenAllowed", TOKEN, False),
    ]


def test_sales_jobs_and_searches_are_paused_apart(session: Session, happen) -> None:
    happen(license_market.PausedSet(paused=True, log=ANYWHERE), job_market.PausedSet(paused=True, log=ANYWHERE))
    happen(license_market.PausedSet(paused=False, log=ANYWHERE), search_market.PausedSet(paused=True, log=ANYWHERE))
    rules = session.get_one(Rules, 1)
    assert (rules.sales_paused, rules.jobs_paused, rules.searches_paused) == (False, True, True)
    acts = session.exec(select(OwnerAct)).all()
    sales, jobs, searches = (maker(each.PausedSet) for each in (license_market, job_market, search_market))
    assert [(act.contract, act.enabled) for act in acts] == [
        (sales, True),
        (jobs, True),
        (sales, False),
        (searches, True),
    ]
