"""References between types that are written in different files."""

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    from api.graphql.types.jobs import Job, Seat
    from api.graphql.types.ledger import Balance, Income
    from api.graphql.types.market import License, Offer
    from api.graphql.types.panels import Panel
    from api.graphql.types.registry import Version
    from api.graphql.types.staking import Operator, Slash
    from api.graphql.types.windows import Window

BalanceLink = Annotated["Balance", strawberry.lazy("api.graphql.types.ledger")]
IncomeLink = Annotated["Income", strawberry.lazy("api.graphql.types.ledger")]
JobLink = Annotated["Job", strawberry.lazy("api.graphql.types.jobs")]
LicenseLink = Annotated["License", strawberry.lazy("api.graphql.types.market")]
OfferLink = Annotated["Offer", strawberry.lazy("api.graphql.types.market")]
OperatorLink = Annotated["Operator", strawberry.lazy("api.graphql.types.staking")]
PanelLink = Annotated["Panel", strawberry.lazy("api.graphql.types.panels")]
SeatLink = Annotated["Seat", strawberry.lazy("api.graphql.types.jobs")]
SlashLink = Annotated["Slash", strawberry.lazy("api.graphql.types.staking")]
VersionLink = Annotated["Version", strawberry.lazy("api.graphql.types.registry")]
WindowLink = Annotated["Window", strawberry.lazy("api.graphql.types.windows")]
