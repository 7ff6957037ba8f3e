"""`fusion revenue`: what an account is owed, and taking it."""

from typing import Annotated

import typer

from cli.options import As, Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="See and claim what you are owed.")


@app.command()
def show(account: As, as_json: Json = False) -> None:
    """Shows what an account can claim now, what it claimed, and its versions' income that waits to be settled."""
    from cli.output import record
    from fusion.chain.account import address_of
    from fusion.market.payout import income

    session = Session()
    record(income(session.chain, address_of(session.settings.keys, account)).as_dict(), as_json=as_json)


@app.command()
def claim(
    account: As,
    to: Annotated[str | None, typer.Option(help="Address that is paid; the account itself if absent.")] = None,
    as_json: Json = False,
) -> None:
    """Settles the versions that pay an account, and claims all that it is owed."""
    from cli.output import record
    from fusion.market.payout import claim as claim_all
    from fusion.market.payout import income, settle

    session = Session()
    chain, signer = session.chain, session.account(account)
    for version in income(chain, signer.address).unsettled:
        settle(chain, signer, version)
    paid = claim_all(chain, signer, to=to)
    record({"claimed": paid.amount, "tx": paid.receipt.tx_hash if paid.receipt else None}, as_json=as_json)
