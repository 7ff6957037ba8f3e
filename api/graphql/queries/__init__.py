"""The queries, a file for each part of the market. Lists are paged; `first`, `after` and `order` are those of each."""

import strawberry

from api.graphql.queries.assurance import AssuranceQuery
from api.graphql.queries.jobs import JobsQuery
from api.graphql.queries.ledger import LedgerQuery
from api.graphql.queries.market import MarketQuery
from api.graphql.queries.network import NetworkQuery
from api.graphql.queries.registry import RegistryQuery
from api.graphql.queries.searches import SearchesQuery
from api.graphql.queries.staking import StakingQuery


@strawberry.type(description="All that the index knows. Every answer rests on one block, which is `_meta`.")
class Query(
    NetworkQuery, RegistryQuery, MarketQuery, JobsQuery, StakingQuery, LedgerQuery, AssuranceQuery, SearchesQuery
):
    pass
