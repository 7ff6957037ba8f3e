"""Margin: what stands behind a position, as `core.margin` says it."""

from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import WORLD
from node.exchange.oracle.command import Command
from node.exchange.oracle.ledger import LIMIT
from node.exchange.oracle.market import Market, reject, tell

_MILLION = 1_000_000


def worth(market: Market, account: int) -> int:
    """Of a position at the mark."""
    return market.worth(abs(market.positions[account].size))


def equity(market: Market, account: int) -> int:
    """Its margin, and what it has gained."""
    position, now = market.positions[account], worth(market, account)
    return position.margin + (now if position.size > 0 else -now) - position.cost


def begins(market: Market, account: int) -> int:
    """The equity that a position begins with."""
    return worth(market, account) * market.rules.initial // _MILLION


def keeps(market: Market, account: int) -> int:
    """The equity below which it is liquidated."""
    return worth(market, account) * market.rules.maintenance // _MILLION


def free(market: Market, account: int) -> int:
    """What an account has free of what the market settles in."""
    return market.ledger.accounts[account].free[market.rules.quote]


def refill(market: Market, account: int) -> None:
    """Gives a position that is not isolated of what is free, as far as that goes."""
    amount = min(free(market, account), begins(market, account) - equity(market, account))
    if amount > 0 and not market.positions[account].isolated:
        put(market, account, amount, ref=0)


def give_back(market: Market, account: int) -> None:
    """Takes back what a position that is not isolated has too much, but for what it began with and what it gained."""
    position, wanted = market.positions[account], begins(market, account)
    spare = equity(market, account) - wanted
    began = abs(position.cost) * market.rules.initial // _MILLION
    amount = min(spare, position.margin - began)
    if amount > 0 and spare >= wanted - keeps(market, account) and not position.isolated:
        put(market, account, -amount, ref=0)


def put(market: Market, account: int, amount: int, *, ref: int) -> None:
    """Makes margin of what is free, or below 0 the other way round."""
    market.ledger.accounts[account].free[market.rules.quote] -= amount
    market.positions[account].margin += amount
    tell(market, Record.MARGIN, account, 0, quantity=amount, ref=ref)


def move(market: Market, command: Command) -> None:
    """An account gives a position margin, or takes some that it does not need."""
    ledger, account, amount = market.ledger, command.account, command.quantity
    known = 0 <= account < len(ledger.accounts) and account != WORLD
    if not known or not amount or not market.positions[account].size:
        reject(market, command, Reason.MALFORMED)
        return
    spare = equity(market, account) - begins(market, account)
    movable = min(market.positions[account].margin, spare) if market.mark else 0
    enough = ledger.has(account, market.rules.quote, amount) if amount > 0 else -amount <= movable
    if enough:
        put(market, account, amount, ref=command.ref)
    else:
        reject(market, command, Reason.INSUFFICIENT_FUNDS)


def isolate(market: Market, command: Command) -> None:
    """Whether what an account has free stands behind its position too."""
    if not 0 <= command.account < len(market.ledger.accounts) or command.quantity not in {0, 1}:
        reject(market, command, Reason.MALFORMED)
        return
    if market.positions[command.account].size or market.own_orders[command.account]:
        reject(market, command, Reason.IN_USE)
        return
    market.positions[command.account].isolated = bool(command.quantity)
    tell(market, Record.ISOLATED, command.account, 0, quantity=command.quantity, ref=command.ref)


def insure(market: Market, command: Command) -> None:
    """An account gives to the insurance fund."""
    ledger, amount = market.ledger, command.quantity
    if not 0 <= command.account < len(ledger.accounts) or amount <= 0:
        reject(market, command, Reason.MALFORMED)
        return
    purse = ledger.accounts[command.account].free
    owes = float(purse[market.rules.quote]) - float(amount) <= -LIMIT
    if float(market.insurance) + float(amount) >= LIMIT or owes:
        reject(market, command, Reason.OVERFLOW)
    elif not ledger.has(command.account, market.rules.quote, amount):
        reject(market, command, Reason.INSUFFICIENT_FUNDS)
    else:
        purse[market.rules.quote] -= amount
        market.insurance += amount
        tell(market, Record.INSURANCE, command.account, 0, quantity=amount, ref=command.ref)
