"""Exact amounts in a text column."""

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator

DIGITS = 78  # of 2**256 - 1


class Amount(TypeDecorator[int]):
    """A uint256 as zero-padded decimal digits: exact in every database, and text order is number order."""

    impl = String(DIGITS)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not 0 <= value < 2**256:
            raise ValueError(f"amount {value} is not a uint256")
        return f"{value:0{DIGITS}d}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)
