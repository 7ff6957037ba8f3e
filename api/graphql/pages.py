"""Arguments of lists: how many, after which, in which order."""

from collections.abc import Callable
from typing import Annotated

import strawberry

from api.graphql.scalars import Order
from fusion.errors import BadInput
from indexer.page import LARGEST, Key, Page

FIRST = 50
Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
First = Annotated[int, strawberry.argument(description=f"How many rows, 1 to {LARGEST}.")]
After = Annotated[strawberry.ID | None, strawberry.argument(description="The id of a row; the rows after it follow.")]
Sort = Annotated[Order, strawberry.argument(description="Oldest or newest first.")]
_LARGEST_ID = 2**63 - 1
_DIGITS = len(str(_LARGEST_ID))


def number(text: str) -> int:
    """An id of what the contracts count: modules, versions, offers, licenses, jobs, panels."""
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS or int(text) > _LARGEST_ID:
        raise BadInput(f"{text[:80]!r} is no id; one is a whole number, as in the `id` of a row")
    return int(text)


def optional(text: strawberry.ID | None) -> int | None:
    return None if text is None else number(text)


def page(
    first: int,
    after: strawberry.ID | None,
    order: Order,
    *parts: Callable[[str], int | str],
) -> Page:
    """The page asked for; `parts` read the pieces of an id, which are joined by `-`."""
    return Page(first, None if after is None else _key(after, parts or (number,)), newest=order is Order.NEWEST)


def top(first: int, order: Order) -> Page:
    """The first page of a nested list; a filter of the top-level list leads to the next ones."""
    return Page(first, None, newest=order is Order.NEWEST)


def _key(text: str, parts: tuple[Callable[[str], int | str], ...]) -> Key:
    pieces = text.split("-")
    if len(pieces) != len(parts):
        raise BadInput(f"{text[:80]!r} is no place in this list; give the id of one of its rows as `after`")
    return tuple(read(piece) for read, piece in zip(parts, pieces, strict=True))
