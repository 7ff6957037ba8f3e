"""The assurance pool and its canaries."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import about, field
from api.graphql.pages import FIRST, After, First, Sort, number, optional, page
from api.graphql.scalars import Address, Order
from api.graphql.types.assurance import Canary, Pool, PoolEntry
from api.graphql.words import PoolEntryKind
from indexer import views


@strawberry.type
class AssuranceQuery:
    @field("The assurance pool; null before anything was paid into it.")
    async def pool(self, info: Info) -> Pool | None:
        return Pool.maybe(await info.context.read(views.pool))

    @field("Money into the assurance pool, and out of it.")
    async def pool_entries(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        account: Annotated[Address | None, about("Those paid by, or to, this account.")] = None,
        job: Annotated[strawberry.ID | None, about("Those for this job.")] = None,
        kind: Annotated[PoolEntryKind | None, about("Those of this kind.")] = None,
    ) -> list[PoolEntry]:
        rows = await info.context.listed(
            views.pool_entries,
            page(first, after, order, number, number),
            account=account,
            job=optional(job),
            kind=kind.value if kind else None,
        )
        return PoolEntry.all_of(rows)

    @field("Answers that were committed to before their jobs were posted.")
    async def canaries(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        sponsor: Annotated[Address | None, about("Those committed to by this account.")] = None,
        job: Annotated[strawberry.ID | None, about("The one that this job was.")] = None,
        opened: Annotated[bool | None, about("Those that were opened, or the others.")] = None,
        right: Annotated[bool | None, about("Those that were answered rightly, or wrongly.")] = None,
    ) -> list[Canary]:
        at = page(first, after, order, number, number)
        rows = await info.context.listed(
            views.canaries, at, sponsor=sponsor, job=optional(job), opened=opened, right=right
        )
        return Canary.all_of(rows)
