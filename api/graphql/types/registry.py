"""Modules, versions and their revenue tables."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, First, Sort, top
from api.graphql.scalars import Address, Bytes, Order, Seconds
from api.graphql.types import jobs, ledger, market
from api.graphql.types.links import IncomeLink, JobLink, LicenseLink, OfferLink
from api.graphql.types.row import Row
from api.graphql.words import Access
from fusion.content.cid import Cid
from indexer import tables


@strawberry.type(description="A published unit of code with one stable id and one author.")
class Module(Row):
    id: strawberry.ID = strawberry.field(description="Number of the module, which is that of its ERC-721 token.")
    name: str = strawberry.field(description="Name, unique among those that one account registered.")
    author: Address = strawberry.field(description="Who owns the module now, and publishes its versions.")
    registered_at: Seconds = strawberry.field(description="When it was registered.")
    block: int = strawberry.field(description="Block in which it was registered.")
    tx: Bytes = strawberry.field(description="Transaction that registered it.")

    @field("Its versions.")
    async def versions(self, info: Info, first: First = FIRST, order: Sort = Order.OLDEST) -> list["Version"]:
        return Version.all_of(await info.context.many(tables.Version, "module_id", self.id, top(first, order)))


@strawberry.type(description="One immutable content hash of a module, with its revenue table.")
class Version(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"access": Access}

    id: strawberry.ID = strawberry.field(description="Number of the version.")
    semver: str = strawberry.field(description="Semantic version, unique within the module.")
    cid_digest: Bytes = strawberry.field(description="SHA-256 digest of the bundle's root.")
    plain_digest: Bytes = strawberry.field(description="The same of the plain bundle; equal where access is open.")
    access: Access = strawberry.field(description="Whether the bundle is public.")
    min_royalty_ppm: int = strawberry.field(description="Least share of whoever builds on it, in parts per million.")
    deprecated: bool = strawberry.field(description="Whether nothing new may be built on it or sold of it.")
    published_at: Seconds = strawberry.field(description="When it was published.")
    block: int = strawberry.field(description="Block in which it was published.")
    tx: Bytes = strawberry.field(description="Transaction that published it.")
    module_id: strawberry.Private[int]

    @field("Content identifier of the bundle.")
    def cid(self) -> str:
        return str(Cid.directory(bytes.fromhex(self.cid_digest[2:])))

    @field("The module it is a version of.")
    async def module(self, info: Info) -> Module | None:
        return Module.maybe(await info.context.one(tables.Module, self.module_id))

    @field("Its revenue table, in order.")
    async def splits(self, info: Info) -> list["Split"]:
        return Split.all_of(await info.context.many(tables.Split, "version_id", self.id, top(FIRST, Order.OLDEST)))

    @field("Rows of later versions' revenue tables that pay this one.")
    async def royalties(self, info: Info, first: First = FIRST, order: Sort = Order.OLDEST) -> list["Split"]:
        return Split.all_of(await info.context.many(tables.Split, "upstream_id", self.id, top(first, order)))

    @field("The offers that sell it.")
    async def offers(self, info: Info, first: First = FIRST, order: Sort = Order.OLDEST) -> list[OfferLink]:
        return market.Offer.all_of(await info.context.many(tables.Offer, "version_id", self.id, top(first, order)))

    @field("The licenses sold to it.")
    async def licenses(self, info: Info, first: First = FIRST, order: Sort = Order.OLDEST) -> list[LicenseLink]:
        rows = await info.context.many(tables.License, "version_id", self.id, top(first, order))
        return market.License.all_of(rows)

    @field("The jobs that run it.")
    async def jobs(self, info: Info, first: First = FIRST, order: Sort = Order.OLDEST) -> list[JobLink]:
        return jobs.Job.all_of(await info.context.many(tables.Job, "version_id", self.id, top(first, order)))

    @field("What it received and settled, by token.")
    async def incomes(self, info: Info, first: First = FIRST) -> list[IncomeLink]:
        rows = await info.context.many(tables.Income, "version_id", self.id, top(first, Order.OLDEST))
        return ledger.Income.all_of(rows)


@strawberry.type(description="One row of a revenue table: parts per million to an account or to an upstream version.")
class Split(Row):
    position: int = strawberry.field(description="Place in the revenue table, from zero.")
    account: Address | None = strawberry.field(description="Who is paid; null in a row for an upstream version.")
    ppm: int = strawberry.field(description="Share in parts per million.")
    version_id: strawberry.Private[int]
    upstream_id: strawberry.Private[int | None]

    @field("The version whose table this is.")
    async def version(self, info: Info) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, self.version_id))

    @field("The upstream version that is paid; null in a row for an account.")
    async def upstream(self, info: Info) -> Version | None:
        if self.upstream_id is None:
            return None
        return Version.maybe(await info.context.one(tables.Version, self.upstream_id))
