"""Jobs, seats and panels, through every way that a job may go."""

import pytest
from sqlmodel import Session, col, select

from fusion.chain.bindings import assurance_pool, job_market, operator_staking, panel
from fusion.chain.bindings.types import Failure, Fault, JobTerms, OutcomeKind
from fusion.chain.contract import Event
from indexer.scripted import ANYWHERE, STAKE_TOKEN, maker
from indexer.tables import Canary, Demand, Holding, Job, Operator, Panel, Pool, PoolEntry, Seat, Slash

ANN, BOB, CYD, DAN, EVE, FAY, YOU, TOKEN = ("0x" + digit * 40 for digit in "abcdef12")
NOBODY = "0x" + "00" * 20
MARKET = maker(job_market.Posted)
FEE, LOCK, BOND = 300, 3_000, 310
RIGHT, WRONG = b"\1" * 32, b"\2" * 32
RESULT = OutcomeKind.RESULT


def registered() -> list[Event]:
    return [
        event
        for who in (ANN, BOB, CYD, DAN, EVE, FAY)
        for event in (
            operator_staking.OperatorRegistered(operator=who, endpoint="http://x", log=ANYWHERE),
            operator_staking.Staked(operator=who, amount=9_000, free=9_000, log=ANYWHERE),
        )
    ]


def posted(*, n: int = 3, k: int = 2, license_id: int = 7, royalty: int = 0, assurance: int = 0) -> Event:
    terms = JobTerms(
        version=1,
        license_id=license_id,
        offer_id=4,
        max_run_price=royalty,
        fee=FEE,
        value=50,
        fuel=10**9,
        assurance_ppm=assurance,
        n=n,
        k=k,
    )
    return job_market.Posted(
        job_id=1,
        requester=YOU,
        version=1,
        terms=terms,
        royalty_token=TOKEN if royalty else NOBODY,
        royalty=royalty,
        lock=LOCK,
        ready_block=3,
        deadline=2_000,
        spec_hash=b"\7" * 32,
        spec=b"\xa0",
        log=ANYWHERE,
    )


def assigned(*operators: str) -> list[Event]:
    locks = [operator_staking.Locked(operator=who, job_id=1, amount=LOCK, log=ANYWHERE) for who in operators]
    event = job_market.Assigned(job_id=1, operators=operators, lock=LOCK, ready_block=5, deadline=2_100, log=ANYWHERE)
    return [*locks, event]


def committed(*operators: str) -> list[Event]:
    commits = [job_market.Committed(job_id=1, operator=who, commitment=b"\3" * 32, log=ANYWHERE) for who in operators]
    return [*commits, job_market.CommitsClosed(job_id=1, ready_block=7, deadline=2_200, log=ANYWHERE)]


def revealed(lottery: int = 0, **outcomes: bytes) -> list[Event]:
    """Reveals by name; see `NAMES`."""
    reveals = [
        job_market.Revealed(
            job_id=1, operator=NAMES[name], kind=RESULT, outcome_hash=outcome, outcome=b"doc", log=ANYWHERE
        )
        for name, outcome in outcomes.items()
    ]
    return [*reveals, job_market.RevealsClosed(job_id=1, ready_block=lottery, log=ANYWHERE)]


NAMES = {"ann": ANN, "bob": BOB, "cyd": CYD, "dan": DAN, "eve": EVE, "fay": FAY}


def proposed(outcome: bytes = RIGHT, votes: int = 2) -> Event:
    return job_market.Proposed(job_id=1, kind=RESULT, outcome_hash=outcome, votes=votes, deadline=2_300, log=ANYWHERE)


def called(panel_id: int = 1, *, audit: bool = False) -> Event:
    return panel.Called(panel_id=panel_id, job_id=1, audit=audit, ready_block=11, deadline=2_400, log=ANYWHERE)


