"""`fusion revenue`: what an account is owed, and taking it."""

from typing import Annotated

import typer

from cli.options import As, Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="See and claim what you are owed.")


@app.command()
def show(account: As, as_json: Json = False) -> None:
    """Shows what an account is owed. What it can claim, what it claimed, and by version what is not settled yet."""
    from cli.output import record
    from fusion.chain.account import address_of
    from fusion.market.payout import income
    from fusion.money import Units

    session = Session()
    found = income(session.chain, address_of(session.settings.keys, account))
    record(
        {
            "claimable": Units(found.claimable),
            "claimed": Units(found.claimed),
            "unsettled": {version: Units(amount) for version, amount in found.unsettled.items()},
        },
        as_json=as_json,
    )


@app.command()
def claim(
    account: As,
    to: Annotated[str | None, typer.Option(help="Address that is paid; the account itself if absent.")] = None,
    as_json: Json = False,
) -> None:
    """Claims all that an account is owed. The versions that pay it are settled first."""
    from cli.output import record
    from fusion.chain.contract import address
    from fusion.market.payout import claim as claim_all
    from fusion.market.payout import income, settle
    from fusion.money import Units

    session = Session()
    recipient = None if to is None else address(to, "--to")
    chain, signer = session.chain, session.account(account)
    for version in income(chain, signer.address).unsettled:
        settle(chain, signer, version)
    paid = claim_all(chain, signer, to=recipient)
    record({"claimed": Units(paid.amount), "tx": paid.receipt.tx_hash if paid.receipt else None}, as_json=as_json)
