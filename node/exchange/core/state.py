"""State: a market's and the ledger's memory, as arrays that kernels work on and snapshots keep.

A side of the book is ordered by its key: the price for bids, minus the price for asks, so that the greater key is the
better one on either side. A window of `TICKS` keys lies in a ladder of levels, found by a bitmap in two layers; the
levels below it wait in `far`, sorted. Orders are nodes of one pool, linked at their level in the order of their turn.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.rules import RULES, Rules

TICKS: Final = 1 << 16
"""Keys of the window."""
SLOT_BITS: Final = 22
"""An order's id is the number of its market's orders so far, and in these lowest bits the place of its node."""
NONE: Final = 0
"""No node: places begin at 1."""

NODE = np.dtype(
    [
        ("before", "<i4"),
        ("after", "<i4"),  # of a free node: the next free one
        ("key", "<i8"),
        ("left", "<i8"),  # lots that are seen
        ("id", "<i8"),
        ("owner", "<i4"),
        ("side", "u1"),
        ("flags", "u1"),
        ("type", "u1"),
        ("tif", "u1"),
        ("hidden", "<i8"),  # lots of an iceberg that are not seen yet
        ("display", "<i8"),  # lots of an iceberg that are seen at a time
        ("expiry", "<i8"),  # ns; 0: never
    ]
)
LEVEL = np.dtype([("head", "<i4"), ("tail", "<i4"), ("size", "<i8"), ("orders", "<i8")])
FAR = np.dtype([("key", "<i8"), *((name, LEVEL.fields[name][0]) for name in LEVEL.names or ())])  # type: ignore[index]  # it has fields
STATE = np.dtype(
    [
        ("time", "<i8"),  # of the last command, ns
        ("sequence", "<i8"),  # orders so far
        ("free", "<i8"),  # the first free node, or NONE
        ("fresh", "<i8"),  # the first node that never was used
        ("live", "<i8"),  # nodes in use
        ("last", "<i8"),  # price of the last trade, ticks; 0: none yet
        ("halted", "<i8"),
    ]
)
FREE, LOCKED = 0, 1
"""Of a balance: what may be used, and what open orders hold."""
HOUSE, WORLD = 0, 1
"""Accounts: who gets the fees; whom deposits come from, whose balance is minus what all others have."""
FIRST_USER = 2
MAKER, TAKER = 0, 1


class Market(NamedTuple):
    """One market's arrays.

    Attributes:
        rules: of dtype RULES, one row.
        state: of dtype STATE, one row.
        nodes: of dtype NODE; row 0 is nobody's.
        levels: of dtype LEVEL, shape (2, TICKS).
        bits, words: which levels hold an order, and which words of `bits` are not 0; uint64, a row a side.
        base: the window's lowest key, shape (2,).
        top: the best level of the window, -1 for an empty side, shape (2,).
        far: of dtype FAR, shape (2, nodes); ascending keys.
        far_count: rows of `far` in use, shape (2,).
    """

    rules: npt.NDArray[Any]
    state: npt.NDArray[Any]
    nodes: npt.NDArray[Any]
    levels: npt.NDArray[Any]
    bits: npt.NDArray[np.uint64]
    words: npt.NDArray[np.uint64]
    base: npt.NDArray[np.int64]
    top: npt.NDArray[np.int64]
    far: npt.NDArray[Any]
    far_count: npt.NDArray[np.int64]


class Ledger(NamedTuple):
    """What everyone has. The balances of an asset, all accounts and both columns together, are always 0.

    Attributes:
        balances: base units, shape (accounts, assets, 2).
        fees: ppm a maker and a taker pays, below zero for a rebate; shape (accounts, 2).
    """

    balances: npt.NDArray[np.int64]
    fees: npt.NDArray[np.int64]


def market(rules: Rules, orders: int = 1 << 12) -> Market:
    """An empty market with room for so many orders."""
    state = np.zeros(1, STATE)
    state["fresh"] = 1
    return Market(
        rules=np.array([rules.row()], RULES),
        state=state,
        nodes=np.zeros(orders, NODE),
        levels=np.zeros((2, TICKS), LEVEL),
        bits=np.zeros((2, TICKS >> 6), np.uint64),
        words=np.zeros((2, TICKS >> 12), np.uint64),
        base=np.zeros(2, np.int64),
        top=np.full(2, -1, np.int64),
        far=np.zeros((2, orders), FAR),
        far_count=np.zeros(2, np.int64),
    )


def ledger(accounts: int, assets: int) -> Ledger:
    """Empty accounts, the house's and the world's among them."""
    return Ledger(np.zeros((accounts, assets, 2), np.int64), np.zeros((accounts, 2), np.int64))


def grown(of: Market) -> Market:
    """The same market with twice the room for orders."""
    room = len(of.nodes)
    nodes, far = np.zeros(2 * room, NODE), np.zeros((2, 2 * room), FAR)
    nodes[:room], far[:, :room] = of.nodes, of.far
    return of._replace(nodes=nodes, far=far)
