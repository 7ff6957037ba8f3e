"""Cancelling: orders leave as asked."""

from typing import Any

import numpy as np

from node.exchange.core import answer, ties
from node.exchange.core.amending import find
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import NONE, Ledger, Market

U = np.uint64
_CANCEL, _OK, _UNKNOWN = int(Record.CANCEL), int(Reason.NONE), int(Reason.UNKNOWN_ORDER)


@jit
def cancel(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    slot = find(market, command)
    if slot == NONE:
        return answer.reject(market, command, journal, rows, _UNKNOWN)
    return _leave(market, ledger, slot, command.ref, journal, rows)


@jit
def cancel_all(market: Market, ledger: Ledger, command: Any, everybody: bool, journal: Any, rows: Int) -> Int:
    """Each order of an account, or of all, the oldest first; one that has left with its group is passed over."""
    begun, accounts = rows, len(ledger.balances)
    first = 0 if everybody else max(0, command.account)
    for account in range(first, accounts if everybody else min(command.account + 1, accounts)):
        while market.owners[U(account)].oldest != NONE:
            slot = np.int64(market.owners[U(account)].oldest)
            rows = _leave(market, ledger, slot, command.ref, journal, rows)
    return rows if rows > begun else answer.reject(market, command, journal, rows, _UNKNOWN)


@jit
def _leave(market: Market, ledger: Ledger, slot: Int, ref: Int, journal: Any, rows: Int) -> Int:
    node = market.nodes[U(slot)]
    row = answer.write(market, journal, rows, _CANCEL, node.owner, node.id, _OK)
    row.side, row.price, row.quantity = node.side, answer.price_of(market, slot), answer.open_lots(market, slot)
    row.ref = ref
    rows += 1
    if node.rare:
        return ties.leave(market, ledger, slot, journal, rows)
    return ties.leave_plain(market, ledger, slot, rows)
