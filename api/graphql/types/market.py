"""Offers, licenses and renewals."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, First, Sort, top
from api.graphql.scalars import Address, BigInt, Bytes, Order, Seconds
from api.graphql.types import jobs
from api.graphql.types.links import JobLink
from api.graphql.types.registry import Version
from api.graphql.types.row import Row
from api.graphql.words import Sells
from indexer import tables


@strawberry.type(description="Standing terms of sale for a version, as they are now.")
class Offer(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"sells": Sells}

    id: strawberry.ID = strawberry.field(description="Number of the offer.")
    sells: Sells = strawberry.field(description="What can be bought now.")
    token: Address = strawberry.field(description="ERC-20 that its prices are paid in.")
    price: BigInt = strawberry.field(description="Price of a license; zero gives it away.")
    duration: Seconds = strawberry.field(description="How long a license lasts; zero is for ever.")
    trial: Seconds = strawberry.field(description="How long an unused license may be returned; zero is no trial.")
    per_run_price: BigInt = strawberry.field(description="Price of one run without a license; zero gives it away.")
    referral_bps: int = strawberry.field(description="Part of the price for whoever referred the buyer, basis points.")
    resale_bps: int = strawberry.field(description="What the author asks of a license's resale, in basis points.")
    set_at: Seconds = strawberry.field(description="When its terms were set last.")
    block: int = strawberry.field(description="Block in which it was made.")
    tx: Bytes = strawberry.field(description="Transaction that made it.")
    version_id: strawberry.Private[int]

    @field("The version sold.")
    async def version(self, info: Info) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, self.version_id))

    @field("The licenses sold by it.")
    async def licenses(self, info: Info, first: First = FIRST, order: Sort = Order.OLDEST) -> list["License"]:
        return License.all_of(await info.context.many(tables.License, "offer_id", self.id, top(first, order)))


@strawberry.type(description="A buyer's right to run a version, on the terms at purchase.")
class License(Row):
    id: strawberry.ID = strawberry.field(description="Number of the license, which is that of its ERC-721 token.")
    buyer: Address = strawberry.field(description="Who paid for it.")
    owner: Address | None = strawberry.field(description="Who holds it now; null once it was returned and burned.")
    referrer: Address | None = strawberry.field(description="Who referred the buyer.")
    referral: BigInt = strawberry.field(description="Of the price, the referrer's; not paid where it was refunded.")
    token: Address = strawberry.field(description="ERC-20 it was paid in.")
    price: BigInt = strawberry.field(description="Price paid at purchase.")
    expiry: Seconds = strawberry.field(description="First second at which it is no longer valid; zero is never.")
    refundable_until: Seconds = strawberry.field(
        description="First second at which it can no longer be returned; zero where it cannot, or was used or released."
    )
    purchased_at: Seconds = strawberry.field(description="When it was bought.")
    released_at: Seconds | None = strawberry.field(
        description="When its trial ended and its price went to the version."
    )
    refunded_at: Seconds | None = strawberry.field(description="When it was returned for its price.")
    renewal_count: int = strawberry.field(description="How often it was renewed.")
    block: int = strawberry.field(description="Block in which it was bought.")
    tx: Bytes = strawberry.field(description="Transaction that bought it.")
    offer_id: strawberry.Private[int]
    version_id: strawberry.Private[int]

    @field("Whether it was returned for its price.")
    def refunded(self) -> bool:
        return self.refunded_at is not None

    @field("The offer bought, with its present terms.")
    async def offer(self, info: Info) -> Offer | None:
        return Offer.maybe(await info.context.one(tables.Offer, self.offer_id))

    @field("The version that may be run.")
    async def version(self, info: Info) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, self.version_id))

    @field("The jobs run under it.")
    async def jobs(self, info: Info, first: First = FIRST, order: Sort = Order.OLDEST) -> list[JobLink]:
        return jobs.Job.all_of(await info.context.many(tables.Job, "license_id", self.id, top(first, order)))

    @field("Its renewals.")
    async def renewals(self, info: Info, first: First = FIRST, order: Sort = Order.OLDEST) -> list["Renewal"]:
        return Renewal.all_of(await info.context.many(tables.Renewal, "license_id", self.id, top(first, order)))


@strawberry.type(description="One renewal of a license.")
class Renewal(Row):
    payer: Address = strawberry.field(description="Who paid for it.")
    price: BigInt = strawberry.field(description="Price paid, in the license's token.")
    expiry: Seconds = strawberry.field(description="The license's expiry from here on.")
    time: Seconds = strawberry.field(description="When it was paid.")
    block: int = strawberry.field(description="Block of the log.")
    log_index: int = strawberry.field(description="Place of the log in its block.")
    tx: Bytes = strawberry.field(description="Transaction of the log.")
    license_id: strawberry.Private[int]

    @field("Place of the log in the chain.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.block}-{self.log_index}")

    @field("The license that was renewed.")
    async def license(self, info: Info) -> License | None:
        return License.maybe(await info.context.one(tables.License, self.license_id))
