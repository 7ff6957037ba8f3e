"""The schema and its limits."""

from collections.abc import AsyncIterator

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaskErrors, MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter, SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.graphql.context import Context
from api.graphql.queries import Query
from api.graphql.scalars import SCALARS
from fusion import log
from fusion.errors import FusionError

# GraphiQL's introspection is 14 deep and 350 tokens long.
MAX_DEPTH = 16
MAX_TOKENS = 2_000
MAX_ALIASES = 30


class _Release(SchemaExtension):
    """Gives the database connection back before the answer is sent, however slowly it is taken."""

    async def on_operation(self) -> AsyncIterator[None]:
        yield
        context = self.execution_context.context
        if isinstance(context, Context):
            await context.close()


def _ours(error: GraphQLError) -> bool:
    """Whether a message is meant for the client: of the query's own faults, or of what we refuse."""
    return error.original_error is None or isinstance(error.original_error, FusionError | GraphQLError)


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        for error in errors:
            if not _ours(error):
                log.get(room="api", path=error.path).error("query failed", exc_info=error.original_error)


schema = Schema(
    Query,
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[
        _Release,
        lambda: MaskErrors(should_mask_error=lambda error: not _ours(error), error_message="internal error"),
        lambda: QueryDepthLimiter(max_depth=MAX_DEPTH),
        lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
        lambda: MaxAliasesLimiter(max_alias_count=MAX_ALIASES),
    ],
)
