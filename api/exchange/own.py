"""Own streams: what happens to a user's orders and balances, told to that user alone."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from api.exchange.listen import ListenKeys, Owner
from api.exchange.market_data import MS
from api.exchange.scale import amount
from api.exchange.told import Teller
from atom.stream.socket import Socket, wire
from node.exchange.core.journal import Record
from node.exchange.service.batch import Batch
from node.exchange.service.service import Service

_SETTLED: Final = np.isin(
    np.arange(256),
    (Record.LIQUIDATION, Record.ADL, Record.FUNDING, Record.INSURANCE, Record.MARGIN),
)
"""By its kind, whether a row tells that a perpetual took or gave what accounts have free."""


class Subscription(NamedTuple):
    """One stream of a user's own.

    Attributes:
        owner: whose it is, and by which API key.
        client: who hears it.
        name: the client's of it: a listen key, or a number where `numbered`.
        numbered: whether it was asked for over the WebSocket API, which tells the number with each event.
        wrapped: whether the name is told with each event, as on a connection to several streams.
    """

    owner: Owner
    client: Socket
    name: str
    numbered: bool = False
    wrapped: bool = False

    def wire(self, text: bytes) -> bytes:
        """An event of it as a frame."""
        if self.numbered:
            return wire(b'{"subscriptionId":%b,"event":%b}' % (self.name.encode(), text))
        return wire(b'{"stream":"%b","data":%b}' % (self.name.encode(), text) if self.wrapped else text)


class OwnStreams:
    """Listens to the service, and tells users.

    Args:
        keys: listen keys.
        wall: milliseconds UTC.
    """

    def __init__(self, service: Service, teller: Teller, keys: ListenKeys, wall: Callable[[], int]) -> None:
        self._service, self._catalogue, self._teller = service, teller.catalogue, teller
        self._keys, self._wall = keys, wall
        self._owned = set(teller.catalogue.paid)
        self._heard: dict[int, dict[Subscription, None]] = {}
        self._of: dict[Socket, dict[str, Subscription]] = {}

    def of(self, client: Socket) -> list[Subscription]:
        """What a client hears."""
        return list(self._of.get(client, {}).values())

    def subscribe(self, to: Subscription) -> None:
        """Lets a client hear a stream; one of the same name that it has is another way of telling it."""
        self.unsubscribe(to.client, to.name)
        self._of.setdefault(to.client, {})[to.name] = to
        self._heard.setdefault(to.owner.account, {})[to] = None

    def unsubscribe(self, client: Socket, name: str) -> None:
        to = self._of.get(client, {}).pop(name, None)
        if to is not None:
            del self._heard[to.owner.account][to]
            if not self._heard[to.owner.account]:
                del self._heard[to.owner.account]
            if not self._of[client]:
                del self._of[client]

    def leave(self, client: Socket) -> None:
        """Forgets a client."""
        for to in self.of(client):
            self.unsubscribe(client, to.name)

    def end_stale(self) -> None:
        """Ends the streams whose API key was revoked, or whose listen key is over. To be called now and then."""
        for to in [each for heard in self._heard.values() for each in heard if not self._good(each)]:
            now = self._wall()
            over = {"e": "eventStreamTerminated", "E": now} if to.numbered else {
                "e": "listenKeyExpired", "E": now, "listenKey": to.name
            }  # fmt: skip
            to.client.put_wire(to.wire(orjson.dumps(over)))
            self.unsubscribe(to.client, to.name)

    def _good(self, to: Subscription) -> bool:
        if to.numbered:
            return self._service.users.key(to.owner.key) is not None
        return self._keys.owner(to.name, self._wall()) is not None

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
                moved.setdefault(order.account, set()).update({market.base, market.quote} & self._owned)
                if order.group:
                    lists[order.account, order.market, order.group] = None
        for account, number, group in lists:
            self._list(account, number, group)
        self._paid(batch)
        for row in batch.rows[_SETTLED[batch.rows["kind"]]]:
            for account in (int(row["account"]), int(row["other_account"]) if row["kind"] == Record.ADL else -1):
                if account in self._heard:
                    moved.setdefault(account, set()).add(self._catalogue.markets[int(row["market"])].quote)
        for account, assets in moved.items():
            self._tell(account, self._position(account, assets))

    def _list(self, account: int, market: int, group: int) -> None:
        """Tells how a list of orders stands."""
        orders = next(iter(self._service.lists_numbered(account, market, [group])), None)
        if orders is None:  # nothing is kept on disk, and what was in memory is gone
            return
        told = self._teller.listed(orders)
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
            if self._good(to):
                to.client.put_wire(to.wire(text))
