"""Operators and what they were slashed for."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, First, Sort, top
from api.graphql.scalars import Address, BigInt, Bytes, Order, Seconds
from api.graphql.types import jobs, ledger, panels
from api.graphql.types.links import BalanceLink, JobLink, PanelLink, SeatLink
from api.graphql.types.row import Row
from api.graphql.words import Fault
from indexer import tables


@strawberry.type(description="Whoever runs a bonded node: its stake, in the stake token, and its record.")
class Operator(Row):
    address: Address = strawberry.field(description="Its account.")
    endpoint: str = strawberry.field(description="URL of the gateway that serves its results, as it says itself.")
    free: BigInt = strawberry.field(description="Stake that a job may lock, or that may be unbonded.")
    locked: BigInt = strawberry.field(description="Stake tied to jobs.")
    unbonding: BigInt = strawberry.field(description="Stake asked back; slashable until it is withdrawn.")
    unbond_at: Seconds = strawberry.field(
        description="When unbonding stake may be withdrawn; zero where there is none."
    )
    seat_count: int = strawberry.field(description="Seats it was drawn for, in jobs and panels.")
    agreements: int = strawberry.field(description="Seats of final jobs in which its outcome was the final one.")
    faults: int = strawberry.field(description="How often it was slashed.")
    slashed: BigInt = strawberry.field(description="All that was taken from its stake.")
    registered_at: Seconds = strawberry.field(description="When it registered.")
    block: int = strawberry.field(description="Block in which it registered.")
    tx: Bytes = strawberry.field(description="Transaction that registered it.")

    @field("Its account.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.address)

    @field("Free, locked and unbonding together.")
    def stake(self) -> BigInt:
        return BigInt(self.free + self.locked + self.unbonding)

    @field("Its places in jobs and panels.")
    async def seats(self, info: Info, first: First = FIRST, order: Sort = Order.NEWEST) -> list[SeatLink]:
        rows = await info.context.many(tables.Seat, "operator", self.address, top(first, order))
        return jobs.Seat.all_of(rows)

    @field("What it lost, and for what.")
    async def slashes(self, info: Info, first: First = FIRST, order: Sort = Order.NEWEST) -> list["Slash"]:
        return Slash.all_of(await info.context.many(tables.Slash, "operator", self.address, top(first, order)))

    @field("What it may claim and has claimed, by token.")
    async def balances(self, info: Info, first: First = FIRST) -> list[BalanceLink]:
        rows = await info.context.many(tables.Balance, "account", self.address, top(first, Order.OLDEST))
        return ledger.Balance.all_of(rows)


@strawberry.type(description="What an operator lost for a fault, in base units of the stake token.")
class Slash(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"fault": Fault}

    fault: Fault = strawberry.field(description="What it was slashed for.")
    lock: BigInt = strawberry.field(description="Stake that the job had locked.")
    amount: BigInt = strawberry.field(description="What was taken.")
    time: Seconds = strawberry.field(description="When.")
    block: int = strawberry.field(description="Block of the log.")
    log_index: int = strawberry.field(description="Place of the log in its block.")
    tx: Bytes = strawberry.field(description="Transaction of the log.")
    operator: strawberry.Private[str]
    job_id: strawberry.Private[int]
    panel_id: strawberry.Private[int | None]

    @field("Place of the log in the chain.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.block}-{self.log_index}")

    @field("Who was slashed.", name="operator")
    async def operator_(self, info: Info) -> Operator | None:
        return Operator.maybe(await info.context.one(tables.Operator, self.operator))

    @field("The job.")
    async def job(self, info: Info) -> JobLink | None:
        return jobs.Job.maybe(await info.context.one(tables.Job, self.job_id))

    @field("The panel or audit in which it sat; null for a seat of the job itself.")
    async def panel(self, info: Info) -> PanelLink | None:
        if self.panel_id is None:
            return None
        return panels.Panel.maybe(await info.context.one(tables.Panel, self.panel_id))
