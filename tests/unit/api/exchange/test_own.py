"""Own streams: who is told that a perpetual moved what it has free, and who is not."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import orjson
import pytest

from api.exchange.catalogue import Catalogue
from api.exchange.listen import ListenKeys, Owner
from api.exchange.own import OwnStreams, Subscription
from api.exchange.told import Teller
from atom.stream.socket import Limits, Socket
from node.exchange.core.journal import JOURNAL, Record
from node.exchange.exchange import Exchange
from node.exchange.service.batch import Batch
from node.exchange.service.plan import standard
from node.exchange.service.service import Service

PERPETUAL = replace(standard(["BTCPERP-USDT"])[0].listing, notional=Decimal(1))


class Heard(Socket):
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(set(), Limits(), 100)
        self.told: list[bytes] = []

    def put_wire(self, frames: bytes) -> None:
        self.told.append(frames)


@pytest.mark.parametrize("kind", [Record.MARGIN, Record.FUNDING, Record.INSURANCE, Record.LIQUIDATION, Record.ADL])
def test_whose_free_balance_a_perpetual_moved_is_told_it(kind: Record) -> None:
    service = Service(Exchange([PERPETUAL]))
    streams = OwnStreams(service, Teller(Catalogue(service.exchange)), ListenKeys(lambda _: True), lambda: 0)
    clients: list[Heard] = []
    for name in ("ann", "bob", "eve"):
        key, client = service.enrol(name, {}), Heard()
        streams.subscribe(Subscription(Owner(key.user.account, key.code), client, "0", numbered=True))
        clients.append(client)
    rows = np.zeros(1, JOURNAL)
    rows["kind"], rows["account"] = kind, 2
    rows["other_account"] = 3 if kind is Record.ADL else 0
    streams(Batch(rows, np.zeros(1, np.int64), [], []))
    told = [len(each.told) for each in clients]
    assert told == ([1, 1, 0] if kind is Record.ADL else [1, 0, 0])
    event = orjson.loads(clients[0].told[0][clients[0].told[0].index(b"{") :])["event"]
    assert (event["e"], [each["a"] for each in event["B"]]) == ("outboundAccountPosition", ["USDT"])
