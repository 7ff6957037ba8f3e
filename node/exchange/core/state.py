"""State: a market's and the ledger's memory, as arrays that kernels work on and snapshots keep.

A side of the book is ordered by its key: the price for bids, minus the price for asks, so that the greater key is the
better one on either side. A window of `TICKS` keys lies in a ladder of levels, found by a bitmap in two layers; the
levels below it wait in `far`, sorted. Orders are nodes of one pool, linked at their level in the order of their turn.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fusion.errors import StorageFull
from node.exchange.core.rules import RULES, Rules

TICKS: Final = 1 << 16
"""Keys of the window."""
SLOT_BITS: Final = 22
"""An order's id is the number of its market's orders so far, and in these lowest bits the place of its node."""
MOST: Final = 1 << SLOT_BITS
"""Nodes of a market."""
NONE: Final = 0
"""No node: places begin at 1."""

NODE = np.dtype(
    [
        ("before", "<i4"),
        ("after", "<i4"),  # of a free node: the next free one
        ("key", "<i8"),  # of an order without a price: 0
        ("left", "<i8"),  # lots; of a resting iceberg: those that are seen
        ("id", "<i8"),
        ("owner", "<i4"),
        ("side", "u1"),
        ("rare", "u1"),  # what of TERMS counts for it: the bits below
        ("flags", "u1"),
        ("type", "u1"),
    ]
)
ICEBERG: Final = 1
"""It has, or may get, lots that are not seen."""
EXPIRES: Final = 2
"""It stands among those that expire."""
WAITING: Final = 4
"""It waits for a price, out of the book."""
QUEUED: Final = 8
"""It is to run: it woke, or, PENDING too, what it waited for was filled."""
PENDING: Final = 16
"""It waits, out of the book, until its group's first order is filled."""
PAIRED: Final = 32
"""It is one of an OCO's two."""
WORKING: Final = 64
"""Others wait until it is filled."""
TERMED: Final = 128
"""It has a row of TERMS; it keeps this bit all its life."""
RECORDED: Final = 128
"""Among a node's flags: an order of the world that a record tells of."""