def judged_by(panel_id: int, outcome: bytes, **outcomes: bytes) -> list[Event]:
    """A panel is drawn, commits, reveals `outcomes` and decides for `outcome`."""
    operators = tuple(NAMES[name] for name in outcomes)
    events: list[Event] = [
        operator_staking.Locked(operator=who, job_id=1, amount=LOCK, log=ANYWHERE) for who in operators
    ]
    events.append(
        panel.PanelAssigned(
            panel_id=panel_id,
            job_id=1,
            operators=operators,
            lock=LOCK,
            ready_block=13,
            deadline=2_500,
            log=ANYWHERE,
        )
    )
    events += [
        panel.PanelCommitted(panel_id=panel_id, operator=who, commitment=b"\4" * 32, log=ANYWHERE) for who in operators
    ]
    events.append(panel.PanelCommitsClosed(panel_id=panel_id, ready_block=15, deadline=2_600, log=ANYWHERE))
    events += [
        panel.PanelRevealed(
            panel_id=panel_id,
            operator=NAMES[name],
            kind=RESULT,
            outcome_hash=each,
            outcome=b"doc",
            log=ANYWHERE,
        )
        for name, each in outcomes.items()
    ]
    votes = list(outcomes.values()).count(outcome)
    decided = panel.Decided(panel_id=panel_id, job_id=1, kind=RESULT, outcome_hash=outcome, votes=votes, log=ANYWHERE)
    return [*events, decided]


def finalized(outcome: bytes, *paid: str) -> Event:
    return job_market.Finalized(job_id=1, kind=RESULT, outcome_hash=outcome, paid=paid, log=ANYWHERE)


def slashed(who: str, fault: Fault, amount: int) -> Event:
    return operator_staking.Slashed(operator=who, job_id=1, fault=fault, lock=LOCK, amount=amount, log=ANYWHERE)


def held(session: Session, token: str = STAKE_TOKEN) -> int:
    row = session.get(Holding, (MARKET, token))
    return 0 if row is None else row.amount


def seat(session: Session, who: str, panel_id: int = 0) -> Seat:
    return session.get_one(Seat, (1, panel_id, who))


def places(session: Session) -> dict[str, int | None]:
    return {row.operator: row.position for row in session.exec(select(Seat).order_by(col(Seat.position)))}


def test_a_posted_job_is_as_asked_for(session: Session, happen) -> None:
    happen(posted(n=1, k=1, license_id=0, royalty=40, assurance=100_000))
    job = session.get_one(Job, 1)
    assert (job.status, job.n, job.k, job.lock, job.fuel) == ("Open", 1, 1, LOCK, 10**9)
    assert (job.license_id, job.offer_id, job.royalty, job.royalty_token) == (None, 4, 40, TOKEN)
    assert (job.value, job.assurance_ppm, job.fee, job.held) == (50, 100_000, FEE, FEE)
    assert (held(session), held(session, TOKEN)) == (FEE, 40)


def test_a_job_with_a_license_names_no_offer(session: Session, happen) -> None:
    happen(posted())
    job = session.get_one(Job, 1)
    assert (job.license_id, job.offer_id, job.royalty_token) == (7, None, None)


def test_k_equal_end_a_job(session: Session, happen) -> None:
    happen(*registered(), posted(royalty=40), *assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD))
    happen(*revealed(ann=RIGHT, bob=WRONG, cyd=RIGHT), proposed())
    place = happen(finalized(RIGHT, ANN, CYD))
    job = session.get_one(Job, 1)
    assert (job.status, job.kind, job.votes, job.verified, job.ended_at) == ("Final", "Result", 2, True, place.time)
    assert (job.ready_block, job.deadline, job.held, held(session), held(session, TOKEN)) == (0, 0, 0, 0, 0)
    rows = [seat(session, who) for who in (ANN, BOB, CYD)]
    assert [(row.position, row.agreed, row.paid) for row in rows] == [
        (0, True, True),
        (1, False, False),
        (2, True, True),
    ]
    counts = [session.get_one(Operator, who) for who in (ANN, BOB, DAN)]
    assert [(row.seat_count, row.agreements) for row in counts] == [(1, 1), (1, 0), (0, 0)]


def test_a_solo_job_is_unverified(session: Session, happen) -> None:
    happen(*registered(), posted(n=1, k=1), *assigned(ANN), *committed(ANN), *revealed(ann=RIGHT))
    happen(proposed(votes=1), finalized(RIGHT, ANN))
    assert session.get_one(Job, 1).verified is False


