"""Panels and audits."""

from sqlmodel import Session

from fusion.chain.bindings.panel import (
    Called,
    Decided,
    PanelAssigned,
    PanelCommitsClosed,
    PanelCommitted,
    PanelRearmed,
    PanelRevealed,
)
from fusion.chain.words import word
from indexer.fold import seats
from indexer.fold.context import Place, digest
from indexer.tables import Panel, Seat


def called(event: Called, session: Session, place: Place) -> None:
    """Why it was called, and over which outcome, the job's own log tells in the same transaction."""
    session.add(
        Panel(
            id=event.panel_id,
            job_id=event.job_id,
            cause="Audit" if event.audit else "NoQuorum",
            status="Called",
            ready_block=event.ready_block,
            deadline=event.deadline,
            called_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )


def rearmed(event: PanelRearmed, session: Session, place: Place) -> None:
    session.get_one(Panel, event.panel_id).ready_block = event.ready_block


def assigned(event: PanelAssigned, session: Session, place: Place) -> None:
    panel = session.get_one(Panel, event.panel_id)
    panel.status = "Assigned"
    panel.size = len(event.operators)
    panel.lock = event.lock
    panel.ready_block = event.ready_block
    panel.deadline = event.deadline
    seats.take(session, place, panel.job_id, panel.id, event.operators)


def committed(event: PanelCommitted, session: Session, place: Place) -> None:
    seats.commit(_seat(session, event.panel_id, event.operator), event, place)


def commits_closed(event: PanelCommitsClosed, session: Session, place: Place) -> None:
    panel = session.get_one(Panel, event.panel_id)
    panel.status = "Committed"
    panel.ready_block = event.ready_block
    panel.deadline = event.deadline


def revealed(event: PanelRevealed, session: Session, place: Place) -> None:
    seats.reveal(_seat(session, event.panel_id, event.operator), event, place)


def decided(event: Decided, session: Session, place: Place) -> None:
    panel = session.get_one(Panel, event.panel_id)
    panel.status = "Decided"
    panel.votes = event.votes
    panel.kind = word(event.kind) if event.votes else None
    panel.outcome_hash = digest(event.outcome_hash)
    panel.ready_block = 0
    panel.deadline = 0
    panel.decided_at = place.time


def _seat(session: Session, panel_id: int, operator: str) -> Seat:
    panel = session.get_one(Panel, panel_id)
    return session.get_one(Seat, (panel.job_id, panel_id, operator))
