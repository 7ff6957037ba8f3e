"""Jobs and their seats, from post to the way they end."""

from sqlmodel import Session

from fusion.chain.bindings.job_market import (
    Assigned,
    CommitsClosed,
    Committed,
    Failed,
    Finalized,
    Posted,
    Proposed,
    Rearmed,
    Reopened,
    Revealed,
    RevealsClosed,
)
from fusion.chain.bindings.types import OutcomeKind
from fusion.chain.words import word
from indexer.fold import seats
from indexer.fold.context import Place, account, digest, hexed
from indexer.fold.holding import hold, let_go
from indexer.tables import Job, Operator, Panel, Seat


def posted(event: Posted, session: Session, place: Place) -> None:
    terms, market = event.terms, event.log.address
    royalty_token = account(event.royalty_token)
    session.add(
        Job(
            id=event.job_id,
            requester=event.requester,
            version_id=event.version,
            license_id=terms.license_id or None,
            offer_id=None if terms.license_id else terms.offer_id,
            n=terms.n,
            k=terms.k,
            fuel=terms.fuel,
            fee=terms.fee,
            value=terms.value,
            assurance_ppm=terms.assurance_ppm,
            royalty=event.royalty,
            royalty_token=royalty_token,
            held=terms.fee,
            lock=event.lock,
            spec_hash=hexed(event.spec_hash),
            spec=hexed(event.spec),
            status="Open",
            ready_block=event.ready_block,
            deadline=event.deadline,
            posted_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )
    hold(session, market, place.stake_token, terms.fee)
    if royalty_token is not None:
        hold(session, market, royalty_token, event.royalty)


def rearmed(event: Rearmed, session: Session, place: Place) -> None:
    session.get_one(Job, event.job_id).ready_block = event.ready_block


def assigned(event: Assigned, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Assigned"
    job.lock = event.lock
    job.ready_block = event.ready_block
    job.deadline = event.deadline
    seats.take(session, place, job.id, 0, event.operators)


def reopened(event: Reopened, session: Session, place: Place) -> None:
    """The silent keep their seats until others are drawn for them."""
    job = session.get_one(Job, event.job_id)
    job.status = "Open"
    job.redraws += 1
    job.ready_block = event.ready_block
    job.deadline = event.deadline


def committed(event: Committed, session: Session, place: Place) -> None:
    seats.commit(_seat(session, event.job_id, event.operator), event, place)


def commits_closed(event: CommitsClosed, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Committed"
    job.ready_block = event.ready_block
    job.deadline = event.deadline


def revealed(event: Revealed, session: Session, place: Place) -> None:
    seats.reveal(_seat(session, event.job_id, event.operator), event, place)


def reveals_closed(event: RevealsClosed, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Revealed"
    job.ready_block = event.ready_block
    job.deadline = 0


def proposed(event: Proposed, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Proposed"
    job.kind = word(event.kind)
    job.outcome_hash = digest(event.outcome_hash)
    job.votes = event.votes
    job.ready_block = 0
    job.deadline = event.deadline


def finalized(event: Finalized, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    final = digest(event.outcome_hash)
    if job.status in _BY_PANEL:  # a panel that nobody could sit on leaves the votes of the seats
        job.votes = session.get_one(Panel, job.panel_id).votes or job.votes
    job.status = "Final"
    job.kind = word(event.kind)
    job.outcome_hash = final
    for seat in seats.of_job(session, job.id):
        seat.paid = seat.operator in event.paid
        if seat.kind in _ATTESTED:
            seat.agreed = seat.outcome_hash == final
            session.get_one(Operator, seat.operator).agreements += seat.agreed
    job.verified = job.n > 1 or _ran_again(session, job, final)
    _end(job, session, event.log.address, place)


def failed(event: Failed, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Failed"
    job.failure = word(event.reason)
    job.refund = event.refund
    job.royalty_refund = event.royalty_refund
    _end(job, session, event.log.address, place)


_ATTESTED = {word(kind) for kind in (OutcomeKind.RESULT, OutcomeKind.MODULE_ERROR, OutcomeKind.LIMIT_HIT)}

_BY_PANEL = ("NoQuorum", "Disputed")  # the states that a panel's verdict ends


def _seat(session: Session, job_id: int, operator: str) -> Seat:
    return session.get_one(Seat, (job_id, 0, operator))


def _ran_again(session: Session, job: Job, outcome: str | None) -> bool:
    """Whether the newest panel or audit came to this outcome too."""
    return job.panel_id is not None and session.get_one(Panel, job.panel_id).outcome_hash == outcome


def _end(job: Job, session: Session, market: str, place: Place) -> None:
    """All that was held for the job is paid out or goes back: fee and bonds in are fee and bonds out."""
    let_go(session, market, place.stake_token, job.held)
    if job.royalty_token is not None:
        let_go(session, market, job.royalty_token, job.royalty)
    job.held = 0
    job.ready_block = 0
    job.deadline = 0
    job.ended_at = place.time