def test_a_solo_job_that_an_auditor_ran_again_is_verified(session: Session, happen) -> None:
    happen(*registered(), posted(n=1, k=1, assurance=500_000), *assigned(ANN), *committed(ANN))
    happen(*revealed(lottery=9, ann=RIGHT))
    assert session.get_one(Job, 1).ready_block == 9
    happen(called(audit=True), job_market.Audited(job_id=1, panel_id=1, log=ANYWHERE))
    job = session.get_one(Job, 1)
    assert (job.status, job.panel_id, job.ready_block) == ("Audited", 1, 0)
    happen(*judged_by(1, RIGHT, dan=RIGHT), proposed(votes=1), finalized(RIGHT, ANN))
    audit = session.get_one(Panel, 1)
    assert (audit.cause, audit.size, audit.disputed_hash) == ("Audit", 1, "0x" + RIGHT.hex())
    assert session.get_one(Job, 1).verified is True
    assert (seat(session, DAN, 1).agreed, seat(session, DAN, 1).paid) == (True, False)


def test_the_silent_lose_their_places_to_others(session: Session, happen) -> None:
    happen(*registered(), posted(), *assigned(ANN, BOB, CYD), *committed(BOB)[:1])
    happen(job_market.Reopened(job_id=1, silent=(ANN, CYD), ready_block=8, deadline=2_150, log=ANYWHERE))
    happen(slashed(ANN, Fault.SILENT, 150), slashed(CYD, Fault.SILENT, 150))
    job = session.get_one(Job, 1)
    assert (job.status, job.redraws, job.ready_block) == ("Open", 1, 8)
    assert places(session) == {ANN: 0, BOB: 1, CYD: 2}
    # One more operator was found: it takes the first place, and the last silent one keeps its own.
    happen(*assigned(DAN, BOB)[1:])
    assert places(session) == {ANN: None, DAN: 0, BOB: 1, CYD: 2}
    assert seat(session, BOB).commitment is not None
    assert (seat(session, ANN).fault, seat(session, CYD).fault) == ("Silent", "Silent")


def test_a_panel_decides_where_there_is_no_quorum(session: Session, happen) -> None:
    happen(*registered(), posted(k=3), *assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD))
    happen(*revealed(ann=RIGHT, bob=WRONG, cyd=RIGHT))
    happen(called(), job_market.QuorumMissed(job_id=1, panel_id=1, log=ANYWHERE))
    assert session.get_one(Job, 1).status == "NoQuorum"
    happen(*judged_by(1, RIGHT, dan=RIGHT, eve=RIGHT, fay=RIGHT))
    row = session.get_one(Panel, 1)
    assert (row.cause, row.disputed_hash, row.votes, row.size, row.lock) == ("NoQuorum", None, 3, 3, LOCK)
    happen(finalized(RIGHT, ANN, CYD, DAN, EVE, FAY), slashed(BOB, Fault.WRONG, LOCK))
    assert [seat(session, who, 1).paid for who in (DAN, EVE, FAY)] == [True] * 3
    assert session.get_one(Job, 1).votes == 3
    assert seat(session, BOB).fault == "Wrong"


def test_a_challenge_that_succeeds(session: Session, happen) -> None:
    happen(*registered(), posted(), *assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD))
    happen(*revealed(ann=WRONG, bob=WRONG, cyd=RIGHT), proposed(WRONG))
    happen(called(), job_market.Disputed(job_id=1, panel_id=1, challenger=YOU, bond=BOND, log=ANYWHERE))
    job = session.get_one(Job, 1)
    assert (job.status, job.challenger, job.bond, job.deadline) == ("Disputed", YOU, BOND, 0)
    assert job.held == held(session) == FEE + BOND
    happen(*judged_by(1, RIGHT, dan=RIGHT, eve=RIGHT, fay=WRONG), finalized(RIGHT, CYD))
    for who in (ANN, BOB, FAY):
        happen(slashed(who, Fault.WRONG, LOCK))
    happen(
        job_market.Judged(
            job_id=1,
            panel_id=1,
            slashed=9_000,
            to_panel=200,
            to_challenger=110,
            to_requester=300,
            burned=8_390,
            log=ANYWHERE,
        )
    )
    row = session.get_one(Panel, 1)
    assert (row.cause, row.challenger, row.bond) == ("Challenge", YOU, BOND)
    assert (row.disputed_hash, row.outcome_hash) == ("0x" + WRONG.hex(), "0x" + RIGHT.hex())
    assert (row.slashed, row.to_panel, row.to_challenger, row.to_requester, row.burned) == (9_000, 200, 110, 300, 8_390)
    job = session.get_one(Job, 1)
    assert (job.votes, job.outcome_hash, job.held, held(session)) == (2, "0x" + RIGHT.hex(), 0, 0)
    slashes = session.exec(select(Slash).order_by(col(Slash.block))).all()
    assert [(each.operator, each.panel_id, each.fault) for each in slashes] == [
        (ANN, None, "Wrong"),
        (BOB, None, "Wrong"),
        (FAY, 1, "Wrong"),
    ]
    liar = session.get_one(Operator, ANN)
    assert (liar.free, liar.locked, liar.slashed, liar.faults, liar.agreements) == (6_000, 0, LOCK, 1, 0)


