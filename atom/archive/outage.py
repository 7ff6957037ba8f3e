"""Outages: when a recorder's connections were down, by what it told of them.

What is told names no stream, so where several serve a market nobody knows which came back; the longest is taken.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from atom.events import Status, StatusKind

BEFORE: Final = -(2**63) + 1
AFTER: Final = 2**63 - 1

_ATTEMPT: Final = "no connection"  # of a recorder that was away already


class Outage(NamedTuple):
    """From the arrival `start` to `end` something may have been missed."""

    start: int
    end: int
    why: str


def outages(status: Iterable[Status]) -> list[Outage]:
    """What a market's whole record tells of its connections.

    A connection that begins without one having ended has brought nothing before.

    Args:
        status: all of it, in order.
    """
    found: list[Outage] = []
    down: list[tuple[int, str]] = []
    crashed = BEFORE
    for one in status:
        at, why = one.ts_recv, one.kind.value
        match one.kind:
            case StatusKind.DISCONNECT if not (down and one.detail.startswith(_ATTEMPT)):
                down.append((at, why))
            case StatusKind.CRASH:
                down, crashed = [(at, why)], at
            case StatusKind.CONNECT:
                start, told = down.pop(0) if down else (crashed, why)
                found.append(Outage(start, at, told))
            case StatusKind.PARSE_ERROR:
                found.append(Outage(at, at, why))
    return found + [Outage(start, AFTER, why) for start, why in down]
