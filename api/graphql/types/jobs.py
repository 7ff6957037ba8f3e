"""Jobs, seats and demands."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, top
from api.graphql.scalars import Address, BigInt, Bytes, Order, Seconds
from api.graphql.types import market, panels, registry, staking
from api.graphql.types.links import LicenseLink, OfferLink, OperatorLink, PanelLink, SlashLink, VersionLink
from api.graphql.types.row import Row
from api.graphql.words import Failure, Fault, JobLevel, JobStatus, OutcomeKind
from indexer import tables

_ALL = top(FIRST, Order.OLDEST)  # of a job: more seats, panels or demands than this there never are


@strawberry.type(description="One paid run. Amounts are of the stake token, but for the per-run price.")
class Job(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"status": JobStatus, "kind": OutcomeKind, "failure": Failure}

    id: strawberry.ID = strawberry.field(description="Number of the job.")
    requester: Address = strawberry.field(description="Who posted it, and who is refunded.")
    n: int = strawberry.field(description="Seats: operators who run it.")
    k: int = strawberry.field(description="Equal outcomes needed.")
    fuel: BigInt = strawberry.field(description="Fuel limit.")
    fee: BigInt = strawberry.field(description="The jobFee: for the operators, and for the assurance asked for.")
    value: BigInt = strawberry.field(description="What a wrong result would be worth, as declared; zero is undeclared.")
    assurance_ppm: int = strawberry.field(description="Probability of an audit, in parts per million.")
    royalty: BigInt = strawberry.field(description="Per-run price for the version; zero with a license.")
    royalty_token: Address | None = strawberry.field(description="Token of the per-run price; null with a license.")
    held: BigInt = strawberry.field(description="What the ledger holds for it: the jobFee, a bond, an open deposit.")
    lock: BigInt = strawberry.field(description="Stake tied to each seat.")
    spec_hash: Bytes = strawberry.field(description="keccak256 of the spec.")
    spec: Bytes = strawberry.field(description="The spec: version, inputs, settings, limits, image, seed, as CBOR.")
    status: JobStatus = strawberry.field(description="Where it is.")
    ready_block: int = strawberry.field(description="First block of the next act; zero where none waits for a block.")
    deadline: Seconds = strawberry.field(description="Last second of the present phase; zero where none runs.")
    redraws: int = strawberry.field(description="How often silent seats were drawn anew.")
    challenger: Address | None = strawberry.field(description="Who challenged its outcome.")
    bond: BigInt = strawberry.field(description="What the challenger put up.")
    kind: OutcomeKind | None = strawberry.field(description="How the run ended; null until an outcome is proposed.")
    outcome_hash: Bytes | None = strawberry.field(description="The outcome proposed, or final.")
    votes: int = strawberry.field(
        description="Seats that found this outcome: of the job, or of the panel that decided."
    )
    verified: bool = strawberry.field(description="Whether more than one operator found the final outcome.")
    failure: Failure | None = strawberry.field(description="Why it failed.")
    refund: BigInt = strawberry.field(description="Of a failed job: what of the jobFee went back to the requester.")
    royalty_refund: BigInt = strawberry.field(description="Of a failed job: what of the per-run price went back.")
    posted_at: Seconds = strawberry.field(description="When it was posted.")
    ended_at: Seconds | None = strawberry.field(description="When it became final or failed.")
    block: int = strawberry.field(description="Block in which it was posted.")
    tx: Bytes = strawberry.field(description="Transaction that posted it.")
    version_id: strawberry.Private[int]
    license_id: strawberry.Private[int | None]
    offer_id: strawberry.Private[int | None]
    panel_id: strawberry.Private[int | None]

    @field("What was asked for. A solo job is unverified, unless an auditor or a panel ran it again: see `verified`.")
    def level(self) -> JobLevel:
        return JobLevel.Solo if self.n == 1 else JobLevel.Quorum

    @field("The version that is run.")
    async def version(self, info: Info) -> VersionLink | None:
        return registry.Version.maybe(await info.context.one(tables.Version, self.version_id))

    @field("The license it ran under; null when the run was paid by itself.")
    async def license(self, info: Info) -> LicenseLink | None:
        if self.license_id is None:
            return None
        return market.License.maybe(await info.context.one(tables.License, self.license_id))

    @field("The offer whose per-run price was paid; null with a license.")
    async def offer(self, info: Info) -> OfferLink | None:
        if self.offer_id is None:
            return None
        return market.Offer.maybe(await info.context.one(tables.Offer, self.offer_id))

    @field("The operators seated now, with what each committed and revealed.")
    async def seats(self, info: Info) -> list["Seat"]:
        ordered: list[tables.Seat] = sorted(await self._seats(info), key=lambda seat: seat.position or 0)
        return Seat.all_of([seat for seat in ordered if seat.position is not None])

    @field("Operators who were silent, and whose seats others were drawn for.")
    async def former_seats(self, info: Info) -> list["Seat"]:
        return Seat.all_of([seat for seat in await self._seats(info) if seat.position is None])

    @field("The newest panel or audit.")
    async def panel(self, info: Info) -> PanelLink | None:
        if self.panel_id is None:
            return None
        return panels.Panel.maybe(await info.context.one(tables.Panel, self.panel_id))

    @field("All panels and audits, in order.")
    async def panels(self, info: Info) -> list[PanelLink]:
        return panels.Panel.all_of(await info.context.many(tables.Panel, "job_id", self.id, _ALL))

    @field("The blocks of its result that the requester demanded, in order.")
    async def demands(self, info: Info) -> list["Demand"]:
        return Demand.all_of(await info.context.many(tables.Demand, "job_id", self.id, _ALL))

    @field("What operators lost for faults in it, in the job and in its panels.")
    async def slashes(self, info: Info) -> list[SlashLink]:
        return staking.Slash.all_of(await info.context.many(tables.Slash, "job_id", self.id, _ALL))

    async def _seats(self, info: Info) -> list[tables.Seat]:
        rows = await info.context.many(tables.Seat, "job_id", self.id, _ALL)
        return [row for row in rows if not row.panel_id]


@strawberry.type(description="An operator's place in a job or in one of its panels, and its attestation.")
class Seat(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"kind": OutcomeKind, "fault": Fault}

    position: int | None = strawberry.field(description="Place among the seats; null where another took it over.")
    commitment: Bytes | None = strawberry.field(description="What it committed to; null until then.")
    kind: OutcomeKind | None = strawberry.field(description="The kind of outcome it revealed; null until then.")
    outcome_hash: Bytes | None = strawberry.field(description="Hash of the outcome it revealed.")
    outcome: Bytes | None = strawberry.field(description="The document it revealed.")
    agreed: bool | None = strawberry.field(
        description="Whether its outcome is the final one; null while there is none, or where it attested to none."
    )
    paid: bool = strawberry.field(description="Whether it shared the jobFee.")
    fault: Fault | None = strawberry.field(description="What it was slashed for.")
    assigned_at: Seconds = strawberry.field(description="When it was drawn.")
    committed_at: Seconds | None = strawberry.field(description="When it committed.")
    revealed_at: Seconds | None = strawberry.field(description="When it revealed.")
    job_id: strawberry.Private[int]
    panel_id: strawberry.Private[int]
    operator: strawberry.Private[str]

    @field("Job, panel (zero is the job itself) and operator.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.job_id}-{self.panel_id}-{self.operator}")

    @field("The job.")
    async def job(self, info: Info) -> Job | None:
        return Job.maybe(await info.context.one(tables.Job, self.job_id))

    @field("The panel or audit; null for a seat of the job itself.")
    async def panel(self, info: Info) -> PanelLink | None:
        return panels.Panel.maybe(await info.context.one(tables.Panel, self.panel_id)) if self.panel_id else None

    @field("Who sits there.", name="operator")
    async def operator_(self, info: Info) -> OperatorLink | None:
        return staking.Operator.maybe(await info.context.one(tables.Operator, self.operator))


@strawberry.type(description="A block of a result's table that the requester demanded to see.")
class Demand(Row):
    number: int = strawberry.field(description="Which demand of its job it is, from one.")
    digest: Bytes = strawberry.field(description="SHA-256 digest of the block.")
    deposit: BigInt = strawberry.field(description="What the requester deposited, for whoever answers.")
    deadline: Seconds = strawberry.field(description="Last second to answer: then the job fails.")
    demanded_at: Seconds = strawberry.field(description="When it was demanded.")
    answered_by: Address | None = strawberry.field(description="Who answered, and was paid the deposit.")
    answered_at: Seconds | None = strawberry.field(description="When it was answered.")
    answer_tx: Bytes | None = strawberry.field(description="Transaction whose log carries the block.")
    size: int | None = strawberry.field(description="Bytes of the block.")
    block: int = strawberry.field(description="Block of the chain in which it was demanded.")
    tx: Bytes = strawberry.field(description="Transaction that demanded it.")
    job_id: strawberry.Private[int]

    @field("Job and number.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.job_id}-{self.number}")

    @field("The job.")
    async def job(self, info: Info) -> Job | None:
        return Job.maybe(await info.context.one(tables.Job, self.job_id))
