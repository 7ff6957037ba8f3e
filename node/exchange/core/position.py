"""Position: what accounts have of a linear perpetual, and what a trade does to it.

A perpetual's base asset is a name alone: a trade of `quantity` lots at `price` moves its worth, price times quantity
times `unit`, in base units of the quote asset, only on paper. An account's position has a signed size; a signed cost,
what was paid for it; and a margin, never below 0, that is taken out of what is free and stands behind this market
alone. Over all accounts the sizes always add up to 0, and of each asset what is free, locked and margin, minus the
costs of all positions that settle in it, is 0.

A lot at `price` is worth `each(price)` of margin: `initial` ppm of its worth, rounded up. An order with a price holds
this for every open lot at its own price, whether it buys or sells, opens or closes; a reduce-only order and a waiting
one without a price hold nothing. A lot that opens `takes(side, price)`, so that no trade far from the mark leaves a
position that cannot pay for itself: where there is a mark, what the lot has lost at it, and besides `each` of the price
or, of one that sells, of the mark if that is higher. A limit order that does not wait and a market order, at the best
price, need this to be free for all lots but those that the position has on the other side.

A trade at a price, of each of the two accounts, the taker first:

1. What the order held for these lots is free again (of a taker: nothing).
2. As many of them as the position has on the other side close it: `share(cost)` and `share(margin)` of its cost and
   margin leave it, where share(x) is |x| * lots closed / |size|, rounded down. A bought position gains the worth of
   these lots less that cost, a sold one that cost less the worth. Gain (or loss) and margin are free.
3. The others open: cost grows by their worth (falls, for one that sells), and `takes(side, price)` a lot becomes
   margin.
4. Where less than nothing is free now, margin makes up for it.
5. The fee, of the worth, goes to the house: no more than what is free and margin, less what the position has lost at
   the mark; the free is taken first.
   A maker's rebate is no more than what the taker pays, if that is not the world.

The world has no margin, opens without any and may owe. Before it comes to a trade these are looked at in turn:

- A taker: reduce-only, it takes no more lots than the other side's size of its position; where that is none it stops,
  REDUCE_ONLY. Else that many, and no more besides than what is free pays at `takes(side, price)`; its rest then stops,
  INSUFFICIENT_FUNDS.
- A maker: reduce-only, it gives no more lots than that; where that is none, all of it expires, REDUCE_ONLY, and the
  taker goes on with the next.
- Whether the taker can bear it: a position's size stays below 2**40 and its cost below 2**60 unless it only closes,
  and after step 3 nothing free is below 0, or where nothing opens, the free and margin together; at a price that is
  worse than the mark also less what the rest of the position has lost at it. If not it stops, INSUFFICIENT_FUNDS.
- The same of the maker. If not, all of it expires, INSUFFICIENT_FUNDS, and the taker goes on; but before an order that
  a record tells of it stops, INSUFFICIENT_FUNDS.

Where a record takes from a user's order the world is the taker, and these are looked at alike; but where it cannot bear
the trade the user's order expires, INSUFFICIENT_FUNDS.

A rest is put in the book only where its account has what it holds (else it expires, INSUFFICIENT_FUNDS) and, if it is
reduce-only, something to reduce (REDUCE_ONLY). In perpetuals the self-trade mode NONE is EXPIRE_TAKER; fill-or-kill
and BY_QUOTE are MALFORMED.
"""

from typing import Any

import numpy as np

from node.exchange.core import funds
from node.exchange.core.command import Flag, Side
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason
from node.exchange.core.state import FREE, HOUSE, LOCKED, MAKER, RECORDED, TAKER, WORLD, Ledger, Market

U = np.uint64
_FREE, _LOCKED, _MAKER, _TAKER = U(FREE), U(LOCKED), U(MAKER), U(TAKER)
_BUY, _REDUCE_ONLY = int(Side.BUY), int(Flag.REDUCE_ONLY)
_OK, _FUNDS, _REDUCES = int(Reason.NONE), int(Reason.INSUFFICIENT_FUNDS), int(Reason.REDUCE_ONLY)
_ANY = 1 << 62
_MOST_LOTS, _MOST_COST = 1 << 40, float(1 << 60)
MOST_WORTH = 1 << 62
"""What lots are told to be worth at the mark that are worth as much or more; no cost comes near it."""


@jit
def reducible(market: Market, account: Int, side: Int) -> Int:
    """Lots of its position that an order of a side would close at most."""
    size = market.positions[U(account)].size
    return int(max(0, -size if side == _BUY else size))


