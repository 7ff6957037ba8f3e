"""What versions earned, what accounts are owed, and what is held."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.scalars import Address, BigInt, Bytes, Seconds
from api.graphql.types import registry
from api.graphql.types.links import VersionLink
from api.graphql.types.row import Row
from api.graphql.words import RevenueKind
from indexer import tables


@strawberry.type(description="What a version received in a token, net of the protocolFee, and what of it is settled.")
class Income(Row):
    token: Address = strawberry.field(description="The token.")
    received: BigInt = strawberry.field(description="All it received.")
    settled: BigInt = strawberry.field(description="What of it was passed on by the revenue table.")
    version_id: strawberry.Private[int]

    @field("Version and token.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.version_id}-{self.token}")

    @field("The version.")
    async def version(self, info: Info) -> VersionLink | None:
        return registry.Version.maybe(await info.context.one(tables.Version, self.version_id))


@strawberry.type(description="What an account may claim of a token, and what it has claimed.")
class Balance(Row):
    account: Address = strawberry.field(description="The account; 0x...dEaD is what was burned.")
    token: Address = strawberry.field(description="The token.")
    claimable: BigInt = strawberry.field(description="What it may claim now.")
    claimed: BigInt = strawberry.field(description="What it has claimed.")

    @field("Account and token.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.account}-{self.token}")

    @field("All it was ever credited: claimable and claimed together.")
    def credited(self) -> BigInt:
        return BigInt(self.claimable + self.claimed)


@strawberry.type(
    description="What the ledger holds for a market until it is known whose it is: prices of licenses on trial, money "
    "of jobs under way, the assurance pool."
)
class Holding(Row):
    market: Address = strawberry.field(description="The contract it is held for.")
    token: Address = strawberry.field(description="The token.")
    amount: BigInt = strawberry.field(description="What is held now.")

    @field("Market and token.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.market}-{self.token}")

    @field("Name of the contract.")
    def name(self, info: Info) -> str | None:
        return info.context.named(self.market)


@strawberry.type(description="One log of the revenue ledger.")
class Revenue(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"kind": RevenueKind}

    kind: RevenueKind = strawberry.field(description="What happened.")
    token: Address = strawberry.field(description="The token.")
    amount: BigInt = strawberry.field(description="How much of it, net of the protocolFee.")
    account: Address | None = strawberry.field(description="Who was credited or claimed; of a Held log, the market.")
    recipient: Address | None = strawberry.field(description="Of a Claimed log: where the money went.")
    time: Seconds = strawberry.field(description="When.")
    block: int = strawberry.field(description="Block of the log.")
    log_index: int = strawberry.field(description="Place of the log in its block.")
    tx: Bytes = strawberry.field(description="Transaction of the log.")
    fee: strawberry.Private[int]
    version_id: strawberry.Private[int | None]
    upstream_id: strawberry.Private[int | None]

    @field("Place of the log in the chain.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.block}-{self.log_index}")

    @field("Of a Credited log: what the protocol took beside `amount`.")
    def protocol_fee(self) -> BigInt:
        return BigInt(self.fee)

    @field("Of a Credited, Settled or SettledUpstream log: the version that earned.")
    async def version(self, info: Info) -> VersionLink | None:
        if self.version_id is None:
            return None
        return registry.Version.maybe(await info.context.one(tables.Version, self.version_id))

    @field("Of a SettledUpstream log: the version that was paid.")
    async def upstream(self, info: Info) -> VersionLink | None:
        if self.upstream_id is None:
            return None
        return registry.Version.maybe(await info.context.one(tables.Version, self.upstream_id))
