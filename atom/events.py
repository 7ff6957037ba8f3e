"""Events: one columnar schema for recorded, live and simulated venues.

A batch is a numpy structured array, so a million events cost no Python object. Prices are integers in the instrument's
tick, sizes in its lot, times int64 nanoseconds UTC. A field that is unknown holds 0 and a bit of `flags` says so; files
keep it as null.

Rows stand in the order in which they take effect. A message of several rows is whole at the row flagged `LAST`; before
that row the book may be torn and nobody should look at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag, StrEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from atom.instrument import Instrument

Rows: TypeAlias = npt.NDArray[Any]  # structured; numpy's types cannot name the fields

SCHEMA_VERSION = 2


class Flag(IntFlag):
    """What else is known of an event, as bits of its `flags`."""

    LAST = 1  # the message is whole after this row
    SNAPSHOT = 2  # part of a full picture of the book, not of a change; of a trade: it was before the stream began
    BY_PRICE = 4  # a level, or a trade summed over orders: there is no order behind it
    BAD_CLOCK = 8  # the venue's time is after the arrival
    NO_EVENT_TIME = 16  # `ts_event` is unknown
    NO_ARRIVAL = 32  # `ts_recv` is unknown, as in a published window; what stands there only puts rows in order
    NO_SEQUENCE = 64  # `sequence` is unknown
    NO_ORDER = 128  # the order ids are unknown
    NO_TRADE_ID = 256  # `trade_id` is unknown
    DERIVED = 512  # the venue did not say it: it follows from its rules
    TOP_ONLY = 1024  # of the top of the book alone
    NO_SIZE = 2048  # the sizes of a quote are unknown
    NO_TICKS = 4096  # of a pool without ticks, or a log that tells none: so are its price and its liquidity


class Action(IntEnum):
    """What a row does to the book.

    With an order id: ADD places, MODIFY sets price and size, CANCEL removes, FILL takes `size` off.
    By price: ADD and MODIFY set the level's whole size, CANCEL removes the level.
    CLEAR empties the book and makes it invalid until a snapshot is whole.
    """

    ADD = 1
    MODIFY = 2
    CANCEL = 3
    FILL = 4
    CLEAR = 5


class Side(IntEnum):
    """Side of the book, or of the aggressor of a trade."""

    NONE = 0
    BID = 1
    ASK = 2


class Unit(IntEnum):
    """What an open interest counts."""

    BASE = 1
    CONTRACTS = 2
    QUOTE = 3


class Crowd(IntEnum):
    """Whose longs and shorts a ratio compares."""

    ACCOUNTS = 1  # all accounts, one a head
    TOP_ACCOUNTS = 2  # the top 20 % by margin, one a head
    TOP_POSITIONS = 3  # the top 20 % by margin, by the size of their positions


class Pooled(IntEnum):
    """What happened to the liquidity of a pool."""

    MINT = 1
    BURN = 2  # it stays owed to its owner, in v3, until collected
    COLLECT = 3
    COLLECT_PROTOCOL = 4  # of fees, by the exchange
    FLASH = 5  # lent and paid back in one transaction
    SYNC = 6  # the amounts are all that the pool holds now


class StatusKind(StrEnum):
    """What happened to the recording itself."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
    GAP = "gap"
    RESYNC = "resync"
    CHECKSUM = "checksum"
    CROSSED = "crossed"
    PARSE_ERROR = "parse_error"
    RATE_LIMITED = "rate_limited"
    STALE = "stale"
    CLOCK = "clock"
    REPEATED = "repeated"
    CRASH = "crash"  # the recorder ended without a word


_COMMON = [("ts_event", "<i8"), ("ts_recv", "<i8"), ("sequence", "<i8"), ("flags", "<u2")]

BOOK = np.dtype(
    [*_COMMON, ("action", "u1"), ("side", "u1"), ("price", "<i8"), ("size", "<i8"), ("order_id", "<i8")],
)
TRADE = np.dtype(
    [
        *_COMMON,
        ("side", "u1"),
        ("price", "<i8"),
        ("size", "<i8"),
        ("trade_id", "<i8"),
        ("maker_order_id", "<i8"),
        ("taker_order_id", "<i8"),
    ],
)
QUOTE = np.dtype(
    [*_COMMON, ("bid_price", "<i8"), ("bid_size", "<i8"), ("ask_price", "<i8"), ("ask_size", "<i8")],
)

# Administrative data have scales of their own, so their numbers are float64, each nearest to the venue's decimal; NaN
# is null, and so is 0 in a time.


def _floats(*names: str) -> list[tuple[str, str]]:
    return [(name, "<f8") for name in names]


CANDLE = np.dtype(
    [
        *_COMMON,  # ts_event: when it opened
        ("period", "<i8"),  # ns
        *_floats("open", "high", "low", "close", "volume", "quote_volume", "buy_volume", "trades"),
    ],
)
MARK_PRICE = np.dtype([*_COMMON, *_floats("price")])
INDEX_PRICE = np.dtype([*_COMMON, *_floats("price")])
FUNDING = np.dtype([*_COMMON, *_floats("rate"), ("next_ts", "<i8")])  # of one interval, such as 0.0001
OPEN_INTEREST = np.dtype([*_COMMON, ("unit", "u1"), *_floats("size", "contract_size", "value")])  # value: in quote
LIQUIDATION = np.dtype([*_COMMON, ("side", "u1"), *_floats("price", "size")])  # side: of the order that closes
INSURANCE_FUND = np.dtype([*_COMMON, *_floats("balance")])
LONG_SHORT = np.dtype([*_COMMON, ("crowd", "u1"), ("period", "<i8"), *_floats("long", "short")])  # shares of 1
TAKER_VOLUME = np.dtype([*_COMMON, ("period", "<i8"), *_floats("buy", "sell")])  # base currency

