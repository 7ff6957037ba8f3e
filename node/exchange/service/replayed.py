"""Replayed: a market whose orders and trades are a record's, with users and perhaps agents among them."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from fusion.errors import BadInput, StorageFull
from node.exchange.agents.around import Around
from node.exchange.agents.mix import AROUND, mix
from node.exchange.agents.opening import Opening, populate
from node.exchange.exchange import Exchange
from node.exchange.listing import Listing
from node.exchange.replay.history import History, history
from node.exchange.replay.reel import Reel, wound
from node.exchange.replay.replay import Replay
from node.exchange.replay.shown import first_mid, usual
from node.exchange.service import disk
from node.exchange.service import plan as plans
from node.exchange.service.plan import Plan
from node.exchange.source import Source

FOLDER: Final = "replay"
"""Where the record's commands are kept, in the home."""
_COMMANDS: Final = "commands"
_PERPETUAL: Final = "PERP"


def begun(plan: Plan, home: Path) -> Plan:
    """The plan with the market that its record is of; the commands are kept in the home from now on, so that what they
    were read from may go. Its time begins when there are a bid and an ask.

    Raises:
        BadInput: there is no such record, or nothing in it.
        StorageFull: there is no room for it.
    """
    asked = plan.replay
    if asked is None:
        return plan
    past = history(asked.name, symbol=asked.symbol, span=asked.span, log=asked.log)
    try:
        (home / FOLDER).mkdir(mode=0o700)
    except OSError as error:
        raise StorageFull(f"{home} takes no more ({error.strerror}); make room") from error
    reel = wound(past.traded(), home / FOLDER / _COMMANDS)
    for path in (home / FOLDER / _COMMANDS, home / FOLDER, home):
        disk.sync(path)
    first = reel.at(asked.span[0])
    if first >= len(reel):
        raise BadInput(f"nothing is recorded of {past.name} in the time that was asked for")
    exchange = Exchange([past.market])
    for part in reel.cut(0, first).parts():
        exchange.carry_out(part)
    price, start = first_mid(exchange, reel.cut(first))
    market = plans.opening(plans.told(plans.Opening(_named(past), price * past.listing.tick)))
    return replace(plan, markets=[market], start=start, replay=replace(asked, count=len(reel), digest=reel.digest()))


def _named(past: History) -> Listing:
    """The market, by a name that the exchange may have: of a perpetual's two assets the first says what it is."""
    of = past.market
    perpetual = past.perpetual and not of.base.name.endswith(_PERPETUAL)
    base = replace(of.base, name=of.base.name + _PERPETUAL) if perpetual else of.base
    return replace(of, symbol=f"{base.name}-{of.quote.name}", base=base)


def source(exchange: Exchange, plan: Plan, home: Path) -> Source:
    """Who gives orders there: the record, and agents around it; BadInput where it is not what it was."""
    reel = _proved(plan, home / FOLDER / _COMMANDS)
    if not plan.agents:
        return Replay(reel)
    market = plan.markets[0]
    price = market.listing.ticks(market.price)
    opening = Opening(price, usual(reel), start=plan.start, seed=plan.seed, climate=AROUND)
    return Around(Replay(reel), populate(exchange, opening, mix(plan.agents))[0])


def _proved(plan: Plan, path: Path) -> Reel:
    asked = plan.replay
    if asked is None or not asked.digest:
        raise BadInput(f"the exchange in {path.parents[1]} was made by another version; give a fresh home")
    if not path.is_file():
        raise BadInput(f"{path} is gone, the record that is replayed; put back a copy")
    reel = Reel(path)
    if len(reel) != asked.count or reel.digest() != asked.digest:
        raise BadInput(f"{path} is not the record that the exchange was opened with; put back a copy")
    return reel
