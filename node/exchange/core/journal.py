"""Journal: what a market answered, 64 bytes a row. Its bytes are the regression test of the whole exchange."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt


class Record(IntEnum):
    """What a row says.

    ACK: an order was taken; `side`, `type`, `tif`, `flags`, `price`, `quantity` as asked, `ref`, `time`, and `group`,
    the id of its group's first order, or 0; `reason` is GROUP where it stands aside until that one is filled. What it
    meets follows in FILL rows; it is open then, unless they filled it or an EXPIRE row says that its rest is gone.
    REJECT: a command was not; all as asked, `ref`, `time`, and why: `reason`.
    FILL: `order` took from `other` at `price`; `side` is the taker's, `account` and `other_account` are the taker's and
    the maker's, `fee` and `other_fee` what each paid, in base units of what it got (of the settling asset in
    perpetuals; below zero is a maker's rebate: at the trade's price no more than the taker's fee, unless that is the
    world's).
    CANCEL: an order left as asked; `side`, `price` (0 for one without), `quantity` what was open of it, `ref`, `time`.
    EXPIRE: an order, or what was left of it, left by its own terms; `side`, `flags`, `type`, `price` (0 for one
    without), `quantity` that, `reason` which, `time`.
    AMEND: `order` has now `price` and open `quantity`; `side`, `ref`, `time`; `reason` is KEPT where it kept its place.
    Fills follow as after an ACK.
    BALANCE: `account` got `quantity` (below zero: gave) base units of `asset` from the world; `ref`, `time`.
    STATUS: the market's status is now `quantity` (see `Status`); `ref`, `time`; `reason` is BREAKER or TIME where
    nobody asked for it, and then `account` and `ref` are 0.
    PREVENTED: as FILL, but both shrank and nothing changed hands.
    TRIGGER: a waiting order woke at the last price `price`; `side`, `type`, `quantity` what is open of it, `time`;
    `reason` is GROUP where it was the order before it that was filled.
    RECORDED: up to `time` what a record tells of its market has happened; of a served replay, the core writes none.
    MARK, LIQUIDATION, ADL, FUNDING, INSURANCE, MARGIN, ISOLATED: of perpetuals, see `core.liquidation`.
    """

    ACK = 1
    REJECT = 2
    FILL = 3
    CANCEL = 4
    EXPIRE = 5
    AMEND = 6
    BALANCE = 7
    STATUS = 8
    PREVENTED = 9
    TRIGGER = 10
    MARK = 11
    LIQUIDATION = 12
    ADL = 13
    FUNDING = 14
    INSURANCE = 15
    MARGIN = 16
    ISOLATED = 17
    RECORDED = 18


class Status(IntEnum):
    """Whether a market takes orders: it does; halted by hand; paused for a while by its circuit breaker."""

    OPEN = 0
    HALTED = 1
    PAUSED = 2


class Reason(IntEnum):
    """Why something was refused or expired.

    Of several, a refused order has the first of: MALFORMED, HALTED, OVERFLOW, INSUFFICIENT_FUNDS, QUANTITY, PARTS,
    NOTIONAL, BAND, ORDERS, WAITING, WOULD_TRIGGER, WOULD_TAKE; an amendment UNKNOWN_ORDER after MALFORMED, then GROUP.
    In a group each order is looked at so, the first first, funds left out; then whether there are funds for the first
    two of an OCO or the first of the others. The order that failed has its reason, the rest of the group GROUP.

    The worth of an order is price times quantity. For the price of one without: a market order's is the best of the
    other side; a waiting one's is `trigger`, or the last price where that is 0. Where there is none yet, the worth is 0
    and not looked at (but a seller's base is). By quote, it is `quantity` itself, and lots are what that is of the best
    price, rounded down. A market order needs funds for all of it at that price; a waiting one for what it holds.
    """

    NONE = 0
    MALFORMED = 1  # quantity, price or an enumeration out of range, or things that do not go together
    OVERFLOW = 2  # price times quantity is more than 64 bits hold, or there are 4 million orders
    INSUFFICIENT_FUNDS = 3
    QUANTITY = 4  # below the least or above the most
    NOTIONAL = 5  # price times quantity below the least
    BAND = 6  # price too far from the last; a market order stops where trades would be
    HALTED = 7
    UNKNOWN_ORDER = 8  # there is none, or it is another account's, or does not rest in the book (AMEND)
    WOULD_TAKE = 9  # a post-only order would have met another
    NOT_FILLABLE = 10  # a fill-or-kill order meets too little
    NO_LIQUIDITY = 11  # a market order met nothing more
    IMMEDIATE = 12  # the rest of an immediate-or-cancel order
    SELF_TRADE = 13
    KEPT = 14  # an amended order kept its place
    PARTS = 15  # an iceberg of more than 100 parts
    TIME = 16  # the time came that it stands until
    WOULD_TRIGGER = 17  # the last price has passed the trigger already
    GROUP = 18  # for what became of another order of its group
    BREAKER = 19  # the price moved too far in too short a time
    REDUCE_ONLY = 20  # there is no position that it would make smaller
    LIQUIDATED = 21  # its account's position was below its maintenance
    IN_USE = 22  # the account has a position or orders in the market
    ORDERS = 23  # the account would have more open orders in the market than it may (see `Rules`)
    WAITING = 24  # more of a type that waits for a price


_FIELDS = [
    ("kind", "u1", 0),
    ("side", "u1", 1),
    ("reason", "u1", 2),
    ("flags", "u1", 3),
    ("account", "<i4", 4),
    ("market", "<u2", 8),
    ("type", "u1", 10),
    ("tif", "u1", 11),
    ("other_account", "<i4", 12),
    ("order", "<i8", 16),
    ("asset", "<i8", 16),
    ("other", "<i8", 24),
    ("ref", "<i8", 24),
    ("price", "<i8", 32),
    ("quantity", "<i8", 40),
    ("fee", "<i8", 48),
    ("time", "<i8", 48),
    ("other_fee", "<i8", 56),
    ("group", "<i8", 56),
]
_NAMES, _FORMATS, _OFFSETS = (list(each) for each in zip(*_FIELDS, strict=True))
JOURNAL = np.dtype({"names": _NAMES, "formats": _FORMATS, "offsets": _OFFSETS, "itemsize": 64})
"""A row, 64 bytes. `asset`, `ref`, `time` and `group` are `order`, `other`, `fee` and `other_fee` by the name that fits
the row's kind."""


def joined(parts: Sequence[npt.NDArray[Any]], dtype: "np.dtype[Any]") -> npt.NDArray[Any]:
    """Rows one after another, byte for byte: columns that share their place still do, which
    `np.concatenate` would part.
    """
    raw = f"V{dtype.itemsize}"
    rows: npt.NDArray[Any] = np.concatenate(
        [np.zeros(0, raw), *(np.ascontiguousarray(each).view(raw) for each in parts)]
    ).view(dtype)
    return rows
