"""The journal of changes: what every changed row was before, by block, so that a reorg is undone exactly."""

import json

from sqlalchemy import delete, event, inspect, select
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session, SQLModel, col

from indexer.tables import ENTITIES, Block, Change

_BY_NAME = {entity.__name__: entity for entity in ENTITIES}


class Journal:
    """Records every change that `session` flushes to an entity, under block `number`."""

    def __init__(self, session: Session, number: int) -> None:
        self._session = session
        self._number = number
        self._count = 0

    def __enter__(self) -> None:
        event.listen(self._session, "before_flush", self._record)

    def __exit__(self, *error: object) -> None:
        if error == (None, None, None):
            self._session.flush()
        event.remove(self._session, "before_flush", self._record)

    def _record(self, session: OrmSession, _context: UOWTransaction, _instances: object) -> None:
        changes = [(row, False) for row in session.new]
        changes += [(row, True) for row in session.dirty if session.is_modified(row)]
        changes += [(row, True) for row in session.deleted]
        for row, existed in changes:
            if type(row).__name__ not in _BY_NAME:
                continue
            mapper = inspect(type(row))
            session.add(
                Change(
                    block=self._number,
                    sequence=self._count,
                    entity=type(row).__name__,
                    key=json.dumps(mapper.primary_key_from_instance(row)),
                    before=json.dumps(_before(row)) if existed else None,
                )
            )
            self._count += 1


def _before(row: SQLModel) -> dict[str, object]:
    state = inspect(row)
    values = {}
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        values[attribute.key] = history.deleted[0] if history.deleted else getattr(row, attribute.key)
    return values


def rollback(session: Session, number: int) -> None:
    """Restores every entity to its state after block `number`, and forgets the blocks above it.

    The journal must reach down to `number`.
    """
    newest_first = (
        select(Change).where(col(Change.block) > number).order_by(col(Change.block).desc(), col(Change.sequence).desc())
    )
    for change in session.scalars(newest_first):
        entity = _BY_NAME[change.entity]
        if change.before is None:
            session.delete(session.get_one(entity, tuple(json.loads(change.key))))
        else:
            session.merge(entity(**json.loads(change.before)))
    session.flush()
    session.execute(delete(Change).where(col(Change.block) > number))
    session.execute(delete(Block).where(col(Block.number) > number))


def prune(session: Session, number: int) -> None:
    """Forgets headers below block `number`, and the changes that only a rollback below it would need."""
    session.execute(delete(Change).where(col(Change.block) <= number))
    session.execute(delete(Block).where(col(Block.number) < number))
