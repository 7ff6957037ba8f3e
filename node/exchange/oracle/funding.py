"""Funding: one side of a perpetual pays the other, as `core.funding` says it."""

from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import HOUSE, WORLD
from node.exchange.oracle.command import Command
from node.exchange.oracle.margin import worth
from node.exchange.oracle.market import Market, reject, tell
from node.exchange.oracle.perpetual import make_up

_BILLION = 1_000_000_000


def fund(market: Market, command: Command) -> None:
    """One side pays the other."""
    if not market.mark or abs(command.quantity) > _BILLION:
        reject(market, command, Reason.MALFORMED)
        return
    pays = 1 if command.quantity > 0 else -1
    positions = [each for each in range(len(market.ledger.accounts)) if worth(market, each)]
    paying = [each for each in positions if market.positions[each].size * pays > 0]
    paid = [each for each in positions if market.positions[each].size * pays < 0]
    sizes = sum(abs(market.positions[each].size) for each in paid)
    moved = dict.fromkeys(positions, 0)
    for account in paying if sizes else ():
        moved[account] = -give(market, account, worth(market, account) * abs(command.quantity) // _BILLION)
    pot = -sum(moved.values())
    for account in paid:
        moved[account] = pot * abs(market.positions[account].size) // sizes
        market.ledger.accounts[account].free[market.rules.quote] += moved[account]
    for account, amount in moved.items():
        tell(market, Record.FUNDING, account, 0, price=market.mark, quantity=amount)
    rest = -sum(moved.values())
    market.ledger.accounts[HOUSE].free[market.rules.quote] += rest
    tell(market, Record.FUNDING, HOUSE, 0, quantity=rest, ref=command.ref, group=command.quantity)


def give(market: Market, account: int, amount: int) -> int:
    """Takes an amount, as far as an account has it, from what is free and then from its margin; what that was."""
    free, quote, position = market.ledger.accounts[account].free, market.rules.quote, market.positions[account]
    if account != WORLD:
        amount = min(amount, max(0, free[quote] + position.margin))
    free[quote] -= amount
    make_up(free, quote, position)
    return amount
