"""Journal: what a market answered, 64 bytes a row. Its bytes are the regression test of the whole exchange."""

from enum import IntEnum

import numpy as np


class Record(IntEnum):
    """What a row says.

    ACK: an order was taken; `type`, `tif`, `flags`, `price`, `quantity` as asked, `ref`, `time`. What it meets follows
    in FILL rows; it is open then, unless they filled it or an EXPIRE row says that its rest is gone.
    REJECT: a command was not; `ref`, `time`, and why: `reason`.
    FILL: `order` took from `other` at `price`; `side` is the taker's, `account` and `other_account` are the taker's and
    the maker's, `fee` and `other_fee` what each paid, in base units of what it got (of the settling asset in
    perpetuals; below zero is a rebate).
    CANCEL: an order left as asked; `quantity` what was open of it, `ref`, `time`.
    EXPIRE: an order, or what was left of it, left by its own terms; `quantity` that, `reason` which.
    AMEND: `order` has now `price` and open `quantity`; `ref`, `time`; `reason` is KEPT where it kept its place.
    BALANCE: `account` got `quantity` (below zero: gave) base units of `asset` from the world; `ref`, `time`.
    STATUS: the market's status is now `quantity`; `ref`, `time`.
    """

    ACK = 1
    REJECT = 2
    FILL = 3
    CANCEL = 4
    EXPIRE = 5
    AMEND = 6
    BALANCE = 7
    STATUS = 8


class Reason(IntEnum):
    """Why something was refused or expired."""

    NONE = 0
    MALFORMED = 1  # quantity, price or an enumeration out of range
    OVERFLOW = 2  # price times quantity is more than 64 bits hold
    INSUFFICIENT_FUNDS = 3
    QUANTITY = 4  # below the least or above the most
    NOTIONAL = 5  # price times quantity below the least
    BAND = 6  # price too far from the last
    HALTED = 7
    UNKNOWN_ORDER = 8  # there is none, or it is another account's
    WOULD_TAKE = 9  # a post-only order would have met another
    NOT_FILLABLE = 10  # a fill-or-kill order meets too little
    NO_LIQUIDITY = 11  # a market order met nothing more
    IMMEDIATE = 12  # the rest of an immediate-or-cancel order
    SELF_TRADE = 13
    KEPT = 14  # an amended order kept its place


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
]
_NAMES, _FORMATS, _OFFSETS = (list(each) for each in zip(*_FIELDS, strict=True))
JOURNAL = np.dtype({"names": _NAMES, "formats": _FORMATS, "offsets": _OFFSETS, "itemsize": 64})
"""A row, 64 bytes. `asset`, `ref` and `time` are `order`, `other` and `fee` by the name that fits the row's kind."""
