"""`fusion operator status --watch`: one operator, live."""

import time
from typing import TYPE_CHECKING

from cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType
    from rich.table import Table

    from node.executor.status import Status

POLL = 1.0  # seconds
ROWS = 12  # of each list


def show(session: Session, *, as_json: bool) -> None:
    """Draws the status of this home's operator until Ctrl-C, once where there is no terminal.

    As JSON it is one line whenever it changes.
    """
    import json
    from dataclasses import asdict

    from node.executor.status import FILE, Status

    path = session.settings.home / FILE
    Status.load(path)  # refused before the screen is taken
    if as_json:
        last = None
        while True:
            status = Status.load(path)
            if status != last:
                print(json.dumps(asdict(status) | {"stale": status.stale}), flush=True)
            last = status
            time.sleep(POLL)
    from rich.console import Console
    from rich.live import Live

    console = Console()
    if not console.is_terminal:
        console.print(drawn(Status.load(path)))
        return
    with Live(drawn(Status.load(path)), console=console, auto_refresh=False) as live:
        while True:
            live.update(drawn(Status.load(path)), refresh=True)
            time.sleep(POLL)


def drawn(status: "Status") -> "RenderableType":
    """One operator as a panel of tables."""
    from rich.console import Group
    from rich.panel import Panel

    parts = [_facts(status)]
    for title, columns, rows in (
        ("seats", ("duty", "job", "stage", "status", "due", "seconds left"), _seats(status)),
        ("runs", ("duty", "job", "seconds", "memory"), _runs(status)),
        ("errors", ("about", "times", "error"), _errors(status)),
        ("walls missing", ("wall", "why"), iter(status.walls.items())),
    ):
        found = list(rows)
        if found:
            parts.append(_table(title, columns, found))
    word = status.stale or status.state
    colour = "red" if status.stale else "yellow" if status.state != "running" else "green"
    return Panel(Group(*parts), title=f"{status.operator}  [{colour}]{word}[/]", border_style=colour)


def _facts(status: "Status") -> "Table":
    from rich.table import Table

    from cli.output import Moment
    from fusion.money import show as money

    table = Table.grid(padding=(0, 2))
    behind = f", {status.head - status.block} behind" if status.head > status.block else ""
    unbonding = f", {money(status.unbonding)} unbonding" if status.unbonding else ""
    until = f" until {Moment(status.unbond_at)}" if status.unbonding else ""
    facts = {
        "block": f"{status.block}{behind}, the last one {status.block_age:.0f} s ago",
        "stake": f"{money(status.free)} free, {money(status.locked)} locked{unbonding}{until}",
        "earnings": f"{money(status.claimable)} to claim, {money(status.claimed)} claimed",
        "slashed": money(status.slashed) if status.slashed else "",
        "jobs": _counts(status.jobs),
        "panels": _counts(status.panels),
        "ended": _counts(status.endings),
        "runs": f"{len(status.runs)} of {status.workers} workers, {status.memory_taken >> 20} of "
        f"{status.memory >> 20} MiB, {status.waiting} waiting, {status.restarts} restarts",
        "sent": f"{status.transactions} transactions",
        "watch": _watch(status.watch),
        "gateway": status.endpoint,
        "metrics": status.metrics or "-",
        "left": status.left,
    }
    for name, fact in facts.items():
        if fact:
            table.add_row(f"[bold]{name}[/]", fact)
    return table


def _table(title: str, columns: "tuple[str, ...]", rows: "list[tuple[str, ...]]") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, header_style="dim")
    for column in columns:
        table.add_column(column)
    for row in rows[:ROWS]:
        table.add_row(*map(escape, row))
    if len(rows) > ROWS:
        table.add_row(f"... and {len(rows) - ROWS} more")
    return table


def _watch(watch: "Mapping[str, object]") -> str:
    """What came of watching over others; nothing where it does not."""
    from fusion.money import show as money

    if not watch:
        return ""
    parts = [
        f"{watch['suspected']} suspected, {watch['challenges']} challenged with {money(_int(watch['bonds']))} in bonds",
        _counts(watch["endings"]),
        f"{money(_int(watch['rewards']))} earned",
    ]
    return ", ".join([*parts, *([f"STOPPED: {watch['stopped']}"] if watch["stopped"] else [])])


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _counts(counts: "object") -> str:
    from collections.abc import Mapping

    if not isinstance(counts, Mapping):
        return ""
    return ", ".join(f"{count} {stage}" for stage, count in counts.items() if count) or "-"


def _seats(status: "Status") -> "Iterator[tuple[str, ...]]":
    for each in status.duties:
        deadline = each["deadline"]
        left = f"{max(0, deadline - status.time)}" if isinstance(deadline, int) and deadline else "-"
        yield (*(str(each[name] or "-") for name in ("duty", "job_id", "stage", "status", "act")), left)


def _runs(status: "Status") -> "Iterator[tuple[str, ...]]":
    for each in status.runs:
        memory = each["memory"]
        told = f"{memory >> 20} MiB" if isinstance(memory, int) else "-"
        yield str(each["duty"]), str(each["job"]), str(each["seconds"]), told


def _errors(status: "Status") -> "Iterator[tuple[str, ...]]":
    for each in reversed(status.errors):
        yield str(each["about"]), str(each["times"]), str(each["error"])
