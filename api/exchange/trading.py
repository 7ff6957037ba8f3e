"""Trading: what a user may ask of its orders."""

from typing import Any, Final

from api.exchange import order_shapes, refusal, shapes
from api.exchange.account import NO_DISCOUNT
from api.exchange.catalogue import Market
from api.exchange.endpoint import Call, Endpoint, Security
from api.exchange.filters import check
from api.exchange.market_data import MS, SYMBOL
from api.exchange.parameter import Amount, Asked, Choice, Parameter, Truth, Whole
from api.exchange.placing import ALONE, LABEL, ORDER, Placed, joined, new_order, of_order
from api.exchange.refusal import Refusal
from api.exchange.scale import fixed
from api.exchange.told import Teller, fills
from api.exchange.why import refused
from fusion.errors import FusionError
from node.exchange.core.command import Kind, Selftrade
from node.exchange.service.batch import Batch
from node.exchange.service.indexed import Wanted
from node.exchange.service.order import Order
from node.exchange.service.service import Service

_TIME: Final = Whole(0, (2**63 - 1) // MS - 1)
_ID: Final = Parameter("orderId", Whole())
_LABELLED: Final = Parameter("origClientOrderId", LABEL)
_RENAMED: Final = Parameter("newClientOrderId", LABEL)
_RESTRICTIONS: Final = Parameter(
    "cancelRestrictions", Choice(("ONLY_NEW", "ONLY_PARTIALLY_FILLED"), -1145, "Invalid cancelRestrictions.")
)
_REPLACED: Final = (
    *ORDER,
    Parameter("cancelReplaceMode", Choice(("STOP_ON_FAILURE", "ALLOW_FAILURE")), needed=True),
    Parameter("cancelOrderId", Whole()),
    Parameter("cancelOrigClientOrderId", LABEL),
    Parameter("cancelNewClientOrderId", LABEL),
    Parameter("orderRateLimitExceededMode", Choice(("DO_NOTHING", "CANCEL_ONLY"))),
    _RESTRICTIONS,
)


class Trading:
    """Gives orders and takes them back."""

    def __init__(self, service: Service, teller: Teller) -> None:
        self._service, self._catalogue, self._teller = service, teller.catalogue, teller

    def endpoints(self) -> list[Endpoint]:
        order, test = "/api/v3/order", (*ORDER, Parameter("computeCommissionRates", Truth()))
        replaced, amended = f"{order}/cancelReplace", f"{order}/amend/keepPriority"
        return [
            _trade(
                "POST", order, "order.place", "A new order.", self.place,
                order_shapes.Acknowledged | order_shapes.Placed, ORDER, orders=1,
            ),
            _trade(
                "POST", f"{order}/test", "order.test", "Whether an order is well said.", self.test,
                shapes.Nothing | shapes.Tried, test,
            ),
            _trade(
                "DELETE", order, "order.cancel", "Takes an order back.", self.cancel,
                order_shapes.Cancelled, (SYMBOL, _ID, _LABELLED, _RENAMED, _RESTRICTIONS),
            ),
            _trade(
                "POST", replaced, "order.cancelReplace", "Takes one back and gives another.", self.replace,
                order_shapes.Replaced, _REPLACED, orders=1,
            ),
            _trade(
                "PUT", amended, "order.amend.keepPriority", "Makes an order smaller where it stands.", self.amend,
                order_shapes.Amended,
                (SYMBOL, _ID, _LABELLED, _RENAMED, Parameter("newQty", Amount(), needed=True)), weight=4,
            ),
            _trade(
                "DELETE", "/api/v3/openOrders", "openOrders.cancelAll", "Takes back all orders of a market.",
                self.cancel_all, list[order_shapes.Cancelled | order_shapes.CancelledList], (SYMBOL,),
            ),
            Endpoint(
                "GET", order, "order.status", "An order.", self.status, order_shapes.Order, (SYMBOL, _ID, _LABELLED),
                Security.SIGNED, 4,
            ),
            Endpoint(
                "GET", "/api/v3/openOrders", "openOrders.status", "Orders that are open.", self.open,
                list[order_shapes.Order], (Parameter("symbol", SYMBOL.kind),), Security.SIGNED, _open_weight,
            ),
            Endpoint(
                "GET", "/api/v3/allOrders", "allOrders", "Orders of a market, open and closed.", self.all,
                list[order_shapes.Order],
                (SYMBOL, _ID, Parameter("startTime", _TIME), Parameter("endTime", _TIME),
                 Parameter("limit", Whole(1, 1000))),
                Security.SIGNED, 20,
            ),
        ]  # fmt: skip

    def place(self, call: Call) -> object:
        market = self._market(call)
        placed = new_order(market, call.asked, call.user.account)
        batch = self.carry_out(call, market, [placed])
        return self._answer(call.asked, batch)

    def test(self, call: Call) -> object:
        market = self._market(call)
        check(self._service, new_order(market, call.asked, call.user.account).command)
        if not call.asked.whole("computeCommissionRates"):
            return {}
        fees = [fixed(each * 100, 8) for each in self._service.exchange.ledger.fees[call.user.account].tolist()]
        nothing = [fixed(0, 8)] * 2
        sorts = {"standard": fees, "special": nothing, "tax": nothing}
        told = {f"{sort}CommissionForOrder": {"maker": of[0], "taker": of[1]} for sort, of in sorts.items()}
        return {**told, "discount": NO_DISCOUNT}

    def cancel(self, call: Call) -> object:
        order = self.named(call, "orderId", "origClientOrderId")
        return self._cancelled(call, order, call.asked.text("newClientOrderId"))

    def cancel_all(self, call: Call) -> object:
        market, account = self._market(call), call.user.account
        batch = self._service.place(of_order(Kind.CANCEL_ALL, market, account, 0))
        if batch.refused:
            raise refusal.not_cancelled()
        gone = [each.order for each in batch.reports if each.order.account == account]
        told: list[dict[str, Any]] = [self._teller.cancelled(each, "") for each in gone if not each.group]
        groups = sorted({each.group for each in gone if each.group})
        return told + [
            self._teller.cancelled_list(each, "")
            for each in self._service.lists_numbered(account, market.number, groups)
        ]

    def replace(self, call: Call) -> object:
        asked, market = call.asked, self._market(call)
        placed = new_order(market, asked, call.user.account)
        told: dict[str, Any] = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS"}
        failures = 0
        try:
            order = self.named(call, "cancelOrderId", "cancelOrigClientOrderId")
            told["cancelResponse"] = self._cancelled(call, order, asked.text("cancelNewClientOrderId"))
        except Refusal as refused_cancel:
            told |= {"cancelResult": "FAILURE", "cancelResponse": refused_cancel.told()}
            failures += 1
            if asked.text("cancelReplaceMode") == "STOP_ON_FAILURE":
                told |= {"newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None}
                raise Refusal(-2022, "Order cancel-replace failed.", data=told) from None
        try:
            told["newOrderResponse"] = self._answer(asked, self.carry_out(call, market, [placed]))
        except FusionError as error:  # the first step is done: whatever stops the second, that is told
            refused_order = error if isinstance(error, Refusal) else refusal.unavailable(error)
            told |= {"newOrderResult": "FAILURE", "newOrderResponse": refused_order.told()}
            failures += 1
        if failures == 2:
            raise Refusal(-2022, "Order cancel-replace failed.", data=told)
        if failures:
            raise Refusal(-2021, "Order cancel-replace partially failed.", 409, data=told)
        return told

    def amend(self, call: Call) -> object:
        order = self.named(call, "orderId", "origClientOrderId")
        market = self._catalogue.markets[order.market]
        wanted = call.asked.amount("newQty")
        quantity = market.scale.lots(wanted, "newQty") if wanted is not None else 0
        if not order.filled + order.prevented < quantity < order.quantity:
            raise Refusal(-2038, "Order amend (quantity increase) is not supported.")
        left = quantity - order.filled - order.prevented
        row = of_order(Kind.AMEND, market, call.user.account, order.id, price=order.price, quantity=left)
        row["selftrade"] = Selftrade(order.selftrade)
        label = call.asked.text("newClientOrderId")
        if label and label != order.label:
            self._check_free(order.account, market, [label])
        with self._teller.renames(order):
            batch = self._service.place(row, [label])
        if batch.refused:
            raise refused(batch.refused)
        after = self._service.order(call.user.account, market.number, order.id) or order
        told = {"transactTime": after.updated // MS, "executionId": self._service.rows}
        return {**told, "amendedOrder": self._teller.amended(after, order.label)}

    def status(self, call: Call) -> object:
        found = self._find(call, "orderId", "origClientOrderId")
        if found is None:
            raise refusal.no_order()
        return self._teller.whole(found)

    def open(self, call: Call) -> object:
        market = self._market(call).number if "symbol" in call.asked else None
        return [self._teller.whole(each) for each in self._service.orders.open(call.user.account, market)]

    def all(self, call: Call) -> object:
        asked, account, market = call.asked, call.user.account, self._market(call).number
        begin, end, limit = asked.whole("startTime"), asked.whole("endTime", _TIME.most), asked.whole("limit", 500)
        first = asked.whole("orderId", 0 if "startTime" in asked else -1)
        known = self._service.orders_of(Wanted(account, market, limit, first, begin * MS, (end + 1) * MS - 1))
        return [self._teller.whole(each) for each in known]

    # What lists of orders use too

    def carry_out(self, call: Call, market: Market, parts: list[Placed], name: str = "") -> Batch:
        """Gives orders together, as a list of that name; a Refusal where the exchange does not take them."""
        account = call.user.account
        standing = self._service.orders.open(account, market.number)
        self._check_free(account, market, [each.label for each in parts if each.label])
        if name and any(each.group and each.name == name for each in standing):
            raise refusal.rejected("Duplicate order sent.")
        batch = self._service.place(*joined(parts), [name] if name else [])
        if batch.refused:
            raise refused(batch.refused)
        return batch

    def _check_free(self, account: int, market: Market, labels: list[str]) -> None:
        """A Refusal where an open order has one of these names, or they are not all different."""
        known = [self._service.orders.labelled(account, market.number, label) for label in labels]
        if len(set(labels)) < len(labels) or any(each is not None and each.status.open for each in known):
            raise refusal.rejected("Duplicate order sent.")

    def named(self, call: Call, number: str, label: str) -> Order:
        """An open order, by its number or its own name."""
        found = self._find(call, number, label)
        if found is None or not found.status.open:
            raise refusal.not_cancelled()
        return found

    # The rest

    def _cancelled(self, call: Call, order: Order, label: str) -> dict[str, Any]:
        restricted = call.asked.text("cancelRestrictions")
        if restricted and restricted.removeprefix("ONLY_") != order.status.value:
            raise refusal.not_cancelled("Order was not canceled due to cancel restrictions.")
        market = self._catalogue.markets[order.market]
        with self._teller.cancels([order], label):
            batch = self._service.place(of_order(Kind.CANCEL, market, call.user.account, order.id))
        if batch.refused:
            raise refusal.not_cancelled()
        after = self._service.order(call.user.account, market.number, order.id) or order
        return self._teller.cancelled(after, label)

    def _find(self, call: Call, number: str, label: str) -> Order | None:
        asked, market, service = call.asked, self._market(call).number, self._service
        if number not in asked and label not in asked:
            raise refusal.combination(f"Param '{label}' or '{number}' must be sent, but both were empty/null!")
        found = service.labelled(call.user.account, market, asked.text(label)) if label in asked else None
        if number in asked:
            by_number = service.order(call.user.account, market, asked.whole(number))
            if label in asked and by_number != found:
                return None
            return by_number
        return found

    def _answer(self, asked: Asked, batch: Batch) -> dict[str, Any]:
        first = batch.placed
        after = self._service.order(first.account, first.market, first.id) or first
        kind = asked.text("newOrderRespType", "FULL" if asked.text(ALONE.of("type")) in {"LIMIT", "MARKET"} else "ACK")
        if kind == "ACK":
            return self._teller.acknowledged(after)
        return self._teller.placed(after, fills(batch.reports, first.id) if kind == "FULL" else None)

    def _market(self, call: Call) -> Market:
        return self._catalogue.market(call.asked.text("symbol"))


def _open_weight(asked: Asked) -> int:
    return 6 if "symbol" in asked else 80


def _trade(verb: str, path: str, method: str, does: str, *more: Any, orders: int = 0, weight: int = 1) -> Endpoint:
    """An endpoint for those who may trade; `more` is its answer, its shape and its parameters."""
    answer, shape, parameters = more
    return Endpoint(verb, path, method, does, answer, shape, parameters, Security.TRADE, weight, orders)
