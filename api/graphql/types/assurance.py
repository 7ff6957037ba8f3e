"""The assurance pool and its canaries."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.scalars import Address, BigInt, Bytes, Seconds
from api.graphql.types.jobs import Job
from api.graphql.types.row import Row
from api.graphql.words import PoolEntryKind
from indexer import tables


@strawberry.type(description="The pool that pays for audits and canaries, in base units of the stake token.")
class Pool(Row):
    address: Address = strawberry.field(description="The contract.")
    balance: BigInt = strawberry.field(description="What it has now.")
    deposited: BigInt = strawberry.field(description="All that jobs and givers paid in.")
    spent: BigInt = strawberry.field(description="All that it paid for checking.")


@strawberry.type(description="Money into the pool or out of it.")
class PoolEntry(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"kind": PoolEntryKind}

    kind: PoolEntryKind = strawberry.field(description="In or out.")
    account: Address = strawberry.field(description="Who paid in, the JobMarket for its jobs; or who was paid.")
    amount: BigInt = strawberry.field(description="How much.")
    balance: BigInt = strawberry.field(description="What the pool had afterwards.")
    time: Seconds = strawberry.field(description="When.")
    block: int = strawberry.field(description="Block of the log.")
    log_index: int = strawberry.field(description="Place of the log in its block.")
    tx: Bytes = strawberry.field(description="Transaction of the log.")
    job_id: strawberry.Private[int | None]

    @field("Place of the log in the chain.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.block}-{self.log_index}")

    @field("The job that was checked; null for money paid in.")
    async def job(self, info: Info) -> Job | None:
        return None if self.job_id is None else Job.maybe(await info.context.one(tables.Job, self.job_id))


@strawberry.type(description="An answer that somebody committed to before the job was posted.")
class Canary(Row):
    commitment: Bytes = strawberry.field(description="What was committed to.")
    sponsor: Address = strawberry.field(description="Who sent the commitment.")
    first_job_id: BigInt = strawberry.field(description="Only jobs from this one on can be opened by it.")
    committed_at: Seconds = strawberry.field(description="When it was committed to.")
    requester: Address | None = strawberry.field(description="Who posted its job and opened it.")
    right: bool | None = strawberry.field(description="Whether the job was answered rightly; null until it is opened.")
    paid_back: BigInt = strawberry.field(description="What the pool paid back of the jobFee.")
    opened_at: Seconds | None = strawberry.field(description="When it was opened.")
    block: int = strawberry.field(description="Block of the log.")
    log_index: int = strawberry.field(description="Place of the log in its block.")
    tx: Bytes = strawberry.field(description="Transaction of the log.")
    job_id: strawberry.Private[int | None]

    @field("Place of the log in the chain.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.block}-{self.log_index}")

    @field("The job that it was; null until it is opened.")
    async def job(self, info: Info) -> Job | None:
        return None if self.job_id is None else Job.maybe(await info.context.one(tables.Job, self.job_id))