@pytest.mark.parametrize(
    ("challenger", "bond", "cause"), [(NOBODY, 0, "Mismatch"), (YOU, 0, "Canary"), (YOU, BOND, "Challenge")]
)
def test_why_a_panel_was_called(session: Session, happen, challenger: str, bond: int, cause: str) -> None:
    happen(*registered(), posted(), *assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD))
    happen(*revealed(ann=RIGHT, bob=RIGHT, cyd=RIGHT), called())
    happen(job_market.Disputed(job_id=1, panel_id=1, challenger=challenger, bond=bond, log=ANYWHERE))
    row = session.get_one(Panel, 1)
    assert (row.cause, row.disputed_hash) == (cause, "0x" + RIGHT.hex())


def test_a_panel_without_a_majority_fails_the_job(session: Session, happen) -> None:
    happen(*registered(), posted(), *assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD))
    happen(*revealed(ann=RIGHT, bob=RIGHT, cyd=RIGHT), proposed(), called())
    happen(job_market.Disputed(job_id=1, panel_id=1, challenger=YOU, bond=BOND, log=ANYWHERE))
    happen(panel.PanelRearmed(panel_id=1, ready_block=30, log=ANYWHERE))
    assert session.get_one(Panel, 1).ready_block == 30
    happen(panel.Decided(panel_id=1, job_id=1, kind=OutcomeKind.NONE, outcome_hash=bytes(32), votes=0, log=ANYWHERE))
    happen(job_market.Failed(job_id=1, reason=Failure.NO_MAJORITY, refund=290, royalty_refund=0, log=ANYWHERE))
    row, job = session.get_one(Panel, 1), session.get_one(Job, 1)
    assert (row.status, row.kind, row.outcome_hash, row.votes) == ("Decided", None, None, 0)
    assert (job.status, job.failure, job.refund, job.verified, job.held) == ("Failed", "NoMajority", 290, False, 0)
    assert seat(session, ANN).agreed is None


def test_a_challenge_that_nobody_heard_leaves_the_votes_of_the_seats(session: Session, happen) -> None:
    happen(*registered(), posted(), *assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD))
    happen(*revealed(ann=RIGHT, bob=RIGHT, cyd=WRONG), proposed(), called())
    happen(job_market.Disputed(job_id=1, panel_id=1, challenger=YOU, bond=BOND, log=ANYWHERE))
    happen(panel.Decided(panel_id=1, job_id=1, kind=OutcomeKind.NONE, outcome_hash=bytes(32), votes=0, log=ANYWHERE))
    happen(finalized(RIGHT, ANN, BOB))
    job = session.get_one(Job, 1)
    assert (job.status, job.votes, job.held, held(session)) == ("Final", 2, 0, 0)


def test_former_seats_have_no_outcome_to_be_doubted(session: Session, happen) -> None:
    happen(*registered(), posted(assurance=500_000), *assigned(DAN, EVE, FAY))
    happen(job_market.Reopened(job_id=1, silent=(DAN, EVE, FAY), ready_block=8, deadline=2_150, log=ANYWHERE))
    happen(*assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD), *revealed(ann=RIGHT, bob=RIGHT, cyd=WRONG))
    happen(called(audit=True), job_market.Audited(job_id=1, panel_id=1, log=ANYWHERE))
    assert session.get_one(Panel, 1).disputed_hash == "0x" + RIGHT.hex()


def test_an_outcome_that_is_none_neither_agrees_nor_differs(session: Session, happen) -> None:
    happen(*registered(), posted(), *assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD))
    unavailable = job_market.Revealed(
        job_id=1,
        operator=CYD,
        kind=OutcomeKind.INPUT_UNAVAILABLE,
        outcome_hash=b"\5" * 32,
        outcome=b"doc",
        log=ANYWHERE,
    )
    happen(*revealed(ann=RIGHT, bob=RIGHT)[:2], unavailable, finalized(RIGHT, ANN, BOB))
    assert [seat(session, who).agreed for who in (ANN, BOB, CYD)] == [True, True, None]


