"""Funding: positions of a perpetual pay one another, so that its price stays near what it is the price of.

FUNDING pays `quantity` ppb of their worth at the mark between positions: above 0 the bought pay the sold, below 0 the
sold pay the bought. One that pays gives |size| * mark * unit * rate, rounded down, as far as what is free and then its
margin last (the world always). Of all that was given, one that is paid gets the share of its size among those paid,
rounded down; the rest is the house's. A FUNDING row each by ascending account (`quantity`, below 0 what it gave;
`price` the mark), then one without a price for the house's rest, with `ref`, and the rate as its `group`.
"""

from typing import Any

import numpy as np

from node.exchange.core import answer, funds, margin, position
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import FREE, HOUSE, WORLD, Ledger, Market

U = np.uint64
_FREE = U(FREE)
_FUNDING, _OK, _MALFORMED = int(Record.FUNDING), int(Reason.NONE), int(Reason.MALFORMED)
_BILLION = 1_000_000_000


@jit
def fund(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    state, quote, rate = market.state[0], market.rules[0].quote, command.quantity
    if state.mark == 0 or rate < -_BILLION or rate > _BILLION:
        return answer.reject(market, command, journal, rows, _MALFORMED)
    sign = 1 if rate > 0 else -1
    rate = abs(rate)
    pot: Int = 0
    sizes: Int = 0
    for account in range(len(ledger.balances)):
        sizes += max(0, -sign * market.positions[U(account)].size)
    begun = rows
    for account in range(len(ledger.balances)):
        held, balance = market.positions[U(account)], ledger.balances[U(account), U(quote)]
        worth = margin.worth(market, account)
        if worth == 0:
            continue
        amount: Int = 0
        if held.size * sign > 0 and sizes > 0:
            amount = worth // _BILLION * rate + worth % _BILLION * rate // _BILLION
            if account != WORLD:
                amount = min(amount, max(0, balance[_FREE] + held.margin))
            balance[_FREE] -= amount
            position.make_up(held, balance)
            pot += amount
        row = answer.write(market, journal, rows, _FUNDING, account, 0, _OK)
        row.price, row.quantity = state.mark, -amount
        rows += 1
    rest = pot
    for at in range(begun, rows):
        row = journal[U(at)]
        held = market.positions[U(row.account)]
        if held.size * sign < 0:
            amount = funds.share(pot, abs(held.size), sizes)
            ledger.balances[U(row.account), U(quote), _FREE] += amount
            row.quantity = amount
            rest -= amount
    ledger.balances[U(HOUSE), U(quote), _FREE] += rest
    row = answer.write(market, journal, rows, _FUNDING, HOUSE, 0, _OK)
    row.quantity, row.ref, row.group = rest, command.ref, command.quantity
    return rows + 1
