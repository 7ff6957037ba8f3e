"""`fusion operator drain`: no new seats, and an end once the old ones are served."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path

POLL = 0.5  # seconds


def drain(
    cancel: Annotated[bool, typer.Option("--cancel", help="Take part again.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return when it has drained.")] = False,
    as_json: Json = False,
) -> None:
    """Has this home's operator take no more seats. It asks its stake back, serves the seats that it has, and ends.

    The request outlives restarts: an operator that is started again goes on draining.
    """
    from cli.output import record
    from fusion.errors import BadInput
    from node.executor.drain import Drain

    if cancel and wait:
        raise BadInput("--cancel and --wait say the opposite: give one of them")
    home = Session().settings.home
    request = Drain(home)
    if cancel:
        record({"draining": False, "was_asked": request.cancel()}, as_json=as_json)
        return
    request.ask()
    if wait:
        _await(home)
    record({"draining": True, **_progress(home)}, as_json=as_json)


def _await(home: "Path") -> None:
    from cli.output import progress
    from fusion.errors import Retryable
    from node.executor.status import FILE, State, Status

    with progress("draining") as report:
        while True:
            status = Status.load(home / FILE)
            if status.state == State.DRAINED:
                return
            if not status.running:
                raise Retryable("the operator does not run: start it, and it goes on draining")
            report(status.left or "asking stake back", 0.5)
            time.sleep(POLL)


def _progress(home: "Path") -> dict[str, object]:
    """How far it is, as the daemon last told."""
    from node.executor.status import FILE, Status

    if not (home / FILE).exists():
        return {"state": "not started", "left": ""}
    status = Status.load(home / FILE)
    return {"state": status.stale or status.state, "left": status.left}
