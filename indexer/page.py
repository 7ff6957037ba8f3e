"""Pages of rows: a few from after a cursor, in the order of the table's key, oldest or newest first."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, func, inspect, select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel

from fusion.errors import BadInput

LARGEST = 200

Row = TypeVar("Row", bound=SQLModel)
Key = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """At most `first` rows that follow the row whose key is `after`."""

    first: int = 50
    after: Key | None = None
    newest: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.first <= LARGEST:
            raise BadInput(f"first is {self.first}; ask for 1 to {LARGEST} rows and go on with `after`")


def listed(session: Session, entity: type[Row], page: Page, *conditions: ColumnElement[bool]) -> Sequence[Row]:
    """One page of the rows that meet all conditions."""
    keys = inspect(entity).primary_key
    query = select(entity).where(*conditions).limit(page.first)
    query = query.order_by(*(key.desc() if page.newest else key.asc() for key in keys))
    if page.after is not None:
        if len(page.after) != len(keys):
            raise BadInput(f"{page.after} is no place in this list; give the id of one of its rows as `after`")
        place = tuple_(*keys)
        query = query.where(place < page.after if page.newest else place > page.after)
    return session.scalars(query).all()


def by_id(session: Session, entity: type[Row], ids: Sequence[int | str]) -> Mapping[int | str, Row]:
    """The rows with these ids, of a table with one key column; unknown ids are left out."""
    (key,) = inspect(entity).primary_key
    rows = session.scalars(select(entity).where(key.in_(ids)))
    return {getattr(row, key.name): row for row in rows}


def grouped(
    session: Session, entity: type[Row], parent: str, parents: Sequence[int | str], page: Page
) -> Mapping[int | str, Sequence[Row]]:
    """For each of `parents`, the first page of the rows whose `parent` column names it; one statement for all."""
    keys, column = inspect(entity).primary_key, inspect(entity).columns[parent]
    order = [key.desc() if page.newest else key.asc() for key in keys]
    place = func.row_number().over(partition_by=column, order_by=order).label("place")
    numbered = select(entity, place).where(column.in_(parents)).subquery()
    found = aliased(entity, numbered)
    groups: dict[int | str, list[Row]] = defaultdict(list)
    query = select(found).where(numbered.c.place <= page.first).order_by(numbered.c.place)
    for row in session.scalars(query):
        groups[getattr(row, parent)].append(row)
    return groups
