"""Jobs, and what is doubted of them."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import about, field
from api.graphql.pages import FIRST, After, First, Id, Sort, number, optional, page
from api.graphql.scalars import Address, Order, address
from api.graphql.types.jobs import Demand, Job, Seat
from api.graphql.types.panels import Panel
from api.graphql.words import Failure, Fault, JobStatus, PanelCause
from indexer import tables, views

_Job = Annotated[strawberry.ID | None, about("Those of this job.")]


@strawberry.type
class JobsQuery:
    @field("The job of that id.")
    async def job(self, info: Info, id: Id) -> Job | None:
        return Job.maybe(await info.context.one(tables.Job, number(id)))

    @field("The panel, or audit, of that id.")
    async def panel(self, info: Info, id: Id) -> Panel | None:
        return Panel.maybe(await info.context.one(tables.Panel, number(id)))

    @field("Jobs.")
    async def jobs(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        requester: Annotated[Address | None, about("Those posted by this account.")] = None,
        operator: Annotated[Address | None, about("Those in which it has, or had, a seat or a panel's.")] = None,
        challenger: Annotated[Address | None, about("Those challenged by this account.")] = None,
        version: Annotated[strawberry.ID | None, about("Those that run this version.")] = None,
        license: Annotated[strawberry.ID | None, about("Those run under this license.")] = None,
        status: Annotated[list[JobStatus] | None, about("Those in one of these states.")] = None,
        failure: Annotated[Failure | None, about("Those that failed for this reason.")] = None,
        verified: Annotated[bool | None, about("Those with a verified outcome, or the others.")] = None,
        ended: Annotated[bool | None, about("Those that are final or failed, or the others.")] = None,
    ) -> list[Job]:
        rows = await info.context.listed(
            views.jobs,
            page(first, after, order),
            requester=requester,
            operator=operator,
            challenger=challenger,
            version=optional(version),
            license_=optional(license),
            statuses=None if status is None else [each.value for each in status],
            failure=failure.value if failure else None,
            verified=verified,
            ended=ended,
        )
        return Job.all_of(rows)

    @field("Seats of jobs and of panels.")
    async def seats(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        operator: Annotated[Address | None, about("Those of this operator.")] = None,
        job: _Job = None,
        panel: Annotated[strawberry.ID | None, about("Those of this panel; zero for those of jobs themselves.")] = None,
        fault: Annotated[Fault | None, about("Those slashed for this.")] = None,
        agreed: Annotated[bool | None, about("Those whose outcome is the final one, or is another.")] = None,
    ) -> list[Seat]:
        rows = await info.context.listed(
            views.seats,
            page(first, after, order, number, number, address),
            operator=operator,
            job=optional(job),
            panel=optional(panel),
            fault=fault.value if fault else None,
            agreed=agreed,
        )
        return Seat.all_of(rows)

    @field("Panels and audits.")
    async def panels(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        job: _Job = None,
        operator: Annotated[Address | None, about("Those in which this operator sits.")] = None,
        cause: Annotated[list[PanelCause] | None, about("Those called for one of these reasons.")] = None,
        decided: Annotated[bool | None, about("Those that are decided, or those under way.")] = None,
    ) -> list[Panel]:
        rows = await info.context.listed(
            views.panels,
            page(first, after, order),
            job=optional(job),
            operator=operator,
            causes=None if cause is None else [each.value for each in cause],
            decided=decided,
        )
        return Panel.all_of(rows)

    @field("Panels that doubt a proposed outcome: after a challenge, a canary, or an audit that found another.")
    async def disputes(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        job: _Job = None,
        challenger: Annotated[Address | None, about("Those that this account began.")] = None,
        open: Annotated[bool | None, about("Those under way, or those that are decided.")] = None,
    ) -> list[Panel]:
        rows = await info.context.listed(
            views.panels,
            page(first, after, order),
            job=optional(job),
            challenger=challenger,
            causes=views.DISPUTES,
            decided=None if open is None else not open,
        )
        return Panel.all_of(rows)

    @field("Blocks of results that requesters demanded.")
    async def demands(
        self,
        info: Info,
        *,
        first: First = FIRST,
        after: After = None,
        order: Sort = Order.OLDEST,
        job: _Job = None,
        answered: Annotated[bool | None, about("Those that were answered, or the others.")] = None,
        by: Annotated[Address | None, about("Those that this account answered.")] = None,
    ) -> list[Demand]:
        at = page(first, after, order, number, number)
        return Demand.all_of(await info.context.listed(views.demands, at, job=optional(job), answered=answered, by=by))
