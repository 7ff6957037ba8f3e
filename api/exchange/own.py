"""Own streams: what happens to a user's orders and balances, told to that user alone."""

from typing import Any, NamedTuple

import numpy as np
import orjson

from api.exchange.catalogue import Catalogue
from api.exchange.lists import listed, of_group
from api.exchange.market_data import MS
from api.exchange.scale import amount
from api.exchange.told import Teller
from atom.stream.socket import Socket, wire
from node.exchange.core.journal import Record
from node.exchange.service.batch import Batch
from node.exchange.service.service import Service


class Subscription(NamedTuple):
    """One stream of a user's own.

    Attributes:
        client: who hears it.
        number: the client's of it; -1 for a connection that has no other.
    """

    client: Socket
    number: int


class OwnStreams:
    """Listens to the service, and tells users."""

    def __init__(self, service: Service, catalogue: Catalogue) -> None:
        self._service, self._catalogue, self._teller = service, catalogue, Teller(catalogue)
        self._heard: dict[int, dict[Subscription, None]] = {}

    def subscribe(self, account: int, to: Subscription) -> None:
        self._heard.setdefault(account, {})[to] = None

    def unsubscribe(self, account: int, to: Subscription) -> None:
        heard = self._heard.get(account, {})
        heard.pop(to, None)
        if not heard:
            self._heard.pop(account, None)

    def __call__(self, batch: Batch) -> None:
        """Takes what happened."""
        if not self._heard:
            return
        moved: dict[int, set[int]] = {}
        lists: dict[tuple[int, int, int], None] = {}
        for report in batch.reports:
            order = report.order
            if order.account in self._heard:
                market = self._catalogue.markets[order.market]
                self._tell(order.account, self._teller.report(report))
                moved.setdefault(order.account, set()).update((market.base, market.quote))
                if order.group:
                    lists[order.account, order.market, order.group] = None
        for account, number, group in lists:
            self._list(account, number, group)
        self._paid(batch)
        for account, assets in moved.items():
            self._tell(account, self._position(account, assets))

    def _list(self, account: int, market: int, group: int) -> None:
        """Tells how a list of orders stands."""
        orders = of_group(self._service, account, market, group)
        told = listed(orders, self._catalogue)
        members = [{"s": each["symbol"], "i": each["orderId"], "c": each["clientOrderId"]} for each in told["orders"]]
        self._tell(
            account,
            {
                "e": "listStatus",
                "E": told["transactionTime"],
                "s": told["symbol"],
                "g": group,
                "c": told["contingencyType"],
                "l": told["listStatusType"],
                "L": told["listOrderStatus"],
                "r": "NONE",
                "C": told["listClientOrderId"],
                "T": told["transactionTime"],
                "O": members,
            },
        )

    def _paid(self, batch: Batch) -> None:
        """Tells of deposits and withdrawals."""
        for at in np.flatnonzero(batch.rows["kind"] == Record.BALANCE).tolist():
            row = batch.rows[at]
            account, asset = int(row["account"]), self._catalogue.assets[int(row["asset"])]
            if account in self._heard:
                time = int(batch.times[at]) // MS
                delta = amount(asset, int(row["quantity"]))
                self._tell(account, {"e": "balanceUpdate", "E": time, "a": asset.name, "d": delta, "T": time})
                self._tell(account, self._position(account, {int(row["asset"])}))

    def _position(self, account: int, assets: set[int]) -> dict[str, Any]:
        balances, now = self._service.balances(account), self._service.clock.now() // MS
        told = [
            {
                "a": self._catalogue.assets[each].name,
                "f": amount(self._catalogue.assets[each], balances[each][0]),
                "l": amount(self._catalogue.assets[each], balances[each][1]),
            }
            for each in sorted(assets)
        ]
        return {"e": "outboundAccountPosition", "E": now, "u": now, "B": told}

    def _tell(self, account: int, event: dict[str, Any]) -> None:
        text = orjson.dumps(event)
        for to in tuple(self._heard.get(account, ())):
            told = text if to.number < 0 else b'{"subscriptionId":%d,"event":%b}' % (to.number, text)
            to.client.put_wire(wire(told))
