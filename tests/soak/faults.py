"""What is broken when: a plan drawn from a seed, the same for the same seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.soak.scale import Scale

GATEWAY = "gateway"  # the target of a fault that is no operator's
RESTART = 20.0  # seconds that a killed operator is taken to be away when the plan is made
LONG_EVERY, FIRST_LONG = 6, 2  # of the stops, those that outlast a commit window
SETTLE = 3.0  # seconds between two faults of one operator
LOST_GATEWAY = 0.5  # of the longest short fault: the inputs are to be had again before anyone must give up


class Kind(StrEnum):
    """What happens; the words of the report."""

    KILL = "kill -9"
    STOP = "SIGSTOP"
    REFUSE = "RPC refused"
    STALL = "RPC stalled"
    CUT = "RPC cut off"
    DISK = "disk full"
    CLOCK = "clock jump"
    LOSE = "gateway lost"


RPC = (Kind.REFUSE, Kind.STALL, Kind.CUT)
HARMLESS = frozenset({Kind.CLOCK})
"""Nobody is away for these: whatever happens meanwhile is no excuse."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that breaks.

    Attributes:
        at: seconds from the start of the faults.
        target: an operator's name, or GATEWAY.
        seconds: until it is mended; zero for a kill, after which the operator is started again at once.
    """

    at: float
    kind: Kind
    target: str
    seconds: float


def plan(seed: int, able: Mapping[str, frozenset[Kind]], scale: Scale, horizon: float) -> list[Fault]:
    """Faults from second 0 to `horizon`, in order of time.

    Every kind that some operator can have comes as often as every other. One operator has one fault at a time, and
    never more than `scale.down` are away together.

    Args:
        able: operator -> what can happen to it.
    """
    chance = random.Random(seed)
    kinds = sorted({kind for each in able.values() for kind in each} | {Kind.LOSE})
    busy: dict[str, float] = {}  # target -> when its fault is over
    away: list[float] = []
    faults: list[Fault] = []
    bag: list[Kind] = []
    now, stops = 0.0, 0
    while (now := now + chance.expovariate(1 / scale.gap)) < horizon:
        if not bag:
            bag = chance.sample(kinds, len(kinds))
        kind = bag.pop()
        able_now = [name for name, has in sorted(able.items()) if kind in has and busy.get(name, 0.0) <= now]
        targets = [GATEWAY] * (busy.get(GATEWAY, 0.0) <= now) if kind is Kind.LOSE else able_now
        away = [end for end in away if end > now]
        downs = kind not in HARMLESS and kind is not Kind.LOSE
        if not targets or (downs and len(away) >= scale.down):
            continue
        stops += kind is Kind.STOP
        long = kind is Kind.STOP and stops % LONG_EVERY == FIRST_LONG and scale.long > 0
        target, seconds = chance.choice(targets), scale.long if long else _seconds(kind, scale, chance)
        end = now + (seconds or RESTART)
        busy[target] = end + SETTLE
        if downs:
            away.append(end)
        faults.append(Fault(round(now, 1), kind, target, round(seconds, 1)))
    return faults


def _seconds(kind: Kind, scale: Scale, chance: random.Random) -> float:
    least, most = scale.short
    if kind is Kind.KILL:
        return 0.0
    if kind is Kind.LOSE:
        return chance.uniform(least, max(least, LOST_GATEWAY * most))
    return chance.uniform(least, most)
