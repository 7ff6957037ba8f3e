"""Windows, what recorders said of them, and recorders."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pages import FIRST, top
from api.graphql.scalars import Address, BigInt, Bytes, Order, Seconds
from api.graphql.types.row import Row
from api.graphql.words import WindowStatus
from fusion.content.cid import Cid
from indexer import tables


@strawberry.type(description="What one recorder said of a window.")
class Recording(Row):
    window_key: Bytes = strawberry.field(description="The window.")
    recorder: Address = strawberry.field(description="Who.")
    commitment: Bytes = strawberry.field(description="What it committed to.")
    cid_digest: Bytes | None = strawberry.field(description="The digest it revealed; null until then.")
    lost: BigInt = strawberry.field(description="What of its bond was burned because it said something else.")
    committed_at: Seconds = strawberry.field(description="When it committed.")
    revealed_at: Seconds | None = strawberry.field(description="When it revealed.")
    block: int = strawberry.field(description="Block in which it committed.")
    tx: Bytes = strawberry.field(description="Transaction that committed.")

    @field("Window and recorder.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.window_key}-{self.recorder}")


@strawberry.type(description="A closed span of market data, whose content bonded recorders agreed on.")
class Window(Row):
    WORDS: ClassVar[Mapping[str, type[Enum]]] = {"status": WindowStatus}

    key: Bytes = strawberry.field(description="The window, as WindowRegistry names it.")
    venue: str = strawberry.field(description="Where it trades.")
    symbol: str = strawberry.field(description="What trades.")
    start: Seconds = strawberry.field(description="First second of it.")
    end: Seconds = strawberry.field(description="First second after it.")
    status: WindowStatus = strawberry.field(description="Where it is.")
    commit_by: Seconds = strawberry.field(description="Last second to commit, if not all have before.")
    cid_digest: Bytes | None = strawberry.field(description="Digest of its table's CID; null until it is recorded.")
    recorded_at: Seconds | None = strawberry.field(description="When it was recorded.")
    closed_at: Seconds | None = strawberry.field(description="When its recorders' locks were freed or burned.")
    burned: BigInt = strawberry.field(description="What its recorders lost, in base units of the stake token.")
    block: int = strawberry.field(description="Block of its first commit.")
    tx: Bytes = strawberry.field(description="Transaction of its first commit.")

    @field("The key.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.key)

    @field("Root of its table; null until it is recorded.")
    def cid(self) -> str | None:
        return None if self.cid_digest is None else str(Cid.directory(bytes.fromhex(self.cid_digest[2:])))

    @field("What its recorders said.")
    async def recordings(self, info: Info) -> list[Recording]:
        page = top(FIRST, Order.OLDEST)
        return Recording.all_of(await info.context.many(tables.Recording, "window_key", self.key, page))


@strawberry.type(description="An account that may record windows, or once could.")
class Recorder(Row):
    address: Address = strawberry.field(description="Who.")
    listed: bool = strawberry.field(description="Whether it may commit.")
    bond: BigInt = strawberry.field(description="Its bond, free or tied to windows, in base units of the stake token.")
    lost: BigInt = strawberry.field(description="What of it was burned.")
    block: int = strawberry.field(description="Block in which it was first listed, or put up a bond.")
    tx: Bytes = strawberry.field(description="Transaction that did.")

    @field("The account.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.address)
