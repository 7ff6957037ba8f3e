"""The app: `/graphql`, `/health`, `/deployment.json`, `/ipfs/{cid}`, `/archive`, `/market` and the page."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

from fastapi import FastAPI, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from api import graphiql
from api.archive import archive
from api.graphql.context import Context
from api.graphql.schema import schema
from api.health import Check
from api.market import market
from api.shield import Shield
from api.stream import relay
from atom.archive.catalogue import NAME, Catalogue
from atom.store import Store
from fusion.chain.client import Chain
from fusion.chain.deployment import Deployment
from fusion.chain.rpc import Rpc
from fusion.content.gateway import gateway
from fusion.content.store import BlockStore
from fusion.settings import Settings
from indexer.database import open_engine

_RPC_TIMEOUT_S = 3.0


def create_app(settings: Settings, deployment: Deployment, *, origins: Sequence[str] = ()) -> FastAPI:
    """An app over the index and the block store that `settings` name.

    It only reads, and starts without a chain or an index: `/health` tells which is missing. Web pages of other origins
    may not read it unless they are among `origins`.
    """
    engine = open_engine(settings.index)
    chain = Chain(Rpc(settings.rpc, timeout=_RPC_TIMEOUT_S), deployment)
    check = Check(engine, chain.head)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(title="Fusion", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(Shield)
    if origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"])

    @app.get("/health")
    def health() -> JSONResponse:
        found = check()
        return JSONResponse(found.as_dict(), 200 if found.status == "ok" else 503)

    @app.get("/deployment.json")
    def record() -> JSONResponse:
        """The chain's id and the contracts' addresses, as the record of the network has them."""
        return JSONResponse(asdict(deployment), headers={"Cache-Control": "no-cache"})

    router = graphiql.Router(
        schema,
        path="/graphql",
        context_getter=lambda: Context(engine, deployment),
        subscription_protocols=(),
    )
    app.include_router(router)
    app.router.routes.extend(graphiql.routes)

    @app.websocket("/market/stream")
    async def stream(client: WebSocket) -> None:
        await relay(client, settings.stream, origins)

    app.include_router(market(Store(settings.home / "atom")))
    app.include_router(archive(Catalogue(settings.home / NAME)))
    app.mount("/ipfs", gateway(BlockStore(settings.content)))
    app.mount("/", StaticFiles(directory=graphiql.PAGE, html=True))
    return app
