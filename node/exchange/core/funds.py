"""Funds: what orders hold, and what changes hands. Every move takes from one balance what it gives to another."""

import numpy as np

from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.state import FREE, HOUSE, LOCKED, MAKER, TAKER, WORLD, Ledger, Market

U = np.uint64
_MILLION = 1_000_000
_SMALL = 1 << 31
_FREE, _LOCKED, _HOUSE, _MAKER, _TAKER = U(FREE), U(LOCKED), U(HOUSE), U(MAKER), U(TAKER)
_BUY = 0
LIMIT = float(1 << 62)
"""What an order may be worth, in base units of either asset."""


@inlined
def fits(market: Market, price: Int, quantity: Int) -> bool:
    """Whether an order's worth can be told in 64 bits."""
    rules = market.rules[0]
    value = float(price) * float(quantity) * float(rules.unit)
    return value < LIMIT and float(quantity) * float(rules.lot) < LIMIT


@inlined
def part(amount: Int, ppm: Int) -> Int:
    """`amount * ppm / 1e6`, rounded down; the two parts are apart, since the product may be more than 64 bits hold."""
    return int(amount // _MILLION * ppm + amount % _MILLION * ppm // _MILLION)


@jit
def each(market: Market, price: Int) -> Int:
    """Margin that a lot of a perpetual takes: its part of the worth, rounded up."""
    rules = market.rules[0]
    worth = price * rules.unit
    return int(worth - part(worth, _MILLION - rules.initial))


@inlined
def need(market: Market, side: Int, price: Int, quantity: Int) -> Int:
    """What an order holds: of the quote asset for one that buys, of the base asset for one that sells; of a perpetual
    its margin, in the quote asset.
    """
    rules = market.rules[0]
    if rules.initial != 0:
        return int(quantity * each(market, price))
    return int(price * quantity * rules.unit if side == _BUY else quantity * rules.lot)


@inlined
def held_asset(market: Market, side: Int) -> Int:
    rules = market.rules[0]
    return int(rules.quote if side == _BUY or rules.initial != 0 else rules.base)


@inlined
def has(market: Market, ledger: Ledger, account: Int, side: Int, amount: Int) -> bool:
    """Whether an account may use that much; the world may as long as what it owes can be told in 64 bits."""
    free = ledger.balances[U(account), U(held_asset(market, side)), _FREE]
    return bool(free >= amount or (account == WORLD and float(free) - float(amount) > -LIMIT))


@inlined
def hold(market: Market, ledger: Ledger, account: Int, side: Int, amount: Int) -> None:
    """Locks an amount for an order; below zero gives it back."""
    balance = ledger.balances[U(account), U(held_asset(market, side))]
    balance[_FREE] -= amount
    balance[_LOCKED] += amount


@inlined
def fee(amount: Int, ppm: Int) -> Int:
    """What is paid of an amount: its `part`, so that a fraction of a base unit is nobody's, whether as a fee or as a
    rebate (below zero).
    """
    return part(amount, ppm) if ppm >= 0 else -part(amount, -ppm)


@jit
def share(amount: Int, lots: Int, size: Int) -> Int:
    """`amount * lots / size`, rounded down; `lots` is at most `size`, and all are 0 or more, and below 2**62.

    What the division of `amount` leaves is multiplied bit by bit where the product may be more than 64 bits hold.
    """
    whole, left = amount // size * lots, amount % size
    if size < _SMALL:
        return int(whole + left * lots // size)
    quotient: Int = 0
    remainder: Int = 0
    for bit in range(62, -1, -1):
        quotient, remainder = 2 * quotient, 2 * remainder
        if remainder >= size:
            remainder -= size
            quotient += 1
        if (lots >> bit) & 1:
            remainder += left
            if remainder >= size:
                remainder -= size
                quotient += 1
    return int(whole + quotient)


@jit
def rebate(amount: Int, ppm: Int, taker: Int, paid: Int, got: Int) -> Int:
    """The fee, below zero, of a maker who gets `amount` in a trade of which the taker gets `got` and pays `paid`.

    At the trade's price it is no more than that, so that no rebate is made of nothing. The world's fees are not told:
    of a trade with it a rebate is whole.
    """
    wanted = part(amount, -ppm)
    return int(-wanted if taker == WORLD else -min(wanted, share(amount, max(0, paid), got)))


@inlined
def settle(
    market: Market, ledger: Ledger, side: Int, taker: Int, maker: Int, price: Int, quantity: Int
) -> tuple[Int, Int]:
    """A trade: the taker gives what is free, the maker what its order holds. Each pays its fee in what it gets.

    Returns:
        the taker's fee and the maker's.
    """
    rules = market.rules[0]
    worth, size = price * quantity * rules.unit, quantity * rules.lot
    balances, base, quote = ledger.balances, U(rules.base), U(rules.quote)
    taker_ppm, maker_ppm = ledger.fees[U(taker), _TAKER], ledger.fees[U(maker), _MAKER]
    if side == _BUY:
        taker_fee = fee(size, taker_ppm)
        maker_fee = part(worth, maker_ppm) if maker_ppm >= 0 else rebate(worth, maker_ppm, taker, taker_fee, size)
        balances[U(taker), quote, _FREE] -= worth
        balances[U(taker), base, _FREE] += size - taker_fee
        balances[U(maker), base, _LOCKED] -= size
        balances[U(maker), quote, _FREE] += worth - maker_fee
        balances[_HOUSE, base, _FREE] += taker_fee
        balances[_HOUSE, quote, _FREE] += maker_fee
    else:
        taker_fee = fee(worth, taker_ppm)
        maker_fee = part(size, maker_ppm) if maker_ppm >= 0 else rebate(size, maker_ppm, taker, taker_fee, worth)
        balances[U(taker), base, _FREE] -= size
        balances[U(taker), quote, _FREE] += worth - taker_fee
        balances[U(maker), quote, _LOCKED] -= worth
        balances[U(maker), base, _FREE] += size - maker_fee
        balances[_HOUSE, quote, _FREE] += taker_fee
        balances[_HOUSE, base, _FREE] += maker_fee
    return int(taker_fee), int(maker_fee)


@jit
def transfer(ledger: Ledger, account: Int, asset: Int, amount: Int) -> bool:
    """Moves an amount from the world to an account, or below zero back; False where the account has too little, or
    the world would owe more than 64 bits hold.
    """
    free = ledger.balances[U(account), U(asset), _FREE]
    world = ledger.balances[U(WORLD), U(asset), _FREE]
    if free + amount < 0 or float(world) - float(amount) <= -LIMIT:
        return False
    ledger.balances[U(account), U(asset), _FREE] = free + amount
    ledger.balances[U(WORLD), U(asset), _FREE] = world - amount
    return True
