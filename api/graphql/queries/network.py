"""The chain, the deployment and what its owner has set."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import about, field
from api.graphql.pages import FIRST, After, First, Sort, number, page
from api.graphql.scalars import Address, Bytes, Order, Seconds, address
from api.graphql.types.rules import OwnerAct, Rules, Token
from api.graphql.words import OwnerActKind
from indexer import views


@strawberry.type(description="A block of the chain.")
class Block:
    number: int = strawberry.field(description="Its number.")
    hash: Bytes = strawberry.field(description="Its hash.")
    timestamp: Seconds = strawberry.field(description="Its time.")


@strawberry.type(name="_Meta_", description="What the answer rests on; all of one answer rests on the same block.")
class Meta:
    block: Block | None = strawberry.field(description="The last block indexed; null before the first.")


@strawberry.type(description="A contract of the deployment.")
class Contract:
    name: str = strawberry.field(description="Its name.")
    address: Address = strawberry.field(description="Where it is.")


@strawberry.type(description="The deployment that this index follows.")
class Network:
    chain_id: int = strawberry.field(description="The chain's id.")
    first_block: int = strawberry.field(description="The first block with any of the contracts.")
    contracts: list[Contract] = strawberry.field(description="The contracts, by name.")


@strawberry.type
class NetworkQuery:
    @field("The block that the answer rests on.", name="_meta")
    async def meta(self, info: Info) -> Meta:
        found = await info.context.read(views.meta)
        if found is None:
            return Meta(block=None)
        return Meta(block=Block(number=found.number, hash=Bytes(found.hash), timestamp=Seconds(found.timestamp)))

    @field("The deployment that this index follows.")
    def network(self, info: Info) -> Network:
        deployment = info.context.deployment
        contracts = [Contract(name=name, address=Address(at)) for name, at in sorted(deployment.contracts.items())]
        return Network(chain_id=deployment.chain_id, first_block=deployment.block, contracts=contracts)

    @field("What the deployment's owner has set, in the block that the answer rests on.")
    async def rules(self, info: Info) -> Rules:
        row = await info.context.read(views.rules)
        at = await info.context.read(views.meta)
        reached = at is not None and at.timestamp >= row.next_from
        return Rules(
            protocol_fee_bps=row.next_protocol_fee_bps if reached else row.protocol_fee_bps,
            next_protocol_fee_bps=row.next_protocol_fee_bps,
            next_from=Seconds(row.next_from),
            sales_paused=row.sales_paused,
            jobs_paused=row.jobs_paused,
            searches_paused=row.searches_paused,
        )

    @field("Tokens that are, or were, allowed for new sales.")
    async def tokens(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        allowed: Annotated[bool | None, about("Those allowed now, or those that are not.")] = None,
    ) -> list[Token]:
        return Token.all_of(
            await info.context.listed(views.tokens, page(first, after, order, address), allowed=allowed)
        )

    @field("What the owner and its guardian did.")
    async def owner_acts(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        kind: Annotated[OwnerActKind | None, about("Acts of this kind.")] = None,
        contract: Annotated[Address | None, about("Acts on this contract.")] = None,
    ) -> list[OwnerAct]:
        at = page(first, after, order, number, number)
        rows = await info.context.listed(views.owner_acts, at, kind=kind.value if kind else None, contract=contract)
        return OwnerAct.all_of(rows)
