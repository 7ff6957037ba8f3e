"""What a request reads through: one session, so one state of the index; batched, and bounded in rows."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import strawberry
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel
from starlette.concurrency import run_in_threadpool
from strawberry.dataloader import DataLoader
from strawberry.fastapi import BaseContext

from fusion.chain.deployment import Deployment
from fusion.errors import BadInput, NotReady
from indexer import views
from indexer.database import reading
from indexer.page import Page, by_id, grouped

MAX_ROWS = 5_000

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Row = TypeVar("_Row", bound=SQLModel)


class Context(BaseContext):
    """One request's reading of the index."""

    def __init__(self, engine: Engine, deployment: Deployment) -> None:
        super().__init__()
        self.deployment = deployment
        self._engine = engine
        self._session: Session | None = None
        self._turn = asyncio.Lock()  # a session serves one statement at a time
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self._rows = 0

    def named(self, address: str) -> str | None:
        """The name of the contract at that address; None where the deployment has none there."""
        return next((name for name, at in self.deployment.contracts.items() if at == address), None)

    async def read(self, view: Callable[Concatenate[Session, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What `view` says, on this request's session.

        Raises:
            NotReady: no follower has made the tables yet.
        """
        async with self._turn:
            if self._session is None:
                self._session = reading(self._engine)
            try:
                found = await run_in_threadpool(partial(view, self._session, *args, **kwargs))
            except DBAPIError as error:
                if await run_in_threadpool(views.ready, self._engine):
                    raise
                raise NotReady("the index has no tables yet; start it with `fusion indexer follow`") from error
        return found

    async def listed(
        self, view: Callable[Concatenate[Session, _P], Sequence[_Row]], *args: _P.args, **kwargs: _P.kwargs
    ) -> Sequence[_Row]:
        """The rows of a list."""
        rows = await self.read(view, *args, **kwargs)
        self._count(len(rows))
        return rows

    async def one(self, entity: type[_Row], key: int | str) -> _Row | None:
        """The row of that id; asked for together with those that sibling fields want."""

        async def load(keys: Sequence[int | str]) -> list[_Row | None]:
            rows = await self.read(by_id, entity, keys)
            return [rows.get(each) for each in keys]

        loader = self._loaders.setdefault(entity, DataLoader(load))
        found: _Row | None = await loader.load(key)
        self._count(1)
        return found

    async def many(self, entity: type[_Row], parent: str, key: int | str, page: Page) -> Sequence[_Row]:
        """The first rows whose `parent` column is `key`; asked for together with those of sibling fields."""

        async def load(keys: Sequence[int | str]) -> list[Sequence[_Row]]:
            groups = await self.read(grouped, entity, parent, keys, page)
            return [groups.get(each, ()) for each in keys]

        loader = self._loaders.setdefault((entity, parent, page), DataLoader(load))
        found: Sequence[_Row] = await loader.load(key)
        self._count(len(found))
        return found

    async def close(self) -> None:
        if self._session is not None:
            await run_in_threadpool(self._session.close)
            self._session = None

    def _count(self, rows: int) -> None:
        """Counts what is shown, not what was read: a row may be shown many times."""
        self._rows += rows
        if self._rows > MAX_ROWS:
            raise BadInput(f"the query asks for more than {MAX_ROWS} rows; ask for fewer with `first`, and page")


Info = strawberry.Info[Context, None]
