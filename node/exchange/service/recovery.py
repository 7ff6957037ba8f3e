"""Recovery: an exchange from its home, as it was when the last answer was given there."""

from collections.abc import Iterator
from pathlib import Path

import structlog

from fusion.errors import BadInput
from node.exchange.exchange import Exchange
from node.exchange.service import snapshot
from node.exchange.service.clock import Clock
from node.exchange.service.home import Home
from node.exchange.service.ladder import Ladder
from node.exchange.service.plan import Plan, planned
from node.exchange.service.service import Service
from node.exchange.service.snapshot import Snapshot
from node.exchange.service.store import SNAPSHOTS, Store
from node.exchange.source import Source

_logger = structlog.get_logger()


def opened(home: Home, store: Store) -> Service:
    """The exchange of a home whose plan is kept: as it was, or new, with its first hours behind it."""
    plan = planned(home.plan())
    newest = next(_whole(home.folder), None)
    if newest is None:
        if snapshot.files(home.folder / SNAPSHOTS):
            raise BadInput(f"no snapshot in {home.folder / SNAPSHOTS} is whole; put back a copy")
        return _new(plan, store)
    service = made(plan, store)
    service.load(newest.arrays, newest.facts)
    store.cut(newest.facts["tables"])
    service.redo(store.log.read(newest.number))
    store.flush()
    return service


def made(plan: Plan, store: Store | None) -> Service:
    """The exchange of a plan before anything happened."""
    exchange = Exchange([each.listing for each in plan.markets])
    sources: list[Source] = [
        Ladder(exchange, number, opening, plan.start, plan.seed) for number, opening in enumerate(plan.markets)
    ]
    clock = Clock() if plan.speed == 1.0 else Clock(plan.start, plan.speed)
    return Service(exchange, clock, store, sources)


def _new(plan: Plan, store: Store) -> Service:
    if store.log.last:
        raise BadInput("the home has a log and no snapshot; put back a copy of its snapshots, or give a fresh home")
    service = made(plan, store)
    service.keep()
    store.settle()
    while service.step(plan.start):
        pass
    return service


def _whole(folder: Path) -> Iterator[Snapshot]:
    """Snapshots that can be read, newest first; one that cannot is told of."""
    for path in reversed(snapshot.files(folder / SNAPSHOTS)):
        try:
            yield snapshot.read(path)
        except BadInput as error:
            _logger.warning("a snapshot is passed over", why=str(error))
