"""`fusion account`: the keystores of this home, and whom an external signer signs for."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Make, list and fund accounts.")

Name = Annotated[str, typer.Argument(help="Name of the account.")]
Own = Annotated[
    bool,
    typer.Option(
        "--own-password",
        help="Encrypt with a password of yours, asked for or in FUSION_PASSWORD_FILE; else a random one is kept.",
    ),
]


@app.command()
def new(name: Name, own_password: Own = False, as_json: Json = False) -> None:
    """Makes an account. That is an encrypted keystore, with its random password in a file beside it."""
    from cli.output import record
    from fusion.chain.account import create

    session = Session()
    password = session.password(name, fresh=True) if own_password else None
    account = create(session.settings.keys, name, password=password)
    record({"name": name, "address": account.address}, as_json=as_json)


@app.command("import")
def import_account(
    name: Name,
    file: Annotated[
        Path, typer.Argument(help="A keystore of version 3, or a private key in hexadecimal; - is the input.")
    ],
    own_password: Own = False,
    as_json: Json = False,
) -> None:
    """Takes over an account made elsewhere. A keystore keeps its password, a private key is encrypted."""
    from cli.output import record
    from fusion.chain.account import adopt, create

    session = Session()
    keys, text = session.settings.keys, _given(file)
    if text.lstrip().startswith("{"):
        account = adopt(keys, name, text, session.password(name))
    else:
        password = session.password(name, fresh=True) if own_password else None
        account = create(keys, name, password=password, key=text.strip())
    record({"name": name, "address": account.address}, as_json=as_json)


@app.command("list")
def list_accounts(as_json: Json = False) -> None:
    """Lists the accounts of this home. Where FUSION_SIGNER names an external signer, also those it signs for."""
    from cli.output import rows
    from fusion.chain.account import address_of, keeps_password, names
    from fusion.chain.signer import RemoteSigner

    settings = Session().settings
    keys = settings.keys
    found: list[dict[str, object]] = [
        {
            "name": name,
            "address": address_of(keys, name),
            "signs": "here" if keeps_password(keys, name) else "here, with its password",
        }
        for name in names(keys)
    ]
    if settings.signer:
        found += [
            {"name": None, "address": each, "signs": "elsewhere"} for each in RemoteSigner.accounts(settings.signer)
        ]
    rows(found, as_json=as_json)


@app.command()
def address(name: Name, as_json: Json = False) -> None:
    """Prints an account's address; its password is not needed."""
    from cli.output import record
    from fusion.chain.account import address_of

    found = address_of(Session().settings.keys, name)
    if as_json:
        record({"name": name, "address": found}, as_json=True)
    else:
        print(found)


@app.command()
def fund(
    name: Annotated[str, typer.Argument(help="Account to fund.")],
    amount: Annotated[str, typer.Option(help="Mock dollars to mint.")] = "1000",
    as_json: Json = False,
) -> None:
    """Gives an account ether and mock dollars. On the local network alone."""
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


def _given(file: Path) -> str:
    """A keystore, which anyone may read, or a private key, which nobody else may."""
    import sys

    from fusion.chain import password
    from fusion.errors import BadInput

    if str(file) == "-":
        return sys.stdin.read(1 << 16)
    try:
        with file.open("rb") as opened:
            is_keystore = opened.read(1024).lstrip().startswith(b"{")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    if is_keystore:
        return file.read_text(errors="replace")
    return password.read(file, "a private key")
