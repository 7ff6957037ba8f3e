"""Searches and their candidates."""

from sqlmodel import Session

from fusion.chain.bindings.search_market import (
    CandidateCommitted,
    CandidateRefunded,
    CandidateRevealed,
    CandidateScored,
    SearchFailed,
    SearchFinalized,
    SearchPosted,
)
from fusion.chain.words import word
from indexer.fold.context import Place, hexed, text
from indexer.fold.holding import hold, let_go
from indexer.tables import Candidate, Search


def posted(event: SearchPosted, session: Session, place: Place) -> None:
    terms, window = event.terms, event.terms.window
    session.add(
        Search(
            id=event.search_id,
            requester=event.requester,
            window_key=hexed(event.window_key),
            venue=text(window.venue),
            symbol=text(window.symbol),
            start=window.start,
            end=window.end,
            version_id=terms.version,
            fuel=terms.fuel,
            fee=terms.fee,
            assurance_ppm=terms.assurance_ppm,
            n=terms.n,
            k=terms.k,
            reward=terms.reward,
            bond=terms.bond,
            commit_by=terms.commit_by,
            template=",".join(map(hexed, terms.template)),
            held=terms.reward,
            status="Open",
            posted_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )
    hold(session, event.log.address, place.stake_token, terms.reward)


def committed(event: CandidateCommitted, session: Session, place: Place) -> None:
    search = session.get_one(Search, event.search_id)
    search.committed += 1
    search.held += search.bond
    hold(session, event.log.address, place.stake_token, search.bond)
    session.add(
        Candidate(
            search_id=event.search_id,
            number=event.candidate_id,
            solver=event.solver,
            commitment=hexed(event.commitment),
            status="Committed",
            committed_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )


def revealed(event: CandidateRevealed, session: Session, place: Place) -> None:
    search = session.get_one(Search, event.search_id)
    search.revealed += 1
    candidate = session.get_one(Candidate, (event.search_id, event.candidate_id))
    candidate.status = "Revealed"
    candidate.settings = hexed(event.settings)
    candidate.spec_hash = hexed(event.spec_hash)
    candidate.revealed_at = place.time
    _let_go(search, search.bond, session, event.log.address, place)


def scored(event: CandidateScored, session: Session, place: Place) -> None:
    search = session.get_one(Search, event.search_id)
    search.scored += 1
    if event.best:
        search.best = event.candidate_id
    candidate = session.get_one(Candidate, (event.search_id, event.candidate_id))
    candidate.status = "Scored"
    candidate.job_id = event.job_id
    candidate.score_bits = hexed(event.score.to_bytes(8))
    candidate.scored_at = place.time


def refunded(event: CandidateRefunded, session: Session, place: Place) -> None:
    search = session.get_one(Search, event.search_id)
    session.get_one(Candidate, (event.search_id, event.candidate_id)).status = "Refunded"
    _let_go(search, event.bond, session, event.log.address, place)


def finalized(event: SearchFinalized, session: Session, place: Place) -> None:
    search = session.get_one(Search, event.search_id)
    search.status = "Final"
    search.best = event.candidate_id
    search.solver = event.solver
    search.burned = event.burned
    search.ended_at = place.time
    _let_go(search, event.reward + event.burned, session, event.log.address, place)


def failed(event: SearchFailed, session: Session, place: Place) -> None:
    """The bonds of candidates that cannot be revealed stay held until each is refunded."""
    search = session.get_one(Search, event.search_id)
    search.status = "Failed"
    search.failure = word(event.reason)
    search.burned = event.burned
    search.ended_at = place.time
    _let_go(search, event.refund + event.burned, session, event.log.address, place)


def _let_go(search: Search, amount: int, session: Session, market: str, place: Place) -> None:
    search.held -= amount
    let_go(session, market, place.stake_token, amount)
