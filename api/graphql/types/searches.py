"""Searches and their candidates."""

import math
import struct
from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, top
from api.graphql.scalars import Address, BigInt, Bytes, Order, Seconds
from api.graphql.types import jobs, registry, windows
from api.graphql.types.links import JobLink, VersionLink, WindowLink
from api.graphql.types.row import Row
from api.graphql.words import CandidateStatus, SearchFailure, SearchStatus
from indexer import tables


@strawberry.type(description="Settings that a solver committed to before the window began.")
class Candidate(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"status": CandidateStatus}

    number: int = strawberry.field(description="Its number in the search, in the order of the commits.")
    solver: Address = strawberry.field(description="Who committed it.")
    commitment: Bytes = strawberry.field(description="What was committed to.")
    status: CandidateStatus = strawberry.field(description="Where it is.")
    settings: Bytes | None = strawberry.field(description="The settings, as CBOR; null until they are revealed.")
    spec_hash: Bytes | None = strawberry.field(description="keccak256 of the scoring job's spec.")
    score_bits: Bytes | None = strawberry.field(description="The score as the 64 bits of an IEEE 754 double.")
    committed_at: Seconds = strawberry.field(description="When it was committed.")
    revealed_at: Seconds | None = strawberry.field(description="When it was revealed.")
    scored_at: Seconds | None = strawberry.field(description="When its score was registered.")
    block: int = strawberry.field(description="Block in which it was committed.")
    tx: Bytes = strawberry.field(description="Transaction that committed it.")
    search_id: strawberry.Private[int]
    job_id: strawberry.Private[int | None]

    @field("Search and number.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.search_id}-{self.number}")

    @field("The score; null until it has one, and where it is infinite.")
    def score(self) -> float | None:
        if self.score_bits is None:
            return None
        (value,) = struct.unpack(">d", bytes.fromhex(self.score_bits[2:]))
        return float(value) if math.isfinite(value) else None

    @field("The search.")
    async def search(self, info: Info) -> "Search | None":
        return Search.maybe(await info.context.one(tables.Search, self.search_id))

    @field("The job whose outcome the score is; null until it has one.")
    async def job(self, info: Info) -> JobLink | None:
        return None if self.job_id is None else jobs.Job.maybe(await info.context.one(tables.Job, self.job_id))


@strawberry.type(description="A search for the settings that score best on a window of data yet to come.")
class Search(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"status": SearchStatus, "failure": SearchFailure}

    id: strawberry.ID = strawberry.field(description="Number of the search.")
    requester: Address = strawberry.field(description="Who posted it.")
    status: SearchStatus = strawberry.field(description="Where it is.")
    reward: BigInt = strawberry.field(description="For the best candidate, in base units of the stake token.")
    bond: BigInt = strawberry.field(description="What each candidate puts up until it is revealed.")
    held: BigInt = strawberry.field(description="What the ledger holds for it: the reward, and bonds.")
    commit_by: Seconds = strawberry.field(description="Last second to commit.")
    venue: str = strawberry.field(description="Venue of the window.")
    symbol: str = strawberry.field(description="Symbol of the window.")
    start: Seconds = strawberry.field(description="First second of the window.")
    end: Seconds = strawberry.field(description="First second after the window.")
    window_key: Bytes = strawberry.field(description="The window, as WindowRegistry names it.")
    fuel: BigInt = strawberry.field(description="Fuel of a scoring job.")
    fee: BigInt = strawberry.field(description="Least jobFee of a scoring job.")
    assurance_ppm: int = strawberry.field(description="Least assurance of a scoring job, in parts per million.")
    n: int = strawberry.field(description="Seats of a scoring job.")
    k: int = strawberry.field(description="Equal outcomes of a scoring job.")
    committed: int = strawberry.field(description="Candidates committed.")
    revealed: int = strawberry.field(description="Candidates revealed.")
    scored: int = strawberry.field(description="Candidates scored.")
    best: int | None = strawberry.field(description="Number of the best candidate so far.")
    solver: Address | None = strawberry.field(description="Who was paid the reward.")
    failure: SearchFailure | None = strawberry.field(description="Why it failed.")
    burned: BigInt = strawberry.field(description="Bonds of candidates that were not revealed.")
    posted_at: Seconds = strawberry.field(description="When it was posted.")
    ended_at: Seconds | None = strawberry.field(description="When it became final or failed.")
    block: int = strawberry.field(description="Block in which it was posted.")
    tx: Bytes = strawberry.field(description="Transaction that posted it.")
    version_id: strawberry.Private[int]
    template: strawberry.Private[str]

    @field("The pieces of a scoring job's spec, between which the window's digest goes.", name="template")
    def pieces(self) -> list[Bytes]:
        return [Bytes(piece) for piece in self.template.split(",")]

    @field("The version that scores.")
    async def version(self, info: Info) -> VersionLink | None:
        return registry.Version.maybe(await info.context.one(tables.Version, self.version_id))

    @field("The window; null until a recorder has committed to it.")
    async def window(self, info: Info) -> WindowLink | None:
        return windows.Window.maybe(await info.context.one(tables.Window, self.window_key))

    @field("Its candidates; the first fifty, `candidates(search:)` leads to the next.")
    async def candidates(self, info: Info) -> list[Candidate]:
        key = int(self.id)
        page = top(FIRST, Order.OLDEST)
        return Candidate.all_of(await info.context.many(tables.Candidate, "search_id", key, page))
