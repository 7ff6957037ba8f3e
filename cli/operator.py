"""`fusion operator`: run a node, stake on it, see how it does."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Json
from cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(no_args_is_help=True, help="Run an operator node.")


@app.command()
def start(
    account: As,
    stake: Annotated[str, typer.Option(help="Stake to hold, in tokens; topped up at the start.")],
    claim_at: Annotated[str, typer.Option(help="Claims when at least this is owed.")] = "1",
    host: Annotated[str, typer.Option(help="Address its result gateway listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of its result gateway; 0 is any free one.", min=0, max=65535)] = 0,
    endpoint: Annotated[str, typer.Option(help="The gateway's URL as others reach it, if not the above.")] = "",
    workers: Annotated[int, typer.Option(help="Modules run at once.", min=1)] = 1,
) -> None:
    """Runs an operator until it is told to stop. It takes jobs, attests their outcomes, claims its pay."""
    from cli.signals import stop_on_signal
    from fusion import money
    from node.executor.daemon import Daemon, Terms

    session = Session()
    terms = Terms(
        stake=money.parse(stake, "--stake"),
        claim_at=money.parse(claim_at, "--claim-at"),
        host=host,
        port=port,
        endpoint=endpoint,
        workers=workers,
    )
    settings = session.settings
    signer = session.account(account)
    stop = stop_on_signal()
    image = session.image
    Daemon(settings.home, session.chain, signer, content=session.content, image=image, terms=terms).run(stop)


@app.command()
def stake(
    amount: Annotated[str, typer.Argument(help="Tokens to add to the free stake.")], account: As, as_json: Json = False
) -> None:
    """Adds to an operator's stake."""
    from dataclasses import asdict

    from cli.output import record
    from fusion import money
    from node.executor.bond import Bond

    session = Session()
    units = money.parse(amount, "the amount")
    signer = session.account(account)
    bond = Bond(session.chain, signer)
    held = bond.standing()
    bond.stake(held.free + held.locked + units)
    standing = {name: money.Units(amount) for name, amount in asdict(bond.standing()).items()}
    record({"operator": signer.address, **standing}, as_json=as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Shows every operator on the chain. Stake, what it lost and can claim, and the jobs of those that run here."""
    from collections import Counter

    from cli.output import rows
    from fusion import money
    from fusion.chain.bindings.operator_staking import Slashed
    from node.executor.status import FILE, Status

    session = Session()
    chain, home = session.chain, session.settings.home
    here = [Status.load(path) for path in (home / FILE, *home.glob(f"networks/*/operators/*/{FILE}")) if path.exists()]
    known = {status.operator: status for status in here}
    slashed: Counter[str] = Counter()
    for each in chain.find(Slashed):
        slashed[each.operator] += each.amount
    shown = []
    for index in range(chain.staking.operator_count()):
        address = chain.staking.operator_at(index)
        held, local = chain.staking.operator(address), known.get(address)
        shown.append(
            {
                "operator": address,
                "endpoint": chain.staking.endpoint(address),
                "free": money.Units(held.free),
                "locked": money.Units(held.locked),
                "unbonding": money.Units(held.unbonding),
                "slashed": money.Units(slashed[address]),
                "claimable": money.Units(chain.ledger.claimable(address, chain.token.address)),
                "running": local.running if local else None,
                "jobs": _counted(local.jobs, as_json=as_json) if local else None,
            }
        )
    rows(shown, as_json=as_json)


def _counted(jobs: "Mapping[str, int]", *, as_json: bool) -> dict[str, int]:
    """Jobs by stage; a person is shown only the stages that have any."""
    return {stage: count for stage, count in jobs.items() if count or as_json}
