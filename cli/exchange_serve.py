"""`fusion exchange serve` and `stop`: an exchange at a port, and how other verbs reach it."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Json
from cli.session import Session

if TYPE_CHECKING:
    from cli.output import Progress
    from fusion.settings import Settings
    from node.exchange.service.plan import Plan

LONGEST_START = 900.0  # seconds; kernels are compiled once a machine
LONGEST_STOP = 60.0
Port = Annotated[int | None, typer.Option(help="Port of the exchange; else FUSION_EXCHANGE_PORT.", min=1, max=65535)]
Home = Annotated[Path | None, typer.Option(help="Folder it is kept in; else one of its port under FUSION_HOME.")]


def serve(
    port: Port = None,
    home: Home = None,
    symbols: Annotated[str, typer.Option(help="Markets of a new exchange, with usual terms.")] = "BTC-USDT,ETH-USDT",
    config: Annotated[Path | None, typer.Option(help="TOML file with the markets of a new exchange.")] = None,
    agents: Annotated[
        int | None,
        typer.Option(
            help="Agents in each market of a new exchange; 0: orders that stand still. With --replay: around it.",
            min=0,
        ),
    ] = None,
    replay: Annotated[
        str | None, typer.Option(metavar="DATA", help="A new exchange's one market: a feed, or `atom:VENUE`.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Which market of the record: BTC-USDT.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Of the record, such as 2024-08-08T23:00, UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before this time.")] = None,
    seed: Annotated[int, typer.Option(help="Of all that is left to chance in a new exchange.", min=0)] = 1,
    speed: Annotated[float | None, typer.Option(help="Seconds of the exchange in one of yours.", min=0)] = None,
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it serves.")] = False,
    as_json: Json = False,
) -> None:
    """Serves a virtual exchange and prints how to trade there. What an earlier run of its home had is all there."""
    from cli.output import progress, record
    from node.exchange.service.home import running

    settings = Session().settings
    port, folder = place(settings, port, home)
    record_of = {"--replay": _absolute(replay), "--symbol": symbol, "--from": begin, "--to": end}
    if replay is None:
        plan = _plan(symbols, config, agents, seed, speed)
    else:
        plan = _replayed(settings, record_of, config, agents, seed, speed)
    found = running(folder)
    if found is not None:
        record(_told(found) | {"started": False}, as_json=as_json)
    elif detach:
        fixed = {"--port": port, "--home": folder, "--symbols": symbols, "--seed": seed}
        more = {"--config": config and config.resolve(), "--agents": agents, "--speed": speed}
        given = {name: value for name, value in {**fixed, **more, **record_of}.items() if value is not None}
        words = ["exchange", "serve", *(word for name, value in given.items() for word in (name, str(value))), "--json"]
        with progress("exchange") as report:
            found = _detached(folder, words, report)
        record(_told(found) | {"started": True}, as_json=as_json)
    else:
        from cli.exchange_host import host

        host(settings, folder, port, plan, speed, lambda facts: record(_told(facts), as_json=as_json))


def stop(port: Port = None, home: Home = None, *, as_json: Json = False) -> None:
    """Stops an exchange. It goes on as it was when it is served again."""
    from cli.output import record
    from fusion.errors import Retryable
    from node.exchange.service.home import running

    port, folder = place(Session().settings, port, home)
    found = running(folder)
    if found is not None:
        ask("stop", {}, port, folder)
        deadline = time.monotonic() + LONGEST_STOP
        while running(folder) is not None:
            if time.monotonic() > deadline:
                raise Retryable(f"the exchange (process {found['pid']}) has not stopped after {LONGEST_STOP:.0f} s")
            time.sleep(0.05)
    if as_json:
        record({"stopped": found is not None}, as_json=True)
    else:
        typer.echo(f"stopped the exchange at port {port}" if found else f"no exchange is served at port {port}")


def place(settings: "Settings", port: int | None, home: Path | None) -> tuple[int, Path]:
    """The port and the folder of the exchange that is meant."""
    port = port or settings.exchange_port
    return port, home.resolve() if home else settings.exchange(port)


def ask(verb: str, fields: Mapping[str, Any], port: int | None, home: Path | None) -> Any:
    """Asks the exchange that is meant as its admin; NotReady where it is not served."""
    from fusion.errors import NotReady
    from node.exchange.service import office
    from node.exchange.service.home import key_of, running

    port, folder = place(Session().settings, port, home)
    found = running(folder)
    if found is None:
        raise NotReady(f"no exchange is served from {folder}; start one: fusion exchange serve --detach --port {port}")
    return office.ask(found["admin"], key_of(folder), verb, dict(fields))


def _plan(symbols: str, config: Path | None, agents: int | None, seed: int, speed: float | None) -> "Plan":
    """What a new exchange would be; all that a person gave is looked at, whether there is one already or not."""
    from node.exchange.service.clock import checked
    from node.exchange.service.plan import AGENTS, LADDER, Plan, from_file, standard

    markets = from_file(config) if config else standard([each.strip() for each in symbols.split(",")])
    start, pace = time.time_ns(), checked(1.0 if speed is None else speed)
    return Plan(markets, LADDER if agents == 0 else AGENTS, agents or 0, seed, start, pace)


def _replayed(
    settings: "Settings", of: Mapping[str, Any], config: Path | None, agents: int | None, seed: int, speed: float | None
) -> "Plan":
    """What a new exchange would be whose market is a record."""
    from fusion.errors import BadInput
    from node.exchange.agents.mix import mix
    from node.exchange.service.clock import checked
    from node.exchange.service.plan import REPLAY, Asked, Plan
    from node.exchange.tester import spec

    if config is not None:
        raise BadInput("a replay has the one market that its record is of: leave --config out")
    if agents:
        mix(agents)
    asked = Asked(of["--replay"], of["--symbol"], spec.span(of["--from"], of["--to"]), settings.home / "atom")
    return Plan([], REPLAY, agents or 0, seed, 0, checked(1.0 if speed is None else speed), replay=asked)


def _absolute(feed: str | None) -> str | None:
    """A feed whose file is named from the root: a process in the background has another folder."""
    venue, colon, rest = (feed or "").partition(":")
    here = Path(rest)
    return f"{venue}:{here.resolve()}" if colon and here.is_file() else feed


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("url", "api_key", "secret", "home", "pid")}


def _detached(folder: Path, words: list[str], report: "Progress") -> dict[str, Any]:
    """Starts the exchange in the background and waits until it serves; where it says that."""
    from cli.supervisor import fusion_command, own_environment
    from fusion.errors import BadInput, NotReady
    from node.exchange.service.home import LOG_FILE, running

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = folder / LOG_FILE
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        began = out.tell()
        process = subprocess.Popen(
            fusion_command(*words),
            env=own_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # it has the secret
            stderr=out,
            start_new_session=True,
        )
    begun = time.monotonic()
    while (found := running(folder)) is None:
        if process.poll() is not None:
            told = log.read_bytes()[began:].decode(errors="replace").strip().splitlines()
            raise BadInput(told[-1].removeprefix("fusion: ") if told else f"the exchange ended at once; see {log}")
        waited = time.monotonic() - begun
        report("starting; the first time kernels are compiled", min(waited / 60.0, 0.95))
        if waited > LONGEST_START:
            os.killpg(process.pid, signal.SIGTERM)
            raise NotReady(f"the exchange is not ready after {LONGEST_START:.0f} s; see {log}")
        time.sleep(0.05)
    return found
