"""Commands: all that may be asked of a market, one row each.

Prices are whole ticks and quantities whole lots; time is int64 ns UTC and never goes back (a command that comes with an
earlier time is given the last one).
"""

from enum import IntEnum, IntFlag

import numpy as np


class Kind(IntEnum):
    """What is asked.

    NEW: an order. CANCEL: takes `order` out. AMEND: gives `order` a new price and open quantity; a smaller quantity at
    the same price keeps its place in the queue.
    DEPOSIT, WITHDRAW: `quantity` base units of the asset `order` for `account`; what the world gives and gets.
    TIMER: nothing but time passes. HALT, RESUME: no orders are taken, and cancels still are; orders are taken again.
    """

    NEW = 1
    CANCEL = 2
    AMEND = 3
    DEPOSIT = 4
    WITHDRAW = 5
    TIMER = 6
    HALT = 7
    RESUME = 8


class Side(IntEnum):
    """Who gives the order: a buyer, whose order rests among the bids, or a seller."""

    BUY = 0
    SELL = 1


class Type(IntEnum):
    """What an order is. A market order takes what it meets, a limit order rests where it meets nothing."""

    LIMIT = 0
    MARKET = 1


class Tif(IntEnum):
    """How long an order stands: until it is cancelled; for what it meets at once; all of it at once or nothing; until
    the time `expiry`; until the day (UTC) ends.
    """

    GTC = 0
    IOC = 1
    FOK = 2
    GTD = 3
    DAY = 4


class Selftrade(IntEnum):
    """What happens when an order meets one of its own account: they trade; or the taker's rest, the maker, both of them
    expire; or both shrink by the smaller. The taker's mode counts.
    """

    NONE = 0
    EXPIRE_TAKER = 1
    EXPIRE_MAKER = 2
    EXPIRE_BOTH = 3
    DECREMENT = 4


class Flag(IntFlag):
    """POST_ONLY: refused rather than take. BY_QUOTE: a market order whose `quantity` is base units of the quote asset.
    REDUCE_ONLY: only as far as it makes a position smaller.
    """

    POST_ONLY = 1
    BY_QUOTE = 2
    REDUCE_ONLY = 4


COMMAND = np.dtype(
    [
        ("time", "<i8"),
        ("kind", "u1"),
        ("side", "u1"),
        ("type", "u1"),
        ("tif", "u1"),
        ("selftrade", "u1"),
        ("flags", "u1"),
        ("market", "<u2"),
        ("account", "<i4"),
        ("spare", "<i4"),
        ("order", "<i8"),  # of CANCEL and AMEND: which one
        ("ref", "<i8"),  # the sender's own number, told back with the answer
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("trigger", "<i8"),  # price at which a stop wakes, or what a trailing one keeps from the best price, in ppm
        ("display", "<i8"),  # of an iceberg: what is seen at a time; 0: all
        ("expiry", "<i8"),  # ns, of GTD
    ]
)
"""A command, 80 bytes."""
