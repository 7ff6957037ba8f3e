"""`fusion module`: write, test, publish, sell, buy and run modules."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Json
from cli.session import Session

if TYPE_CHECKING:
    from fusion.content.cid import Cid

app = typer.Typer(no_args_is_help=True, help="Write, test, publish, sell, buy and run modules.")

Folder = Annotated[Path, typer.Argument(help="Folder that holds module.toml and module.py.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the module.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="PORT=COLUMN", help="Column of the feed for a port of another name."),
]
MADE_UP = "made-up"
Feed = Annotated[str, typer.Option(help="`simulated`, `simulated:<seed>` or `<venue>:<file>`.", envvar="FUSION_FEED")]


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the module, a Python identifier.")], as_json: Json = False
) -> None:
    """Makes a folder with a small working module to start from."""
    from cli.output import record
    from cli.template import write

    record({"folder": str(write(Path.cwd(), name))}, as_json=as_json)


@app.command("test")
def check(
    folder: Folder,
    feed: Annotated[str, typer.Option(help=f"`{MADE_UP}`, or a feed as in `fusion atom show`.")] = MADE_UP,
    inputs: Inputs = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Runs a module in the sandbox. Checks its ports, determinism, and that it does not look ahead."""
    from cli.bundles import local_code
    from cli.output import record
    from cli.values import pairs, parse_settings
    from fusion.errors import BadInput
    from node.inputs import feed_table, port_columns
    from sandbox.verify import verify

    session = Session()
    chosen, values = pairs(inputs or [], "--input"), parse_settings(settings or [])
    if chosen and feed == MADE_UP:
        raise BadInput(f"--input names columns of a feed, and {MADE_UP} data has none: give --feed too")
    bundle, code = local_code(folder, session.content)
    table = None if feed == MADE_UP else feed_table(feed)
    columns = None if table is None else port_columns(table, bundle.manifest.inputs, chosen)
    report = verify(session.runtime, code, columns, values)
    record(
        {
            "module": f"{bundle.manifest.name} {bundle.manifest.version}",
            "cid": str(bundle.cid),
            "sound": report.sound,
            "rows": report.rows,
            "fuel": report.fuel,
            "checked_prefixes": list(report.prefixes),
            "lookback_error": report.lookback_error,
            "problems": list(report.problems),
            "printed": report.printed,
        },
        as_json=as_json,
    )
    if not report.sound:
        raise typer.Exit(2)


