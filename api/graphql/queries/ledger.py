"""Revenue, balances, incomes and what is held."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import about, field
from api.graphql.pages import FIRST, After, First, Sort, number, optional, page
from api.graphql.scalars import Address, Bytes, Order, address
from api.graphql.types.ledger import Balance, Holding, Income, Revenue
from api.graphql.words import RevenueKind
from indexer import views

_Token = Annotated[Address | None, about("Those in this token.")]
_Version = Annotated[strawberry.ID | None, about("Those of this version.")]


@strawberry.type
class LedgerQuery:
    @field("The logs of the revenue ledger.")
    async def revenue(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        account: Annotated[Address | None, about("Those about this account.")] = None,
        version: _Version = None,
        token: _Token = None,
        kind: Annotated[RevenueKind | None, about("Those of this kind.")] = None,
        tx: Annotated[Bytes | None, about("Those of this transaction.")] = None,
    ) -> list[Revenue]:
        rows = await info.context.listed(
            views.revenue,
            page(first, after, order, number, number),
            account=account,
            version=optional(version),
            token=token,
            kind=kind.value if kind else None,
            tx=tx,
        )
        return Revenue.all_of(rows)

    @field("What accounts may claim and have claimed.")
    async def balances(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        account: Annotated[Address | None, about("Those of this account.")] = None,
        token: _Token = None,
    ) -> list[Balance]:
        at = page(first, after, order, address, address)
        return Balance.all_of(await info.context.listed(views.balances, at, account=account, token=token))

    @field("What versions received and settled.")
    async def incomes(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        version: _Version = None,
        token: _Token = None,
    ) -> list[Income]:
        at = page(first, after, order, number, address)
        return Income.all_of(await info.context.listed(views.incomes, at, version=optional(version), token=token))

    @field("What the ledger holds for each market until it is known whose it is.")
    async def holdings(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        market: Annotated[Address | None, about("Those of this contract.")] = None,
        token: _Token = None,
    ) -> list[Holding]:
        at = page(first, after, order, address, address)
        return Holding.all_of(await info.context.listed(views.holdings, at, market=market, token=token))
