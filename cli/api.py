"""`fusion api`: GraphQL, the content gateway and the app."""

import typer

from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Serve GraphQL, content and the app.")


@app.command()
def serve() -> None:
    """Serves until it is told to stop. It listens on FUSION_API_HOST and FUSION_API_PORT."""
    import uvicorn

    from api.app import create_app
    from api.shield import LARGEST_REQUEST

    session = Session()
    settings = session.settings
    uvicorn.run(
        create_app(settings, session.deployment),
        host=settings.api_host,
        port=settings.api_port,
        log_level="warning",
        access_log=False,
        ws_max_size=LARGEST_REQUEST,
    )
