"""What the deployment's owner has set."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.scalars import Address, Bytes, Seconds
from api.graphql.types.row import Row
from api.graphql.words import OwnerActKind


@strawberry.type(description="What the deployment's owner has set, as it is in the block that is shown.")
class Rules:
    protocol_fee_bps: int = strawberry.field(description="The protocolFee, in basis points.")
    next_protocol_fee_bps: int = strawberry.field(
        description="The protocolFee that is set; the present one or the next."
    )
    next_from: Seconds = strawberry.field(description="First second of the protocolFee that is set.")
    sales_paused: bool = strawberry.field(description="Whether no licenses are sold or renewed.")
    jobs_paused: bool = strawberry.field(description="Whether no jobs are posted; those under way go on.")
    searches_paused: bool = strawberry.field(description="Whether no searches are posted; those under way go on.")


@strawberry.type(description="A token that is, or was, allowed for new sales.")
class Token(Row):
    address: Address = strawberry.field(description="The ERC-20.")
    allowed: bool = strawberry.field(description="Whether new sales may be made in it.")
    changed_at: Seconds = strawberry.field(description="When that was set.")
    block: int = strawberry.field(description="Block in which that was set.")
    tx: Bytes = strawberry.field(description="Transaction that set it.")

    @field("The ERC-20.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.address)


@strawberry.type(description="One act of the deployment's owner, or of its guardian, who can pause.")
class OwnerAct(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"kind": OwnerActKind}

    kind: OwnerActKind = strawberry.field(description="What was done.")
    contract: Address = strawberry.field(description="Where it was done.")
    token: Address | None = strawberry.field(description="Of TokenAllowed: the token.")
    enabled: bool | None = strawberry.field(description="Whether it is allowed, or paused, from here on.")
    bps: int | None = strawberry.field(description="Of ProtocolFeeSet: the fee, in basis points.")
    effective_at: Seconds | None = strawberry.field(description="Of ProtocolFeeSet: first second of the fee.")
    time: Seconds = strawberry.field(description="When.")
    block: int = strawberry.field(description="Block of the log.")
    log_index: int = strawberry.field(description="Place of the log in its block.")
    tx: Bytes = strawberry.field(description="Transaction of the log.")

    @field("Place of the log in the chain.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.block}-{self.log_index}")

    @field("Name of the contract.")
    def name(self, info: Info) -> str | None:
        return info.context.named(self.contract)
