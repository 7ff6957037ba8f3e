"""`fusion account`: the keystores of this home."""

from typing import Annotated

import typer

from cli.options import Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Make, list and fund accounts.")


@app.command()
def new(name: Annotated[str, typer.Argument(help="Name of the account.")], as_json: Json = False) -> None:
    """Makes an account. That is an encrypted keystore, with its random password in a file beside it."""
    from cli.output import record
    from fusion.chain.account import create

    account = create(Session().settings.keys, name)
    record({"name": name, "address": account.address}, as_json=as_json)


@app.command("list")
def list_accounts(as_json: Json = False) -> None:
    """Lists the accounts of this home."""
    from cli.output import rows
    from fusion.chain.account import address_of, names

    keys = Session().settings.keys
    rows([{"name": name, "address": address_of(keys, name)} for name in names(keys)], as_json=as_json)


@app.command()
def fund(
    name: Annotated[str, typer.Argument(help="Account to fund.")],
    amount: Annotated[str, typer.Option(help="Mock dollars to mint.")] = "1000",
    as_json: Json = False,
) -> None:
    """Gives an account ether and mock dollars; on the local network alone."""
    from cli.output import record
    from fusion import money
    from fusion.chain.anvil import CHAIN_ID, Anvil
    from fusion.errors import BadInput

    session = Session()
    units = money.parse(amount, "--amount")
    account = session.account(name)
    if session.deployment.chain_id != CHAIN_ID:
        raise BadInput(f"chain {session.deployment.chain_id} is not the local network: buy its tokens")
    chain = session.chain
    Anvil(session.settings.rpc).fund(account.address)
    chain.send(account, chain.token.mint(account.address, units))
    balance = money.Units(chain.token.balance_of(account.address))
    record({"address": account.address, "balance": balance}, as_json=as_json)
