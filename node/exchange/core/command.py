"""Commands: all that may be asked of a market, one row each.

Prices are whole ticks and quantities whole lots; time is int64 ns UTC and never goes back (a command that comes with an
earlier time is given the last one, and one with a time above 2**62 that). Before a command is looked at, all that is
due by its time happens, the earlier first, with its own time: a pause that ends (before an order's end at the same
time), and orders that expire, of one time the lowest id first.

What a command brings about is done before the next one. Orders that wake from it (`Type`, `Group`) wait in one queue
and run in turn after it: each is matched whole before the next, and what that wakes joins the end of the queue. While a
market is halted the queue stands still.
"""

from enum import IntEnum, IntFlag

import numpy as np


class Kind(IntEnum):
    """What is asked.

    NEW: an order. CANCEL: takes `order` out, and with it all of its group. AMEND: gives `order`, which rests in the
    book and is in no group, a new price and a new open quantity (what is hidden of it counts). One that is not more, at
    the same price, keeps its place (an iceberg gives what is hidden first); else it leaves, may take what it meets with
    the command's `selftrade`, and joins the end of the queue with its old id. A post-only one that would take is
    refused and stays as it was. `display` and the time of its end stay.
    DEPOSIT, WITHDRAW: `quantity` base units of the asset `order` for `account`; what the world gives and gets.
    TIMER: nothing but time passes. HALT, RESUME: no orders are taken, and cancels still are; orders are taken again.
    CANCEL_ALL: a CANCEL of each order of `account` in this market, the oldest first; MASS_CANCEL: the same of every
    account, by its number. They are refused, UNKNOWN_ORDER, where there are none.
    GROUP: the first order of a group, all fields as in NEW, and `order` says which `Group`. LEG: its further orders, in
    the rows right behind, of the same account; the rows of a group must never be parted, and are taken or refused
    together.

    What a record tells of the world's orders; `order` is the venue's number, and sizes are recorded ones. REPLAY_ADD:
    an order. REPLAY_MODIFY: it has now this price and size. REPLAY_CANCEL: it left. REPLAY_FILL: `quantity` of it was
    traded; `side` is its own. REPLAY_SET: a level has this size. REPLAY_TRADE: `side` took `quantity` at `price`, of
    `order` where that is not 0; it and the REPLAY_FILL, whichever comes first, are one trade.
    REPLAY_CLEAR: nothing is known any more. REPLAY_BEGIN: how to read what follows: `type` is the model of queues,
    `display` its power, `price` the lots that make 1 of the base asset; `quantity` divided by `trigger` is the lots of
    one recorded size.

    Of perpetuals (see `core.liquidation`). MARK: `price` is the mark price. FUNDING: positions pay one another
    `quantity` ppb of their worth. INSURE: `account` gives `quantity` to the insurance fund. MARGIN: `quantity` of what
    is free of `account` stands behind its position now, or below 0 of its margin is free again. ISOLATE: with a
    `quantity` of 1 nothing but its margin stands behind the position of `account`; with 0, as at first, what is free
    does too.
    """

    NEW = 1
    CANCEL = 2
    AMEND = 3
    DEPOSIT = 4
    WITHDRAW = 5
    TIMER = 6
    HALT = 7
    RESUME = 8
    CANCEL_ALL = 9
    MASS_CANCEL = 10
    GROUP = 11
    LEG = 12
    REPLAY_ADD = 20
    REPLAY_MODIFY = 21
    REPLAY_CANCEL = 22
    REPLAY_FILL = 23
    REPLAY_SET = 24
    REPLAY_TRADE = 25
    REPLAY_CLEAR = 26
    REPLAY_BEGIN = 27
    MARK = 30
    FUNDING = 31
    INSURE = 32
    MARGIN = 33
    ISOLATE = 34


class Side(IntEnum):
    """Who gives the order: a buyer, whose order rests among the bids, or a seller."""

    BUY = 0
    SELL = 1


