"""Own: the open orders of each account, in the order in which they came."""

import numpy as np

from node.exchange.core.command import Type
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.journal import Reason
from node.exchange.core.state import FIRST_USER, NONE, Market

U = np.uint64
_MARKET = int(Type.MARKET)
_OK, _ORDERS, _WAITING = int(Reason.NONE), int(Reason.ORDERS), int(Reason.WAITING)


@inlined
def join(market: Market, slot: Int) -> None:
    """An order that came is its account's last."""
    node, mine = market.nodes[U(slot)], market.own[U(slot)]
    owner = market.owners[U(node.owner)]
    newest = np.int64(owner.newest)
    mine.older, mine.newer = newest, NONE
    if newest == NONE:
        owner.oldest = slot
    else:
        market.own[U(newest)].newer = slot
    owner.newest = slot
    owner.orders += 1
    if node.type > _MARKET:
        owner.waiting += 1


@inlined
def leave(market: Market, slot: Int) -> None:
    """An order is gone."""
    node, mine = market.nodes[U(slot)], market.own[U(slot)]
    owner = market.owners[U(node.owner)]
    older, newer = np.int64(mine.older), np.int64(mine.newer)
    if older == NONE:
        owner.oldest = newer
    else:
        market.own[U(older)].newer = newer
    if newer == NONE:
        owner.newest = older
    else:
        market.own[U(newer)].older = older
    owner.orders -= 1
    if node.type > _MARKET:
        owner.waiting -= 1


@jit
def too_many(market: Market, account: Int, orders: Int, waiting: Int) -> Int:
    """Why a user must not have so many open orders more, so many of them of a type that waits; 0 where it may."""
    rules = market.rules[0]
    if account < FIRST_USER:
        return _OK
    has = market.owners[U(account)]
    if rules.orders != 0 and orders > 0 and has.orders + orders > rules.orders:
        return _ORDERS
    return _WAITING if rules.waiting != 0 and waiting > 0 and has.waiting + waiting > rules.waiting else _OK
