"""Matching: commands of a thousand accounts by the thousand against C, and one by one from Python against C++."""

import hashlib
import time
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from bench import order_flow
from bench.peer import Peer, in_turn
from bench.rows import Row, rates, seconds
from node.exchange.core.command import Kind, Selftrade, Type
from node.exchange.core.journal import Record
from node.exchange.exchange import Commands, Exchange

BATCH: Final = 1000
"""Commands that are given at once."""


def matching(folder: Path, count: int, times: int) -> Row:
    """Commands of a thousand accounts, by the thousand, against C; the journals must be equal."""
    commands = order_flow.flow(count)
    np.save(folder / "flow.npy", commands)
    np.save(folder / "deposits.npy", order_flow.deposits())
    arguments = [str(each) for each in (order_flow.ACCOUNTS, *order_flow.FEES, BATCH)]
    peer = Peer("engine", folder / "flow.npy", folder / "deposits.npy", *arguments)
    batches = [commands[at : at + BATCH] for at in range(0, len(commands), BATCH)]
    journal, exchange = hashlib.sha256(), order_flow.funded()
    for batch in batches:
        journal.update(exchange.carry_out(batch).tobytes())
    if journal.hexdigest() != peer.facts["hash"]:
        raise SystemExit("the reference in C wrote another journal")

    def all_of_them() -> float:
        carry_out = order_flow.funded().carry_out
        began = time.perf_counter()
        for batch in batches:
            carry_out(batch)
        return time.perf_counter() - began

    turns = in_turn(all_of_them, peer, times)
    return Row.of("matching", "commands/s", "C -O3", rates(turns, len(commands)))


def order_entry(folder: Path, count: int, times: int) -> Row:
    """Orders and cancels, one call of Python each."""
    commands = order_flow.flow(count, mode=int(Selftrade.NONE))
    what = np.where(commands["kind"] == Kind.CANCEL, 2, commands["type"] == Type.MARKET)
    number = np.where(what == 2, commands["order"], np.arange(len(commands)))
    names = _numbers(commands)
    theirs = [
        names.get(one, one) if kind == 2 else one for kind, one in zip(what.tolist(), number.tolist(), strict=True)
    ]
    columns = (what, commands["side"] == 0, commands["price"], commands["quantity"], np.array(theirs))
    np.save(folder / "lone.npy", np.stack([each.astype(np.int64) for each in columns], axis=1))
    fields = "side", "price", "quantity", "order", "account"
    rows = list(zip(what.tolist(), *(commands[name].tolist() for name in fields), strict=True))

    peer, exchange = Peer("lone_orders", folder / "lone.npy"), order_flow.funded()
    _one_by_one(exchange, rows)
    if int(exchange.markets[0].state["live"][0]) != peer.facts["orders"]:
        raise SystemExit(f"limit-order-book ends with another book: {peer.facts['orders']} orders")

    def all_of_them() -> float:
        return seconds(partial(_one_by_one, order_flow.funded(), rows))

    turns = in_turn(all_of_them, peer, times)
    return Row.of("order entry", "orders/s", "limit-order-book", rates(turns, len(rows)))


def _numbers(commands: Commands) -> dict[int, int]:
    """Which command gave the order of an id."""
    rows = order_flow.funded().carry_out(commands)
    acks = rows[rows["kind"] == Record.ACK]
    return dict(zip(acks["order"].tolist(), acks["ref"].tolist(), strict=True))


def _one_by_one(exchange: Exchange, rows: list[tuple[int, ...]]) -> None:
    order, cancel, market = exchange.order, exchange.cancel, int(Type.MARKET)
    for kind, side, price, quantity, known, account in rows:
        if kind == 0:
            order(0, account, side, price, quantity)
        elif kind == 1:
            order(0, account, side, price, quantity, kind=market)
        else:
            cancel(0, account, known)
