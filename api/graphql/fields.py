"""Fields and arguments with a description, which all of them have."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry
from strawberry.types.arguments import StrawberryArgumentAnnotation

_Resolver = TypeVar("_Resolver", bound=Callable[..., Any])


def about(description: str) -> StrawberryArgumentAnnotation:
    """Describes an argument, within its `Annotated` type."""
    return strawberry.argument(description=description)


def field(description: str, *, name: str | None = None) -> Callable[[_Resolver], _Resolver]:
    """`strawberry.field` for a resolver; it keeps the resolver's type, which strawberry's own loses."""
    return cast("Callable[[_Resolver], _Resolver]", strawberry.field(description=description, name=name))
