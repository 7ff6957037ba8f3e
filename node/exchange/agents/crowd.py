"""Crowd: the arrays that agents are, one row each, and the queue of their wake-ups."""

from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.compiled import Int, jit

U = np.uint64


class Kind(IntEnum):
    """What an agent goes by.

    ZERO: nothing (zero intelligence). NOISE: large orders of chance, cut into small ones. VALUE: an opinion of what the
    asset is worth. MOMENTUM: where the price came from. MAKER: its inventory, quoting both sides. ARBITRAGE: another
    market's price. HERD: what the others of its kind think.
    """

    ZERO = 0
    NOISE = 1
    VALUE = 2
    MOMENTUM = 3
    MAKER = 4
    ARBITRAGE = 5
    HERD = 6


ROOM: Final = 8
"""Orders that an agent may have open."""

AGENT = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),  # of the large order, or the mood
        ("market", "u1"),  # which of the crowd's two
        ("count", "<i4"),  # open orders
        ("sent", "<i4"),  # orders on their way, of which nothing is known yet
        ("account", "<i4"),
        ("wake", "<i8"),  # ns
        ("chance", "<u8"),
        ("gap", "<i8"),  # ns between wake-ups, on average and in quiet times
        ("size", "<i8"),  # lots of an order, on average
        ("most", "<i8"),  # lots that may be held, or owed, beyond the first holdings
        ("held", "<i8"),  # lots gained since the beginning
        ("left", "<i8"),  # lots of the large order not sent yet
        ("seen", "<i8"),  # when the market was looked at last, ns
        ("number", "<i8"),  # commands so far: their `ref`
        ("scale", "<f8"),  # ticks of its market in a tick of the first
        ("width", "<f8"),  # ticks: how far orders, or opinions, go from the price
        ("margin", "<f8"),  # ticks: what must be gained to act
        ("strength", "<f8"),  # between 0 and 1: how much its signal counts
        ("horizon", "<f8"),  # ns: how far it looks back, or how long it keeps an opinion
        ("fast", "<f8"),  # ticks: average of the mid over a part of the horizon
        ("slow", "<f8"),  # ticks: average over the horizon
        ("variance", "<f8"),  # ticks squared a second
        ("opinion", "<f8"),  # ticks away from the fair price
    ]
)
ORDER = np.dtype([("id", "<i8"), ("price", "<i8"), ("left", "<i8"), ("side", "<i8")])
"""An open order as its agent knows it from the journal."""


SAMPLE = np.dtype([("time", "<i8"), ("bid", "<i8"), ("ask", "<i8"), ("bid_size", "<i8"), ("ask_size", "<i8")])
"""The best prices of the first market (ticks, 0: none) and their sizes (lots) at a time."""


class Crowd(NamedTuple):
    """Agents of one market, or of two.

    Attributes:
        agents: of dtype AGENT.
        orders: of dtype ORDER, shape (agents, ROOM); the first `count` of a row are open, oldest first.
        queue: agents by their next wake-up: a heap, its first the earliest; of two at one time the lower number.
        by_account: the agent of an account, -1 for others'.
        scene: of dtype SCENE, one row: what all of them know.
        commands: of dtype COMMAND, where they write; what is in them after is nobody's.
        journal: of dtype JOURNAL, what was answered in a run.
        samples: of dtype SAMPLE, the best prices in a run.
    """

    agents: npt.NDArray[Any]
    orders: npt.NDArray[Any]
    queue: npt.NDArray[np.int64]
    by_account: npt.NDArray[np.int64]
    scene: npt.NDArray[Any]
    commands: npt.NDArray[Any]
    journal: npt.NDArray[Any]
    samples: npt.NDArray[Any]


@jit
def earlier(crowd: Crowd, one: Int, other: Int) -> "bool | np.bool_":
    a, b = crowd.agents[U(one)].wake, crowd.agents[U(other)].wake
    return a < b or (a == b and one < other)


@jit
def settle(crowd: Crowd, at: Int) -> None:
    """Puts the agent at a place of the queue where it belongs among those below, after its wake-up moved back."""
    queue, count = crowd.queue, len(crowd.queue)
    moved = queue[U(at)]
    while True:
        child = 2 * at + 1
        if child >= count:
            break
        if child + 1 < count and earlier(crowd, queue[U(child + 1)], queue[U(child)]):
            child += 1
        if not earlier(crowd, queue[U(child)], moved):
            break
        queue[U(at)] = queue[U(child)]
        at = child
    queue[U(at)] = moved


@jit
def arrange(crowd: Crowd) -> None:
    """Makes the queue a heap, whatever its order."""
    for at in range(len(crowd.queue) // 2 - 1, -1, -1):
        settle(crowd, at)
