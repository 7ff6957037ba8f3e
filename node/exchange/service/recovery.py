"""Recovery: an exchange from its home, as it was when the last answer was given there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

from fusion.errors import BadInput, NotReady
from node.exchange.agents.mix import mix
from node.exchange.agents.opening import Opening, populate
from node.exchange.agents.population import Population
from node.exchange.exchange import Exchange
from node.exchange.keeper import Index, Keeper
from node.exchange.service import replayed, snapshot
from node.exchange.service.clock import Clock
from node.exchange.service.home import Home
from node.exchange.service.ladder import Ladder
from node.exchange.service.log import Record
from node.exchange.service.maker import made_by
from node.exchange.service.plan import LADDER, REPLAY, Plan, planned
from node.exchange.service.service import Service
from node.exchange.service.snapshot import Snapshot
from node.exchange.service.store import FOLDERS, SNAPSHOTS, Keeping, Store
from node.exchange.source import Source

Report = Callable[[str, float], None]
_logger = structlog.get_logger()
_WARM: Final = 3600 * 1_000_000_000
"""ns that agents have traded for when an exchange opens."""
_TOLD: Final = 1000
"""Records that are told of together."""
_AGENTS: Final = 60
_USUAL: Final = 200
"""Least quantities that an agent's usual order has."""


def quiet(stage: str, part: float) -> None:
    """Tells nobody what is done."""


def opened(home: Home, keeping: Keeping, plan: Plan | None = None, report: Report = quiet) -> Service:
    """The exchange of a home: as it was, or new by a plan, with its first hours behind it.

    Args:
        report: is told what is done and which part of it.
    """
    if home.is_new:
        if plan is None:
            raise NotReady(f"there is no exchange in {home.folder} yet")
        return _new(home, keeping, plan, report)
    store = Store(home.folder, keeping)
    newest = next((each for each in whole(home.folder) if _usable(store, each)), None)
    if newest is None:
        raise BadInput(f"no snapshot in {home.folder / SNAPSHOTS} is whole; put back a copy")
    service = made(planned(home.plan()), store, home.folder)
    service.load(newest.arrays, newest.facts)
    if newest.facts["made_by"] != made_by() and store.log.last > newest.number:
        _logger.warning("the exchange has changed since it was served; what it then answered is compared")
    store.resume(newest.number, newest.facts["tables"])
    service.redo(_reported(store.log.read(newest.number), newest.number, store.log.last, report))
    store.resumed()
    store.flush()
    return service


def _reported(records: Iterator[Record], after: int, last: int, report: Report) -> Iterator[Record]:
    for each in records:
        if (each.number - after) % _TOLD == 1:
            report("doing the log again", (each.number - after) / (last - after + 1))
        yield each


def _usable(store: Store, taken: Snapshot) -> bool:
    good = store.reaches(taken.facts["tables"])
    if not good:
        _logger.warning("a snapshot is passed over: answers before it are lost", number=taken.number)
    return good


def made(plan: Plan, store: Store | None = None, folder: Path | None = None) -> Service:
    """The exchange of a plan before anything happened; the folder is its home's, where a replay's record is."""
    exchange = Exchange([each.listing for each in plan.markets])
    if plan.crowd == REPLAY and folder is not None:
        return Service(exchange, Clock(plan.start, plan.speed), store, [replayed.source(exchange, plan, folder)])
    sources = [_source(exchange, plan, number) for number in range(len(plan.markets))]
    sources += [
        Keeper(
            exchange,
            number,
            plan.start - _WARM,
            every=market.funding,
            index=_outside(sources[number]),
            beside=sources[: len(plan.markets)],
        )
        for number, market in enumerate(plan.markets)
        if market.listing.initial
    ]
    clock = Clock() if plan.speed == 1.0 else Clock(plan.start, plan.speed)
    return Service(exchange, clock, store, sources)


def _outside(source: Source) -> Index | None:
    """Agents know what the asset of their market is worth outside."""
    if not isinstance(source, Population):
        return None
    return lambda: float(source.crowd.scene["fair"][0])


def _source(exchange: Exchange, plan: Plan, number: int) -> Source:
    """Who gives orders in a market besides the users."""
    market = plan.markets[number]
    if plan.crowd == LADDER:
        return Ladder(exchange, number, market, plan.start, plan.seed)
    least = market.listing.lots(market.listing.least)
    opening = Opening(
        price=market.listing.ticks(market.price),
        size=_USUAL * least,
        start=plan.start - _WARM,
        seed=plan.seed + number,
    )
    return populate(exchange, opening, mix(plan.agents or _AGENTS), (number, number))[0]


def _new(home: Home, keeping: Keeping, plan: Plan, report: Report) -> Service:
    """The first hours are not kept as such."""
    home.begin((*FOLDERS, replayed.FOLDER))
    plan = replayed.begun(plan, home.folder)
    service = made(plan, folder=home.folder)
    begun = service.due() or plan.start
    while service.step(plan.start):
        report("opening", 1 - (plan.start - (service.due() or plan.start)) / max(1, plan.start - begun))
    service.keep_in(Store(home.folder, keeping))
    home.describe(plan.told())
    return service


def whole(folder: Path, *, oldest_first: bool = False) -> Iterator[Snapshot]:
    """Snapshots that can be read, newest first or last; one that cannot is told of."""
    files = snapshot.files(folder / SNAPSHOTS)
    for path in files if oldest_first else reversed(files):
        try:
            yield snapshot.read(path)
        except BadInput as error:
            _logger.warning("a snapshot is passed over", why=str(error))
