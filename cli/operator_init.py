"""`fusion operator init`: from nothing to an operator that can be started, question by question."""

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.session import Session
from fusion.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.doctor import Finding
    from cli.operator_ask import Asker
    from cli.operator_file import Values
    from fusion.chain.deployment import Deployment
    from fusion.settings import Settings
    from node.executor.terms import Terms

AUTO = "auto"
LOCAL = "local"  # the network that `fusion up` starts
PORT = "8650"  # of the gateway, where nobody chooses another
ANYWHERE = "0.0.0.0"  # noqa: S104  # a gateway is there for others, who only read what is public
TIMEOUT = 10.0  # seconds for a record to come


def init(
    network: Annotated[str | None, typer.Option(help="Which deployment it serves.")] = None,
    deployment: Annotated[str | None, typer.Option(help="Its record, a file or a URL, if it is not here yet.")] = None,
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC endpoint of the chain.")] = None,
    account: Annotated[
        str | None, typer.Option("--as", metavar="ACCOUNT", help="Account that signs; made if it is not there.")
    ] = None,
    signer: Annotated[str | None, typer.Option(help="URL of an external signer; --as is then an address.")] = None,
    password_file: Annotated[str | None, typer.Option(help="File with the keystore's password.")] = None,
    stake: Annotated[str | None, typer.Option(help="Stake to hold, in tokens.")] = None,
    claim_at: Annotated[str | None, typer.Option(help="Claims when at least this is owed.")] = None,
    workers: Annotated[str | None, typer.Option(help="Modules run at once, or `auto`: one a core.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory for runs, or `auto`: half of what is free.")] = None,
    host: Annotated[str | None, typer.Option(help="Address its gateway listens on.")] = None,
    port: Annotated[str | None, typer.Option(help="Port of its gateway.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="The gateway's URL as others reach it.")] = None,
    metrics_port: Annotated[str | None, typer.Option(help="Port that metrics are served at; 0 is nowhere.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an operator.toml that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Sets an operator up. It asks for what no option says, checks what it can, and writes operator.toml.

    Nothing is staked or registered: `fusion operator start` does that.
    """
    from cli import operator_file
    from cli.operator_ask import Asker
    from cli.operator_start import DEFAULTS, terms_of

    asker = Asker(
        {
            "network": network,
            "deployment": deployment,
            "rpc": rpc,
            "as": account,
            "signer": signer,
            "password-file": password_file,
            "stake": stake,
            "claim-at": claim_at,
            "workers": workers,
            "memory": memory,
            "host": host,
            "port": port,
            "endpoint": endpoint,
            "metrics-port": metrics_port,
        }
    )
    home = Session().settings.home
    path = home / operator_file.FILE
    if path.exists() and not overwrite and not asker.confirmed(f"{path} is there. Replace it?"):
        raise BadInput(f"{path} is there and stays as it is: --overwrite replaces it")
    values: Values = {}
    session = _network(asker, values)
    address = _account(asker, session, values)
    _take_part(asker, session, values)
    terms = terms_of({**DEFAULTS, **values})
    findings = list(_findings(session, address, terms))
    _ = session.image  # prepared now, with progress, and not at the first start
    operator_file.write(home, values)
    _tell(path, address, findings, as_json=as_json)


def _network(asker: "Asker", values: "Values") -> Session:
    """A session on the network that the operator is to serve."""
    session = Session()
    known = session.settings
    values["network"] = asker.ask("network", "Network", known.network)
    values["rpc"] = asker.ask("rpc", "JSON-RPC endpoint of the chain", known.rpc)
    values["gateways"] = list(known.gateways)
    session.settings = _settings(values)
    record = session.settings.deployment
    if not record.exists():
        _fetched(asker.ask("deployment", f"{record} is missing. Where is it, a file or a URL", None)).save(record)
    _ = session.chain  # the endpoint answers, and has these contracts
    return session


def _settings(values: "Values") -> "Settings":
    """The environment's settings with what is chosen in their place."""
    from pydantic import ValidationError

    from fusion.settings import Settings

    try:
        return Settings(
            **{name: values[name] for name in ("network", "rpc", "signer", "password_file") if name in values}
        )
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise BadInput(f"--{option} is {first['input']!r}: {first['msg']}") from None


def _fetched(source: str) -> "Deployment":
    """A deployment's record from a file, or from where an API serves it."""
    import tempfile

    import httpx

    from fusion.chain.deployment import Deployment

    if not source.startswith(("http://", "https://")):
        return Deployment.load(Path(source))
    try:
        answer = httpx.get(source, timeout=TIMEOUT, follow_redirects=True).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BadInput(f"no record of a deployment at {source}: {error}") from error
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(answer.content)
        file.flush()
        return Deployment.load(Path(file.name))


def _account(asker: "Asker", session: Session, values: "Values") -> str:
    """The address that signs: of an account here, of one made now, or of one whose key another program holds."""
    from fusion.chain import account as accounts
    from fusion.chain.contract import address

    known = session.settings
    values["signer"] = asker.ask("signer", "URL of an external signer, or nothing to sign here", known.signer)
    given = asker.ask("password-file", "File with the keystore's password, or nothing", str(known.password_file or ""))
    values["password_file"] = str(Path(given).resolve()) if given else ""
    session.settings = _settings({name: value for name, value in values.items() if value})
    keys = known.keys
    here = accounts.names(keys)
    if values["signer"]:
        name = asker.ask("as", "Address that it signs with", None, lambda text: address(text, "--as"))
        values["account"] = name
        return address(name, "--as")
    there = f" (here are {', '.join(here)})" if here else ""
    name = asker.ask("as", f"Account{there}; another name makes one", here[0] if len(here) == 1 else "operator")
    values["account"] = name
    if name in here:
        return accounts.address_of(keys, name)
    own = bool(given) or asker.confirmed("Choose a password yourself? Otherwise a random one is kept beside the key")
    password = session.password(name, fresh=True) if own else None
    return accounts.create(keys, name, password=password).address


def _take_part(asker: "Asker", session: Session, values: "Values") -> None:
    """Stake, capacity and the gateway."""
    from cli.values import parse_bytes
    from fusion import money
    from sandbox import capacity

    def whole(text: str) -> None:
        if text != AUTO and not (text.isascii() and text.isdigit() and len(text) < 6):
            raise BadInput(f"{text!r} is no whole number")

    least = session.chain.staking.minimum_stake()
    plain = money.show(least).replace(",", "").removesuffix(".00")
    values["stake"] = asker.ask("stake", "Stake to hold, in tokens", plain, lambda text: money.parse(text, "--stake"))
    values["claim_at"] = asker.ask(
        "claim-at", "Claim when this is owed", "1", lambda text: money.parse(text, "--claim-at")
    )
    workers = asker.ask("workers", f"Modules run at once ({AUTO}: {capacity.cores()})", AUTO, whole)
    if workers != AUTO:
        values["workers"] = int(workers)
    memory = asker.ask(
        "memory",
        f"Memory for runs ({AUTO}: half of what is free, now {capacity.share() >> 20}MiB)",
        AUTO,
        lambda text: text == AUTO or parse_bytes(text, "--memory"),
    )
    if memory != AUTO:
        values["memory"] = memory
    local = session.settings.network == LOCAL
    values["host"] = asker.ask("host", "Address its gateway listens on", "127.0.0.1" if local else ANYWHERE)
    values["port"] = int(asker.ask("port", "Port of its gateway", "0" if local else PORT, whole))
    default = "" if local else None
    values["endpoint"] = asker.ask("endpoint", "The gateway's URL as others reach it", default)
    values["metrics_port"] = int(asker.ask("metrics-port", "Port for metrics, 0 for none", "0", whole))


def _findings(session: Session, address: str, terms: "Terms") -> "Iterator[Finding]":
    from cli import operator_checks as checks

    local = session.settings.network == LOCAL
    yield from checks.money(session.chain, address, terms.stake)
    yield checks.gateway(terms.host, terms.port, terms.endpoint, local=local)
    yield checks.capacity(terms)
    yield checks.walls()


def _tell(path: Path, address: str, findings: "Sequence[Finding]", *, as_json: bool) -> None:
    from dataclasses import asdict

    found = shutil.which("fusion")
    command = f"{found or f'{sys.executable} -P -m cli'} operator start"
    systemd = [f"Environment=FUSION_HOME={path.parent}", f"ExecStart={command}"]
    if as_json:
        told = {
            "file": str(path),
            "operator": address,
            "ready": all(each.ok for each in findings),
            "findings": [asdict(each) for each in findings],
            "systemd": systemd,
        }
        print(json.dumps(told))
        return
    for each in findings:
        typer.echo(f"{'ok' if each.ok else '--':<4}{each.what:<10}{each.found if each.ok else each.advice}")
    typer.echo(f"Written: {path}, for {address}. Start it with `fusion operator start`, or in a systemd unit with")
    for line in systemd:
        typer.echo(f"    {line}")
