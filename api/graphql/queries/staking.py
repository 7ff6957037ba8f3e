"""Operators and slashes."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import about, field
from api.graphql.pages import FIRST, After, First, Sort, number, optional, page
from api.graphql.scalars import Address, Order, address
from api.graphql.types.staking import Operator, Slash
from api.graphql.words import Fault
from indexer import tables, views


@strawberry.type
class StakingQuery:
    @field("The operator of that account.")
    async def operator(self, info: Info, address: Annotated[Address, about("Its account.")]) -> Operator | None:
        return Operator.maybe(await info.context.one(tables.Operator, address))

    @field("Operators.")
    async def operators(
        self, info: Info, *, first: First = FIRST, after: After = None, order: Sort = Order.OLDEST
    ) -> list[Operator]:
        return Operator.all_of(await info.context.listed(views.operators, page(first, after, order, address)))

    @field("What operators lost, and for what.")
    async def slashes(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        operator: Annotated[Address | None, about("Those of this operator.")] = None,
        job: Annotated[strawberry.ID | None, about("Those for faults in this job and its panels.")] = None,
        panel: Annotated[strawberry.ID | None, about("Those for faults in this panel.")] = None,
        fault: Annotated[Fault | None, about("Those for this fault.")] = None,
    ) -> list[Slash]:
        rows = await info.context.listed(
            views.slashes,
            page(first, after, order, number, number),
            operator=operator,
            job=optional(job),
            panel=optional(panel),
            fault=fault.value if fault else None,
        )
        return Slash.all_of(rows)
