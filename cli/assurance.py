"""`fusion assurance`: what pays for checks, and canaries."""

from typing import Annotated

import typer

from cli.canaries import canaries
from cli.options import As, Data, Feed, Fuel, Inputs, JobId, Json, Seed, Settings, Version
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Pay for checks: the pool and canaries.")

app.command()(canaries)

CANARIES = "canaries"  # under the home: what must stay secret until a canary is opened
DEADLINE = 600.0  # seconds for the run of a canary here


@app.command()
def show(as_json: Json = False) -> None:
    """Shows the pool that audits are paid from. Canaries are paid back once in so many assured jobs."""
    from cli.output import record
    from fusion.money import Units

    pool = Session().chain.pool
    record(
        {
            "balance": Units(pool.balance()),
            "assured_jobs": pool.assured_jobs(),
            "canary_interval": pool.canary_interval(),
        },
        as_json=as_json,
    )


@app.command()
def fund(
    amount: Annotated[str, typer.Argument(help="Tokens to give; they cannot be taken back.")],
    account: As,
    as_json: Json = False,
) -> None:
    """Gives to the pool."""
    from cli.output import record
    from fusion import money
    from fusion.market import assurance

    session = Session()
    units = money.parse(amount, "the amount")
    receipt = assurance.fund(session.chain, session.account(account), units)
    record({"balance": money.Units(session.chain.pool.balance()), "tx": receipt.tx_hash}, as_json=as_json)


@app.command()
def canary(
    version: Version,
    account: As,
    data: Data = None,
    feed: Feed = "simulated",
    inputs: Inputs = None,
    settings: Settings = None,
    fuel: Fuel = 10**11,
    seed: Seed = 0,
    submit_as: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Who sends it, so that nobody knows whose canary it is.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Runs a version here and commits to its outcome. The same options of `module run` then post the canary."""
    from cli.output import record
    from cli.runs import known_outcome, work_of
    from fusion.market import assurance
    from node.digest import keccak

    session = Session()
    work = work_of(version, data=data, feed=feed, inputs=inputs, settings=settings, fuel=fuel, seed=seed)
    requester = session.address(account, "--as")
    sender = session.account(submit_as or account)
    spec, outcome_hash = known_outcome(session, work, DEADLINE)
    folder = session.settings.home / CANARIES
    kept, first = assurance.commit_canary(
        session.chain, sender, requester, keccak(spec.encode()), outcome_hash=outcome_hash, folder=folder
    )
    record({"commitment": "0x" + kept.commitment, "outcome": "0x" + kept.outcome, "first_job": first}, as_json=as_json)


@app.command("open")
def open_(job_id: JobId, account: As, as_json: Json = False) -> None:
    """Opens a canary. A job that answered wrongly goes before a panel, a right one's fee is paid back."""
    from cli.jobs import job_of, needing_panel
    from cli.output import record
    from fusion.market import assurance
    from fusion.money import Units

    session = Session()
    signer = session.account(account)
    job_of(session.chain, job_id)
    canaries = assurance.kept(session.settings.home / CANARIES)
    with needing_panel(job_id):
        opened, receipt = assurance.open_canary(session.chain, signer, job_id, canaries)
    record(
        {"job": job_id, "right": opened.right, "paid_back": Units(opened.paid_back), "tx": receipt.tx_hash},
        as_json=as_json,
    )