TERMS = np.dtype(
    [
        ("hidden", "<i8"),  # lots of a resting iceberg that are not seen
        ("display", "<i8"),  # lots of an iceberg that are seen at a time
        ("expiry", "<i8"),  # ns; 0: never
        ("trigger", "<i8"),  # price that wakes it; 0: none yet
        ("start", "<i8"),  # price from which its trigger follows; 0: any
        ("best", "<i8"),  # best price since; 0: it does not follow yet
        ("trail", "<i4"),
        ("child", "<i4"),  # of one that follows: see `core.trail`
        ("sibling", "<i4"),  # the other one of an OCO
        ("working", "<i4"),  # of a pending order: the group's first one, until it is filled
        ("pending", "<i4"),  # of a working order: the first that waits for it
        ("parts", "<i4"),  # of an iceberg, when it came, less one
        ("falls", "u1"),  # it wakes when the price falls to its trigger
        ("tif", "u1"),
        ("selftrade", "u1"),
        ("leads", "u1"),  # it follows, and is the first of its group
    ]
)
"""What few orders have: a row a node, meaningful where `rare` says so."""
EXPIRING, RISING, FALLING = 0, 1, 2
"""Heaps: of orders that expire, by time; of waiting ones, by trigger, and by minus trigger."""
HEAP = np.dtype([("key", "<i8"), ("slot", "<i8")])
NEVER: Final = (1 << 63) - 1
OWN = np.dtype([("older", "<i4"), ("newer", "<i4")])
"""Of a node that a record does not tell of: the orders that its account placed before and after it and has still."""
OWNER = np.dtype([("oldest", "<i4"), ("newest", "<i4"), ("orders", "<i4"), ("waiting", "<i4")])
"""An account's open orders: the first, the last, how many, and how many of a type that waits for a price."""
LEVEL = np.dtype([("head", "<i4"), ("tail", "<i4"), ("size", "<i8"), ("orders", "<i8")])
BLOCK: Final = 64
"""Levels of a block of far ones, at most."""
JOINED: Final = 56
"""Levels that two blocks become one with; fewer than a block has, so that there is room after one was parted."""
FAR = np.dtype([("key", "<i8"), *((name, LEVEL.fields[name][0]) for name in LEVEL.names or ())])  # type: ignore[index]  # it has fields
STATE = np.dtype(
    [
        ("time", "<i8"),  # of the last command, ns
        ("sequence", "<i8"),  # orders so far
        ("free", "<i8"),  # the first free node, or NONE
        ("fresh", "<i8"),  # the first node that never was used
        ("live", "<i8"),  # nodes in use
        ("last", "<i8"),  # price of the last trade, ticks; 0: none yet
        ("halted", "<i8"),  # a Status
        ("first", "<i8"),  # price of the last pass's first trade; 0: it had none
        ("due", "<i8"),  # when the next thing happens by time alone, ns
        ("resume", "<i8"),  # when a pause ends, ns; NEVER: there is none
        ("watch", "<i8"),  # waiting orders, and one for a circuit breaker
        ("highs", "<i8"),  # the first group of orders that follow the highest price
        ("lows", "<i8"),  # and the lowest
        ("rare", "<i8"),  # orders with TERMS
        ("parts", "<i8"),  # sum of their parts
        ("head", "<i8"),  # of the queue of orders that are to run, linked by `after`
        ("tail", "<i8"),
        ("reference", "<i8"),  # price that the circuit breaker looks from; 0: none yet
        ("window", "<i8"),  # when its window ends, ns
        ("mark", "<i8"),  # a perpetual's mark price; 0: none yet
        ("insurance", "<i8"),  # base units of the quote asset in its insurance fund
    ]
)
POSITION = np.dtype(
    [
        ("size", "<i8"),  # lots; below zero: sold
        ("cost", "<i8"),  # base units of the quote asset that were paid for it; below zero: got
        ("margin", "<i8"),  # base units of the quote asset that stand behind it
        ("isolated", "<i8"),  # whether nothing else does
    ]
)
"""What an account has of a perpetual; all but the last of it 0 where it has nothing."""
REPLAY = np.dtype(
    [
        ("valid", "<i8"),  # whether the recorded book stands on a whole snapshot with nothing missing since
        ("nodes", "<i8"),  # recorded orders among the live ones
        ("marks", "<i8"),  # rows of `marks` in use
        ("pending", "<i8"),  # rows of `pending` in use
        ("cleared", "<i8"),  # orders so far when the recorded book was lost
        ("gone", "<i8"),  # orders that have left the record, so far
        ("guessed", "<i8"),  # guesses so far
        ("settled", "<i8"),  # those of them that nobody need look at any more
        ("unknown", "<i8"),  # recorded changes of what the record does not hold
        ("model", "<i8"),  # of queues
        ("power", "<i8"),
        ("whole", "<i8"),  # lots that make 1 of the base asset
        ("multiply", "<i8"),  # recorded sizes times this and divided by that are lots; 0: they are lots
        ("divide", "<i8"),
    ]
)
MARK = np.dtype(
    [
        ("id", "<i8"),  # the venue's number of an order; or a level's, below zero: -1 - (price * 2 + side)
        ("order", "<i8"),  # the id of the order's node, which may be there no more
        ("recorded", "<i8"),  # what the record says rests; 0: the row is free; below 0: what once stood before users
        # lots that trades took and the record does not show taken yet; below 0: that it shows, and no trade has told
        ("pending", "<i8"),
    ]
)
GUESS = np.dtype(
    [
        ("id", "<i8"),  # of the mark
        ("order", "<i8"),  # of its node
        ("time", "<i8"),
        ("key", "<i8"),
        ("side", "<i8"),
    ]
)
"""An order that a trade took from which names none: the one whose turn it was."""
RECENT: Final = 32
"""Orders that have left the record of which later trades may tell; a power of two."""
GUESSES: Final = 256
"""Guesses that are kept in mind; a power of two."""
SHOWN: Final = 1_000_000_000
"""ns within which a record shows what a trade took; an order that it shows whole after that was not taken from."""
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
        far: of dtype FAR, blocks of levels, shape (2, blocks, BLOCK); ascending keys in each.
        far_blocks: which blocks are in use, by ascending keys, and then the others; int32, shape (2, blocks).
        far_used: rows of each block in use; int32, shape (2, blocks).
        far_count: blocks in use, shape (2,).
        terms: of dtype TERMS; a row a node.
        own: of dtype OWN; a row a node.
        owners: of dtype OWNER; a row an account at least.
        heaps: of dtype HEAP, shape (3, nodes).
        heap_count: rows of `heaps` in use, shape (3,).
        heap_at: where in each heap a node stands, shape (3, nodes).
        replay: of dtype REPLAY, one row.
        marks: of dtype MARK, found by their ids; a power of two long.
        numbers: of recorded orders' nodes, the ids of their marks; shape (nodes,).
        pending: ids of levels' marks that have something pending; as long as `marks` at least.
        gone: of dtype MARK, shape (RECENT,): those of the orders that left the record last, one after another around.
        guesses: of dtype GUESS, shape (GUESSES,), one after another around.
        positions: of dtype POSITION, a row an account at least; none in a spot market.
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
    far_blocks: npt.NDArray[np.int32]
    far_used: npt.NDArray[np.int32]
    far_count: npt.NDArray[np.int64]
    terms: npt.NDArray[Any]
    own: npt.NDArray[Any]
    owners: npt.NDArray[Any]
    heaps: npt.NDArray[Any]
    heap_count: npt.NDArray[np.int64]
    heap_at: npt.NDArray[np.int32]
    replay: npt.NDArray[Any]
    marks: npt.NDArray[Any]
    numbers: npt.NDArray[np.int64]
    pending: npt.NDArray[np.int64]
    gone: npt.NDArray[Any]
    guesses: npt.NDArray[Any]
    positions: npt.NDArray[Any]


