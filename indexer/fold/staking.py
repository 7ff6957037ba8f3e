"""Operators, their funds, and what they were slashed for."""

from sqlmodel import Session, col, select

from fusion.chain.bindings.operator_staking import (
    Locked,
    OperatorRegistered,
    Slashed,
    Staked,
    UnbondRequested,
    Unlocked,
    Withdrawn,
)
from fusion.chain.words import word
from indexer.fold.context import Place, text
from indexer.tables import Operator, Seat, Slash


def registered(event: OperatorRegistered, session: Session, place: Place) -> None:
    operator = session.get(Operator, event.operator)
    if operator is None:
        operator = Operator(address=event.operator, registered_at=place.time, block=place.block, tx=place.tx)
        session.add(operator)
    operator.endpoint = text(event.endpoint)


def staked(event: Staked, session: Session, place: Place) -> None:
    session.get_one(Operator, event.operator).free = event.free


def unbond_requested(event: UnbondRequested, session: Session, place: Place) -> None:
    operator = session.get_one(Operator, event.operator)
    operator.free -= event.amount
    operator.unbonding += event.amount
    operator.unbond_at = event.unbond_at


def withdrawn(event: Withdrawn, session: Session, place: Place) -> None:
    operator = session.get_one(Operator, event.operator)
    operator.unbonding -= event.amount
    operator.unbond_at = 0


def locked(event: Locked, session: Session, place: Place) -> None:
    operator = session.get_one(Operator, event.operator)
    operator.free -= event.amount
    operator.locked += event.amount


def unlocked(event: Unlocked, session: Session, place: Place) -> None:
    operator = session.get_one(Operator, event.operator)
    operator.locked -= event.amount
    operator.free += event.amount


def slashed(event: Slashed, session: Session, place: Place) -> None:
    """What is taken comes from the lock, then from what is free, then from what is unbonding."""
    operator = session.get_one(Operator, event.operator)
    from_lock = min(event.amount, event.lock)
    from_free = min(event.amount - from_lock, operator.free)
    operator.locked -= event.lock
    operator.free += event.lock - from_lock - from_free
    operator.unbonding -= event.amount - from_lock - from_free
    operator.slashed += event.amount
    operator.faults += 1
    seat = _seat(session, event.job_id, event.operator)
    seat.fault = word(event.fault)
    session.add(
        Slash(
            block=place.block,
            log_index=place.log_index,
            operator=event.operator,
            job_id=event.job_id,
            panel_id=seat.panel_id or None,
            fault=word(event.fault),
            lock=event.lock,
            amount=event.amount,
            time=place.time,
            tx=place.tx,
        )
    )


def _seat(session: Session, job_id: int, operator: str) -> Seat:
    """The operator's seat in the job or in one of its panels; it has one, since whoever took part is passed over."""
    found = select(Seat).where(col(Seat.job_id) == job_id, col(Seat.operator) == operator)
    return session.exec(found.order_by(col(Seat.panel_id).desc()).limit(1)).one()
