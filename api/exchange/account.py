"""Account: what a user may ask of its balances and trades, and its streams over REST."""

from collections.abc import Callable
from typing import Final

from api.exchange import order_shapes, refusal, shapes
from api.exchange.catalogue import rate_limits
from api.exchange.endpoint import Call, Endpoint, Security
from api.exchange.listen import ListenKeys, Owner
from api.exchange.market_data import MS, SYMBOL, named
from api.exchange.meter import Meter
from api.exchange.parameter import Parameter, Text, Truth, Whole
from api.exchange.scale import amount, fixed
from api.exchange.told import Teller
from node.exchange.service.indexed import Wanted
from node.exchange.service.service import Service

_TIME: Final = Whole(0, (2**63 - 1) // MS - 1)
_LISTEN_KEY: Final = Parameter("listenKey", Text("^[0-9a-zA-Z]{1,100}$"), needed=True)
_STREAM: Final = "/api/v3/userDataStream"
NO_DISCOUNT: Final = {"enabledForAccount": False, "enabledForSymbol": False, "discountAsset": "", "discount": "0"}


class Accounts:
    """Answers for users.

    Args:
        wall: milliseconds UTC.
    """

    def __init__(
        self,
        service: Service,
        teller: Teller,
        meter: Meter,
        keys: ListenKeys,
        wall: Callable[[], int],
    ) -> None:
        self._service, self._catalogue, self._teller = service, teller.catalogue, teller
        self._meter, self._keys, self._wall = meter, keys, wall

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint(
                "GET", "/api/v3/account", "account.status", "Balances and fees.", self.account, shapes.Account,
                (Parameter("omitZeroBalances", Truth()),), Security.SIGNED, 20,
            ),
            Endpoint(
                "GET", "/api/v3/myTrades", "myTrades", "A user's trades of a market.", self.trades,
                list[order_shapes.OwnTrade],
                (SYMBOL, Parameter("orderId", Whole()), Parameter("startTime", _TIME), Parameter("endTime", _TIME),
                 Parameter("fromId", Whole()), Parameter("limit", Whole(1, 1000))),
                Security.SIGNED, 20,
            ),
            Endpoint(
                "GET", "/api/v3/account/commission", "account.commission", "Fees of a market.", self.commission,
                shapes.Commission,
                (SYMBOL,), Security.SIGNED, 20,
            ),
            Endpoint(
                "GET", "/sapi/v1/asset/tradeFee", "", "Fees of markets.", self.fees, list[shapes.TradeFee],
                (Parameter("symbol", SYMBOL.kind),), Security.SIGNED,
            ),
            Endpoint(
                "GET", "/api/v3/rateLimit/order", "account.rateLimits.orders", "New orders, counted.", self.orders,
                list[shapes.OrderCount], (), Security.SIGNED, 40,
            ),
            Endpoint(
                "POST", _STREAM, "userDataStream.start", "A name for a stream of one's own.", self.start,
                shapes.ListenKey, (), Security.KEY, 2,
            ),
            Endpoint(
                "PUT", _STREAM, "userDataStream.ping", "Keeps that name for another hour.", self.keep, shapes.Nothing,
                (_LISTEN_KEY,), Security.KEY, 2,
            ),
            Endpoint(
                "DELETE", _STREAM, "userDataStream.stop", "Ends that stream.", self.stop, shapes.Nothing,
                (_LISTEN_KEY,), Security.KEY, 2,
            ),
        ]  # fmt: skip

    def account(self, call: Call) -> object:
        account = call.user.account
        maker, taker = self._fees(account)
        all_of_them = not call.asked.whole("omitZeroBalances")
        return {
            "makerCommission": maker // 100,
            "takerCommission": taker // 100,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": _rates(maker, taker),
            "canTrade": call.user.trades,
            "canWithdraw": False,
            "canDeposit": False,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": self._service.clock.now() // MS,
            "accountType": "SPOT",
            "balances": [
                {"asset": asset.name, "free": amount(asset, free), "locked": amount(asset, locked)}
                for place, (free, locked) in enumerate(self._service.balances(account))
                if place in self._catalogue.paid and (all_of_them or free or locked)
                for asset in (self._catalogue.assets[place],)
            ],
            "permissions": ["SPOT"],
            "uid": account,
        }

    def trades(self, call: Call) -> object:
        asked, account = call.asked, call.user.account
        market = self._catalogue.market(asked.text("symbol"))
        begin, end, limit = asked.whole("startTime"), asked.whole("endTime", _TIME.most), asked.whole("limit", 500)
        if "fromId" in asked and ("startTime" in asked or "endTime" in asked):
            raise refusal.combination("Combination of optional parameters invalid.")
        first = asked.whole("fromId", 0 if "startTime" in asked else -1)
        order = asked.whole("orderId") if "orderId" in asked else None
        wanted = Wanted(account, market.number, limit, first, begin * MS, (end + 1) * MS - 1, order)
        rows = self._service.trades_of(wanted)
        sides = [
            (row, row["maker_order" if maker else "taker_order"], maker)
            for row in named(rows)
            for maker in (False, True)
            if row["maker" if maker else "taker"] == account
            and order in (None, row["maker_order" if maker else "taker_order"])
        ]
        groups = self._service.groups(account, market.number, {number for _, number, _ in sides})
        told = [self._teller.trade(market, row, groups.get(number, 0), maker=maker) for row, number, maker in sides]
        return told[:limit] if first >= 0 else told[max(0, len(told) - limit) :]

    def commission(self, call: Call) -> object:
        market = self._catalogue.market(call.asked.text("symbol"))
        rates = _rates(*self._fees(call.user.account))
        nothing = _rates(0, 0)
        return {
            "symbol": market.id,
            "standardCommission": rates,
            "specialCommission": nothing,
            "taxCommission": nothing,
            "discount": NO_DISCOUNT,
        }

    def fees(self, call: Call) -> object:
        maker, taker = (fixed(each * 100, 8) for each in self._fees(call.user.account))
        return [
            {"symbol": each.id, "makerCommission": maker, "takerCommission": taker}
            for each in self._catalogue.chosen(call.asked.text("symbol"), ())
        ]

    def orders(self, call: Call) -> object:
        counts = self._meter.orders_of(call.user.account)
        limits = [each for each in rate_limits(self._meter.allowance) if each["rateLimitType"] == "ORDERS"]
        return [{**each, "count": count} for each, count in zip(limits, counts, strict=True)]

    def start(self, call: Call) -> object:
        return {"listenKey": self._keys.start(Owner(call.user.account, call.user.key), self._wall())}

    def keep(self, call: Call) -> object:
        self._keys.keep(call.asked.text("listenKey"), call.user.account, self._wall())
        return {}

    def stop(self, call: Call) -> object:
        self._keys.stop(call.asked.text("listenKey"), call.user.account, self._wall())
        return {}

    def _fees(self, account: int) -> tuple[int, int]:
        maker, taker = self._service.exchange.ledger.fees[account].tolist()
        return maker, taker


def _rates(maker: int, taker: int) -> dict[str, str]:
    return {"maker": fixed(maker * 100, 8), "taker": fixed(taker * 100, 8), "buyer": fixed(0, 8), "seller": fixed(0, 8)}
