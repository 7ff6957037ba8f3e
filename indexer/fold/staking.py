"""Operators and their funds."""

from sqlmodel import Session

from fusion.chain.bindings.operator_staking import (
    Locked,
    OperatorRegistered,
    Staked,
    UnbondRequested,
    Unlocked,
    Withdrawn,
)
from indexer.fold.context import Place, text
from indexer.tables import Operator


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
