"""Shapes: what the answers look like, for the OpenAPI spec."""

from typing import Any

from typing_extensions import TypedDict  # pydantic reads no other on Python 3.11


class Nothing(TypedDict):
    """An empty object."""


class ServerTime(TypedDict):
    serverTime: int


class SystemStatus(TypedDict):
    status: int
    msg: str


class TradeFee(TypedDict):
    symbol: str
    makerCommission: str
    takerCommission: str


class ExchangeInfo(TypedDict):
    timezone: str
    serverTime: int
    rateLimits: list[dict[str, Any]]
    exchangeFilters: list[dict[str, Any]]
    symbols: list[dict[str, Any]]


class Depth(TypedDict):
    lastUpdateId: int
    bids: list[list[str]]
    asks: list[list[str]]


class Trade(TypedDict):
    id: int
    price: str
    qty: str
    quoteQty: str
    time: int
    isBuyerMaker: bool
    isBestMatch: bool


class Aggregate(TypedDict):
    a: int
    p: str
    q: str
    f: int
    l: int  # noqa: E741  # the API's name
    T: int
    m: bool
    M: bool


class Average(TypedDict):
    mins: int
    price: str
    closeTime: int


class Balance(TypedDict):
    asset: str
    free: str
    locked: str


class Account(TypedDict):
    makerCommission: int
    takerCommission: int
    buyerCommission: int
    sellerCommission: int
    commissionRates: dict[str, str]
    canTrade: bool
    canWithdraw: bool
    canDeposit: bool
    updateTime: int
    accountType: str
    balances: list[Balance]
    permissions: list[str]
    uid: int


class Order(TypedDict):
    symbol: str
    orderId: int
    orderListId: int
    clientOrderId: str
    price: str
    origQty: str
    executedQty: str
    cummulativeQuoteQty: str
    origQuoteOrderQty: str
    status: str
    timeInForce: str
    type: str
    side: str
    stopPrice: str
    icebergQty: str
    time: int
    updateTime: int
    isWorking: bool
    workingTime: int
    selfTradePreventionMode: str


class OwnTrade(TypedDict):
    symbol: str
    id: int
    orderId: int
    orderListId: int
    price: str
    qty: str
    quoteQty: str
    commission: str
    commissionAsset: str
    time: int
    isBuyer: bool
    isMaker: bool
    isBestMatch: bool


class ListenKey(TypedDict):
    listenKey: str


class Premium(TypedDict):
    """A perpetual's mark price, and what the next funding would be."""

    symbol: str
    markPrice: str
    indexPrice: str
    lastFundingRate: str
    interestRate: str
    nextFundingTime: int
    time: int


class Funding(TypedDict):
    """What positions paid one another."""

    symbol: str
    fundingRate: str
    fundingTime: int
    markPrice: str


class OpenInterest(TypedDict):
    """The sum of all bought positions."""

    symbol: str
    openInterest: str
    time: int


class Insurance(TypedDict):
    """What an insurance fund has."""

    symbols: list[str]
    assets: list[dict[str, Any]]


class Position(TypedDict):
    """A user's position."""

    symbol: str
    positionAmt: str
    entryPrice: str
    markPrice: str
    unRealizedProfit: str
    liquidationPrice: str
    leverage: str
    marginType: str
    isolatedMargin: str
    maintMargin: str
    notional: str
    positionSide: str
    updateTime: int


class Done(TypedDict):
    """That it was done."""

    code: int
    msg: str


class MarginMoved(Done):
    """That margin was moved."""

    amount: str
    type: int