def test_a_demand_is_answered_for_its_deposit(session: Session, happen) -> None:
    happen(*registered(), posted(), *assigned(ANN, BOB, CYD), *committed(ANN, BOB, CYD))
    happen(*revealed(ann=RIGHT, bob=RIGHT, cyd=RIGHT), proposed())
    demanded = job_market.Demanded(job_id=1, digest=b"\6" * 32, deposit=30, deadline=2_350, log=ANYWHERE)
    happen(demanded)
    job = session.get_one(Job, 1)
    assert (job.status, job.demands, job.deadline) == ("Demanded", 1, 2_350)
    assert job.held == held(session) == FEE + 30
    place = happen(
        job_market.Answered(job_id=1, digest=b"\6" * 32, by=BOB, data=b"x" * 99, deadline=2_380, log=ANYWHERE)
    )
    row = session.get_one(Demand, (1, 1))
    assert (row.answered_by, row.answered_at, row.answer_tx, row.size) == (BOB, place.time, place.tx, 99)
    assert (row.digest, row.deposit) == ("0x" + "06" * 32, 30)
    assert (session.get_one(Job, 1).status, session.get_one(Job, 1).deadline) == ("Proposed", 2_380)
    assert held(session) == FEE
    happen(demanded)
    happen(job_market.Failed(job_id=1, reason=Failure.BYTES_WITHHELD, refund=FEE, royalty_refund=0, log=ANYWHERE))
    assert session.get_one(Demand, (1, 2)).answered_at is None
    assert (session.get_one(Job, 1).failure, held(session)) == ("BytesWithheld", 0)


@pytest.mark.parametrize(
    ("amount", "left"),
    [
        (150, (9_000 - 700 - 150, 0, 700)),  # part of the lock
        (LOCK, (9_000 - 700 - LOCK, 0, 700)),  # the lock
        (8_000, (300, 0, 700)),  # what is free, too
        (8_500, (0, 0, 500)),  # and what is unbonding
    ],
)
def test_what_a_slash_takes(session: Session, happen, amount: int, left: tuple[int, int, int]) -> None:
    happen(*registered(), operator_staking.UnbondRequested(operator=ANN, amount=700, unbond_at=9_999, log=ANYWHERE))
    happen(posted(), *assigned(ANN, BOB, CYD), slashed(ANN, Fault.WRONG, amount))
    row = session.get_one(Operator, ANN)
    assert (row.free, row.locked, row.unbonding) == left
    assert (row.slashed, row.unbond_at) == (amount, 9_999)


def test_the_pools_books(session: Session, happen) -> None:
    happen(assurance_pool.Deposited(from_=YOU, amount=100, balance=100, log=ANYWHERE))
    happen(assurance_pool.Spent(account=DAN, job_id=1, amount=30, balance=70, log=ANYWHERE))
    address = maker(assurance_pool.Spent)
    row = session.get_one(Pool, address)
    assert (row.balance, row.deposited, row.spent) == (70, 100, 30)
    assert session.get_one(Holding, (address, STAKE_TOKEN)).amount == 70
    entries = session.exec(select(PoolEntry).order_by(col(PoolEntry.block))).all()
    assert [(each.kind, each.account, each.job_id, each.balance) for each in entries] == [
        ("Deposited", YOU, None, 100),
        ("Spent", DAN, 1, 70),
    ]


def test_a_canary_is_committed_to_and_opened(session: Session, happen) -> None:
    committed_in = happen(
        assurance_pool.CanaryCommitted(commitment=b"\7" * 32, sponsor=ANN, first_job_id=5, log=ANYWHERE)
    )
    opened_in = happen(
        assurance_pool.CanaryOpened(
            job_id=6, commitment=b"\7" * 32, requester=YOU, right=True, paid_back=20, log=ANYWHERE
        )
    )
    row = session.get_one(Canary, (committed_in.block, 0))
    assert (row.sponsor, row.first_job_id, row.committed_at) == (ANN, 5, committed_in.time)
    assert (row.job_id, row.requester, row.right, row.paid_back) == (6, YOU, True, 20)
    assert row.opened_at == opened_in.time
