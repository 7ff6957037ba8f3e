"""Searches, candidates, windows and recorders: what their logs make of the tables."""

import pytest
from sqlmodel import Session

from fusion.chain.bindings import search_market, window_registry
from fusion.chain.bindings.types import SearchFailure, SearchTerms, WindowKey, WindowStatus
from fusion.chain.contract import Event
from indexer.page import Page
from indexer.scripted import ANYWHERE, STAKE_TOKEN, maker
from indexer.search_views import candidates, recorders, recordings, searches, windows
from indexer.tables import Candidate, Holding, Recorder, Recording, Search, Window

ANN, BOB, CYD = ("0x" + digit * 40 for digit in "abc")
KEY, RIGHT, OTHER = (bytes([number]) * 32 for number in (7, 1, 2))
WINDOW = WindowKey("simulated", "SIM-USD", 2_000, 2_060)
TERMS = SearchTerms(WINDOW, 4, 10**9, 3, 5, 3, 2, 50, 2, 1_900, (b"left", b"right"))


def posted() -> Event:
    return search_market.SearchPosted(search_id=1, requester=ANN, window_key=KEY, terms=TERMS, log=ANYWHERE)


def committed(number: int, solver: str) -> Event:
    return search_market.CandidateCommitted(
        search_id=1, candidate_id=number, solver=solver, commitment=bytes(31) + bytes([number]), log=ANYWHERE
    )


def revealed(number: int, solver: str) -> Event:
    return search_market.CandidateRevealed(
        search_id=1, candidate_id=number, solver=solver, settings=b"\xa0", spec_hash=OTHER, log=ANYWHERE
    )


def scored(number: int, bits: int, *, best: bool) -> Event:
    return search_market.CandidateScored(
        search_id=1, candidate_id=number, job_id=8, score=bits, best=best, log=ANYWHERE
    )


def held(session: Session, kind: type[Event]) -> int:
    return session.get_one(Holding, (maker(kind), STAKE_TOKEN)).amount


def test_a_search_that_was_won(session: Session, happen) -> None:
    place = happen(posted())
    search = session.get_one(Search, 1)
    assert (search.requester, search.version_id, search.reward, search.status) == (ANN, 4, 50, "Open")
    assert (search.venue, search.symbol, search.start, search.end) == ("simulated", "SIM-USD", 2_000, 2_060)
    assert (search.template, search.posted_at) == ("0x6c656674,0x7269676874", place.time)

    happen(committed(1, BOB), committed(2, CYD), committed(3, CYD))
    assert held(session, search_market.SearchPosted) == search.held == 50 + 3 * 2
    happen(revealed(1, BOB), revealed(2, CYD))
    assert held(session, search_market.SearchPosted) == search.held == 50 + 2
    happen(scored(1, 0xBFF0 << 48, best=True), scored(2, 0x3FF0 << 48, best=True))
    assert (search.committed, search.revealed, search.scored, search.best) == (3, 2, 2, 2)
    happen(search_market.SearchFinalized(search_id=1, candidate_id=2, solver=CYD, reward=50, burned=2, log=ANYWHERE))
    assert (search.status, search.solver, search.burned, search.held) == ("Final", CYD, 2, 0)
    assert held(session, search_market.SearchPosted) == 0
    candidate = session.get_one(Candidate, (1, 2))
    assert (candidate.status, candidate.settings, candidate.job_id) == ("Scored", "0xa0", 8)
    assert candidate.score_bits == "0x3ff0000000000000"
    assert session.get_one(Candidate, (1, 3)).status == "Committed"

    def found(**wanted: object) -> list[int]:
        return [row.number for row in candidates(session, Page(), **wanted)]

    assert (found(search=1), found(solver=CYD), found(status="Committed")) == ([1, 2, 3], [2, 3], [3])
    assert [row.id for row in searches(session, Page(), solver=CYD, ended=True, window=search.window_key)] == [1]
    assert searches(session, Page(), ended=False) == []