# On-chain facts. Integers of the chain are words, see `atom.onchain.words`: V32, big-endian two's complement; addresses
# are V20. Tokens are 0 and 1 as the pool orders them; sizes are in whole tokens, null where their decimals are unknown.
# The sequence is the block.

_LOG = [
    *_COMMON,
    ("block", "<i8"),
    ("tx_index", "<i4"),
    ("log_index", "<i4"),  # of its block
    ("tx_hash", "V32"),
    ("pool", "V20"),
    ("sender", "V20"),
    ("recipient", "V20"),
    ("amount0", "V32"),
    ("amount1", "V32"),
]
DEX_SWAP = np.dtype(
    [
        *_LOG,  # amounts: above zero what the pool got, below what it gave
        ("out0", "V32"),  # what it gave: in v2 it may give and get the same token
        ("out1", "V32"),
        ("fee0", "V32"),  # of the exchange, where the log tells it
        ("fee1", "V32"),
        ("sqrt_price", "V32"),  # after it: sqrt(token1 / token0) in base units, times 2**96
        ("liquidity", "V32"),  # in range, after it
        ("tick", "<i4"),
        *_floats("size0", "size1", "price"),  # price: token1 a token0, of the pool after the swap
    ],
)
DEX_LIQUIDITY = np.dtype(
    [
        *_LOG,
        ("action", "u1"),
        ("owner", "V20"),
        ("tick_lower", "<i4"),
        ("tick_upper", "<i4"),
        ("liquidity", "V32"),
        ("paid0", "V32"),  # for a flash loan
        ("paid1", "V32"),
        *_floats("size0", "size1"),
    ],
)
POOL_STATE = np.dtype(
    [
        *_COMMON,  # one row a token of the pool, the last flagged LAST
        ("token", "S16"),
        ("decimals", "u1"),
        ("stable", "u1"),
        *((name, "V32") for name in ("price", "pool", "reserved", "guaranteed", "usdg", "short_size", "short_average")),
        ("weight", "<i8"),
        ("supply", "V32"),  # and of the whole pool, the same in each of its rows
        ("aum", "V32"),
        ("usdg_supply", "V32"),
        ("reward", "V32"),  # wei a second to those who staked
        *_floats("told_price"),  # of the share, as the source tells it
    ],
)

DTYPES = {
    "book": BOOK,
    "trade": TRADE,
    "quote": QUOTE,
    "candle": CANDLE,
    "mark_price": MARK_PRICE,
    "index_price": INDEX_PRICE,
    "funding": FUNDING,
    "open_interest": OPEN_INTEREST,
    "liquidation": LIQUIDATION,
    "insurance_fund": INSURANCE_FUND,
    "long_short": LONG_SHORT,
    "taker_volume": TAKER_VOLUME,
    "dex_swap": DEX_SWAP,
    "dex_liquidity": DEX_LIQUIDITY,
    "pool_state": POOL_STATE,
}
MARKET = ("book", "trade", "quote")
"""The types whose prices and sizes are integers."""
ON_CHAIN = ("dex_swap", "dex_liquidity", "pool_state")
"""The types of facts that a chain recorded."""
PRICES = ("price", "bid_price", "ask_price")
SIZES = ("size", "bid_size", "ask_size")


@dataclass(frozen=True, slots=True)
class Status:
    """Something that happened to the recording: a gap, a resync, a crossed book ...

    Attributes:
        kind: what it is.
        ts_recv: arrival of the message that showed it, ns.
        sequence: the venue's number of that message, if it has one.
        detail: one line for a person.
    """

    kind: StatusKind
    ts_recv: int
    sequence: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Events:
    """All events of one instrument in one batch.

    Attributes:
        instrument: names, tick and lot.
        book, trade, quote: structured arrays of the dtypes `BOOK`, `TRADE` and `QUOTE`.
        status: what happened to the recording, by arrival.
        more: arrays of the other types by name, those that have rows.
    """

    instrument: Instrument
    book: Rows
    trade: Rows
    quote: Rows
    status: tuple[Status, ...] = ()
    more: Mapping[str, Rows] = field(default_factory=dict)

    def __len__(self) -> int:
        """Events of the market in it: rows of the book, trades and quotes, and what a chain recorded."""
        on_chain = sum(len(rows) for kind, rows in self.more.items() if kind in ON_CHAIN)
        return len(self.book) + len(self.trade) + len(self.quote) + on_chain

    def tables(self) -> dict[str, Rows]:
        """The structured arrays by type name."""
        return {"book": self.book, "trade": self.trade, "quote": self.quote, **self.more}


def empty(kind: str, rows: int = 0) -> Rows:
    """Zeroed rows of a type of `DTYPES`, such as "book"."""
    return np.zeros(rows, dtype=DTYPES[kind])
