"""`fusion operator status`: every operator on the chain, and what those that run here say of themselves."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from node.executor.status import Status


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Show this home's operator, live.")] = False,
    as_json: Json = False,
) -> None:
    """Shows every operator on the chain. Stake, what it lost and can claim, and the jobs of those that run here."""
    from collections import Counter

    from cli.output import Moment, rows
    from fusion import money
    from fusion.chain.bindings.operator_staking import Slashed

    session = Session()
    if watch:
        from cli.operator_watch import show

        show(session, as_json=as_json)
        return
    chain = session.chain
    known = {each.operator: each for each in here(session.settings.home)}
    slashed: Counter[str] = Counter()
    for each in chain.find(Slashed):
        slashed[each.operator] += each.amount
    shown = []
    for index in range(chain.staking.operator_count()):
        address = chain.staking.operator_at(index)
        held, local = chain.staking.operator(address), known.get(address)
        shown.append(
            {
                "operator": address,
                "endpoint": chain.staking.endpoint(address),
                "free": money.Units(held.free),
                "locked": money.Units(held.locked),
                "unbonding": money.Units(held.unbonding),
                **({"unbond_at": Moment(held.unbond_at)} if as_json else {}),
                "slashed": money.Units(slashed[address]),
                "claimable": money.Units(chain.ledger.claimable(address, chain.token.address)),
                "running": local.running if local else None,
                "jobs": _counted(local.jobs, as_json=as_json) if local else None,
                **_told(local, as_json=as_json),
            }
        )
    rows(shown, as_json=as_json)


def here(home: "Path") -> "list[Status]":
    """What the operators of this home say, and those of the local network below it."""
    from node.executor.status import FILE, Status

    return [Status.load(path) for path in (home / FILE, *home.glob(f"networks/*/operators/*/{FILE}")) if path.exists()]


def _counted(jobs: "Mapping[str, int]", *, as_json: bool) -> dict[str, int]:
    """Jobs by stage; a person is shown only the stages that have any."""
    return {stage: count for stage, count in jobs.items() if count or as_json}


def _told(local: "Status | None", *, as_json: bool) -> dict[str, object]:
    """What a daemon says beside that; a person is told the one word that matters."""
    from dataclasses import asdict

    if not as_json:
        return {"state": (local.stale or local.state) if local else None}
    return {"state": local.state if local else None, "stale": local.stale if local else None} | {
        "daemon": asdict(local) if local else None
    }
