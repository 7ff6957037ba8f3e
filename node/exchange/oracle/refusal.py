"""Refusal: why an order is not taken. Funds come before the market's filters, as on Binance."""

from typing import TYPE_CHECKING

from node.exchange.core.command import Flag, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Reason
from node.exchange.oracle.command import Command
from node.exchange.oracle.ledger import LIMIT

if TYPE_CHECKING:
    from node.exchange.oracle.market import Market

_MILLION = 1_000_000
_SIDES, _TYPES, _TIFS, _SELFTRADES = (frozenset(each) for each in (Side, Type, Tif, Selftrade))


def why_refused(market: "Market", command: Command) -> Reason:
    """NONE for an order that is taken."""
    if not well_formed(market, command):
        return Reason.MALFORMED
    if market.halted:
        return Reason.HALTED
    return why_not_affordable(market, command) or why_filtered(market, command)


def why_not_affordable(market: "Market", command: Command) -> Reason:
    """What an order would hold is beyond what is reckoned with, or beyond what its account has."""
    price = price_to_meet(market, command)
    if not fits(market, price, command.quantity):
        return Reason.OVERFLOW
    if not market.ledger.has(command.account, *market.need(command.side, price, command.quantity)):
        return Reason.INSUFFICIENT_FUNDS
    return Reason.NONE


def why_filtered(market: "Market", command: Command) -> Reason:
    """What the market takes no order by."""
    if not market.rules.least <= command.quantity <= market.rules.most:
        return Reason.QUANTITY
    if command.type == Type.LIMIT:
        return why_price_refused(market, command)
    return Reason.NONE


def well_formed(market: "Market", command: Command) -> bool:
    """Whether every field says something."""
    if command.side not in _SIDES or command.type not in _TYPES or command.tif not in _TIFS:
        return False
    if command.selftrade not in _SELFTRADES or command.quantity <= 0 or command.display < 0:
        return False
    if command.type == Type.LIMIT and (command.price <= 0 or command.flags & Flag.BY_QUOTE):
        return False
    if command.type == Type.MARKET and command.flags & Flag.POST_ONLY:
        return False
    return 0 <= command.account < len(market.ledger.accounts)


def price_to_meet(market: "Market", command: Command) -> int:
    """The limit; for a market order the best price that it meets, 0 where there is none."""
    if command.type == Type.LIMIT:
        return command.price
    return market.opposite(command.side).best() or 0


def fits(market: "Market", price: int, quantity: int) -> bool:
    """Whether what an order is worth, and how large it is, stays below the limit of what is reckoned with."""
    worth = float(price) * float(quantity) * float(market.rules.unit)
    return worth < LIMIT and float(quantity) * float(market.rules.lot) < LIMIT


def why_price_refused(market: "Market", command: Command) -> Reason:
    """What a limit order is measured by."""
    rules = market.rules
    if command.price * command.quantity * rules.unit < rules.notional:
        return Reason.NOTIONAL
    if rules.band and market.last and abs(command.price - market.last) > market.last * rules.band // _MILLION:
        return Reason.BAND
    if command.flags & Flag.POST_ONLY and market.opposite(command.side).meets(command.side, command.price):
        return Reason.WOULD_TAKE
    return Reason.NONE
