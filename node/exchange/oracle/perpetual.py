"""Perpetual: how two orders of a perpetual meet, as `core.position` says it."""

from node.exchange.core.command import Side
from node.exchange.core.journal import Reason
from node.exchange.core.state import HOUSE, WORLD
from node.exchange.oracle.market import Market
from node.exchange.oracle.order import Order
from node.exchange.oracle.position import Position

_MILLION = 1_000_000
_MOST_LOTS, _MOST_COST = 1 << 40, float(1 << 60)


def lots_taken(market: Market, taker: Order, price: int, quantity: int) -> tuple[int, Reason]:
    """How many lots a taker may have, before its partner is looked at; why it takes no more, where it is fewer."""
    if taker.reduce_only:
        lots = min(quantity, market.positions[taker.account].reducible(taker.side))
        return lots, Reason.NONE if lots else Reason.REDUCE_ONLY
    if taker.account == WORLD:
        return quantity, Reason.NONE
    free = max(0, market.ledger.accounts[taker.account].free[market.rules.quote])
    payable = market.positions[taker.account].reducible(taker.side) + free // market.takes(taker.side, price)
    return (quantity, Reason.NONE) if payable >= quantity else (payable, Reason.INSUFFICIENT_FUNDS)


def lots_given(market: Market, maker: Order, quantity: int) -> int:
    """How many of these a maker may give."""
    if maker.reduce_only:
        return min(quantity, market.positions[maker.account].reducible(maker.side))
    return quantity


def bears(market: Market, account: int, side: int, price: int, quantity: int, *, held: int) -> bool:
    """Whether an account can bear a trade, for which its order holds so much."""
    position, unit = market.positions[account], market.rules.unit
    opened = quantity - min(quantity, position.reducible(side))
    if opened:
        worth = float(price) * float(opened) * float(unit)
        if abs(position.size) + opened >= _MOST_LOTS or float(abs(position.cost)) + worth >= _MOST_COST:
            return False
    if account == WORLD:
        return True
    gain, after = position.after(side, price, unit, quantity)
    free = market.ledger.accounts[account].free[market.rules.quote] + held + gain + position.margin - after.margin
    if opened:
        return free >= opened * market.takes(side, price)
    worse = price > market.mark if side == Side.BUY else price < market.mark
    return free + after.margin >= (market.lost(after) if worse else 0)


def trade(
    market: Market, account: int, side: int, price: int, quantity: int, *, held: int, ppm: int, most: int = 0
) -> int:
    """One account's part of a trade; its fee. A rebate is no more than `most`."""
    ledger, quote, before = market.ledger, market.rules.quote, market.positions[account]
    opened = quantity - min(quantity, before.reducible(side))
    gain, after = before.after(side, price, market.rules.unit, quantity)
    market.positions[account] = after
    ledger.hold(account, quote, -held)
    free = ledger.accounts[account].free
    free[quote] += gain + before.margin - after.margin
    if account != WORLD:
        margin = opened * market.takes(side, price)
        after.margin += margin
        free[quote] -= margin
    make_up(free, quote, after)
    worth = price * quantity * market.rules.unit
    fee = worth * ppm // _MILLION if ppm >= 0 else -min(worth * -ppm // _MILLION, most)
    if account != WORLD:
        fee = min(fee, max(0, free[quote] + after.margin - market.lost(after)))
    free[quote] -= fee
    make_up(free, quote, after)
    ledger.accounts[HOUSE].free[quote] += fee
    return fee


def make_up(free: list[int], quote: int, position: Position) -> None:
    """Margin makes up for what is free below nothing."""
    amount = max(0, min(position.margin, -free[quote]))
    position.margin -= amount
    free[quote] += amount


def why_no_rest(market: Market, order: Order) -> Reason:
    """Why what is left of an order cannot be put in the book."""
    if order.reduce_only:
        reducible = market.positions[order.account].reducible(order.side)
        return Reason.NONE if reducible else Reason.REDUCE_ONLY
    has = market.ledger.has(order.account, market.rules.quote, market.need(order.side, order.price, order.left))
    return Reason.NONE if has else Reason.INSUFFICIENT_FUNDS


def settle(market: Market, taker: Order, maker: Order, quantity: int) -> tuple[int, int]:
    """A trade at the maker's price; both fees, the taker's first."""
    accounts, held = market.ledger.accounts, market.needs(maker, quantity)
    fee = trade(
        market, taker.account, taker.side, maker.price, quantity, held=0, ppm=accounts[taker.account].taker_ppm
    )  # fmt: skip
    most = max(0, fee) if taker.account != WORLD else maker.price * quantity * market.rules.unit
    maker.held -= held
    other = Side.SELL if taker.side == Side.BUY else Side.BUY
    return fee, trade(
        market, maker.account, other, maker.price, quantity, held=held, ppm=accounts[maker.account].maker_ppm, most=most
    )  # fmt: skip
