"""Lists: orders that hang together, as `orderList` has them: one cancels the other, one triggers the other, or both."""

from functools import partial
from typing import Final

from api.exchange import order_shapes, refusal
from api.exchange.catalogue import Market
from api.exchange.endpoint import Call, Endpoint, Security
from api.exchange.market_data import MS, SYMBOL
from api.exchange.parameter import Parameter, Whole
from api.exchange.placing import COMMON, LABEL, Names, Placed, new_order, of_order
from api.exchange.told import Teller, is_open
from api.exchange.trading import Trading
from node.exchange.core.command import Group, Kind
from node.exchange.service.indexed import Wanted
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
_TIME: Final = Whole(0, (2**63 - 1) // MS - 1)
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
                partial(self._place, group), order_shapes.PlacedList, _parameters(group),
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
                "DELETE", "/api/v3/orderList", "orderList.cancel", "Takes a list back.", self.cancel,
                order_shapes.CancelledList,
                (SYMBOL, _NUMBER, _LIST, Parameter("newClientOrderId", LABEL)), Security.TRADE,
            ),
            Endpoint(
                "GET", "/api/v3/orderList", "orderList.status", "A list.", self.status, order_shapes.OrderList, one,
                Security.SIGNED, 4,
            ),
            Endpoint(
                "GET", "/api/v3/openOrderList", "openOrderLists.status", "Lists that are open.", self.open,
                list[order_shapes.OrderList], (), Security.SIGNED, 6,
            ),
            Endpoint(
                "GET", "/api/v3/allOrderList", "allOrderLists", "Lists, open and closed.", self.all,
                list[order_shapes.OrderList], (Parameter("fromId", Whole()), *span), Security.SIGNED, 20,
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
        (after,) = self._service.lists_numbered(call.user.account, market.number, [orders[0].group])
        return self._teller.cancelled_list(after, label)

    def status(self, call: Call) -> object:
        found = self._named(call, "orderListId", "origClientOrderId", None)
        if not found:
            raise refusal.Refusal(-2018, "Order list does not exist.")
        return self._teller.listed(found)

    def open(self, call: Call) -> object:
        account, found = call.user.account, list[list[Order]]()
        for market in self._catalogue.markets:
            groups = {each.group for each in self._service.orders.open(account, market.number) if each.group}
            found += self._service.lists_numbered(account, market.number, sorted(groups))
        return [self._teller.listed(each) for each in sorted(found, key=_begun)]

    def all(self, call: Call) -> object:
        asked = call.asked
        begin, end, limit = asked.whole("startTime"), asked.whole("endTime", _TIME.most), asked.whole("limit", 500)
        early = "fromId" in asked or "startTime" in asked
        first = asked.whole("fromId") if early else -1
        chosen: list[list[Order]] = []
        for market in self._catalogue.markets:
            wanted = Wanted(call.user.account, market.number, limit, first, begin * MS, (end + 1) * MS - 1)
            chosen += self._service.lists_of(wanted)
        chosen.sort(key=_begun)
        chosen = chosen[:limit] if early else chosen[-limit:]
        return [self._teller.listed(each) for each in chosen]

    def _place(self, group: Group, call: Call) -> object:
        asked, account = call.asked, call.user.account
        market = self._catalogue.market(asked.text("symbol"))
        parts: list[Placed] = []
        for names in _LEGS[group]:
            verb = Kind.LEG if parts else Kind.GROUP
            parts.append(new_order(market, asked, account, names, verb))
        parts[0].command["order"] = group
        batch = self._trading.carry_out(call, market, parts, asked.text("listClientOrderId"))
        (orders,) = self._service.lists_numbered(account, market.number, [batch.placed.group])
        return {**self._teller.listed(orders), "orderReports": [self._teller.placed(each, None) for each in orders]}

    def _named(self, call: Call, number: str, label: str, market: Market | None) -> list[Order]:
        """The orders of a list, by its number or its own name; none where there is no such list. Of lists of one name,
        or of one number in several markets, it is the open one, else the newest.
        """
        asked, account = call.asked, call.user.account
        if number not in asked and label not in asked:
            raise refusal.combination(f"Param '{label}' or '{number}' must be sent, but both were empty/null!")
        found: list[list[Order]] = []
        for each in [market] if market else self._catalogue.markets:
            if label in asked:
                some = self._service.lists_named(account, each.number, asked.text(label))
            else:
                some = self._service.lists_numbered(account, each.number, [asked.whole(number)])
            found += [orders for orders in some if asked.whole(number, orders[0].id) == orders[0].id]
        return max(found, key=lambda orders: (is_open(orders), orders[0].time), default=[])


def _begun(orders: list[Order]) -> int:
    return orders[0].time


def _parameters(group: Group) -> tuple[Parameter, ...]:
    legs = [parameter for names in _LEGS[group] for parameter in names.parameters(_NEEDED)]
    return tuple({each.name: each for each in (*COMMON, _LIST, *legs)}.values())
