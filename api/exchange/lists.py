"""Lists: orders that hang together, as `orderList` has them: one cancels the other, one triggers the other, or both."""

from functools import partial
from typing import Any, Final

from api.exchange import refusal
from api.exchange.catalogue import Catalogue, Market
from api.exchange.endpoint import Call, Endpoint, Security
from api.exchange.market_data import MS, SYMBOL
from api.exchange.parameter import Parameter, Whole
from api.exchange.placing import COMMON, LABEL, Names, Placed, new_order, of_order
from api.exchange.told import Teller
from api.exchange.trading import Trading
from node.exchange.core.command import Group, Kind
from node.exchange.service.order import Order
from node.exchange.service.service import Service

_PAIR: Final = frozenset({"side", "quantity"})
_ABOVE: Final = Names("above", "", _PAIR)
_BELOW: Final = Names("below", "", _PAIR)
_WORKING: Final = Names("working")
_PENDING: Final = Names("pending")
_PENDING_ABOVE: Final = Names("pendingAbove", "pending", _PAIR)
_PENDING_BELOW: Final = Names("pendingBelow", "pending", _PAIR)
_NEEDED: Final = ("side", "type", "quantity")
_LIST: Final = Parameter("listClientOrderId", LABEL)
_NUMBER: Final = Parameter("orderListId", Whole())
_TIME: Final = Whole(0, (2**63 - 1) // MS)
_LEGS: Final = {
    Group.OCO: (_ABOVE, _BELOW),
    Group.OTO: (_WORKING, _PENDING),
    Group.OTOCO: (_WORKING, _PENDING_ABOVE, _PENDING_BELOW),
}


class Lists:
    """Gives lists of orders and takes them back."""

    def __init__(self, service: Service, teller: Teller, trading: Trading) -> None:
        self._service, self._teller, self._trading = service, teller, trading
        self._catalogue = teller.catalogue

    def endpoints(self) -> list[Endpoint]:
        span = (Parameter("startTime", _TIME), Parameter("endTime", _TIME), Parameter("limit", Whole(1, 1000)))
        one = (_NUMBER, Parameter("origClientOrderId", LABEL))
        made = [
            Endpoint(
                "POST", f"/api/v3/orderList/{group.name.lower()}", f"orderList.place.{group.name.lower()}", does,
                partial(self._place, group), dict[str, Any], _parameters(group),
                Security.TRADE, 1, len(_LEGS[group]),
            )
            for group, does in (
                (Group.OCO, "Two orders, one of which cancels the other."),
                (Group.OTO, "An order, and another one once that is filled."),
                (Group.OTOCO, "An order, and two once that is filled, one of which cancels the other."),
            )
        ]  # fmt: skip
        return [
            *made,
            Endpoint(
                "DELETE", "/api/v3/orderList", "orderList.cancel", "Takes a list back.", self.cancel, dict[str, Any],
                (SYMBOL, _NUMBER, _LIST, Parameter("newClientOrderId", LABEL)), Security.TRADE,
            ),
            Endpoint(
                "GET", "/api/v3/orderList", "orderList.status", "A list.", self.status, dict[str, Any], one,
                Security.SIGNED, 4,
            ),
            Endpoint(
                "GET", "/api/v3/openOrderList", "openOrderLists.status", "Lists that are open.", self.open,
                list[dict[str, Any]], (), Security.SIGNED, 6,
            ),
            Endpoint(
                "GET", "/api/v3/allOrderList", "allOrderLists", "Lists, open and lately closed.", self.all,
                list[dict[str, Any]], (Parameter("fromId", Whole()), *span), Security.SIGNED, 20,
            ),
        ]  # fmt: skip

    def cancel(self, call: Call) -> object:
        market = self._catalogue.market(call.asked.text("symbol"))
        orders = self._named(call, "orderListId", "listClientOrderId", market)
        open_ones = [each for each in orders if each.status.open]
        if not open_ones:
            raise refusal.not_cancelled()
        label = call.asked.text("newClientOrderId")
        with self._teller.cancels(open_ones, label):
            batch = self._service.place(of_order(Kind.CANCEL, market, call.user.account, open_ones[0].id))
        if batch.refused:
            raise refusal.not_cancelled()
        after = self._of(call.user.account, market.number, orders[0].group)
        return {**self.told(after), "orderReports": [self._teller.cancelled(each, label) for each in after]}

    def status(self, call: Call) -> object:
        found = self._named(call, "orderListId", "origClientOrderId", None)
        if not found:
            raise refusal.Refusal(-2018, "Order list does not exist.")
        return self.told(found)

    def open(self, call: Call) -> object:
        groups = self._groups(call.user.account, closed=False)
        return [self.told(each) for each in groups]

    def all(self, call: Call) -> object:
        asked = call.asked
        begin, end, limit = asked.whole("startTime"), asked.whole("endTime", _TIME.most), asked.whole("limit", 500)
        chosen = [
            each
            for each in self._groups(call.user.account, closed=True)
            if begin <= each[0].time // MS <= end and each[0].group >= asked.whole("fromId")
        ]
        chosen = chosen[:limit] if "fromId" in asked or "startTime" in asked else chosen[-limit:]
        return [self.told(each) for each in chosen]

    def told(self, orders: list[Order]) -> dict[str, Any]:
        """A list as one asks for it."""
        return listed(orders, self._catalogue)

    def _place(self, group: Group, call: Call) -> object:
        asked, account = call.asked, call.user.account
        market = self._catalogue.market(asked.text("symbol"))
        parts: list[Placed] = []
        for names in _LEGS[group]:
            verb = Kind.LEG if parts else Kind.GROUP
            parts.append(new_order(market, asked, account, names, verb))
        parts[0].command["order"] = group
        batch = self._trading.carry_out(call, market, parts, asked.text("listClientOrderId"))
        orders = self._of(account, market.number, batch.placed.group)
        return {**self.told(orders), "orderReports": [self._teller.placed(each, None) for each in orders]}

    def _of(self, account: int, market: int, group: int) -> list[Order]:
        return of_group(self._service, account, market, group)

    def _groups(self, account: int, *, closed: bool) -> list[list[Order]]:
        found: dict[tuple[int, int], list[Order]] = {}
        for market in self._catalogue.markets:
            late = self._service.orders.closed(account, market.number)
            for each in (*late, *self._service.orders.open(account, market.number)):
                if each.group:
                    found.setdefault((market.number, each.group), []).append(each)
        lists = [sorted(each, key=lambda order: order.id) for each in found.values()]
        return sorted(
            (each for each in lists if closed or any(order.status.open for order in each)),
            key=lambda each: each[0].time,
        )

    def _named(self, call: Call, number: str, label: str, market: Market | None) -> list[Order]:
        """The orders of a list, by its number or its own name; none where there is no such list."""
        asked = call.asked
        if number not in asked and label not in asked:
            raise refusal.combination(f"Param '{label}' or '{number}' must be sent, but both were empty/null!")
        for orders in self._groups(call.user.account, closed=True):
            if market is not None and orders[0].market != market.number:
                continue
            first = orders[0]
            if (asked.whole(number, first.group), asked.text(label, first.name)) == (first.group, first.name):
                return orders
        return []


def listed(orders: list[Order], catalogue: Catalogue) -> dict[str, Any]:
    """What every answer about a list has."""
    executing = any(each.status.open for each in orders)
    market = catalogue.markets[orders[0].market]
    return {
        "orderListId": orders[0].group,
        "contingencyType": "OCO" if orders[0].kind == Group.OCO else "OTO",
        "listStatusType": "EXEC_STARTED" if executing else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if executing else "ALL_DONE",
        "listClientOrderId": orders[0].name,
        "transactionTime": max(each.updated for each in orders) // MS,
        "symbol": market.id,
        "orders": [{"symbol": market.id, "orderId": each.id, "clientOrderId": each.label} for each in orders],
    }


def of_group(service: Service, account: int, market: int, group: int) -> list[Order]:
    """The orders of a list, the first first."""
    known = [*service.orders.closed(account, market), *service.orders.open(account, market)]
    return sorted((each for each in known if each.group == group), key=lambda each: each.id)


def _parameters(group: Group) -> tuple[Parameter, ...]:
    legs = [parameter for names in _LEGS[group] for parameter in names.parameters(_NEEDED)]
    return tuple({each.name: each for each in (*COMMON, _LIST, *legs)}.values())
