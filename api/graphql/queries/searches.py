"""Searches, candidates, and the windows they are scored on."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import about, field
from api.graphql.pages import FIRST, After, First, Id, Sort, number, optional, page
from api.graphql.scalars import Address, Bytes, Order, address
from api.graphql.types.searches import Candidate, Search
from api.graphql.types.windows import Recorder, Recording, Window
from api.graphql.words import CandidateStatus, SearchStatus, WindowStatus
from indexer import search_views, tables


@strawberry.type
class SearchesQuery:
    @field("The search of that id.")
    async def search(self, info: Info, id: Id) -> Search | None:
        return Search.maybe(await info.context.one(tables.Search, number(id)))

    @field("The window of that key, which is its id.")
    async def window(self, info: Info, key: Annotated[Bytes, about("As WindowRegistry names it.")]) -> Window | None:
        return Window.maybe(await info.context.one(tables.Window, key))

    @field("Searches.")
    async def searches(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        requester: Annotated[Address | None, about("Those posted by this account.")] = None,
        solver: Annotated[Address | None, about("Those that this account has won.")] = None,
        version: Annotated[strawberry.ID | None, about("Those that this version scores.")] = None,
        window: Annotated[Bytes | None, about("Those scored on this window, by its key.")] = None,
        status: Annotated[SearchStatus | None, about("Those in this state.")] = None,
        ended: Annotated[bool | None, about("Those that are final or failed, or the others.")] = None,
    ) -> list[Search]:
        rows = await info.context.listed(
            search_views.searches,
            page(first, after, order),
            requester=requester,
            solver=solver,
            version=optional(version),
            window=window,
            status=status.value if status else None,
            ended=ended,
        )
        return Search.all_of(rows)

    @field("Candidates of searches.")
    async def candidates(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        search: Annotated[strawberry.ID | None, about("Those of this search.")] = None,
        solver: Annotated[Address | None, about("Those of this account.")] = None,
        status: Annotated[CandidateStatus | None, about("Those in this state.")] = None,
    ) -> list[Candidate]:
        rows = await info.context.listed(
            search_views.candidates,
            page(first, after, order, number, number),
            search=optional(search),
            solver=solver,
            status=status.value if status else None,
        )
        return Candidate.all_of(rows)

    @field("Windows that recorders have committed to, by their keys.")
    async def windows(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        venue: Annotated[str | None, about("Those of this venue.")] = None,
        symbol: Annotated[str | None, about("Those of this symbol.")] = None,
        status: Annotated[WindowStatus | None, about("Those in this state.")] = None,
        cid_digest: Annotated[Bytes | None, about("Those whose table has this digest.")] = None,
    ) -> list[Window]:
        rows = await info.context.listed(
            search_views.windows,
            page(first, after, order, str),
            venue=venue,
            symbol=symbol,
            status=status.value if status else None,
            cid_digest=cid_digest,
        )
        return Window.all_of(rows)

    @field("What recorders said of windows.")
    async def recordings(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        window: Annotated[Bytes | None, about("Those of this window, by its key.")] = None,
        recorder: Annotated[Address | None, about("Those of this account.")] = None,
    ) -> list[Recording]:
        rows = await info.context.listed(
            search_views.recordings, page(first, after, order, str, address), window=window, recorder=recorder
        )
        return Recording.all_of(rows)

    @field("Accounts that record windows, or did.")
    async def recorders(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        listed: Annotated[bool | None, about("Those that may record now, or the others.")] = None,
    ) -> list[Recorder]:
        rows = await info.context.listed(search_views.recorders, page(first, after, order, address), is_listed=listed)
        return Recorder.all_of(rows)
