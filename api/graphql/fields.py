"""A typed form of strawberry's decorator with arguments."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

_Resolver = TypeVar("_Resolver", bound=Callable[..., Any])


def field(description: str | None = None, *, name: str | None = None) -> Callable[[_Resolver], _Resolver]:
    """`strawberry.field` with a description or a name; it keeps the resolver's type, which strawberry's own loses."""
    return cast("Callable[[_Resolver], _Resolver]", strawberry.field(description=description, name=name))