class Type(IntEnum):
    """What an order is. A market order takes what it meets, a limit order rests where it meets nothing.

    A buying market order takes as many lots of each order it meets as its account can pay; where it is one less than
    it could take, its rest expires, INSUFFICIENT_FUNDS.

    The others wait, unseen, until the last price has come to `trigger`, and are then what their names end with. A stop
    loss that sells waits for a price at or below it, one that buys for a price at or above; a take profit the other way
    round. One whose price has come already is refused, WOULD_TRIGGER. While it waits, one that sells holds its base
    asset, a limit order that buys price times quantity, and any other nothing.

    With `trail` the trigger follows the best price (the highest where it waits for a fall, else the lowest) from the
    last price at which it was placed on, or from the first trade that reaches `trigger` where that is not 0 (at or
    above it where it waits for a fall, else at or below): it is the best price minus or plus `part(best, trail)`, one
    tick at least.

    A pass is one order being matched. After it (its rest put in the book or expired), for the price of its first trade
    and then for that of its last: all triggers that follow are set by that price; then those that wait for a fall to it
    wake, the highest trigger first, and then those that wait for a rise to it, the lowest first; at one trigger the
    least `trail` first, and then the lowest id. Each writes its TRIGGER row and joins the queue. When its turn comes it
    gives back what it held; a limit order outside the band then expires, BAND, a post-only one that would take,
    WOULD_TAKE; else it is matched with the self-trade mode it was placed with.
    """

    LIMIT = 0
    MARKET = 1
    STOP_LOSS = 2
    STOP_LOSS_LIMIT = 3
    TAKE_PROFIT = 4
    TAKE_PROFIT_LIMIT = 5


class Tif(IntEnum):
    """How long an order stands: until it is cancelled; for what it meets at once; all of it at once or nothing; until
    the time `expiry`; until the day (UTC) ends in which the command came. `expiry` is later than the command.

    A fill-or-kill order looks through the other side first, up to its price, hidden lots too: its own account's
    orders are counted where they would trade, are passed over with EXPIRE_MAKER, and end the look with any other mode.
    A buying market order must be able to pay for all it counts. Where it is too little, all of it expires.
    """

    GTC = 0
    IOC = 1
    FOK = 2
    GTD = 3
    DAY = 4


class Selftrade(IntEnum):
    """What happens when an order meets one of its own account: they trade; or the taker's rest, the maker (all of it,
    what is hidden too), the maker and then the taker's rest expire; or both shrink by the smaller (of the maker, what
    is seen): a PREVENTED row. The taker's mode counts.
    """

    NONE = 0
    EXPIRE_TAKER = 1
    EXPIRE_MAKER = 2
    EXPIRE_BOTH = 3
    DECREMENT = 4


class Flag(IntFlag):
    """POST_ONLY: refused rather than take. BY_QUOTE: a market order whose `quantity` is base units of the quote asset:
    of each order it meets it takes as many whole lots as what is left of that pays (or brings, for a seller); where
    that is not one, its rest expires, IMMEDIATE.
    REDUCE_ONLY: in perpetuals, only as far as it makes a position smaller (see `core.position`).
    """

    POST_ONLY = 1
    BY_QUOTE = 2
    REDUCE_ONLY = 4


class Group(IntEnum):
    """Orders of one account that hang together.

    OCO, one cancels the other: two orders of one side and quantity, one of which may be a limit order that must not
    take; the other waits for a price. They hold the greater of what each would. When one wakes, is traded with or
    shrinks by DECREMENT, the other expires first.
    OTO, one triggers the other: a limit order, and any order that stays aside, holding nothing, until a trade leaves
    nothing of the first. It then joins the queue; when its turn comes it writes its TRIGGER row with the reason GROUP
    and expires where the account lacks what it holds (a seller's base, a limit buyer's worth), or as a waking order
    would; a trigger that has been passed already wakes it.
    OTOCO: a limit order and an OCO that stays aside. When the turn comes of its first order, both write TRIGGER rows,
    and the first expires where the account lacks what both hold. Then, the first before the second: one whose trigger
    has been passed wakes, the other expiring before; a limit order outside the band expires; one that would take
    expires if it is post-only, and else takes, the other expiring before. Where nothing of that is so both take their
    places.

    Where an order of a group leaves in any other way, the rest of the group expires after it, reason GROUP, the lowest
    id first.
    """

    OCO = 1
    OTO = 2
    OTOCO = 3


class Told(IntFlag):
    """What else a record tells, in the flags of its commands. LAST: the message is whole; before, the book may be torn.
    SNAPSHOT: part of a full picture.
    """

    LAST = 1
    SNAPSHOT = 2


class Queue(IntEnum):
    """Whose orders leave a level that shrinks with no trade: those behind a user's; or some before it too, by a power
    or the logarithm of what stands on either side.
    """

    RISK_AVERSE = 0
    POWER = 1
    LOG = 2


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
        ("trail", "<i4"),  # ppm that a trigger keeps from the best price; 0: it does not follow
        ("order", "<i8"),  # of CANCEL and AMEND: which one; of GROUP: which kind
        ("ref", "<i8"),  # the sender's own number, told back with the answer
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("trigger", "<i8"),  # price at which a waiting order wakes, or from which on its trigger follows
        ("display", "<i8"),  # of an iceberg: what is seen at a time; 0: all
        ("expiry", "<i8"),  # ns, of GTD
    ]
)
"""A command, 80 bytes."""
