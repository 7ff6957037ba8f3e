"""GraphiQL at the address of the API, from the project's node packages: nothing is loaded from elsewhere."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from strawberry.fastapi import GraphQLRouter

from api.graphql.context import Context

PAGE = Path(__file__).parent / "page"
PACKAGES = Path(__file__).resolve().parents[1] / "node_modules"
ASSETS = {
    "react.js": "react/umd/react.production.min.js",
    "react-dom.js": "react-dom/umd/react-dom.production.min.js",
    "graphiql.js": "graphiql/graphiql.min.js",
    "graphiql.css": "graphiql/graphiql.min.css",
}


class Router(GraphQLRouter[Context, None]):
    """GraphQL over HTTP, which shows GraphiQL to a browser that sends no query."""

    async def render_graphql_ide(self, request: Request) -> HTMLResponse:
        return HTMLResponse((PAGE / "graphiql.html").read_text())


async def asset(request: Request) -> Response:
    """A file of GraphiQL or of what it stands on."""
    name = request.path_params["name"]
    path = PACKAGES / ASSETS[name] if name in ASSETS else None
    if path is None:
        return PlainTextResponse(f"GraphiQL has no file {name[:80]!r}\n", 404)
    if not path.is_file():
        return PlainTextResponse("GraphiQL's files are missing; run `npm ci` in the project's folder\n", 404)
    return FileResponse(path, headers={"Cache-Control": "max-age=86400"})


routes = [Route("/graphiql/{name}", asset)]