@app.command()
def publish(
    folder: Folder,
    account: As,
    min_royalty: Annotated[str, typer.Option(help="Least share that modules built on this one pay it.")] = "0%",
    share: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS=PERCENT", help="Share of another account.")
    ] = None,
    royalty: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PERCENT", help="Share of a required module.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Publishes a version. Its files go to the content store, its revenue table to the chain."""
    from cli.bundles import local_code
    from cli.output import record
    from cli.runs import shares
    from cli.values import parse_shares
    from fusion.market import publish as market
    from fusion.market.splits import parse_percent

    session = Session()
    minimum = parse_percent(min_royalty, "--min-royalty")
    given = parse_shares(share or [], "--share")
    royalties = parse_shares(royalty or [], "--royalty")
    bundle, code = local_code(folder, session.content)
    signer = session.account(account)
    chain = session.chain
    session.runtime.describe(code)
    done = market.publish(
        chain, signer, bundle, session.store, min_royalty_ppm=minimum, shares=given, royalties=royalties
    )
    record(
        {
            "module": done.module_id,
            "version": done.version_id,
            "cid": str(done.cid),
            "published": bool(done.receipts),
            "splits": shares(done.splits, as_json=as_json),
        },
        as_json=as_json,
    )


@app.command()
def offer(
    version: Annotated[int, typer.Argument(help="Version to sell.", min=1)],
    account: As,
    price: Annotated[str, typer.Option(help="Price of a license, such as 25 or 9.99.")],
    duration: Annotated[int, typer.Option(help="Seconds a license lasts; 0 is for ever.", min=0, max=2**32 - 1)] = 0,
    per_run: Annotated[str, typer.Option(help="Price of one run without a license; 0 sells no runs.")] = "0",
    as_json: Json = False,
) -> None:
    """Offers a version for sale."""
    from cli.output import record
    from fusion import money
    from fusion.market import trade

    session = Session()
    asked, run = money.parse(price, "--price"), money.parse(per_run, "--per-run")
    signer = session.account(account)
    offer_id, _ = trade.set_offer(session.chain, signer, version, price=asked, duration=duration, per_run_price=run)
    record(
        {
            "offer": offer_id,
            "version": version,
            "price": money.Units(asked),
            "duration": duration,
            "per_run": money.Units(run),
        },
        as_json=as_json,
    )


@app.command()
def buy(
    offer_id: Annotated[int, typer.Argument(metavar="OFFER", help="Offer to buy.", min=1)],
    account: As,
    max_price: Annotated[str | None, typer.Option(help="Most to pay; the price quoted now if absent.")] = None,
    as_json: Json = False,
) -> None:
    """Buys a license, with a permit in one transaction."""
    from cli.output import record
    from fusion import money
    from fusion.market import trade

    session = Session()
    limit = None if max_price is None else money.parse(max_price, "--max-price")
    signer = session.account(account)
    bought = trade.buy(session.chain, signer, offer_id, max_price=limit)
    record(
        {"license": bought.license_id, "paid": money.Units(bought.price), "tx": bought.receipt.tx_hash}, as_json=as_json
    )


@app.command()
def run(
    version: Annotated[int, typer.Argument(help="Version to run.", min=1)],
    account: As,
    data: Annotated[str | None, typer.Option(metavar="CID", help="Table whose columns feed all ports.")] = None,
    feed: Feed = "simulated",
    inputs: Inputs = None,
    settings: Settings = None,
    fee: Annotated[str, typer.Option(help="Fee for the operators.")] = "0.3",
    seats: Annotated[int, typer.Option("--seats", "-n", help="Operators that run it.", min=1, max=7)] = 3,
    quorum: Annotated[int, typer.Option("--quorum", "-k", help="Equal outcomes needed.", min=1, max=7)] = 2,
    fuel: Annotated[int, typer.Option(help="Fuel it may burn.", min=1, max=10**13)] = 10**11,
    seed: Annotated[int, typer.Option(help="Seed of its random numbers.", min=0)] = 0,
    per_run: Annotated[int | None, typer.Option(metavar="OFFER", help="Pay this offer's price for one run.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the outcome.", min=0)] = 300,
    as_json: Json = False,
) -> None:
    """Posts a job for a version and waits. It needs a license or --per-run; prints how the job ended."""
    from cli.output import progress
    from cli.runs import Order, order_run, print_answer
    from cli.values import pairs, parse_settings
    from fusion import money

    session = Session()
    order = Order(
        version=version,
        data=None if data is None else _table(data),
        feed=feed,
        columns=pairs(inputs or [], "--input"),
        settings=parse_settings(settings or []),
        fee=money.parse(fee, "--fee"),
        n=seats,
        k=quorum,
        fuel=fuel,
        seed=seed,
        offer=per_run,
        timeout=timeout,
    )
    with progress("job") as report:
        job_id, answer = order_run(session, session.account(account), order, report)
    print_answer(session, job_id, answer, as_json=as_json)


@app.command()
def show(
    version: Annotated[int, typer.Argument(help="Version to show.", min=1)],
    as_json: Json = False,
) -> None:
    """Shows a version. That is its module, content, revenue table, ports and offers."""
    from cli.output import record
    from cli.runs import describe_version

    record(describe_version(Session(), version, as_json=as_json), as_json=as_json)


def _table(text: str) -> "Cid":
    from fusion.content.cid import Cid

    return Cid.parse(text)
