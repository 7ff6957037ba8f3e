"""`fusion deploy`: the contracts on any network, at addresses that the account and the salt decide."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.session import Session

if TYPE_CHECKING:
    from fusion.chain.authority import Roles
    from fusion.chain.client import Chain
    from fusion.chain.parameters import Parameters

DAYS_2 = 2 * 24 * 3600
DECIMALS = 6  # of the token that the presets' amounts are meant in


def deploy(
    network: Annotated[str, typer.Option(help="Name of the network: sepolia, base ...")],
    account: Annotated[str, typer.Option(metavar="ACCOUNT", help="Account that deploys.")],
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC endpoint; FUSION_RPC if absent.")] = None,
    token: Annotated[str | None, typer.Option(help="Token to stake and pay with; a mock token if absent.")] = None,
    admin: Annotated[str | None, typer.Option(help="Who governs from now on; the account if absent.")] = None,
    guardian: Annotated[str | None, typer.Option(help="Who may pause at once; the admin if absent.")] = None,
    delay: Annotated[int | None, typer.Option(min=0, help="Seconds each act of the admin waits; two days.")] = None,
    treasury: Annotated[
        str | None, typer.Option(help="Who is owed the protocolFee; if absent who was, or the admin.")
    ] = None,
    parameters: Annotated[Path | None, typer.Option(help="TOML file of other parameters.")] = None,
    salt: Annotated[str, typer.Option(help="Another one deploys anew beside what is there.")] = "fusion",
    as_json: Json = False,
) -> None:
    """Deploys the contracts and hands them over. Writes where they are; run again, it goes on where it stopped."""
    from cli.output import Lines, progress, record
    from fusion.chain import deployment, verification
    from fusion.chain.client import Chain
    from fusion.chain.contract import address
    from fusion.chain.factory import Plan

    session = Session()
    settings = session.settings
    _check_network(network)
    signer = session.account(account)
    paid_in = None if token is None else address(token, "--token")
    endpoint = settings.rpc if rpc is None else rpc
    chosen = _parameters(network, parameters)
    roles = _roles(signer.address, admin, guardian, delay)
    owed = address(treasury, "--treasury") if treasury is not None else deployment.treasury_of(endpoint, signer, salt)
    owed = owed or (roles.admin if roles else signer.address)
    if paid_in is not None and parameters is None:
        _check_decimals(endpoint, paid_in)
    plan = Plan.of(signer.address, owed, chosen, token=paid_in, salt=salt)
    forms = verification.verifications(plan)
    with progress("deploy") as report:
        report("contracts", 0.1)
        made = deployment.deploy(
            endpoint,
            signer,
            treasury=owed,
            parameters=chosen,
            token=paid_in,
            roles=roles,
            salt=salt,
            network=network,
            max_fee=settings.max_fee_wei,
        )
        report("reading back", 0.9)
        chain = Chain.connect(endpoint, made)
        governing = _governing(chain, roles)
    kept = settings.deployment_of(network)
    made.save(kept)
    folder = settings.home / "deployments" / f"{network}-verification"
    verification.write(forms, folder)
    record(
        {
            "network": network,
            "chain_id": made.chain_id,
            "contracts": Lines(made.contracts),
            "block": made.block,
            **governing,
            "record": str(kept),
            "verification": str(folder),
        },
        as_json=as_json,
    )


def _check_network(name: str) -> None:
    from fusion.errors import BadInput

    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
        raise BadInput(f"--network is {name!r}: use lower-case letters, digits and -, at most 32")


def _parameters(network: str, file: Path | None) -> "Parameters":
    from fusion.chain.deployment import LOCAL
    from fusion.chain.parameters import PRODUCTION, Parameters

    preset = Parameters() if network == LOCAL else PRODUCTION
    return preset if file is None else preset.changed(file)


def _roles(owner: str, admin: str | None, guardian: str | None, delay: int | None) -> "Roles | None":
    from fusion.chain.authority import Roles
    from fusion.chain.contract import address
    from fusion.errors import BadInput

    if admin is None:
        if guardian is not None or delay is not None:
            raise BadInput("--guardian and --delay are of what is handed over: give --admin too")
        return None
    governs = address(admin, "--admin")
    pauses = governs if guardian is None else address(guardian, "--guardian")
    waits = delay if delay is not None else 0 if governs == owner else DAYS_2
    return Roles(governs, pauses, waits)


def _check_decimals(rpc: str, token: str) -> None:
    """The presets' amounts are a thousand dollars and the like only in a token of six decimals."""
    from fusion.chain.rpc import Rpc, RpcError
    from fusion.errors import BadInput

    try:
        answer = str(Rpc(rpc).call("eth_call", {"to": token, "data": "0x313ce567"}, "latest"))
    except RpcError:
        answer = "0x"
    if len(answer) != 66:
        raise BadInput(f"--token {token} does not tell its decimals: it is no ERC-20 token on that network")
    if int(answer, 16) != DECIMALS:
        raise BadInput(
            f"--token {token} has {int(answer, 16)} decimals: say minimum_stake and minimum_fee in its base units in a "
            "file, and give it as --parameters"
        )


def _governing(chain: "Chain", roles: "Roles | None") -> dict[str, object]:
    """Who has which role, read back from the chain; NotReady when that is not who was asked for."""
    from fusion.chain.governance import Holder, holders
    from fusion.errors import NotReady

    found = holders(chain)
    if roles is not None:
        asked = {"admin": [Holder(roles.admin, roles.delay)], "guardian": [Holder(roles.guardian, 0)]}
        if found != asked:
            raise NotReady(f"the roles on the chain are {found}, not {asked}: its admin may set them")
    return {
        role: [{"account": each.account, "delay": each.delay} for each in accounts] for role, accounts in found.items()
    }
