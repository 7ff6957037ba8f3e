"""What a new exchange would be, by the options of `fusion exchange serve`, and whether an old one was made so."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fusion.settings import Settings
    from node.exchange.service.plan import Plan

_SYMBOLS = "BTC-USDT,ETH-USDT"
_SEED = 1


class Given(NamedTuple):
    """Options as they were given; None: not at all."""

    symbols: str | None
    config: Path | None
    agents: int | None
    replay: str | None
    symbol: str | None
    begin: str | None
    end: str | None
    seed: int | None
    speed: float | None


def plan_of(settings: "Settings", given: Given) -> "Plan":
    """What a new exchange would be; BadInput where options do not go together, or are nothing."""
    from fusion.errors import BadInput

    if given.replay is not None:
        return _replayed(settings, given, given.replay)
    if given.symbol is not None or given.begin is not None or given.end is not None:
        raise BadInput("--symbol, --from and --to say which part of a record is replayed: give --replay too")
    if given.config is not None and given.symbols is not None:
        raise BadInput("--config has the markets: leave --symbols out")
    return _simulated(given)


def agreed(kept: "Plan", given: Given, wanted: "Plan", folder: Path) -> None:
    """BadInput where an option that was given asks for another exchange than a folder has."""
    from fusion.errors import BadInput

    record, asked = kept.replay, wanted.replay
    span, asked_span = (record.span if record else None), (asked.span if asked else None)
    crowds = kept.crowd == wanted.crowd or record is not None
    same = {
        "--replay": given.replay is None or (record is not None and record.name == given.replay),
        "--symbols": given.symbols is None or (record is None and _names(kept) == _names(wanted)),
        "--config": given.config is None or (record is None and list(kept.markets) == list(wanted.markets)),
        "--symbol": given.symbol is None or (record is not None and record.symbol == given.symbol),
        "--from": given.begin is None or (span and span[0]) == (asked_span and asked_span[0]),
        "--to": given.end is None or (span and span[1]) == (asked_span and asked_span[1]),
        "--agents": given.agents is None or (kept.agents == wanted.agents and crowds),
        "--seed": given.seed is None or kept.seed == wanted.seed,
    }
    other = [option for option, is_same in same.items() if not is_same]
    if other:
        raise BadInput(
            f"the exchange in {folder} was made otherwise than {other[0]} says: leave it out, or give another --home"
        )


def _names(plan: "Plan") -> list[str]:
    return [each.listing.symbol for each in plan.markets]


def _simulated(given: Given) -> "Plan":
    from node.exchange.agents.mix import mix
    from node.exchange.service.clock import checked
    from node.exchange.service.plan import AGENTS, LADDER, Plan, from_file, standard

    if given.agents:
        mix(given.agents)
    names = [each.strip() for each in (_SYMBOLS if given.symbols is None else given.symbols).split(",")]
    markets = from_file(given.config) if given.config else standard(names)
    pace = checked(1.0 if given.speed is None else given.speed)
    crowd = LADDER if given.agents == 0 else AGENTS
    return Plan(markets, crowd, given.agents or 0, _seed(given), time.time_ns(), pace)


def _replayed(settings: "Settings", given: Given, name: str) -> "Plan":
    from fusion.errors import BadInput
    from node.exchange.agents.mix import mix
    from node.exchange.service.clock import checked
    from node.exchange.service.plan import REPLAY, Asked, Plan
    from node.exchange.tester import spec

    if given.config is not None or given.symbols is not None:
        raise BadInput("a replay has the one market that its record is of: leave --config and --symbols out")
    if given.agents:
        mix(given.agents)
    asked = Asked(name, given.symbol, spec.span(given.begin, given.end), settings.home / "atom")
    pace = checked(1.0 if given.speed is None else given.speed)
    return Plan([], REPLAY, given.agents or 0, _seed(given), 0, pace, replay=asked)


def _seed(given: Given) -> int:
    return _SEED if given.seed is None else given.seed


def record_name(feed: str | None) -> str | None:
    """A feed whose file is named from the root: a process in the background has another folder."""
    venue, colon, rest = (feed or "").partition(":")
    here = Path(rest)
    return f"{venue}:{here.resolve()}" if colon and here.is_file() else feed
