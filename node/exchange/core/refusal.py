"""Refusal: why an order cannot be taken."""

from typing import Any

import numpy as np

from node.exchange.core import funds, ladder, position, ties
from node.exchange.core.command import Flag, Selftrade, Side, Tif, Type
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.journal import Reason
from node.exchange.core.state import SLOT_BITS, Ledger, Market

U = np.uint64
NODES_EACH = 4
"""Nodes that one command may need."""
PARTS = 100
"""Parts that an iceberg may have."""
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_LIMIT, _MARKET, _LAST_TYPE = int(Type.LIMIT), int(Type.MARKET), int(max(Type))
_IOC, _FOK, _GTD, _LAST_TIF = int(Tif.IOC), int(Tif.FOK), int(Tif.GTD), int(max(Tif))
_LAST_MODE = int(max(Selftrade))
_POST_ONLY, _BY_QUOTE, _REDUCE_ONLY = int(Flag.POST_ONLY), int(Flag.BY_QUOTE), int(Flag.REDUCE_ONLY)
_STRANGE = 255 & ~(_POST_ONLY | _BY_QUOTE)
_OK, _MALFORMED, _OVERFLOW, _FUNDS, _QUANTITY, _NOTIONAL, _BAND, _HALTED, _PARTS = (
    int(Reason.NONE), int(Reason.MALFORMED), int(Reason.OVERFLOW), int(Reason.INSUFFICIENT_FUNDS), int(Reason.QUANTITY),
    int(Reason.NOTIONAL), int(Reason.BAND), int(Reason.HALTED), int(Reason.PARTS),
)  # fmt: skip
_MILLION = 1_000_000
_ORDERS = (1 << SLOT_BITS) - NODES_EACH


@jit
def refusal(market: Market, ledger: Ledger, command: Any, funded: bool) -> Int:
    """Why an order cannot be taken; 0 where it can. What it would meet or wake from is not looked at.

    Args:
        funded: whether funds count.
    """
    state, side, price, quantity = market.state[0], np.int64(command.side), command.price, command.quantity
    if malformed(market, ledger, command):
        return _MALFORMED
    if state.halted:
        return _HALTED
    if state.live >= _ORDERS:
        return _OVERFLOW
    if not ties.has_price(command.type):
        price = _assumed(market, command)
        if command.flags & _BY_QUOTE:
            return _refusal_by_quote(market, ledger, command, price)
    if not funds.fits(market, price, quantity):
        return _OVERFLOW
    holds = side == _SELL or command.type <= _MARKET or ties.has_price(command.type)
    if market.rules[0].initial != 0:
        holds = not command.flags & _REDUCE_ONLY and (command.type <= _MARKET or ties.has_price(command.type))
    needed: Int = 0
    if holds and market.rules[0].initial != 0 and command.type <= _MARKET:
        needed = position.asked(market, command.account, side, price, quantity)
    elif holds:
        needed = funds.need(market, side, price, quantity)
    if funded and not funds.has(market, ledger, command.account, side, needed):
        return _FUNDS
    return filtered(market, price, quantity, command.display, command.type == _LIMIT)


@inlined
def malformed(market: Market, ledger: Ledger, command: Any) -> bool:
    """Whether an order makes no sense whatever the market is like.

    That is: an enumeration, a flag or the account out of range; no quantity; no price where its type has one. POST_ONLY
    without a price, or at once (IOC, FOK). BY_QUOTE of anything but a market order, or all or nothing (FOK). An end
    (GTD, DAY) of a market order, or one that has come. `display` below 0, or of what has no price or is at once. A
    waiting order with neither `trigger` nor `trail`, with one below 0, or a `trail` of 1e6 or more; either of another.
    """
    if command.side > _SELL or command.type > _LAST_TYPE or command.tif > _LAST_TIF or command.selftrade > _LAST_MODE:
        return True
    if command.quantity <= 0 or command.account < 0 or command.account >= len(ledger.balances):
        return True
    post_only, by_quote = command.flags & _POST_ONLY != 0, command.flags & _BY_QUOTE != 0
    if ties.has_price(command.type):
        if command.price <= 0 or by_quote:
            return True
    elif post_only:
        return True
    if market.rules[0].initial != 0 and command.tif == _FOK:
        return True
    plain = command.tif <= _IOC and (command.trigger | command.display | command.trail) == 0 and command.flags == 0
    return bool((command.type > _MARKET or not plain) and _odd(market, command))


@jit
def _odd(market: Market, command: Any) -> bool:
    """The same of what few orders have."""
    at_once = command.tif == _IOC or command.tif == _FOK
    if market.rules[0].initial != 0:
        if command.flags & (_STRANGE & ~_REDUCE_ONLY | _BY_QUOTE):
            return True
    elif command.flags & _STRANGE:
        return True
    if command.flags & _POST_ONLY and at_once:
        return True
    if command.flags & _BY_QUOTE and (command.type != _MARKET or command.tif == _FOK):
        return True
    if command.type == _MARKET and command.tif >= _GTD:
        return True
    if command.tif == _GTD and command.expiry <= market.state[0].time:
        return True
    if command.display < 0 or (command.display > 0 and (at_once or not ties.has_price(command.type))):
        return True
    if command.type <= _MARKET:
        return bool(command.trigger != 0 or command.trail != 0)
    if command.trigger < 0 or command.trail < 0 or command.trail >= _MILLION:
        return True
    return bool(command.trigger == 0 and command.trail == 0)


@jit
def _assumed(market: Market, command: Any) -> Int:
    """The price that the worth of an order without one is told by; 0 where there is none."""
    if command.type != _MARKET:
        return int(command.trigger if command.trigger != 0 else market.state[0].last)
    other = 1 - np.int64(command.side)
    return int(abs(np.int64(ladder.best(market, other)))) if market.top[U(other)] >= 0 else 0


@jit
def _refusal_by_quote(market: Market, ledger: Ledger, command: Any, price: Int) -> Int:
    rules, side, amount = market.rules[0], np.int64(command.side), command.quantity
    lots = amount // (price * rules.unit) if price != 0 else 0
    if not float(amount) < funds.LIMIT or not float(lots) * float(rules.lot) < funds.LIMIT:
        return _OVERFLOW
    needed = amount if side == _BUY else lots * rules.lot
    if not funds.has(market, ledger, command.account, side, needed):
        return _FUNDS
    if price != 0 and (lots < rules.least or lots > rules.most):
        return _QUANTITY
    return _NOTIONAL if amount < rules.notional else _OK


@inlined
def filtered(market: Market, price: Int, quantity: Int, display: Int, banded: bool) -> Int:
    """What a market's own terms say to an order, in whose price 0 is none."""
    rules = market.rules[0]
    if quantity < rules.least or quantity > rules.most:
        return _QUANTITY
    if display > 0 and (quantity - 1) // display >= PARTS:
        return _PARTS
    if price != 0 and price * quantity * rules.unit < rules.notional:
        return _NOTIONAL
    return _BAND if banded and outside(market, price) else _OK


@inlined
def outside(market: Market, price: Int) -> bool:
    """Whether a price is too far from the last."""
    rules, last = market.rules[0], market.state[0].last
    return bool(rules.band != 0 and last != 0 and abs(price - last) > funds.part(last, rules.band))
