"""Panels and audits."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, top
from api.graphql.scalars import Address, BigInt, Bytes, Order, Seconds
from api.graphql.types import jobs, staking
from api.graphql.types.links import JobLink, SeatLink, SlashLink
from api.graphql.types.row import Row
from api.graphql.words import OutcomeKind, PanelCause, PanelStatus
from indexer import tables


@strawberry.type(description="Operators who had no part in a job run it again. Amounts are of the stake token.")
class Panel(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"cause": PanelCause, "status": PanelStatus, "kind": OutcomeKind}

    id: strawberry.ID = strawberry.field(description="Number of the panel.")
    cause: PanelCause = strawberry.field(description="Why it was called.")
    challenger: Address | None = strawberry.field(description="Who called it: a challenger, or a canary's requester.")
    bond: BigInt = strawberry.field(
        description="What the challenger put up; the panel's where the outcome was confirmed."
    )
    disputed_hash: Bytes | None = strawberry.field(description="The outcome that is doubted; null without a quorum.")
    status: PanelStatus = strawberry.field(description="Where it is.")
    size: int = strawberry.field(description="Seats; zero until it is assigned, and where nobody could be drawn.")
    lock: BigInt = strawberry.field(description="Stake tied to each seat.")
    ready_block: int = strawberry.field(description="First block of the next act; zero once decided.")
    deadline: Seconds = strawberry.field(description="Last second of the present phase; zero once decided.")
    kind: OutcomeKind | None = strawberry.field(description="How the run ended, by more than half of the seats.")
    outcome_hash: Bytes | None = strawberry.field(description="The verdict; null until decided, or without a majority.")
    votes: int = strawberry.field(description="Seats that share the verdict.")
    slashed: BigInt = strawberry.field(description="What the verdict took from those it proved wrong.")
    to_panel: BigInt = strawberry.field(description="Of that, paid to the panel.")
    to_challenger: BigInt = strawberry.field(description="Of that, paid to the challenger.")
    to_requester: BigInt = strawberry.field(description="Of that, paid to the requester.")
    burned: BigInt = strawberry.field(description="Of that, burned.")
    called_at: Seconds = strawberry.field(description="When it was called.")
    decided_at: Seconds | None = strawberry.field(description="When it was decided; null while it is open.")
    block: int = strawberry.field(description="Block in which it was called.")
    tx: Bytes = strawberry.field(description="Transaction that called it.")
    job_id: strawberry.Private[int]

    @field("Whether the verdict is another outcome than the one doubted; null until it is known, and where it is none.")
    def overturned(self) -> bool | None:
        """Operators who could not get the inputs found no outcome: it overturns nothing."""
        if self.outcome_hash is None or self.disputed_hash is None or self.kind is OutcomeKind.InputUnavailable:
            return None
        return self.outcome_hash != self.disputed_hash

    @field("The job.")
    async def job(self, info: Info) -> JobLink | None:
        return jobs.Job.maybe(await info.context.one(tables.Job, self.job_id))

    @field("The operators seated, with what each committed and revealed.")
    async def seats(self, info: Info) -> list[SeatLink]:
        rows = await info.context.many(tables.Seat, "panel_id", self.id, top(FIRST, Order.OLDEST))
        ordered: list[tables.Seat] = sorted(rows, key=lambda seat: seat.position or 0)
        return jobs.Seat.all_of(ordered)

    @field("What its own operators lost for faults in it.")
    async def slashes(self, info: Info) -> list[SlashLink]:
        rows = await info.context.many(tables.Slash, "panel_id", self.id, top(FIRST, Order.OLDEST))
        return staking.Slash.all_of(rows)
