"""Answer: how rows of the journal are written."""

from typing import Any

import numpy as np

from node.exchange.core.command import Side, Type
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import ICEBERG, Market

U = np.uint64
_BUY, _MARKET = int(Side.BUY), int(Type.MARKET)
_ACK, _REJECT, _EXPIRE, _TRIGGER, _STATUS = (
    int(Record.ACK), int(Record.REJECT), int(Record.EXPIRE), int(Record.TRIGGER), int(Record.STATUS),
)  # fmt: skip
_OK = int(Reason.NONE)


@inlined
def write(market: Market, journal: Any, rows: Int, kind: Int, account: Int, order: Int, reason: Int) -> Any:
    """A row with what all kinds have; the rest of it is empty."""
    row = journal[U(rows)]
    row.kind, row.side, row.reason, row.flags, row.account = kind, 0, reason, 0, account
    row.market, row.type, row.tif, row.other_account = market.rules[0].market, 0, 0, 0
    row.order, row.other, row.price, row.quantity, row.fee, row.other_fee = order, 0, 0, 0, market.state[0].time, 0
    return row


@inlined
def ack(market: Market, command: Any, order: Int, group: Int, reason: Int, journal: Any, rows: Int) -> Int:
    row = write(market, journal, rows, _ACK, command.account, order, reason)
    row.side, row.type, row.tif, row.flags = command.side, command.type, command.tif, command.flags
    row.price, row.quantity, row.ref, row.group = command.price, command.quantity, command.ref, group
    return rows + 1


@jit
def reject(market: Market, command: Any, journal: Any, rows: Int, reason: Int) -> Int:
    row = write(market, journal, rows, _REJECT, command.account, command.order, reason)
    row.side, row.type, row.tif, row.flags = command.side, command.type, command.tif, command.flags
    row.price, row.quantity, row.ref = command.price, command.quantity, command.ref
    return rows + 1


@jit
def open_lots(market: Market, slot: Int) -> Int:
    """What is open of an order, with what is hidden."""
    node = market.nodes[U(slot)]
    return int(node.left + market.terms[U(slot)].hidden if node.rare & ICEBERG else node.left)


@jit
def price_of(market: Market, slot: Int) -> Int:
    """An order's price; 0 where it has none."""
    node = market.nodes[U(slot)]
    return int(node.key if node.side == _BUY else -node.key)


@jit
def expired(market: Market, slot: Int, reason: Int, journal: Any, rows: Int) -> Int:
    """That what is open of an order leaves by its own terms."""
    node = market.nodes[U(slot)]
    row = write(market, journal, rows, _EXPIRE, node.owner, node.id, reason)
    row.side, row.flags, row.type = node.side, node.flags, node.type
    row.price, row.quantity = price_of(market, slot), open_lots(market, slot)
    return rows + 1


@jit
def woke(market: Market, slot: Int, price: Int, reason: Int, journal: Any, rows: Int) -> Int:
    node = market.nodes[U(slot)]
    row = write(market, journal, rows, _TRIGGER, node.owner, node.id, reason)
    row.side, row.type, row.price, row.quantity = node.side, node.type, price, open_lots(market, slot)
    return rows + 1


@jit
def status(market: Market, account: Int, ref: Int, reason: Int, journal: Any, rows: Int) -> Int:
    row = write(market, journal, rows, _STATUS, account, 0, reason)
    row.quantity, row.ref = market.state[0].halted, ref
    return rows + 1