class Ledger(NamedTuple):
    """What everyone has. The balances of an asset, all accounts and both columns together, are always 0.

    Attributes:
        balances: base units, shape (accounts, assets, 2).
        fees: ppm a maker and a taker pays, below zero for a rebate; shape (accounts, 2).
    """

    balances: npt.NDArray[np.int64]
    fees: npt.NDArray[np.int64]


def market(rules: Rules, orders: int = 1 << 12, accounts: int = FIRST_USER) -> Market:
    """An empty market with room for so many orders, and for so many accounts."""
    state = np.zeros(1, STATE)
    state["fresh"] = 1
    state["due"] = state["resume"] = NEVER
    state["watch"] = 1 if rules.breaker else 0
    return Market(
        rules=np.array([rules.row()], RULES),
        state=state,
        nodes=np.zeros(orders, NODE),
        levels=np.zeros((2, TICKS), LEVEL),
        bits=np.zeros((2, TICKS >> 6), np.uint64),
        words=np.zeros((2, TICKS >> 12), np.uint64),
        base=np.zeros(2, np.int64),
        top=np.full(2, -1, np.int64),
        far=np.zeros((2, _blocks(orders), BLOCK), FAR),
        far_blocks=np.tile(np.arange(_blocks(orders), dtype=np.int32), (2, 1)),
        far_used=np.zeros((2, _blocks(orders)), np.int32),
        far_count=np.zeros(2, np.int64),
        terms=np.zeros(orders, TERMS),
        own=np.zeros(orders, OWN),
        owners=np.zeros(accounts, OWNER),
        heaps=np.zeros((3, orders), HEAP),
        heap_count=np.zeros(3, np.int64),
        heap_at=np.zeros((3, orders), np.int32),
        replay=np.zeros(1, REPLAY),
        marks=np.zeros(64, MARK),
        numbers=np.zeros(orders, np.int64),
        pending=np.zeros(64, np.int64),
        gone=np.zeros(RECENT, MARK),
        guesses=np.zeros(GUESSES, GUESS),
        positions=np.zeros(accounts if rules.initial else 0, POSITION),
    )


def _blocks(orders: int) -> int:
    """Blocks of far levels that so many orders may need, and one while another is parted."""
    return 2 * orders // (JOINED + 1) + 3


def ledger(accounts: int, assets: int) -> Ledger:
    """Empty accounts, the house's and the world's among them."""
    return Ledger(np.zeros((accounts, assets, 2), np.int64), np.zeros((accounts, 2), np.int64))


def grown(of: Market) -> Market:
    """The same market with twice the room for orders; StorageFull where an id has no place for as many."""
    room = len(of.nodes)
    if 2 * room > MOST:
        raise StorageFull(f"a market has room for {MOST - 1:,} orders, and has them all")
    blocks, more = _blocks(room), _blocks(2 * room) - _blocks(room)

    def wider(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        new = np.zeros((*array.shape[:-1], 2 * room), array.dtype)
        new.view(np.uint8)[..., : room * array.itemsize] = array.view(np.uint8)  # numpy copies rows field by field
        return new

    far = np.zeros((2, blocks + more, BLOCK), FAR)
    far.view(np.uint8)[:, :blocks] = of.far.view(np.uint8)
    return of._replace(
        nodes=wider(of.nodes),
        far=far,
        far_blocks=np.concatenate(
            (of.far_blocks, np.tile(np.arange(blocks, blocks + more, dtype=np.int32), (2, 1))), 1
        ),
        far_used=np.concatenate((of.far_used, np.zeros((2, more), np.int32)), axis=1),
        terms=wider(of.terms),
        own=wider(of.own),
        heaps=wider(of.heaps),
        heap_at=wider(of.heap_at),
        numbers=wider(of.numbers),
    )
