"""`fusion revenue`: what an account is owed, and taking it."""

from typing import Annotated

import typer

from cli.options import As, Json, OwedTo
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="See, settle and claim what you are owed.")

For = Annotated[
    str | None, typer.Option("--for", metavar="ADDRESS", help="Who is owed it; the signing account if absent.")
]


@app.command()
def show(account: OwedTo, as_json: Json = False) -> None:
    """Shows what an account is owed. What it can claim, what it claimed, and what is on its way by version."""
    from cli.output import Moment, record
    from fusion.market.payout import income
    from fusion.money import Units

    session = Session()
    found = income(session.chain, session.address(account, "--as"))
    record(
        {
            "claimable": Units(found.claimable),
            "claimed": Units(found.claimed),
            "unsettled": {version: Units(amount) for version, amount in found.unsettled.items()},
            "due": Units(found.due),
            "in_trial": [
                {
                    "license": each.license_id,
                    "version": each.version,
                    "price": Units(each.price),
                    "ends": Moment(each.ends),
                }
                for each in found.trials
            ],
        },
        as_json=as_json,
    )


@app.command()
def settle(account: As, owed: For = None, as_json: Json = False) -> None:
    """Passes on what is on its way to an account. Every version that pays it is settled, ended trials are released."""
    from cli.output import record
    from fusion.market.payout import income, settle_for
    from fusion.money import Units

    session = Session()
    signer = session.account(account)
    chain = session.chain
    whose = signer.address if owed is None else session.address(owed, "--for")
    receipts = settle_for(chain, signer, whose)
    record(
        {"claimable": Units(income(chain, whose).claimable), "tx": [receipt.tx_hash for receipt in receipts]},
        as_json=as_json,
    )


@app.command()
def claim(
    account: As,
    to: Annotated[str | None, typer.Option(help="Address that is paid; the account itself if absent.")] = None,
    owed: For = None,
    as_json: Json = False,
) -> None:
    """Claims all that an account is owed. What is on its way is settled first; --for pays another account its own."""
    from cli.output import record
    from fusion.chain.contract import address
    from fusion.errors import BadInput
    from fusion.market import payout
    from fusion.money import Units

    session = Session()
    if owed is not None and to is not None:
        raise BadInput(f"--for pays {owed} itself: leave out --to {to}")
    recipient = None if to is None else address(to, "--to")
    signer = session.account(account)
    whose = signer.address if owed is None else session.address(owed, "--for")
    chain = session.chain
    payout.settle_for(chain, signer, whose)
    paid = payout.claim(chain, signer, to=recipient) if owed is None else payout.claim_for(chain, signer, whose)
    record({"claimed": Units(paid.amount), "tx": paid.receipt.tx_hash if paid.receipt else None}, as_json=as_json)
