"""`fusion exchange`: a virtual exchange, its users, and what becomes of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import exchange_facts, exchange_journal, exchange_serve, exchange_user
from cli.exchange_serve import Home, Port
from cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(no_args_is_help=True, help="Serve a virtual exchange and administer it.")
app.command()(exchange_serve.serve)
app.command()(exchange_serve.stop)
app.add_typer(exchange_user.app, name="user")
app.command()(exchange_journal.log)
app.command()(exchange_journal.verify)
app.command()(exchange_facts.facts)

Symbol = Annotated[str | None, typer.Argument(metavar="[SYMBOL]", help="Market, such as BTC-USDT; else all of them.")]


@app.command()
def status(port: Port = None, home: Home = None, *, as_json: Json = False) -> None:
    """Shows an exchange's time and markets."""
    _tell("status", {}, port, home, as_json=as_json)


@app.command()
def halt(symbol: Symbol = None, port: Port = None, home: Home = None, *, as_json: Json = False) -> None:
    """Halts a market, or all. No orders are taken; cancels still are."""
    _tell("halt", {"symbol": symbol}, port, home, as_json=as_json)


@app.command()
def resume(symbol: Symbol = None, port: Port = None, home: Home = None, *, as_json: Json = False) -> None:
    """Opens a halted market again, or all."""
    _tell("resume", {"symbol": symbol}, port, home, as_json=as_json)


@app.command()
def shock(
    symbol: Annotated[str, typer.Argument(help="Market, such as BTC-USDT.")],
    percent: Annotated[float | None, typer.Option(help="How far the price shall go, such as -5.")] = None,
    quantity: Annotated[
        str | None, typer.Option(help="What is bought at once, in the base asset; below 0 it is sold.")
    ] = None,
    port: Port = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> None:
    """Moves a market's price by a large order. The world pays for it, and is paid."""
    fields = {"symbol": symbol, "percent": percent, "quantity": quantity}
    _tell("shock", fields, port, home, as_json=as_json)


@app.command(context_settings={"ignore_unknown_options": True})  # one below 0 is told what a speed is
def speed(
    speed: Annotated[float, typer.Argument(help="Seconds of the exchange in one of yours; 0 stands still.")],
    port: Port = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> None:
    """Lets an exchange's time go at another speed. Agents act as fast as the machine can."""
    _tell("speed", {"speed": speed}, port, home, as_json=as_json)


def _tell(verb: str, fields: "Mapping[str, Any]", port: int | None, home: Path | None, *, as_json: bool) -> None:
    from cli.output import record, rows

    told = exchange_serve.ask(verb, fields, port, home)
    if isinstance(told, list):
        rows(told, as_json=as_json)
    else:
        record(told, as_json=as_json)
