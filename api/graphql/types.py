"""What the API shows: the rows of the index and how they hang together."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import ClassVar, Self

import strawberry
from sqlmodel import SQLModel

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, top
from api.graphql.scalars import (
    Access,
    Address,
    BigInt,
    Bytes,
    Failure,
    JobStatus,
    Order,
    OutcomeKind,
    RevenueKind,
    Seconds,
)
from fusion.content.cid import Cid
from indexer import tables


class Row:
    """Takes the columns that a table has under the same names; `WORDS` are those that are words of an enum."""

    WORDS: ClassVar[Mapping[str, type[Enum]]] = {}

    @classmethod
    def of(cls, row: SQLModel) -> Self:
        values = {name: getattr(row, name) for name in cls.__annotations__ if name != "WORDS"}
        for name, words in cls.WORDS.items():
            values[name] = None if values[name] is None else words(values[name])
        return cls(**values)

    @classmethod
    def all_of(cls, rows: Sequence[SQLModel]) -> list[Self]:
        return [cls.of(row) for row in rows]

    @classmethod
    def maybe(cls, row: SQLModel | None) -> Self | None:
        return None if row is None else cls.of(row)


@strawberry.type(description="A published unit of code with one stable id and one author.")
class Module(Row):
    id: strawberry.ID
    name: str
    author: Address
    registered_at: Seconds
    block: int
    tx: Bytes

    @strawberry.field
    async def versions(self, info: Info, first: int = FIRST, order: Order = Order.OLDEST) -> list["Version"]:
        return Version.all_of(await info.context.many(tables.Version, "module_id", self.id, top(first, order)))


@strawberry.type(description="One immutable content hash of a module, with its revenue table.")
class Version(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"access": Access}

    id: strawberry.ID
    semver: str
    cid_digest: Bytes
    plain_digest: Bytes
    access: Access
    min_royalty_ppm: int
    deprecated: bool
    published_at: Seconds
    block: int
    tx: Bytes
    module_id: strawberry.Private[int]

    @field("Content identifier of the bundle.")
    def cid(self) -> str:
        return str(Cid.directory(bytes.fromhex(self.cid_digest[2:])))

    @strawberry.field
    async def module(self, info: Info) -> Module | None:
        return Module.maybe(await info.context.one(tables.Module, self.module_id))

    @field("Its revenue table, in order.")
    async def splits(self, info: Info) -> list["Split"]:
        return Split.all_of(await info.context.many(tables.Split, "version_id", self.id, top(FIRST, Order.OLDEST)))

    @field("Rows of later versions' revenue tables that pay this one.")
    async def royalties(self, info: Info, first: int = FIRST, order: Order = Order.OLDEST) -> list["Split"]:
        return Split.all_of(await info.context.many(tables.Split, "upstream_id", self.id, top(first, order)))

    @strawberry.field
    async def offers(self, info: Info, first: int = FIRST, order: Order = Order.OLDEST) -> list["Offer"]:
        return Offer.all_of(await info.context.many(tables.Offer, "version_id", self.id, top(first, order)))

    @strawberry.field
    async def licenses(self, info: Info, first: int = FIRST, order: Order = Order.OLDEST) -> list["License"]:
        return License.all_of(await info.context.many(tables.License, "version_id", self.id, top(first, order)))

    @strawberry.field
    async def jobs(self, info: Info, first: int = FIRST, order: Order = Order.OLDEST) -> list["Job"]:
        return Job.all_of(await info.context.many(tables.Job, "version_id", self.id, top(first, order)))

    @field("What it received and settled, by token.")
    async def incomes(self, info: Info, first: int = FIRST) -> list["Income"]:
        return Income.all_of(await info.context.many(tables.Income, "version_id", self.id, top(first, Order.OLDEST)))


@strawberry.type(description="One row of a revenue table: parts per million to an account or to an upstream version.")
class Split(Row):
    position: int
    account: Address | None
    ppm: int
    version_id: strawberry.Private[int]
    upstream_id: strawberry.Private[int | None]

    @strawberry.field
    async def version(self, info: Info) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, self.version_id))

    @strawberry.field
    async def upstream(self, info: Info) -> Version | None:
        if self.upstream_id is None:
            return None
        return Version.maybe(await info.context.one(tables.Version, self.upstream_id))


@strawberry.type(description="Standing terms of sale for a version. Duration zero is for ever.")
class Offer(Row):
    id: strawberry.ID
    token: Address
    price: BigInt
    duration: Seconds
    per_run_price: BigInt
    active: bool
    set_at: Seconds
    block: int
    tx: Bytes
    version_id: strawberry.Private[int]

    @strawberry.field
    async def version(self, info: Info) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, self.version_id))

    @strawberry.field
    async def licenses(self, info: Info, first: int = FIRST, order: Order = Order.OLDEST) -> list["License"]:
        return License.all_of(await info.context.many(tables.License, "offer_id", self.id, top(first, order)))


@strawberry.type(description="A buyer's right to run a version, on the terms at purchase. Expiry zero is never.")
class License(Row):
    id: strawberry.ID
    buyer: Address
    owner: Address
    token: Address
    price: BigInt
    expiry: Seconds
    purchased_at: Seconds
    block: int
    tx: Bytes
    offer_id: strawberry.Private[int]
    version_id: strawberry.Private[int]

    @strawberry.field
    async def offer(self, info: Info) -> Offer | None:
        return Offer.maybe(await info.context.one(tables.Offer, self.offer_id))

    @strawberry.field
    async def version(self, info: Info) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, self.version_id))

    @strawberry.field
    async def jobs(self, info: Info, first: int = FIRST, order: Order = Order.OLDEST) -> list["Job"]:
        return Job.all_of(await info.context.many(tables.Job, "license_id", self.id, top(first, order)))


@strawberry.type(description="One paid run. `fee` is the jobFee; `lock` is the stake tied to each seat.")
class Job(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"status": JobStatus, "kind": OutcomeKind, "failure": Failure}

    id: strawberry.ID
    requester: Address
    n: int
    k: int
    fee: BigInt
    royalty: BigInt
    spec_hash: Bytes
    spec: Bytes
    status: JobStatus
    ready_block: int
    deadline: Seconds
    lock: BigInt
    kind: OutcomeKind | None
    outcome_hash: Bytes | None
    votes: int
    failure: Failure | None
    refund: BigInt
    royalty_refund: BigInt
    posted_at: Seconds
    ended_at: Seconds | None
    block: int
    tx: Bytes
    version_id: strawberry.Private[int]
    license_id: strawberry.Private[int | None]

    @strawberry.field
    async def version(self, info: Info) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, self.version_id))

    @field("The license it ran under; null when the run was paid by itself.")
    async def license(self, info: Info) -> License | None:
        if self.license_id is None:
            return None
        return License.maybe(await info.context.one(tables.License, self.license_id))

    @field("The operators assigned, with what each committed and revealed.")
    async def seats(self, info: Info) -> list["Seat"]:
        return Seat.all_of(await info.context.many(tables.Seat, "job_id", self.id, top(FIRST, Order.OLDEST)))


@strawberry.type(description="An operator's place in a job, and its attestation. `outcome` is the revealed document.")
class Seat(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"kind": OutcomeKind}

    position: int
    commitment: Bytes | None
    kind: OutcomeKind | None
    outcome_hash: Bytes | None
    outcome: Bytes | None
    paid: bool
    committed_at: Seconds | None
    revealed_at: Seconds | None
    job_id: strawberry.Private[int]
    operator: strawberry.Private[str]

    @strawberry.field
    async def job(self, info: Info) -> Job | None:
        return Job.maybe(await info.context.one(tables.Job, self.job_id))

    @field(name="operator")
    async def operator_(self, info: Info) -> "Operator | None":
        return Operator.maybe(await info.context.one(tables.Operator, self.operator))


@strawberry.type(description="Whoever runs a bonded node, and its stake.")
class Operator(Row):
    address: Address
    endpoint: str
    free: BigInt
    locked: BigInt
    unbonding: BigInt
    unbond_at: Seconds
    registered_at: Seconds
    block: int
    tx: Bytes

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.address)

    @field("Free, locked and unbonding together.")
    def stake(self) -> BigInt:
        return BigInt(self.free + self.locked + self.unbonding)

    @strawberry.field
    async def seats(self, info: Info, first: int = FIRST, order: Order = Order.NEWEST) -> list[Seat]:
        return Seat.all_of(await info.context.many(tables.Seat, "operator", self.address, top(first, order)))

    @strawberry.field
    async def balances(self, info: Info, first: int = FIRST) -> list["Balance"]:
        return Balance.all_of(
            await info.context.many(tables.Balance, "account", self.address, top(first, Order.OLDEST))
        )


@strawberry.type(description="What a version received in a token, net of the protocolFee, and what of it is settled.")
class Income(Row):
    token: Address
    received: BigInt
    settled: BigInt
    version_id: strawberry.Private[int]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.version_id}-{self.token}")

    @strawberry.field
    async def version(self, info: Info) -> Version | None:
        return Version.maybe(await info.context.one(tables.Version, self.version_id))


@strawberry.type(description="What an account may claim of a token, and what it has claimed.")
class Balance(Row):
    account: Address
    token: Address
    claimable: BigInt
    claimed: BigInt

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.account}-{self.token}")

    @field("All it was ever credited: claimable and claimed together.")
    def credited(self) -> BigInt:
        return BigInt(self.claimable + self.claimed)


@strawberry.type(description="One log of the revenue ledger.")
class Revenue(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"kind": RevenueKind}

    kind: RevenueKind
    token: Address
    amount: BigInt
    account: Address | None
    recipient: Address | None
    time: Seconds
    block: int
    log_index: int
    tx: Bytes
    fee: strawberry.Private[int]
    version_id: strawberry.Private[int | None]
    upstream_id: strawberry.Private[int | None]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.block}-{self.log_index}")

    @field("Of a Credited log: what the protocol took beside `amount`.")
    def protocol_fee(self) -> BigInt:
        return BigInt(self.fee)

    @strawberry.field
    async def version(self, info: Info) -> Version | None:
        return (
            None if self.version_id is None else Version.maybe(await info.context.one(tables.Version, self.version_id))
        )

    @field("Of a SettledUpstream log: the version that was paid.")
    async def upstream(self, info: Info) -> Version | None:
        if self.upstream_id is None:
            return None
        return Version.maybe(await info.context.one(tables.Version, self.upstream_id))
