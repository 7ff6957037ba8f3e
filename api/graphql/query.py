"""The queries."""

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, number, optional, page
from api.graphql.scalars import Address, Bytes, JobStatus, Order, RevenueKind, Seconds, address
from api.graphql.types import Balance, Income, Job, License, Module, Offer, Operator, Revenue, Version
from fusion.content.cid import Cid
from indexer import tables, views


@strawberry.type(description="A block of the chain.")
class Block:
    number: int
    hash: Bytes
    timestamp: Seconds


@strawberry.type(name="_Meta_", description="What the answer rests on; all of one answer rests on the same block.")
class Meta:
    block: Block | None


@strawberry.type
class Contract:
    name: str
    address: Address


@strawberry.type(description="The deployment that this index follows.")
class Network:
    chain_id: int
    first_block: int
    contracts: list[Contract]


@strawberry.type
class Query:
    @field(name="_meta")
    async def meta(self, info: Info) -> Meta:
        found = await info.context.read(views.meta)
        if found is None:
            return Meta(block=None)
        return Meta(block=Block(number=found.number, hash=Bytes(found.hash), timestamp=Seconds(found.timestamp)))

    @strawberry.field
    def network(self, info: Info) -> Network:
        deployment = info.context.deployment
        contracts = [Contract(name=name, address=Address(at)) for name, at in sorted(deployment.contracts.items())]
        return Network(chain_id=deployment.chain_id, first_block=deployment.block, contracts=contracts)

    @strawberry.field
    async def module(self, info: Info, id: strawberry.ID) -> Module | None:  # noqa: A002 - the argument's public name
        return Module.maybe(await info.context.one(tables.Module, number(id)))

    @strawberry.field
    async def version(self, info: Info, id: strawberry.ID) -> Version | None:  # noqa: A002
        return Version.maybe(await info.context.one(tables.Version, number(id)))

    @strawberry.field
    async def offer(self, info: Info, id: strawberry.ID) -> Offer | None:  # noqa: A002
        return Offer.maybe(await info.context.one(tables.Offer, number(id)))

    @strawberry.field
    async def license(self, info: Info, id: strawberry.ID) -> License | None:  # noqa: A002
        return License.maybe(await info.context.one(tables.License, number(id)))

    @strawberry.field
    async def job(self, info: Info, id: strawberry.ID) -> Job | None:  # noqa: A002
        return Job.maybe(await info.context.one(tables.Job, number(id)))

    @strawberry.field
    async def operator(self, info: Info, address: Address) -> Operator | None:
        return Operator.maybe(await info.context.one(tables.Operator, address))

    @strawberry.field
    async def modules(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: strawberry.ID | None = None,
        order: Order = Order.OLDEST,
        author: Address | None = None,
        name: str | None = None,
    ) -> list[Module]:
        rows = await info.context.listed(views.modules, page(first, after, order), author=author, name=name)
        return Module.all_of(rows)

    @strawberry.field
    async def versions(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: strawberry.ID | None = None,
        order: Order = Order.OLDEST,
        module: strawberry.ID | None = None,
        cid: str | None = None,
        deprecated: bool | None = None,
    ) -> list[Version]:
        rows = await info.context.listed(
            views.versions,
            page(first, after, order),
            module=optional(module),
            cid_digest=None if cid is None else "0x" + Cid.parse(cid).digest.hex(),
            deprecated=deprecated,
        )
        return Version.all_of(rows)

    @strawberry.field
    async def offers(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: strawberry.ID | None = None,
        order: Order = Order.OLDEST,
        version: strawberry.ID | None = None,
        token: Address | None = None,
        active: bool | None = None,
    ) -> list[Offer]:
        at = page(first, after, order)
        rows = await info.context.listed(views.offers, at, version=optional(version), token=token, active=active)
        return Offer.all_of(rows)

    @strawberry.field
    async def licenses(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: strawberry.ID | None = None,
        order: Order = Order.OLDEST,
        owner: Address | None = None,
        buyer: Address | None = None,
        version: strawberry.ID | None = None,
        offer: strawberry.ID | None = None,
    ) -> list[License]:
        rows = await info.context.listed(
            views.licenses,
            page(first, after, order),
            owner=owner,
            buyer=buyer,
            version=optional(version),
            offer=optional(offer),
        )
        return License.all_of(rows)

    @field("`operator` keeps the jobs in which it has a seat.")
    async def jobs(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: strawberry.ID | None = None,
        order: Order = Order.OLDEST,
        requester: Address | None = None,
        operator: Address | None = None,
        version: strawberry.ID | None = None,
        license: strawberry.ID | None = None,  # noqa: A002 - the argument's public name
        status: JobStatus | None = None,
    ) -> list[Job]:
        rows = await info.context.listed(
            views.jobs,
            page(first, after, order),
            requester=requester,
            operator=operator,
            version=optional(version),
            license_=optional(license),
            status=None if status is None else status.value,
        )
        return Job.all_of(rows)

    @strawberry.field
    async def operators(
        self, info: Info, *, first: int = FIRST, after: strawberry.ID | None = None, order: Order = Order.OLDEST
    ) -> list[Operator]:
        return Operator.all_of(await info.context.listed(views.operators, page(first, after, order, address)))

    @field("The logs of the revenue ledger.")
    async def revenue(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: strawberry.ID | None = None,
        order: Order = Order.OLDEST,
        account: Address | None = None,
        version: strawberry.ID | None = None,
        token: Address | None = None,
        kind: RevenueKind | None = None,
        tx: Bytes | None = None,
    ) -> list[Revenue]:
        rows = await info.context.listed(
            views.revenue,
            page(first, after, order, number, number),
            account=account,
            version=optional(version),
            token=token,
            kind=None if kind is None else kind.value,
            tx=tx,
        )
        return Revenue.all_of(rows)

    @strawberry.field
    async def balances(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: strawberry.ID | None = None,
        order: Order = Order.OLDEST,
        account: Address | None = None,
        token: Address | None = None,
    ) -> list[Balance]:
        at = page(first, after, order, address, address)
        return Balance.all_of(await info.context.listed(views.balances, at, account=account, token=token))

    @strawberry.field
    async def incomes(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: strawberry.ID | None = None,
        order: Order = Order.OLDEST,
        version: strawberry.ID | None = None,
        token: Address | None = None,
    ) -> list[Income]:
        at = page(first, after, order, number, address)
        return Income.all_of(await info.context.listed(views.incomes, at, version=optional(version), token=token))