@jit
def worth(market: Market, lots: Int) -> Int:
    """What lots are worth at the mark, at most `MOST_WORTH`; 0 where there is none."""
    mark, unit = market.state[0].mark, market.rules[0].unit
    if float(lots) * float(mark) * float(unit) >= funds.LIMIT:
        return MOST_WORTH
    return int(lots * mark * unit)


@jit
def lost(market: Market, size: Int, cost: Int) -> Int:
    """What lots (below 0: sold) have lost at the mark; 0 where they have gained, or there is none."""
    if market.state[0].mark == 0 or size == 0:
        return 0
    now = worth(market, size if size > 0 else -size)
    return int(max(0, cost - now if size > 0 else cost + now))


@jit
def takes(market: Market, side: Int, price: Int) -> Int:
    """Margin that a lot takes which a trade opens."""
    mark, unit = market.state[0].mark, market.rules[0].unit
    if side == _BUY:
        return int(funds.each(market, price) + (unit * max(0, price - mark) if mark > 0 else 0))
    return int(funds.each(market, max(price, mark)) + unit * max(0, mark - price))


@jit
def asked(market: Market, account: Int, side: Int, price: Int, quantity: Int) -> Int:
    """What must be free for an order that does not wait; `MOST_WORTH` where that is as much or more."""
    if account == WORLD or price == 0:
        return int(quantity * funds.each(market, price))
    opened, each = max(0, quantity - reducible(market, account, side)), takes(market, side, price)
    return int(opened * each) if float(opened) * float(each) < funds.LIMIT else MOST_WORTH


@jit
def unfit(market: Market, ledger: Ledger, slot: Int, held: Int) -> Int:
    """Why an order's rest cannot be put in the book; 0 where it can."""
    node = market.nodes[U(slot)]
    owner, side = np.int64(node.owner), np.int64(node.side)
    if node.flags & _REDUCE_ONLY:
        return _REDUCES if reducible(market, owner, side) == 0 else _OK
    return _OK if funds.has(market, ledger, owner, side, held) else _FUNDS


@jit
def closing(market: Market, account: Int, side: Int, price: Int, quantity: Int) -> tuple[Int, Int, Int, Int]:
    """Lots of a trade that close; what they gain; and the cost (never below 0) and the margin that leave with them."""
    position = market.positions[U(account)]
    lots = min(quantity, reducible(market, account, side))
    if lots == 0:
        return 0, 0, 0, 0
    size = abs(position.size)
    worth = price * lots * market.rules[0].unit
    cost, margin = funds.share(abs(position.cost), lots, size), funds.share(position.margin, lots, size)
    return int(lots), int(cost - worth if side == _BUY else worth - cost), cost, margin


@jit
def bears(market: Market, ledger: Ledger, account: Int, side: Int, price: Int, quantity: Int, held: Int) -> bool:
    """Whether an account can bear a trade."""
    position, rules = market.positions[U(account)], market.rules[0]
    lots, gain, cost, margin = closing(market, account, side, price, quantity)
    opened = quantity - lots
    if opened > 0:
        worth = float(price) * float(opened) * float(rules.unit)
        if abs(position.size) + opened >= _MOST_LOTS or float(abs(position.cost)) + worth >= _MOST_COST:
            return False
    if account == WORLD:
        return True
    free = ledger.balances[U(account), U(rules.quote), _FREE] + held + gain + margin
    if opened > 0:
        each = takes(market, side, price)
        return bool(float(opened) * float(each) < funds.LIMIT and free >= opened * each)
    sign = 1 if side == _BUY else -1
    left = free + position.margin - margin
    if sign * (price - market.state[0].mark) > 0:
        left -= lost(market, position.size + sign * lots, position.cost + sign * cost)
    return bool(left >= 0)


@jit
def may_meet(market: Market, ledger: Ledger, taker: Int, maker: Int, price: Int, quantity: Int) -> tuple[Int, Int, Int]:
    """What comes of two orders that meet.

    Returns:
        lots that they trade; why the taker must not go on then, 0 where it may; and why the maker expires instead.
    """
    one, other = market.nodes[U(taker)], market.nodes[U(maker)]
    owner, side, whose = np.int64(one.owner), np.int64(one.side), np.int64(other.owner)
    stopped: Int = _OK
    if one.flags & _REDUCE_ONLY:
        quantity = min(quantity, reducible(market, owner, side))
        if quantity == 0:
            return 0, _REDUCES, _OK
    elif owner != WORLD:
        free = ledger.balances[U(owner), U(market.rules[0].quote), _FREE]
        payable = reducible(market, owner, side) + max(0, free) // takes(market, side, price)
        if payable < quantity:
            quantity, stopped = payable, _FUNDS
            if quantity == 0:
                return 0, _FUNDS, _OK
    held: Int = 0
    if other.flags & _REDUCE_ONLY:
        quantity = min(quantity, reducible(market, whose, 1 - side))
        if quantity == 0:
            return 0, _OK, _REDUCES
    else:
        held = quantity * funds.each(market, price)
    if not bears(market, ledger, owner, side, price, quantity, 0):
        return 0, _FUNDS, _OK
    if not bears(market, ledger, whose, 1 - side, price, quantity, held):
        return (0, _FUNDS, _OK) if other.flags & RECORDED else (0, _OK, _FUNDS)
    return int(quantity), stopped, _OK


