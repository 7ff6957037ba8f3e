"""`fusion exchange log` and `verify`: what an exchange answered, and whether it would again."""

from typing import Annotated

import typer

from cli.exchange_serve import Home, Port, place
from cli.options import Json
from cli.session import Session


def log(
    port: Port = None,
    home: Home = None,
    first: Annotated[
        int | None, typer.Option("--from", help="Number of the first row; else the newest.", min=0)
    ] = None,
    count: Annotated[int, typer.Option("--rows", help="Rows to show.", min=1)] = 20,
    account: Annotated[int | None, typer.Option(help="Rows of this account alone.", min=0)] = None,
    *,
    as_json: Json = False,
) -> None:
    """Shows the journal of an exchange: a row for each thing that it answered. It may be served meanwhile."""
    from cli.output import rows
    from node.exchange.service.reading import told

    _, folder = place(Session().settings, port, home)
    rows(told(folder, first, count, account), as_json=as_json)


def verify(port: Port = None, home: Home = None, *, as_json: Json = False) -> None:
    """Does all that an exchange was asked once more and compares the answers. It must not be served meanwhile."""
    from cli.output import progress, record
    from node.exchange.service.verify import verified

    _, folder = place(Session().settings, port, home)
    with progress("verify") as report:
        record(verified(folder, report), as_json=as_json)
