"""Jobs, their seats and attestations."""

from sqlmodel import Session, col, select

from fusion.chain.bindings.job_market import (
    Assigned,
    CommitsClosed,
    Committed,
    Failed,
    Finalized,
    Posted,
    Proposed,
    Rearmed,
    Revealed,
    RevealsClosed,
)
from indexer.fold.context import Place, digest, hexed, word
from indexer.tables import Job, Seat


def _seats(session: Session, job_id: int) -> dict[str, Seat]:
    found = session.exec(select(Seat).where(col(Seat.job_id) == job_id))
    return {seat.operator: seat for seat in found}


def posted(event: Posted, session: Session, place: Place) -> None:
    session.add(
        Job(
            id=event.job_id,
            requester=event.requester,
            version_id=event.version,
            license_id=event.license_id or None,
            n=event.n,
            k=event.k,
            fee=event.fee,
            royalty=event.royalty,
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


def rearmed(event: Rearmed, session: Session, place: Place) -> None:
    session.get_one(Job, event.job_id).ready_block = event.ready_block


def assigned(event: Assigned, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Assigned"
    job.lock = event.lock
    job.ready_block = event.ready_block
    job.deadline = event.deadline
    for position, operator in enumerate(event.operators):
        session.add(Seat(job_id=event.job_id, position=position, operator=operator))


def committed(event: Committed, session: Session, place: Place) -> None:
    seat = _seats(session, event.job_id)[event.operator]
    seat.commitment = hexed(event.commitment)
    seat.committed_at = place.time


def commits_closed(event: CommitsClosed, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Committed"
    job.ready_block = event.ready_block
    job.deadline = event.deadline


def revealed(event: Revealed, session: Session, place: Place) -> None:
    seat = _seats(session, event.job_id)[event.operator]
    seat.kind = word(event.kind)
    seat.outcome_hash = hexed(event.outcome_hash)
    seat.outcome = hexed(event.outcome)
    seat.revealed_at = place.time


def reveals_closed(event: RevealsClosed, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Revealed"
    job.ready_block = 0
    job.deadline = 0


def proposed(event: Proposed, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Proposed"
    job.kind = word(event.kind)
    job.outcome_hash = digest(event.outcome_hash)
    job.votes = event.votes
    job.deadline = event.deadline


def finalized(event: Finalized, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Final"
    job.kind = word(event.kind)
    job.outcome_hash = digest(event.outcome_hash)
    job.deadline = 0
    job.ended_at = place.time
    seats = _seats(session, event.job_id)
    for operator in event.paid:
        seats[operator].paid = True


def failed(event: Failed, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Failed"
    job.failure = word(event.reason)
    job.refund = event.refund
    job.royalty_refund = event.royalty_refund
    job.deadline = 0
    job.ended_at = place.time
