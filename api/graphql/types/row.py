"""How a row of the index becomes what the API shows."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import ClassVar, Self

from sqlmodel import SQLModel


class Row:
    """Takes the columns that a table has under the same names; `WORDS` are those that are words of an enum."""

    WORDS: ClassVar[Mapping[str, type[Enum]]] = {}

    @classmethod
    def of(cls, row: SQLModel) -> Self:
        values = {name: getattr(row, name) for name in cls.__annotations__ if name != "WORDS"}
        for name, words in cls.WORDS.items():
            values[name] = None if values[name] is None else words(values[name])
        return cls(**values)

    @classmethod
    def all_of(cls, rows: Sequence[SQLModel]) -> list[Self]:
        return [cls.of(row) for row in rows]

    @classmethod
    def maybe(cls, row: SQLModel | None) -> Self | None:
        return None if row is None else cls.of(row)