def test_a_search_without_a_window_gives_bonds_back_one_by_one(session: Session, happen) -> None:
    happen(posted(), committed(1, BOB), committed(2, CYD))
    happen(search_market.SearchFailed(search_id=1, reason=SearchFailure.NO_WINDOW, refund=50, burned=0, log=ANYWHERE))
    search = session.get_one(Search, 1)
    assert (search.status, search.failure, search.held) == ("Failed", "NoWindow", 4)
    for number, solver in ((1, BOB), (2, CYD)):
        happen(search_market.CandidateRefunded(search_id=1, candidate_id=number, solver=solver, bond=2, log=ANYWHERE))
    assert held(session, search_market.SearchPosted) == search.held == 0
    assert session.get_one(Candidate, (1, 2)).status == "Refunded"


def bonded(who: str, amount: int = 30) -> list[Event]:
    return [
        window_registry.RecorderListed(recorder=who, listed=True, log=ANYWHERE),
        window_registry.BondDeposited(recorder=who, amount=amount, free=amount, log=ANYWHERE),
    ]


def said(who: str) -> Event:
    return window_registry.WindowCommitted(key=KEY, recorder=who, commitment=OTHER, log=ANYWHERE)


def told(who: str, digest: bytes) -> Event:
    return window_registry.WindowRevealed(key=KEY, recorder=who, cid_digest=digest, log=ANYWHERE)


def test_a_window_is_recorded_and_who_said_otherwise_pays(session: Session, happen) -> None:
    happen(*bonded(ANN), *bonded(BOB), *bonded(CYD))
    happen(window_registry.WindowOpened(key=KEY, window=WINDOW, commit_by=2_100, log=ANYWHERE), said(ANN))
    window = session.get_one(Window, "0x" + KEY.hex())
    assert (window.status, window.commit_by, window.cid_digest) == ("Committing", 2_100, None)
    happen(said(BOB), said(CYD), window_registry.WindowCommitsClosed(key=KEY, reveal_by=2_200, log=ANYWHERE))
    assert window.status == "Revealing"
    happen(told(ANN, RIGHT), told(CYD, OTHER), told(BOB, RIGHT))
    place = happen(window_registry.WindowRecorded(key=KEY, cid_digest=RIGHT, log=ANYWHERE))
    assert (window.status, window.cid_digest) == ("Recorded", "0x" + RIGHT.hex())
    assert window.recorded_at == place.time
    happen(
        window_registry.WindowClosed(key=KEY, status=WindowStatus.RECORDED, cid_digest=RIGHT, burned=10, log=ANYWHERE)
    )
    assert [session.get_one(Recording, (window.key, who)).lost for who in (ANN, BOB, CYD)] == [0, 0, 10]
    assert [session.get_one(Recorder, who).bond for who in (ANN, BOB, CYD)] == [30, 30, 20]
    assert held(session, window_registry.BondDeposited) == 80
    happen(window_registry.BondWithdrawn(recorder=CYD, amount=20, free=0, log=ANYWHERE))
    happen(window_registry.RecorderListed(recorder=CYD, listed=False, log=ANYWHERE))
    assert held(session, window_registry.BondDeposited) == 60

    assert [row.address for row in recorders(session, Page(), is_listed=True)] == [ANN, BOB]
    assert [row.recorder for row in recordings(session, Page(), window=window.key, recorder=BOB)] == [BOB]
    assert [row.key for row in windows(session, Page(), venue="simulated", status="Recorded")] == [window.key]
    assert windows(session, Page(), symbol="other") == []


@pytest.mark.parametrize("reveals", [0, 1])
def test_a_window_on_which_nobody_agreed_costs_nobody(session: Session, happen, reveals: int) -> None:
    happen(*bonded(ANN), *bonded(BOB))
    happen(window_registry.WindowOpened(key=KEY, window=WINDOW, commit_by=2_100, log=ANYWHERE), said(ANN), said(BOB))
    for who in (ANN, BOB)[:reveals]:
        happen(told(who, RIGHT))
    window = session.get_one(Window, "0x" + KEY.hex())
    assert window.status == ("Revealing" if reveals else "Committing")  # time closed the commits
    happen(
        window_registry.WindowClosed(key=KEY, status=WindowStatus.FAILED, cid_digest=bytes(32), burned=0, log=ANYWHERE)
    )
    assert (window.status, window.cid_digest, window.burned) == ("Failed", None, 0)
    assert [session.get_one(Recorder, who).bond for who in (ANN, BOB)] == [30, 30]
