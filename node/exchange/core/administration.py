"""Administration: what an exchange's keeper asks of a market."""

from typing import Any

from node.exchange.core import answer, expiry, funds
from node.exchange.core.command import Kind
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import NEVER, WORLD, Ledger, Market

_DEPOSIT, _WITHDRAW, _HALT, _RESUME, _TIMER = (
    int(Kind.DEPOSIT), int(Kind.WITHDRAW), int(Kind.HALT), int(Kind.RESUME), int(Kind.TIMER),
)  # fmt: skip
_BALANCE = int(Record.BALANCE)
_OK, _MALFORMED, _FUNDS = int(Reason.NONE), int(Reason.MALFORMED), int(Reason.INSUFFICIENT_FUNDS)
_OPEN, _HALTED = int(Status.OPEN), int(Status.HALTED)


@jit
def administer(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    kind, state = command.kind, market.state[0]
    if kind == _DEPOSIT or kind == _WITHDRAW:
        amount = command.quantity if kind == _DEPOSIT else -command.quantity
        known = 0 <= command.account < len(ledger.balances) and 0 <= command.order < ledger.balances.shape[1]
        if not known or command.account == WORLD or command.quantity <= 0:
            return answer.reject(market, command, journal, rows, _MALFORMED)
        if not funds.transfer(ledger, command.account, command.order, amount):
            return answer.reject(market, command, journal, rows, _FUNDS)
        row = answer.write(market, journal, rows, _BALANCE, command.account, command.order, _OK)
        row.quantity, row.ref = amount, command.ref
        return rows + 1
    if kind == _HALT or kind == _RESUME:
        state.halted = _HALTED if kind == _HALT else _OPEN
        state.resume = NEVER
        expiry.plan(market)
        return answer.status(market, command.account, command.ref, _OK, journal, rows)
    if kind == _TIMER:
        return rows
    return answer.reject(market, command, journal, rows, _MALFORMED)
