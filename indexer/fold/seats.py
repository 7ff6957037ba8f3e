"""What seats of jobs and of panels have in common: an operator commits, then reveals."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from fusion.chain.bindings.job_market import Committed, Revealed
from fusion.chain.bindings.panel import PanelCommitted, PanelRevealed
from fusion.chain.words import word
from indexer.fold.context import Place, hexed
from indexer.tables import Operator, Seat


def of_job(session: Session, job_id: int) -> Sequence[Seat]:
    """All seats of the job and its panels."""
    return session.exec(select(Seat).where(col(Seat.job_id) == job_id)).all()


def take(session: Session, place: Place, job_id: int, panel_id: int, operators: Sequence[str]) -> None:
    """Seats `operators`: at first in this order; drawn anew, those who are new take the places of the silent, in order.

    A silent operator whose place nobody took keeps it.
    """
    seated = [seat for seat in of_job(session, job_id) if seat.panel_id == panel_id and seat.position is not None]
    silent = [seat for seat in seated if seat.operator not in operators]
    places = iter(sorted(silent, key=lambda seat: seat.position or 0))
    known = {seat.operator for seat in seated}
    for index, operator in enumerate(operators):
        if operator in known:
            continue
        position: int | None = index
        if seated:
            lost = next(places)
            position, lost.position = lost.position, None
        session.add(
            Seat(job_id=job_id, panel_id=panel_id, operator=operator, position=position, assigned_at=place.time)
        )
        session.get_one(Operator, operator).seat_count += 1


def commit(seat: Seat, event: Committed | PanelCommitted, place: Place) -> None:
    seat.commitment = hexed(event.commitment)
    seat.committed_at = place.time


def reveal(seat: Seat, event: Revealed | PanelRevealed, place: Place) -> None:
    seat.kind = word(event.kind)
    seat.outcome_hash = hexed(event.outcome_hash)
    seat.outcome = hexed(event.outcome)
    seat.revealed_at = place.time
