"""`fusion exchange serve` and `stop`: an exchange at a port, and how other verbs reach it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.exchange_plan import Given, agreed, plan_of, record_name
from cli.options import Json
from cli.session import Session

if TYPE_CHECKING:
    from cli.output import Progress
    from fusion.settings import Settings

LONGEST_START = 900.0  # seconds in which nothing is told of; kernels are compiled once a machine
STARTING = "starting; the first time kernels are compiled"
LONGEST_STOP = 60.0
Port = Annotated[int | None, typer.Option(help="Port of the exchange; else FUSION_EXCHANGE_PORT.", min=1, max=65535)]
Home = Annotated[Path | None, typer.Option(help="Folder it is kept in; else one of its port under FUSION_HOME.")]


def serve(
    port: Port = None,
    home: Home = None,
    symbols: Annotated[
        str | None, typer.Option(help="Markets of a new exchange, with usual terms; else BTC-USDT,ETH-USDT.")
    ] = None,
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
    seed: Annotated[
        int | None,
        typer.Option(help="Of all that is left to chance in a new exchange; else 1.", min=0, max=2**63 - 1),
    ] = None,
    speed: Annotated[float | None, typer.Option(help="Seconds of the exchange in one of yours.", min=0)] = None,
    *,
    skip: Annotated[bool, typer.Option("--skip", help="Leave out the time since it was served last.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it serves.")] = False,
    as_json: Json = False,
) -> None:
    """Serves a virtual exchange and prints how to trade there. What an earlier run of its home had is all there."""
    from cli.output import progress, record
    from fusion.errors import Retryable
    from node.exchange.service import home as homes
    from node.exchange.service.plan import planned

    settings, wanted = Session().settings, port
    port, folder = place(settings, port, home)
    given = Given(symbols, config, agents, record_name(replay), symbol, begin, end, seed, speed)
    plan = plan_of(settings, given)
    home_of = homes.Home(folder)
    if home_of.is_new:
        home_of.check()
    else:
        agreed(planned(homes.plan(folder)), given, plan, folder)
    found = homes.holder(folder)
    if homes.running(folder) is None and detach:
        fixed = {"--port": port, "--home": folder, "--config": config and config.resolve()}
        names = {"--symbols": symbols, "--agents": agents, "--seed": seed, "--speed": speed, "--replay": given.replay}
        words = [*_words(fixed | names | {"--symbol": symbol, "--from": begin, "--to": end}), *(["--skip"] * skip)]
        with progress("exchange") as report:
            told = _detached(folder, ["exchange", "serve", *words, "--json"], report, started=found is not None)
        record(_told(told) | {"started": True}, as_json=as_json)
    elif found is None:
        from cli.exchange_host import host

        def ready(facts: Mapping[str, Any]) -> None:
            record(_told(facts), as_json=as_json)

        host(settings, folder, port, plan, speed, ready, skip=skip)
    elif "url" not in found:
        raise Retryable(
            f"{_starting(found)}; wait for it with --detach, or stop it: fusion exchange stop --home {folder}"
        )
    else:
        _served(speed, wanted, found, folder)
        record(_told(found) | {"started": False}, as_json=as_json)


def stop(port: Port = None, home: Home = None, *, as_json: Json = False) -> None:
    """Stops an exchange. It goes on as it was when it is served again."""
    from cli.output import record
    from fusion.errors import Retryable
    from node.exchange.service.home import holder

    port, folder = place(Session().settings, port, home)
    found = holder(folder)
    if found is not None:
        if "url" in found:
            ask("stop", {}, port, folder)
        else:  # it opens still, and goes on with that when it is served again
            with contextlib.suppress(ProcessLookupError):
                os.kill(found["pid"], signal.SIGTERM)
        deadline = time.monotonic() + LONGEST_STOP
        while holder(folder) is not None:
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
    from fusion.errors import NotReady, Retryable
    from node.exchange.service import office
    from node.exchange.service.home import holder, key_of

    port, folder = place(Session().settings, port, home)
    found = holder(folder)
    if found is not None and "url" not in found:
        raise Retryable(f"{_starting(found)}; ask again when it serves")
    if found is None:
        raise NotReady(f"no exchange is served from {folder}; start one: fusion exchange serve --detach --port {port}")
    return office.ask(found["admin"], key_of(folder), verb, dict(fields))


def _starting(found: Mapping[str, Any]) -> str:
    return f"the exchange does not serve yet (process {found['pid']}: {found['stage']}, {found['part']:.0%})"


def _served(speed: float | None, port: int | None, found: Mapping[str, Any], folder: Path) -> None:
    """BadInput where one that is served shall be at another port, or go at another speed, which another verb is for."""
    from fusion.errors import BadInput

    if port is not None and not found["url"].endswith(f":{port}"):
        raise BadInput(f"the exchange in {folder} is served at {found['url']}; stop it first to have it at port {port}")
    if speed is not None and ask("status", {}, port, folder)["speed"] != speed:
        raise BadInput(f"{found['url']} is served at another speed: fusion exchange speed {speed:g} --home {folder}")


def _words(options: Mapping[str, Any]) -> list[str]:
    return [word for name, value in options.items() if value is not None for word in (name, str(value))]


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("url", "api_key", "secret", "home", "pid")}


def _detached(folder: Path, words: list[str], report: "Progress", *, started: bool) -> dict[str, Any]:
    """Starts the exchange in the background, unless it is started already, and waits until it serves; where it says
    that.
    """
    from fusion.errors import BadInput, NotReady
    from node.exchange.service import home as homes

    homes.Home(folder).make()
    log = folder / homes.LOG_FILE
    began = log.stat().st_size if log.exists() else 0
    process = None if started else _process(log, words)
    told, since = ("", 0.0), time.monotonic()
    while (found := homes.holder(folder)) is None or "url" not in found:
        if (process.poll() is not None) if process else (found is None):
            said = log.read_bytes()[began:].decode(errors="replace").strip().splitlines() if log.exists() else []
            raise BadInput(said[-1].removeprefix("fusion: ") if said else f"the exchange ended at once; see {log}")
        does = (found["stage"], found["part"]) if found else told
        if does != told:
            told, since = does, time.monotonic()
        waited = time.monotonic() - since
        report(told[0] or STARTING, told[1] or min(waited / 60.0, 0.95))
        if waited > LONGEST_START:
            if process:
                os.killpg(process.pid, signal.SIGTERM)
            raise NotReady(f"the exchange told nothing for {LONGEST_START:.0f} s ({told[0] or STARTING}); see {log}")
        time.sleep(0.05)
    return found


def _process(log: Path, words: list[str]) -> "subprocess.Popen[bytes]":
    from cli.supervisor import fusion_command, own_environment

    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        return subprocess.Popen(
            fusion_command(*words),
            env=own_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # it has the secret
            stderr=out,
            start_new_session=True,
        )
