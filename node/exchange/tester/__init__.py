"""The Strategy Tester: a strategy meets a market, is told what it could have known, and is judged by what it got."""

from node.exchange.tester.book import (
    ACK,
    AMEND,
    BOOK,
    CANCEL,
    EXPIRE,
    FILL,
    REFUSED,
    REJECT,
    TRADE,
    TRIGGER,
    Book,
    Event,
)
from node.exchange.tester.orders import BUY, DAY, FOK, GTC, GTD, IOC, POST_ONLY, REDUCE_ONLY, SELL, Orders
from node.exchange.tester.strategy import Strategy

__all__ = [
    "ACK",
    "AMEND",
    "BOOK",
    "BUY",
    "CANCEL",
    "DAY",
    "EXPIRE",
    "FILL",
    "FOK",
    "GTC",
    "GTD",
    "IOC",
    "POST_ONLY",
    "REDUCE_ONLY",
    "REFUSED",
    "REJECT",
    "SELL",
    "TRADE",
    "TRIGGER",
    "Book",
    "Event",
    "Orders",
    "Strategy",
]
