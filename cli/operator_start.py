"""`fusion operator start`: the daemon, with what options, operator.toml and defaults say."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.session import Session
from fusion.log import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.operator_file import Values
    from fusion.settings import Settings
    from node.executor.terms import Terms
    from node.executor.watching import Watching

OwnAs = Annotated[
    str | None, typer.Option("--as", metavar="ACCOUNT", help="Account that signs.", envvar="FUSION_ACCOUNT")
]
DEFAULTS: "Values" = {
    "claim_at": "1",
    "host": "127.0.0.1",
    "port": 0,
    "endpoint": "",
    "metrics_host": "127.0.0.1",
    "metrics_port": 0,
    "keep": "7d",
    "cache": "4GiB",
}


def start(
    account: OwnAs = None,
    stake: Annotated[str | None, typer.Option(help="Stake to hold, in tokens; topped up at the start.")] = None,
    claim_at: Annotated[str | None, typer.Option(help="Claims when at least this is owed; 1 unless given.")] = None,
    host: Annotated[str | None, typer.Option(help="Address its gateway listens on; 127.0.0.1 unless given.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of its gateway; 0 is any free one.", min=0, max=65535)] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="The gateway's URL as others reach it, if not the above.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Modules run at once; one a core unless given.", min=1)] = None,
    memory: Annotated[
        str | None, typer.Option(help="Memory that runs may use together; half of what is free unless given.")
    ] = None,
    max_fuel: Annotated[int | None, typer.Option(help="Largest fuel limit of a job that it runs.", min=1)] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port that metrics are served at; 0 is nowhere.", min=0, max=65535)
    ] = None,
    metrics_host: Annotated[
        str | None, typer.Option(help="Address that metrics are served at; 127.0.0.1 unless given.")
    ] = None,
    keep: Annotated[str | None, typer.Option(help="How long ended jobs are kept; 7d unless given.")] = None,
    cache: Annotated[str | None, typer.Option(help="Most that is kept of fetched content; 4GiB unless given.")] = None,
    watch_share: Annotated[
        str | None,
        typer.Option(help="Share of the others' jobs, such as 0.05 or 5%, that it runs again; with --max-bond."),
    ] = None,
    max_bond: Annotated[
        str | None, typer.Option(help="Challenges what is wrong; holds at most this many tokens in bonds.")
    ] = None,
    watch_anew: Annotated[bool, typer.Option("--watch-anew", help="Challenges again after a bond was lost.")] = False,
    log_format: Annotated[Form | None, typer.Option(help="How logs are written; as lines on a terminal.")] = None,
) -> None:
    """Runs an operator until it is told to stop. It takes jobs, attests their outcomes, claims its pay.

    What no option says is taken from operator.toml in FUSION_HOME, which `fusion operator init` writes.
    """
    from cli.signals import stop_on_signal
    from fusion import log
    from node.executor.daemon import Daemon

    values = merged(
        Session().settings,
        {
            "account": account,
            "stake": stake,
            "claim_at": claim_at,
            "host": host,
            "port": port,
            "endpoint": endpoint,
            "workers": workers,
            "memory": memory,
            "max_fuel": max_fuel,
            "metrics_host": metrics_host,
            "metrics_port": metrics_port,
            "keep": keep,
            "cache": cache,
            "watch_share": watch_share,
            "max_bond": max_bond,
            "watch_anew": watch_anew or None,
            "log_format": log_format,
        },
    )
    terms = terms_of(values)
    session = Session()  # the file may have set what it reads
    settings = session.settings
    log.configure(settings.log_level, Form(values["log_format"]) if "log_format" in values else None)
    signer = session.account(str(values["account"]))
    stop = stop_on_signal()
    image = session.image
    Daemon(
        settings.home,
        session.chain,
        signer,
        content=session.content,
        image=image,
        terms=terms,
        walls=missing_walls(),
    ).run(stop)


def merged(settings: "Settings", given: "Mapping[str, object]") -> "Values":
    """What is given, else what operator.toml says, else the default.

    Raises:
        BadInput: nobody says which account or how much stake.
    """
    from cli import operator_file
    from fusion.errors import BadInput

    told = operator_file.load(settings.home)
    operator_file.stand_in(told)
    values = {**DEFAULTS, **told, **{name: value for name, value in given.items() if value is not None}}
    for name, option in (("account", "--as"), ("stake", "--stake")):
        if name not in values:
            raise BadInput(f"no {option}: give it, or write operator.toml with `fusion operator init`")
    return values


def terms_of(values: "Mapping[str, object]") -> "Terms":
    """The operator's terms; BadInput names the option that cannot be used."""
    from cli.values import parse_bytes, parse_seconds
    from fusion import money
    from node.executor.terms import LEAST_MEMORY, Terms
    from node.spec import MAX_FUEL
    from sandbox import capacity

    def text(name: str) -> str:
        return str(values[name])

    def number(name: str, default: int) -> int:
        value = values.get(name, default)
        return value if isinstance(value, int) else default

    memory = parse_bytes(text("memory"), "--memory") if "memory" in values else max(LEAST_MEMORY, capacity.share())
    return Terms(
        stake=money.parse(text("stake"), "--stake"),
        claim_at=money.parse(text("claim_at"), "--claim-at"),
        host=text("host"),
        port=number("port", 0),
        endpoint=text("endpoint"),
        workers=number("workers", capacity.cores()),
        memory=memory,
        max_fuel=number("max_fuel", MAX_FUEL),
        metrics_host=text("metrics_host"),
        metrics_port=number("metrics_port", 0),
        keep=parse_seconds(text("keep"), "--keep"),
        cache=parse_bytes(text("cache"), "--cache"),
        watching=_watching(values),
    )


def _watching(values: "Mapping[str, object]") -> "Watching | None":
    """How it watches over others; BadInput where it is not said how much money it may put up."""
    from cli.values import parse_share
    from fusion import money
    from fusion.errors import BadInput
    from node.executor.watching import Watching

    share = parse_share(str(values.get("watch_share", "0")), "--watch-share")
    if "max_bond" not in values:
        if share or values.get("watch_anew"):
            raise BadInput("no --max-bond: say how many tokens the bonds of challenges may hold together")
        return None
    bond = money.parse(str(values["max_bond"]), "--max-bond")
    return Watching(share, bond, anew=bool(values.get("watch_anew")))


def missing_walls() -> dict[str, str]:
    """Walls of the sandbox that do not stand here -> why; each is warned of when it is looked for."""
    from sandbox.jail.walls import standing

    return {wall.value: why for wall, why in standing().items() if why}
