"""`fusion exchange user`: who trades at a virtual exchange."""

from typing import Annotated

import typer

from cli.exchange_serve import Home, Port, ask
from cli.options import Json

app = typer.Typer(no_args_is_help=True, help="Add, list and fund users of an exchange; give them keys.")
Name = Annotated[str, typer.Argument(help="User's name.")]


@app.command()
def add(
    name: Name,
    fund: Annotated[
        list[str] | None, typer.Option(metavar="ASSET=AMOUNT", help="What the user gets, such as USDT=10000.")
    ] = None,
    maker: Annotated[int, typer.Option(help="Fee of a maker, ppm; below 0 it is a rebate.")] = 1000,
    taker: Annotated[int, typer.Option(help="Fee of a taker, ppm.")] = 1000,
    port: Port = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> None:
    """Adds a user with a key. The secret is shown this once."""
    from cli.output import record
    from cli.values import pairs

    fields = {"name": name, "funds": pairs(fund or [], "--fund"), "maker": maker, "taker": taker}
    record(ask("add-user", fields, port, home), as_json=as_json)


@app.command("list")
def list_(port: Port = None, home: Home = None, *, as_json: Json = False) -> None:
    """Lists users with what they have, worth and keys."""
    from cli.output import rows

    rows(ask("users", {}, port, home), as_json=as_json)


@app.command(context_settings={"ignore_unknown_options": True})  # an amount may begin with a minus
def fund(
    name: Name,
    asset: Annotated[str, typer.Argument(help="Asset, such as USDT.")],
    amount: Annotated[str, typer.Argument(help="Amount; below 0 it is taken.")],
    port: Port = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> None:
    """Gives a user an amount of an asset."""
    from cli.output import record

    record(ask("fund", {"name": name, "asset": asset, "amount": amount}, port, home), as_json=as_json)


@app.command()
def key(
    name: Name,
    may: Annotated[list[str] | None, typer.Option(help="What it may do: read, trade.")] = None,
    revoke: Annotated[str | None, typer.Option(metavar="KEY", help="Ends this key instead.")] = None,
    port: Port = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> None:
    """Gives a user another key, or ends one. The secret is shown this once."""
    from cli.output import record
    from fusion.errors import BadInput

    if revoke is not None and may:
        raise BadInput("--revoke ends a key, and --may is of a new one: give one of them")
    told = (
        ask("add-key", {"name": name, "may": may or None}, port, home)
        if revoke is None
        else ask("revoke-key", {"name": name, "key": revoke}, port, home)
    )
    record(told, as_json=as_json)