@jit
def may_give(market: Market, ledger: Ledger, maker: Int, price: Int, quantity: Int) -> tuple[Int, Int]:
    """Lots that a user's order gives the world, of so many; or why it expires instead."""
    node = market.nodes[U(maker)]
    owner, side = np.int64(node.owner), np.int64(node.side)
    held: Int = 0
    if node.flags & _REDUCE_ONLY:
        quantity = min(quantity, reducible(market, owner, side))
        if quantity == 0:
            return 0, _REDUCES
    else:
        held = quantity * funds.each(market, price)
    if not bears(market, ledger, WORLD, 1 - side, price, quantity, 0):
        return 0, _FUNDS
    return (int(quantity), _OK) if bears(market, ledger, owner, side, price, quantity, held) else (0, _FUNDS)


@jit
def give(market: Market, ledger: Ledger, maker: Int, price: Int, quantity: Int) -> tuple[Int, Int]:
    """A trade in which the world takes from a user's order.

    Returns:
        the world's fee and the user's.
    """
    node = market.nodes[U(maker)]
    owner, side = np.int64(node.owner), np.int64(node.side)
    held = 0 if node.flags & _REDUCE_ONLY else quantity * funds.each(market, price)
    taker_fee = trade(market, ledger, WORLD, 1 - side, price, quantity, 0, ledger.fees[U(WORLD), _TAKER])
    return taker_fee, trade(market, ledger, owner, side, price, quantity, held, ledger.fees[U(owner), _MAKER], _ANY)


@jit
def settle(market: Market, ledger: Ledger, taker: Int, maker: Int, price: Int, quantity: Int) -> tuple[Int, Int]:
    """A trade of two orders.

    Returns:
        the taker's fee and the maker's.
    """
    one, other = market.nodes[U(taker)], market.nodes[U(maker)]
    side, owner, whose = np.int64(one.side), np.int64(one.owner), np.int64(other.owner)
    held = 0 if other.flags & _REDUCE_ONLY else quantity * funds.each(market, price)
    taker_fee = trade(market, ledger, owner, side, price, quantity, 0, ledger.fees[U(owner), _TAKER])
    ppm, most = ledger.fees[U(whose), _MAKER], _ANY if owner == WORLD else max(0, taker_fee)
    return taker_fee, trade(market, ledger, whose, 1 - side, price, quantity, held, ppm, most)


@jit
def trade(
    market: Market,
    ledger: Ledger,
    account: Int,
    side: Int,
    price: Int,
    quantity: Int,
    held: Int,
    ppm: Int,
    most: Int = 0,
) -> Int:
    """One account's part of a trade; a rebate is no more than `most`.

    Returns:
        its fee.
    """
    position, rules = market.positions[U(account)], market.rules[0]
    balance = ledger.balances[U(account), U(rules.quote)]
    sign = 1 if side == _BUY else -1
    lots, gain, cost, margin = closing(market, account, side, price, quantity)
    balance[_LOCKED] -= held
    balance[_FREE] += held + gain + margin
    position.margin -= margin
    position.cost += sign * cost
    position.size += sign * quantity
    opened = quantity - lots
    if opened > 0:
        position.cost += sign * price * opened * rules.unit
        if account != WORLD:
            margin = opened * takes(market, side, price)
            position.margin += margin
            balance[_FREE] -= margin
    make_up(position, balance)
    fee = max(funds.fee(price * quantity * rules.unit, ppm), -most)
    if account != WORLD:
        fee = min(fee, max(0, balance[_FREE] + position.margin - lost(market, position.size, position.cost)))
    balance[_FREE] -= fee
    make_up(position, balance)
    ledger.balances[U(HOUSE), U(rules.quote), _FREE] += fee
    return int(fee)


@jit
def make_up(position: Any, balance: Any) -> None:
    """Margin makes up for what is free below nothing."""
    if balance[_FREE] < 0 and position.margin > 0:
        amount = min(position.margin, -balance[_FREE])
        position.margin -= amount
        balance[_FREE] += amount
