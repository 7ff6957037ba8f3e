"""`fusion up` and `fusion down`: the local network."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.session import Session

if TYPE_CHECKING:
    from cli.local import LocalNetwork
    from cli.output import Progress
    from fusion.settings import Settings

LONGEST_START = 240.0  # seconds
LONGEST_STOP = 60.0


def up(
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay here until Ctrl-C.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Walk the main journey, once a network.")] = False,
    as_json: Json = False,
) -> None:
    """Starts the local network. That is a chain, three staked operators, the indexer and the API."""
    from cli.local import LocalNetwork
    from cli.output import progress, record

    session = Session()
    network = LocalNetwork(session.settings)
    if is_up(session.settings):
        _tell_other_window(session.settings)
        record(_summary(session.settings) | {"started": False}, as_json=as_json)
        return
    _ = session.image  # prepared, with progress, before anything is started
    if foreground:
        _stay(session, network, demo=demo, as_json=as_json)
        return
    with progress("network") as report:
        started = start_detached(session.settings, report)
    if demo and started:
        _journey(session, network)
    record(_summary(session.settings) | {"started": started}, as_json=as_json)


def down(as_json: Json = False) -> None:
    """Stops the local network. Its chain goes on from the same block when it is started again."""
    from cli.output import record
    from cli.supervisor import JOURNAL, end_leftovers, ended

    settings = Session().settings
    pid = _holder(settings)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + LONGEST_STOP
        while _holder(settings) is not None or not ended(pid):
            if time.monotonic() > deadline:
                from fusion.errors import Retryable

                raise Retryable(f"the network (process {pid}) has not stopped after {LONGEST_STOP:.0f} s; try again")
            time.sleep(0.05)
    left = end_leftovers(settings.home / JOURNAL)
    if as_json:
        record({"stopped": pid is not None, "leftovers_ended": left}, as_json=True)
    else:
        typer.echo(_told(stopped=pid is not None, left=left))


def start_detached(settings: "Settings", report: "Progress") -> bool:
    """Starts the network in the background and returns when all of it is ready; whether it was this call's doing.

    Where another process starts it, or still stops it, that one is waited for.
    """
    from fusion.errors import NotReady

    log_file = settings.home / "logs" / "supervisor.log"
    process: subprocess.Popen[bytes] | None = None
    began = 0
    started = time.monotonic()
    while not is_up(settings):
        holder = _holder(settings)
        if process is None and holder is None:
            process, began = _spawn(log_file)
        elif process is not None and process.poll() is not None:
            if holder is None:
                words = log_file.read_bytes()[began:].decode(errors="replace").strip().splitlines()
                raise NotReady(
                    words[-1].removeprefix("fusion: ") if words else f"the network ended at once; see {log_file}"
                )
            process = None  # another was first
        waited = time.monotonic() - started
        report("starting", min(waited / 15.0, 0.95))
        if waited > LONGEST_START:
            raise NotReady(f"the network is not ready after {LONGEST_START:.0f} s; see {log_file.parent}")
        time.sleep(0.1)
    report("ready", 1.0)
    return process is not None and _holder(settings) == process.pid


def _spawn(log_file: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """A supervisor of its own, and where in the log what it writes begins."""
    from cli.supervisor import fusion_command, own_environment

    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as out:
        began = out.tell()
        process = subprocess.Popen(
            fusion_command("up", "--foreground"),
            env=own_environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return process, began


def is_up(settings: "Settings") -> bool:
    """Whether a supervisor runs for this home and all its services are ready."""
    pid = _holder(settings)
    ready = _ready_file(settings)
    return pid is not None and ready.exists() and ready.read_text() == str(pid)


def _stay(session: Session, network: "LocalNetwork", *, demo: bool, as_json: bool) -> None:
    from cli.output import progress, record
    from cli.supervisor import JOURNAL, end_leftovers

    settings = session.settings
    with _held(settings):
        end_leftovers(settings.home / JOURNAL)
        network.check_ports()
        supervisor = network.supervisor()
        stop = threading.Event()
        watcher = threading.Thread(target=supervisor.watch, args=(stop,), daemon=True)
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, _interrupt)
        try:
            with progress("network") as report:
                report("chain", 0.1)
                supervisor.start([network.chain_service()])
                report("contracts", 0.3)
                network.deploy()
                report("services", 0.5)
                supervisor.start(network.services())
                report("ready", 1.0)
            watcher.start()
            _ready_file(settings).write_text(str(os.getpid()))
            if demo:
                _journey(session, network)
            record(_summary(settings) | {"started": True}, as_json=as_json)
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
        finally:
            _ignore_signals()  # where it ends by itself
            stop.set()
            if watcher.is_alive():
                watcher.join()  # else it might start again what is just being ended
            _ready_file(settings).unlink(missing_ok=True)
            supervisor.stop()


def _journey(session: Session, network: "LocalNetwork") -> None:
    """Walks the main journey unless this network has seen it walked to its end."""
    import json

    from cli.journey import Journey
    from cli.output import progress

    done = network.folder / "journey.json"
    if done.exists():
        return
    with progress("journey") as report:
        told = Journey(session).walk(report)
    done.write_text(json.dumps(told, indent=2))


def _tell_other_window(settings: "Settings") -> None:
    """Says on stderr where the network that runs has another challenge window than the settings ask for."""
    from fusion.chain.client import Chain
    from fusion.chain.deployment import LOCAL, Deployment
    from fusion.errors import FusionError

    try:
        running = Chain.connect(settings.rpc, Deployment.load(settings.deployment_of(LOCAL))).jobs.windows().challenge
    except FusionError:
        return  # only a word on the side: what is amiss is told by whoever needs the chain
    if running != settings.challenge_window:
        typer.echo(
            f"fusion: the network runs with a challenge window of {running} s, and FUSION_CHALLENGE_WINDOW is "
            f"{settings.challenge_window}: `fusion down`, then `fusion up` starts one with that",
            err=True,
        )


def _told(*, stopped: bool, left: int) -> str:
    """What `fusion down` did, in a sentence."""
    if not stopped and not left:
        return "The network was not up."
    done = "The network is stopped." if stopped else "The network was not up, but processes of it were left."
    if left == 1:
        return done + " One process that was left over is ended."
    return done + (f" {left} processes that were left over are ended." if left else "")


def _interrupt(signum: int, frame: object) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """An impatient second one must not leave processes behind."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)


def _summary(settings: "Settings") -> dict[str, object]:
    return {
        "app": settings.api_url,
        "graphql": f"{settings.api_url}/graphql",
        "rpc": settings.rpc,
        "home": str(settings.home),
    }


def _ready_file(settings: "Settings") -> Path:
    return settings.home / "network.ready"


def _lock_file(settings: "Settings") -> Path:
    return settings.home / "network.lock"


@contextmanager
def _held(settings: "Settings") -> Iterator[None]:
    """Holds the home's lock, with this process's id in it; a lock goes with its process, however that ends."""
    import fcntl

    from fusion.errors import Retryable

    settings.home.mkdir(parents=True, exist_ok=True)
    with _lock_file(settings).open("a+") as file:
        for patience in range(20, -1, -1):  # whoever only looks whether it is held, holds it for a moment
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not patience:
                    raise Retryable(f"another process starts or runs the network of {settings.home}") from None
                time.sleep(0.05)
        _ready_file(settings).unlink(missing_ok=True)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def _holder(settings: "Settings") -> int | None:
    """The process that holds the lock of this home's network, if one does."""
    import fcntl

    try:
        with _lock_file(settings).open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text else None
    except FileNotFoundError:
        pass
    return None
