"""`fusion module`: write, test, publish, sell and run modules."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import As, Data, Feed, Fuel, Inputs, Json, Seed, Selling, Settings, Version
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Write, test, publish, sell and run modules.")

Folder = Annotated[Path, typer.Argument(help="Folder that holds module.toml and module.py.")]
MADE_UP = "made-up"
NATIVE = "not attested, may differ between machines"


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
    native: Annotated[
        bool,
        typer.Option("--native", help="Run it as this machine's own code, which native packages need; never attested."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Runs a module in the sandbox. Checks its ports, determinism, and that it does not look ahead."""
    from cli.bundles import local_code, runtime_of
    from cli.output import record
    from cli.values import pairs, parse_settings
    from fusion.errors import BadInput
    from node.inputs import feed_table, port_columns
    from sandbox.order import native_packages
    from sandbox.verify import verify

    session = Session()
    chosen, values = pairs(inputs or [], "--input"), parse_settings(settings or [])
    if chosen and feed == MADE_UP:
        raise BadInput(f"--input names columns of a feed, and {MADE_UP} data has none: give --feed too")
    bundle, code = local_code(folder, session.content)
    packages = native_packages(code)
    if packages and not native:
        needs = f"it needs the native package {packages[0]!r}"
        raise BadInput(f"{needs}: give --native to run it on this machine alone, never attested")
    table = None if feed == MADE_UP else feed_table(feed)
    columns = None if table is None else port_columns(table, bundle.manifest.inputs, chosen)
    with runtime_of(session, code, native=native) as runtime:
        report = verify(runtime, code, columns, values)
    record(
        {
            "module": f"{bundle.manifest.name} {bundle.manifest.version}",
            "cid": str(bundle.cid),
            **({"runtime": "native", "note": NATIVE} if native else {"runtime": "wasm"}),
            "sound": report.sound,
            "rows": report.rows,
            "fuel": None if native else report.fuel,
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
    from cli.bundles import local_code, runtime_of
    from cli.output import record
    from cli.values import parse_shares
    from cli.versions import shares
    from fusion.market import publish as market
    from fusion.market.splits import parse_percent
    from sandbox.order import native_packages

    session = Session()
    minimum = parse_percent(min_royalty, "--min-royalty")
    given = parse_shares(share or [], "--share")
    royalties = parse_shares(royalty or [], "--royalty")
    bundle, code = local_code(folder, session.content)
    signer = session.account(account)
    chain = session.chain
    with runtime_of(session, code, native=bool(native_packages(code))) as runtime:
        runtime.describe(code)
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
    version: Annotated[int, typer.Argument(help="Version to sell.", min=1, max=2**63)],
    account: As,
    price: Annotated[str | None, typer.Option(help="Price of a license, such as 25 or 9.99.")] = None,
    free: Annotated[bool, typer.Option("--free", help="Licenses cost nothing.")] = False,
    per_run: Annotated[str | None, typer.Option(help="Price of one run without a license.")] = None,
    duration: Annotated[
        str | None, typer.Option(help="How long a license lasts, as in 30d; for ever if absent.")
    ] = None,
    trial: Annotated[str | None, typer.Option(help="How long an unused license may be returned, as in 2h.")] = None,
    referral: Annotated[str | None, typer.Option(help="Share of the price for who referred the buyer.")] = None,
    resale: Annotated[str | None, typer.Option(help="Share of a resale that you ask for (ERC-2981).")] = None,
    sells: Annotated[Selling | None, typer.Option(help="What can be bought; what has a price if absent.")] = None,
    change: Annotated[
        int | None, typer.Option("--offer", metavar="OFFER", help="Change this offer; what is not said stays.", min=1)
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="End the sale of --offer.")] = False,
    as_json: Json = False,
) -> None:
    """Offers a version for sale, or changes an offer. Licenses that were sold keep their terms."""
    from cli.offers import Said, by_author, told
    from cli.output import record
    from fusion.errors import BadInput
    from fusion.market import trade

    if withdraw and change is None:
        raise BadInput("--withdraw needs the offer whose sale ends: give --offer OFFER")
    if withdraw and sells is not None:
        raise BadInput(f"--withdraw and --sells {sells} contradict each other; give one of them")
    selling = Selling.NOTHING if withdraw else sells
    said = Said(price, free, per_run, duration, trial, referral, resale, selling)
    if change is None:
        said.terms(version)  # refused before anything else is looked at
    session = Session()
    signer = session.account(account)
    chain = session.chain
    before = None if change is None else trade.offer(chain, change)
    terms = said.terms(version, before, token=chain.token.address)
    with by_author(chain, version, before):
        offer_id, _ = trade.set_offer(chain, signer, terms, change or 0)
    record(told(offer_id, terms, as_json=as_json), as_json=as_json)


@app.command()
def run(
    version: Version,
    account: As,
    data: Data = None,
    feed: Feed = "simulated",
    inputs: Inputs = None,
    settings: Settings = None,
    fee: Annotated[str, typer.Option(help="Fee for the operators.")] = "0.3",
    seats: Annotated[
        int | None, typer.Option("--seats", "-n", help="Operators that run it; 3 if absent.", min=1, max=7)
    ] = None,
    quorum: Annotated[
        int | None, typer.Option("--quorum", "-k", help="Equal outcomes needed; a majority if absent.", min=1, max=7)
    ] = None,
    solo: Annotated[bool, typer.Option("--solo", help="One operator, whose result nobody verifies.")] = False,
    assurance: Annotated[str, typer.Option(metavar="PERCENT", help="How likely an auditor runs it again.")] = "0%",
    value: Annotated[
        str, typer.Option(help="What a wrong result would be worth; refused if too much to vouch for.")
    ] = "0",
    fuel: Fuel = 10**11,
    seed: Seed = 0,
    per_run: Annotated[int | None, typer.Option(metavar="OFFER", help="Pay this offer's price for one run.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the outcome.", min=0)] = 300,
    again: Annotated[
        bool, typer.Option("--again", help="Post another job even while the same one is under way.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Posts a job for a version and waits. It needs a license or --per-run; prints how the job ended."""
    from cli.jobs import print_answer
    from cli.output import progress
    from cli.runs import Order, order_run, work_of
    from fusion import money
    from fusion.errors import BadInput
    from fusion.market.splits import parse_percent

    if solo and (seats is not None or quorum is not None):
        raise BadInput("--solo is one seat and a quorum of one: leave out --seats and --quorum")
    session = Session()
    n = 1 if solo else 3 if seats is None else seats
    order = Order(
        work=work_of(version, data=data, feed=feed, inputs=inputs, settings=settings, fuel=fuel, seed=seed),
        fee=money.parse(fee, "--fee"),
        n=n,
        k=n // 2 + 1 if quorum is None else quorum,
        assurance_ppm=parse_percent(assurance, "--assurance"),
        value=money.parse(value, "--value"),
        offer=per_run,
        timeout=timeout,
        again=again,
    )
    with progress("job") as report:
        job_id, answer = order_run(session, session.account(account), order, report)
    print_answer(session, job_id, answer, as_json=as_json)


@app.command()
def show(
    version: Annotated[int, typer.Argument(help="Version to show.", min=1, max=2**63)],
    as_json: Json = False,
) -> None:
    """Shows a version. That is its module, content, revenue table, ports and offers."""
    from cli.output import record
    from cli.versions import describe_version

    record(describe_version(Session(), version, as_json=as_json), as_json=as_json)
