"""Modules and versions."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import about, field
from api.graphql.pages import FIRST, After, First, Id, Sort, number, optional, page
from api.graphql.scalars import Address, Order
from api.graphql.types.registry import Module, Version
from fusion.content.cid import Cid
from indexer import tables, views


@strawberry.type
class RegistryQuery:
    @field("The module of that id.")
    async def module(self, info: Info, id: Id) -> Module | None:
        return Module.maybe(await info.context.one(tables.Module, number(id)))

    @field("The version of that id.")
    async def version(self, info: Info, id: Id) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, number(id)))

    @field("Modules.")
    async def modules(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        author: Annotated[Address | None, about("Those of this author.")] = None,
        name: Annotated[str | None, about("Those of this name.")] = None,
    ) -> list[Module]:
        rows = await info.context.listed(views.modules, page(first, after, order), author=author, name=name)
        return Module.all_of(rows)

    @field("Versions.")
    async def versions(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        module: Annotated[strawberry.ID | None, about("Those of this module.")] = None,
        cid: Annotated[str | None, about("Those whose bundle has this CID.")] = None,
        deprecated: Annotated[bool | None, about("Deprecated ones, or the others.")] = None,
    ) -> list[Version]:
        rows = await info.context.listed(
            views.versions,
            page(first, after, order),
            module=optional(module),
            cid_digest=None if cid is None else "0x" + Cid.parse(cid).digest.hex(),
            deprecated=deprecated,
        )
        return Version.all_of(rows)
