"""Told: orders, their steps and a user's trades, as clients read them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from api.exchange.catalogue import Catalogue, Market
from api.exchange.market_data import MS
from api.exchange.scale import amount
from node.exchange.core.command import Flag, Group, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.service.order import Execution, Order, Report, Status

_PPM_A_POINT: Final = 100
_STEPS: Final = {
    Record.ACK: "NEW",
    Record.FILL: "TRADE",
    Record.CANCEL: "CANCELED",
    Record.EXPIRE: "EXPIRED",
    Record.AMEND: "REPLACED",
    Record.PREVENTED: "TRADE_PREVENTION",
    Record.TRIGGER: "NEW",
}


class Teller:
    """Tells of orders.

    Args:
        catalogue: the markets.

    Attributes:
        catalogue: as given.
        cancelling: names of the requests to cancel that are being carried out, by their orders' markets and numbers.
        renaming: likewise the names that orders which are being amended had before.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.cancelling: dict[tuple[int, int], str] = {}
        self.renaming: dict[tuple[int, int], str] = {}

    @contextmanager
    def cancels(self, orders: Iterable[Order], label: str) -> Iterator[None]:
        """While a request of that name takes orders back, their reports tell it."""
        self.cancelling = {(each.market, each.id): label for each in orders} if label else {}
        try:
            yield
        finally:
            self.cancelling = {}

    @contextmanager
    def renames(self, order: Order) -> Iterator[None]:
        """While an order is amended, its reports tell what it was called."""
        self.renaming = {(order.market, order.id): order.label}
        try:
            yield
        finally:
            self.renaming = {}

    def market(self, of: Order) -> Market:
        return self.catalogue.markets[of.market]

    def brief(self, of: Order) -> dict[str, Any]:
        """What every answer about an order has."""
        market = self.market(of)
        scale = market.scale
        quantity = of.filled if of.flags & Flag.BY_QUOTE else of.quantity
        told = {
            "symbol": market.id,
            "orderId": of.id,
            "orderListId": of.group or -1,
            "clientOrderId": of.label,
            "price": scale.price(of.price),
            "origQty": scale.size(quantity),
            "executedQty": scale.size(of.filled),
            "origQuoteOrderQty": self.by_quote(of),
            "cummulativeQuoteQty": scale.worth(of.worth),
            "status": status(of),
            "timeInForce": Tif(of.tif).name,
            "type": kind(of),
            "side": Side(of.side).name,
            "selfTradePreventionMode": Selftrade(of.selftrade).name,
        }
        if of.trigger:
            told["stopPrice"] = scale.price(of.trigger)
        if of.trail:
            told["trailingDelta"] = of.trail // _PPM_A_POINT
        if of.display:
            told["icebergQty"] = scale.size(of.display)
        if of.expiry:
            told["goodTillDate"] = of.expiry // MS
        return told

    def by_quote(self, of: Order) -> str:
        """The amount of the quote asset that an order was given for."""
        quote = self.market(of).listing.quote
        return amount(quote, of.quantity if of.flags & Flag.BY_QUOTE else 0)

    def whole(self, of: Order) -> dict[str, Any]:
        """An order as one asks for it."""
        scale = self.market(of).scale
        return {
            **self.brief(of),
            "stopPrice": scale.price(of.trigger),
            "icebergQty": scale.size(of.display),
            "time": of.time // MS,
            "updateTime": of.updated // MS,
            "isWorking": working(of),
            "workingTime": of.working // MS or -1,
        }

    def placed(self, of: Order, fills: list[Execution] | None) -> dict[str, Any]:
        """An order as it is told to who gave it, with what it met at once."""
        told = {**self.brief(of), "transactTime": of.updated // MS, "workingTime": of.working // MS or -1}
        if fills is None:
            return told
        return {**told, "fills": [self._fill(of, each) for each in fills]}

    def acknowledged(self, of: Order) -> dict[str, Any]:
        """That an order was taken, and no more."""
        told = self.brief(of)
        names = ("symbol", "orderId", "orderListId", "clientOrderId")
        return {**{name: told[name] for name in names}, "transactTime": of.updated // MS}

    def cancelled(self, of: Order, label: str) -> dict[str, Any]:
        """An order that was cancelled, by a request of that name."""
        return {
            **self.brief(of),
            "origClientOrderId": of.label,
            "clientOrderId": label or of.label,
            "transactTime": of.updated // MS,
        }

    def listed(self, orders: Sequence[Order]) -> dict[str, Any]:
        """What every answer about a list has; the first order first."""
        first, executing = orders[0], is_open(orders)
        market = self.market(first)
        return {
            "orderListId": first.group,
            "contingencyType": "OCO" if first.kind == Group.OCO else "OTO",
            "listStatusType": "EXEC_STARTED" if executing else "ALL_DONE",
            "listOrderStatus": "EXECUTING" if executing else "ALL_DONE",
            "listClientOrderId": first.name,
            "transactionTime": max(each.updated for each in orders) // MS,
            "symbol": market.id,
            "orders": [{"symbol": market.id, "orderId": each.id, "clientOrderId": each.label} for each in orders],
        }

    def cancelled_list(self, orders: Sequence[Order], label: str) -> dict[str, Any]:
        """A list that was cancelled, by a request of that name."""
        return {**self.listed(orders), "orderReports": [self.cancelled(each, label) for each in orders]}

    def amended(self, of: Order, label: str) -> dict[str, Any]:
        """An order that was made smaller, and was called so before."""
        told, scale = self.brief(of), self.market(of).scale
        same = ("symbol", "orderId", "orderListId", "clientOrderId", "price", "executedQty", "status", "timeInForce")
        return {
            **{name: told[name] for name in (*same, "type", "side", "selfTradePreventionMode")},
            "origClientOrderId": label,
            "qty": told["origQty"],
            "preventedQty": scale.size(of.prevented),
            "quoteOrderQty": told["origQuoteOrderQty"],
            "cumulativeQuoteQty": told["cummulativeQuoteQty"],
            "workingTime": of.working // MS or -1,
        }

    def report(self, report: Report) -> dict[str, Any]:
        """A step of an order: `executionReport`."""
        of, done = report.order, report.execution
        market, told = self.market(of), self.brief(of)
        scale, time = market.scale, report.time // MS
        name, before = of.label, self.renaming.get((of.market, of.id), "") if report.kind is Record.AMEND else ""
        if report.kind is Record.CANCEL:
            name, before = self.cancelling.get((of.market, of.id), of.label), of.label
        price, lots = (done.price, done.quantity) if done else (0, 0)
        return {
            "e": "executionReport",
            "E": time,
            "s": market.id,
            "c": name,
            "S": told["side"],
            "o": told["type"],
            "f": told["timeInForce"],
            "q": told["origQty"],
            "p": told["price"],
            "P": scale.price(of.trigger),
            "F": scale.size(of.display),
            "g": told["orderListId"],
            "C": before,
            "x": _STEPS[report.kind],
            "X": told["status"],
            "r": Reason(of.reason).name,
            "i": of.id,
            "l": scale.size(lots),
            "z": told["executedQty"],
            "L": scale.price(price),
            "n": amount(self.catalogue.assets[done.asset], done.fee) if done else "0",
            "N": self.catalogue.assets[done.asset].name if done else None,
            "T": time,
            "t": done.trade if done else -1,
            "I": of.id,
            "w": of.status.open and working(of),
            "m": done.maker if done else False,
            "M": False,
            "O": of.time // MS,
            "Z": told["cummulativeQuoteQty"],
            "Y": scale.worth(price * lots),
            "Q": told["origQuoteOrderQty"],
            "W": of.working // MS or -1,
            "V": told["selfTradePreventionMode"],
        }

    def trade(self, market: Market, row: dict[str, int], group: int, *, maker: bool) -> dict[str, Any]:
        """A row of the tape as one of its two accounts sees it, whose order is of that group."""
        buyer = (row["side"] == Side.BUY) != maker
        asset = self.catalogue.assets[market.got if buyer else market.quote]
        side = "maker" if maker else "taker"
        return {
            "symbol": market.id,
            "id": row["id"],
            "orderId": row[f"{side}_order"],
            "orderListId": group or -1,
            "price": market.scale.price(row["price"]),
            "qty": market.scale.size(row["quantity"]),
            "quoteQty": market.scale.worth(row["price"] * row["quantity"]),
            "commission": amount(asset, row[f"{side}_fee"]),
            "commissionAsset": asset.name,
            "time": row["time"] // MS,
            "isBuyer": buyer,
            "isMaker": maker,
            "isBestMatch": True,
        }

    def _fill(self, of: Order, done: Execution) -> dict[str, Any]:
        scale, asset = self.market(of).scale, self.catalogue.assets[done.asset]
        return {
            "price": scale.price(done.price),
            "qty": scale.size(done.quantity),
            "commission": amount(asset, done.fee),
            "commissionAsset": asset.name,
            "tradeId": done.trade,
        }


def is_open(orders: Iterable[Order]) -> bool:
    """Whether a list is: one of its orders is."""
    return any(each.status.open for each in orders)


def kind(of: Order) -> str:
    """Its type by the name that clients know."""
    return "LIMIT_MAKER" if of.type == Type.LIMIT and of.flags & Flag.POST_ONLY else Type(of.type).name


def status(of: Order) -> str:
    """Where it stands by the name that clients know."""
    if of.status is Status.EXPIRED and of.reason == Reason.SELF_TRADE:
        return "EXPIRED_IN_MATCH"
    return of.status.value


def working(of: Order) -> bool:
    """Whether it is or was in the book, and does not wait for a price."""
    return of.working > 0


def fills(reports: list[Report], of: int) -> list[Execution]:
    """What an order met."""
    return [each.execution for each in reports if each.order.id == of and each.execution and not each.execution.maker]
