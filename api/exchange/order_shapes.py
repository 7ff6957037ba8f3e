"""Order shapes: what answers about orders and lists of them look like, for the OpenAPI spec."""

from typing import Annotated, Literal, NotRequired, TypeAlias

from pydantic import Field, with_config
from typing_extensions import TypedDict  # pydantic reads no other on Python 3.11

from api.exchange.shapes import CLOSED, Decimals, Ms

Status: TypeAlias = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"]
Type: TypeAlias = Literal[
    "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"
]
Tif: TypeAlias = Literal["GTC", "IOC", "FOK", "GTD", "DAY"]
Side: TypeAlias = Literal["BUY", "SELL"]
SelfTrade: TypeAlias = Literal["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"]


class _Named(TypedDict):
    symbol: str
    orderId: int
    orderListId: int
    clientOrderId: str


class _Terms(_Named):
    price: Decimals
    origQty: Decimals
    executedQty: Decimals
    origQuoteOrderQty: Decimals
    cummulativeQuoteQty: Decimals
    status: Status
    timeInForce: Tif
    type: Type
    side: Side
    selfTradePreventionMode: SelfTrade
    trailingDelta: NotRequired[int]
    goodTillDate: NotRequired[Ms]


@with_config(CLOSED)
class Order(_Terms):
    """An order as one asks for it."""

    stopPrice: Decimals
    icebergQty: Decimals
    time: Ms
    updateTime: Ms
    isWorking: bool
    workingTime: Ms


@with_config(CLOSED)
class Acknowledged(_Named):
    """That an order was taken."""

    transactTime: Ms


@with_config(CLOSED)
class Fill(TypedDict):
    """What an order met at once."""

    price: Decimals
    qty: Decimals
    commission: Decimals
    commissionAsset: str
    tradeId: int


@with_config(CLOSED)
class Placed(_Terms):
    """An order as it is told to who gave it."""

    stopPrice: NotRequired[Decimals]
    icebergQty: NotRequired[Decimals]
    transactTime: Ms
    workingTime: Ms
    fills: NotRequired[list[Fill]]


@with_config(CLOSED)
class Cancelled(_Terms):
    """An order that was taken back."""

    stopPrice: NotRequired[Decimals]
    icebergQty: NotRequired[Decimals]
    origClientOrderId: str
    transactTime: Ms


@with_config(CLOSED)
class Replaced(TypedDict):
    """That one was taken back and another given."""

    cancelResult: Literal["SUCCESS"]
    newOrderResult: Literal["SUCCESS"]
    cancelResponse: Cancelled
    newOrderResponse: Acknowledged | Placed


@with_config(CLOSED)
class Smaller(_Named):
    """An order that was made smaller."""

    origClientOrderId: str
    price: Decimals
    qty: Decimals
    executedQty: Decimals
    preventedQty: Decimals
    quoteOrderQty: Decimals
    cumulativeQuoteQty: Decimals
    status: Status
    timeInForce: Tif
    type: Type
    side: Side
    workingTime: Ms
    selfTradePreventionMode: SelfTrade


@with_config(CLOSED)
class Amended(TypedDict):
    """That an order was made smaller."""

    transactTime: Ms
    executionId: int
    amendedOrder: Smaller


@with_config(CLOSED)
class Member(TypedDict):
    """An order of a list."""

    symbol: str
    orderId: int
    clientOrderId: str


class _Listed(TypedDict):
    orderListId: int
    contingencyType: Literal["OCO", "OTO"]
    listStatusType: Literal["EXEC_STARTED", "ALL_DONE"]
    listOrderStatus: Literal["EXECUTING", "ALL_DONE"]
    listClientOrderId: str
    transactionTime: Ms
    symbol: str
    orders: Annotated[list[Member], Field(min_length=2, max_length=3)]


@with_config(CLOSED)
class OrderList(_Listed):
    """A list of orders as one asks for it."""


@with_config(CLOSED)
class PlacedList(_Listed):
    """A list as it is told to who gave it."""

    orderReports: Annotated[list[Placed], Field(min_length=2, max_length=3)]


@with_config(CLOSED)
class CancelledList(_Listed):
    """A list that was taken back."""

    orderReports: Annotated[list[Cancelled], Field(min_length=2, max_length=3)]


@with_config(CLOSED)
class OwnTrade(TypedDict):
    """A trade as a user sees it."""

    symbol: str
    id: int
    orderId: int
    orderListId: int
    price: Decimals
    qty: Decimals
    quoteQty: Decimals
    commission: Decimals
    commissionAsset: str
    time: Ms
    isBuyer: bool
    isMaker: bool
    isBestMatch: bool
