"""Offers, licenses and renewals."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import about, field
from api.graphql.pages import FIRST, After, First, Id, Sort, number, optional, page
from api.graphql.scalars import Address, Order, Seconds
from api.graphql.types.market import License, Offer, Renewal
from api.graphql.words import Sells
from indexer import tables, views


@strawberry.type
class MarketQuery:
    @field("The offer of that id.")
    async def offer(self, info: Info, id: Id) -> Offer | None:
        return Offer.maybe(await info.context.one(tables.Offer, number(id)))

    @field("The license of that id.")
    async def license(self, info: Info, id: Id) -> License | None:
        return License.maybe(await info.context.one(tables.License, number(id)))

    @field("Offers.")
    async def offers(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        version: Annotated[strawberry.ID | None, about("Those for this version.")] = None,
        token: Annotated[Address | None, about("Those priced in this token.")] = None,
        sells: Annotated[Sells | None, about("Licenses or Runs keep the offers that sell those, or both.")] = None,
    ) -> list[Offer]:
        rows = await info.context.listed(
            views.offers,
            page(first, after, order),
            version=optional(version),
            token=token,
            sells=sells.value if sells else None,
        )
        return Offer.all_of(rows)

    @field("Licenses. Those of an account that it can use: `owner` and `validAt`; soon to end: `expiresBefore` too.")
    async def licenses(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        owner: Annotated[Address | None, about("Those held by this account.")] = None,
        buyer: Annotated[Address | None, about("Those paid for by this account.")] = None,
        referrer: Annotated[Address | None, about("Those whose buyer this account referred.")] = None,
        version: Annotated[strawberry.ID | None, about("Those for this version.")] = None,
        offer: Annotated[strawberry.ID | None, about("Those bought by this offer.")] = None,
        valid_at: Annotated[Seconds | None, about("Neither expired at this time nor refunded.")] = None,
        expires_before: Annotated[Seconds | None, about("Those that expire, and before this time.")] = None,
        refundable_at: Annotated[Seconds | None, about("Those that could be returned at this time.")] = None,
        refunded: Annotated[bool | None, about("Those that were returned, or the others.")] = None,
    ) -> list[License]:
        rows = await info.context.listed(
            views.licenses,
            page(first, after, order),
            owner=owner,
            buyer=buyer,
            referrer=referrer,
            version=optional(version),
            offer=optional(offer),
            valid_at=valid_at,
            expires_before=expires_before,
            refundable_at=refundable_at,
            refunded=refunded,
        )
        return License.all_of(rows)

    @field("Renewals of licenses.")
    async def renewals(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        license: Annotated[strawberry.ID | None, about("Those of this license.")] = None,
        payer: Annotated[Address | None, about("Those paid for by this account.")] = None,
    ) -> list[Renewal]:
        at = page(first, after, order, number, number)
        return Renewal.all_of(await info.context.listed(views.renewals, at, license_=optional(license), payer=payer))
