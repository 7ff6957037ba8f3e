"""`fusion job`: what became of a job."""

from typing import Annotated

import typer

from cli.options import Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="See jobs.")


@app.callback()
def job() -> None:
    """See jobs."""


@app.command()
def show(
    job_id: Annotated[int, typer.Argument(metavar="ID", help="Job to show.", min=1, max=2**63)], as_json: Json = False
) -> None:
    """Shows a job. That is its status, its seats and, once it has ended, its outcome or why it failed."""
    from cli.runs import print_job

    print_job(Session(), job_id, as_json=as_json)
