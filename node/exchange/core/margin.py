"""Margin: what an account puts behind its position in a perpetual, and behind all of them.

MARGIN moves `quantity` of what is free into the margin of a position, or below 0 back, of which equity at the mark must
keep `part(|size| * mark * unit, initial)`; a MARGIN row tells it (`quantity`, `ref`). INSUFFICIENT_FUNDS where one has
less, or there is no mark.

What a mark gave a position that is not isolated, or was margin because it had lost as much when it was opened, is the
account's again where the position has recovered: a mark gives back what its equity has more than it begins with, but
leaves a margin of `part(|cost|, initial)`, with which it began. So what a position gained is never given before it is
closed. A MARGIN row tells it (`quantity`, below 0).

ISOLATE is told by an ISOLATED row (`quantity`, `ref`); IN_USE where the account has a position or orders in the market.

INSURE moves `quantity` of what is free of `account` into the insurance fund; an INSURANCE row tells it (`quantity`;
`price` 0). INSUFFICIENT_FUNDS where it has less.
"""

from typing import Any

import numpy as np

from node.exchange.core import answer, funds, position
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import FREE, WORLD, Ledger, Market

U = np.uint64
_FREE = U(FREE)
_INSURANCE, _MARGIN, _ISOLATED = int(Record.INSURANCE), int(Record.MARGIN), int(Record.ISOLATED)
_OK, _MALFORMED, _OVERFLOW, _FUNDS, _IN_USE = (
    int(Reason.NONE), int(Reason.MALFORMED), int(Reason.OVERFLOW), int(Reason.INSUFFICIENT_FUNDS), int(Reason.IN_USE),
)  # fmt: skip


@jit
def insure(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    account, amount, quote = command.account, command.quantity, market.rules[0].quote
    if account < 0 or account >= len(ledger.balances) or amount <= 0:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    state, free = market.state[0], ledger.balances[U(account), U(quote), _FREE]
    if float(state.insurance) + float(amount) >= funds.LIMIT or float(free) - float(amount) <= -funds.LIMIT:
        return answer.reject(market, command, journal, rows, _OVERFLOW)
    if account != WORLD and free < amount:
        return answer.reject(market, command, journal, rows, _FUNDS)
    ledger.balances[U(account), U(quote), _FREE] -= amount
    state.insurance += amount
    row = answer.write(market, journal, rows, _INSURANCE, account, 0, _OK)
    row.quantity, row.ref = amount, command.ref
    return rows + 1


@jit
def isolate(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    account, isolated = command.account, command.quantity
    if account < 0 or account >= len(ledger.balances) or (isolated != 0 and isolated != 1):
        return answer.reject(market, command, journal, rows, _MALFORMED)
    if market.positions[U(account)].size != 0 or market.owners[U(account)].orders != 0:
        return answer.reject(market, command, journal, rows, _IN_USE)
    market.positions[U(account)].isolated = isolated
    row = answer.write(market, journal, rows, _ISOLATED, account, 0, _OK)
    row.quantity, row.ref = isolated, command.ref
    return rows + 1


@jit
def move(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    account, amount = command.account, command.quantity
    if account < 0 or account >= len(ledger.balances) or account == WORLD or amount == 0:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    held, free = market.positions[U(account)], ledger.balances[U(account), U(market.rules[0].quote), _FREE]
    if held.size == 0:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    if amount > 0:
        enough = amount <= free
    else:
        now = worth(market, account)
        spare = equity(market, account, now) - funds.part(now, market.rules[0].initial)
        enough = now > 0 and amount >= -min(held.margin, spare)
    if not enough:
        return answer.reject(market, command, journal, rows, _FUNDS)
    return put(market, ledger, account, amount, command.ref, journal, rows)


@jit
def put(market: Market, ledger: Ledger, account: Int, amount: Int, ref: Int, journal: Any, rows: Int) -> Int:
    """Makes margin of what is free, or below 0 the other way round."""
    ledger.balances[U(account), U(market.rules[0].quote), _FREE] -= amount
    market.positions[U(account)].margin += amount
    row = answer.write(market, journal, rows, _MARGIN, account, 0, _OK)
    row.quantity, row.ref = amount, ref
    return rows + 1


@jit
def refill(market: Market, ledger: Ledger, account: Int, worth: Int, journal: Any, rows: Int) -> Int:
    """Gives a position that is not isolated of what is free, as far as that goes."""
    if market.positions[U(account)].isolated != 0:
        return rows
    rules = market.rules[0]
    lacks = funds.part(worth, rules.initial) - equity(market, account, worth)
    amount = min(lacks, ledger.balances[U(account), U(rules.quote), _FREE])
    return put(market, ledger, account, amount, 0, journal, rows) if amount > 0 else rows


@jit
def give_back(market: Market, ledger: Ledger, account: Int, worth: Int, least: Int, journal: Any, rows: Int) -> Int:
    """Takes back what one that is not isolated has too much; not before it is as far above what it begins with as that
    is above what it keeps, so that no margin comes and goes with each mark.
    """
    held, initial = market.positions[U(account)], market.rules[0].initial
    begins = funds.part(worth, initial)
    spare = equity(market, account, worth) - begins
    amount = min(spare, held.margin - funds.part(abs(held.cost), initial))
    if held.isolated != 0 or amount <= 0 or spare < begins - least:
        return rows
    return put(market, ledger, account, -amount, 0, journal, rows)


@jit
def worth(market: Market, account: Int) -> Int:
    """What a position is worth at the mark, whether bought or sold."""
    return position.worth(market, abs(market.positions[U(account)].size))


@jit
def equity(market: Market, account: Int, worth: Int) -> Int:
    """Its margin, and what it has gained."""
    held = market.positions[U(account)]
    return int(held.margin + (worth if held.size > 0 else -worth) - held.cost)
