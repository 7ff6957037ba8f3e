"""`fusion window`: record windows of market data, and see what was recorded."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Json
from cli.session import Session

if TYPE_CHECKING:
    from fusion.chain.bindings.types import WindowKey
    from fusion.chain.client import Chain
    from fusion.market.window import Window

app = typer.Typer(no_args_is_help=True, help="Record windows of market data for searches.")


@app.command()
def record(
    account: As,
    feed: Annotated[str, typer.Option(help="`simulated:<seed>@<second>` or `<venue>:<file>`.", envvar="FUSION_FEED")],
    search: Annotated[int | None, typer.Option(help="The window of this search.", min=1)] = None,
    venue: Annotated[str | None, typer.Option(help="Without --search: where it trades.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Without --search: what trades.")] = None,
    start: Annotated[str | None, typer.Option(help="Without --search: first second of it, or a date.")] = None,
    end: Annotated[str | None, typer.Option(help="Without --search: first second after it.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)] = 3_600,
    as_json: Json = False,
) -> None:
    """Records a window. Waits for its end, commits to what the feed held, and reveals it once others have committed."""
    from cli.output import progress
    from cli.output import record as print_record
    from fusion.errors import BadInput
    from fusion.market import search as searches
    from fusion.market import window as market
    from node.collider.record import record

    session = Session()
    signer = session.account(account)
    chain = session.chain
    if search is not None:
        if any((venue, symbol, start, end)):
            raise BadInput("--search names the window: leave out --venue, --symbol, --start and --end")
        searches.search_of(chain, search)
        window = searches.terms_of(chain, search).window
    else:
        window = _window(chain, venue, symbol, start=start, end=end)
    with progress("record") as report:
        found = record(
            chain,
            signer,
            window,
            feed,
            store=session.store,
            folder=session.settings.home / market.FOLDER,
            timeout=timeout,
            report=report,
        )
    print_record(_told(chain, window, found), as_json=as_json)


@app.command()
def bond(
    account: As,
    amount: Annotated[str, typer.Argument(help="Tokens to add to the bond.")] = "0",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it out of the free bond instead.")] = False,
    as_json: Json = False,
) -> None:
    """Shows a recorder's bond, and adds to it. Every window ties a part of it until its recorders agree."""
    from cli.output import record
    from fusion import money
    from fusion.errors import BadInput
    from fusion.market import window as market

    session = Session()
    units = money.parse(amount, "the amount")
    if withdraw and not units:
        raise BadInput("--withdraw takes an amount: say how much")
    signer = session.account(account)
    chain = session.chain
    if units:
        (market.withdraw if withdraw else market.deposit)(chain, signer, units)
    held = chain.windows.recorder(signer.address)
    record(
        {
            "recorder": signer.address,
            "listed": held.listed,
            "free": money.Units(held.free),
            "locked": money.Units(held.locked),
        },
        as_json=as_json,
    )


@app.command("list")
def list_windows(as_json: Json = False) -> None:
    """Lists windows that were recorded, or are being, newest first."""
    from cli.output import rows
    from fusion.market import window as market

    chain = Session().chain
    found = [_told(chain, window, market.window_of(chain, key)) for key, window in market.opened(chain).items()]
    rows(found[::-1], as_json=as_json)


@app.command()
def recorders(as_json: Json = False) -> None:
    """Lists who may record, and their bonds. So many of them must say the same of a window."""
    from cli.output import record
    from fusion import money
    from fusion.market import window as market

    chain = Session().chain
    rules = chain.windows.rules()
    listed = {account: chain.windows.recorder(account) for account in market.recorders(chain)}
    record(
        {
            "agree": f"{rules.k} of {rules.n}",
            "lock": money.Units(rules.lock),
            "commit_seconds": rules.commit,
            "reveal_seconds": rules.reveal,
            "recorders": [
                {"account": account, "free": money.Units(each.free), "locked": money.Units(each.locked)}
                for account, each in listed.items()
            ],
        },
        as_json=as_json,
    )


def _window(
    chain: "Chain", venue: str | None, symbol: str | None, *, start: str | None, end: str | None
) -> "WindowKey":
    from cli.values import parse_moment
    from fusion.chain.bindings.types import WindowKey
    from fusion.errors import BadInput

    if venue is None or symbol is None or start is None or end is None:
        raise BadInput("which window: give --search, or --venue, --symbol, --start and --end")
    now = chain.now()
    window = WindowKey(venue, symbol, parse_moment(start, "--start", now), parse_moment(end, "--end", now))
    if window.start >= window.end:
        raise BadInput(f"the window begins in second {window.start} and ends in {window.end}: let it end later")
    return window


def _told(chain: "Chain", window: "WindowKey", found: "Window") -> dict[str, object]:
    from cli.output import Moment
    from fusion.chain.words import words

    return {
        "venue": window.venue,
        "symbol": window.symbol,
        "start": Moment(window.start),
        "end": Moment(window.end),
        "status": words(found.status),
        "table": str(found.table) if found.table else None,
        "recorders": len(chain.windows.recordings(found.key)),
        "key": "0x" + found.key.hex(),
    }
