"""Shapes: what the answers look like, for the OpenAPI spec."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic reads no other on Python 3.11

CLOSED: Final = ConfigDict(extra="forbid")
"""That an answer has no other fields."""
Decimals: TypeAlias = Annotated[str, Field(pattern=r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$")]
"""An exact number as text."""
Ms: TypeAlias = Annotated[int, Field(ge=-1)]
"""ms UTC; -1 for never."""
Level: TypeAlias = Annotated[list[Decimals], Field(min_length=2, max_length=2)]
"""A price, and how much there is."""
Candle: TypeAlias = Annotated[list[Ms | Decimals], Field(min_length=12, max_length=12)]


@with_config(CLOSED)
class Nothing(TypedDict):
    """An empty object."""


@with_config(CLOSED)
class ServerTime(TypedDict):
    serverTime: Ms


@with_config(CLOSED)
class SystemStatus(TypedDict):
    status: int
    msg: str


@with_config(CLOSED)
class TradeFee(TypedDict):
    symbol: str
    makerCommission: Decimals
    takerCommission: Decimals


@with_config(CLOSED)
class Discount(TypedDict):
    enabledForAccount: bool
    enabledForSymbol: bool
    discountAsset: str
    discount: Decimals


@with_config(CLOSED)
class OfOrder(TypedDict):
    """Fees of one order."""

    maker: Decimals
    taker: Decimals


@with_config(CLOSED)
class Tried(TypedDict):
    """What an order would pay."""

    standardCommissionForOrder: OfOrder
    specialCommissionForOrder: OfOrder
    taxCommissionForOrder: OfOrder
    discount: Discount


@with_config(CLOSED)
class RateLimit(TypedDict):
    rateLimitType: str
    interval: str
    intervalNum: int
    limit: int


@with_config(CLOSED)
class ExchangeInfo(TypedDict):
    timezone: str
    serverTime: Ms
    rateLimits: list[RateLimit]
    exchangeFilters: list[dict[str, Any]]
    symbols: list[dict[str, Any]]


@with_config(CLOSED)
class Depth(TypedDict):
    lastUpdateId: int
    bids: list[Level]
    asks: list[Level]


@with_config(CLOSED)
class Trade(TypedDict):
    id: int
    price: Decimals
    qty: Decimals
    quoteQty: Decimals
    time: Ms
    isBuyerMaker: bool
    isBestMatch: bool


@with_config(CLOSED)
class Aggregate(TypedDict):
    a: int
    p: Decimals
    q: Decimals
    f: int
    l: int  # noqa: E741  # the API's name
    T: Ms
    m: bool
    M: bool


@with_config(CLOSED)
class Average(TypedDict):
    mins: int
    price: Decimals
    closeTime: Ms


@with_config(CLOSED)
class Price(TypedDict):
    """The last price."""

    symbol: str
    price: Decimals


@with_config(CLOSED)
class Book(TypedDict):
    """The best prices."""

    symbol: str
    bidPrice: Decimals
    bidQty: Decimals
    askPrice: Decimals
    askQty: Decimals


class _Window(TypedDict):
    symbol: str
    openPrice: Decimals
    highPrice: Decimals
    lowPrice: Decimals
    lastPrice: Decimals
    volume: Decimals
    quoteVolume: Decimals
    openTime: Ms
    closeTime: Ms
    firstId: int
    lastId: int
    count: int


@with_config(CLOSED)
class Mini(_Window):
    """A window of time in short."""


@with_config(CLOSED)
class Day(_Window):
    """A window of time."""

    priceChange: Decimals
    priceChangePercent: Decimals
    weightedAvgPrice: Decimals
    prevClosePrice: Decimals
    lastQty: Decimals
    bidPrice: Decimals
    bidQty: Decimals
    askPrice: Decimals
    askQty: Decimals


@with_config(CLOSED)
class Balance(TypedDict):
    asset: str
    free: Decimals
    locked: Decimals


@with_config(CLOSED)
class Rates(TypedDict):
    """Fees, as parts of what is traded."""

    maker: Decimals
    taker: Decimals
    buyer: Decimals
    seller: Decimals


@with_config(CLOSED)
class Commission(TypedDict):
    """A user's fees of a market."""

    symbol: str
    standardCommission: Rates
    specialCommission: Rates
    taxCommission: Rates
    discount: Discount


@with_config(CLOSED)
class OrderCount(TypedDict):
    """New orders, counted."""

    rateLimitType: Literal["ORDERS"]
    interval: str
    intervalNum: int
    limit: int
    count: int


@with_config(CLOSED)
class Account(TypedDict):
    makerCommission: int
    takerCommission: int
    buyerCommission: int
    sellerCommission: int
    commissionRates: Rates
    canTrade: bool
    canWithdraw: bool
    canDeposit: bool
    brokered: bool
    requireSelfTradePrevention: bool
    preventSor: bool
    updateTime: Ms
    accountType: str
    balances: list[Balance]
    permissions: list[str]
    uid: int


@with_config(CLOSED)
class ListenKey(TypedDict):
    listenKey: str


@with_config(CLOSED)
class Premium(TypedDict):
    """A perpetual's mark price, and what the next funding would be."""

    symbol: str
    markPrice: Decimals
    indexPrice: Decimals
    lastFundingRate: Decimals
    interestRate: Decimals
    nextFundingTime: Ms
    time: Ms


@with_config(CLOSED)
class Funding(TypedDict):
    """What positions paid one another."""

    symbol: str
    fundingRate: Decimals
    fundingTime: Ms
    markPrice: Decimals


@with_config(CLOSED)
class OpenInterest(TypedDict):
    """The sum of all bought positions."""

    symbol: str
    openInterest: Decimals
    time: Ms


@with_config(CLOSED)
class Insurance(TypedDict):
    """What an insurance fund has."""

    symbols: list[str]
    assets: list[dict[str, Any]]


@with_config(CLOSED)
class Position(TypedDict):
    """A user's position."""

    symbol: str
    positionAmt: Decimals
    entryPrice: Decimals
    markPrice: Decimals
    unRealizedProfit: Decimals
    liquidationPrice: Decimals
    leverage: Decimals
    marginType: str
    isolatedMargin: Decimals
    maintMargin: Decimals
    notional: Decimals
    positionSide: str
    updateTime: Ms


@with_config(CLOSED)
class Done(TypedDict):
    """That it was done."""

    code: int
    msg: str


@with_config(CLOSED)
class MarginMoved(Done):
    """That margin was moved."""

    amount: Decimals
    type: int
