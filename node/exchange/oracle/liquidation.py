"""Liquidation: what a mark price does to positions, as `core.liquidation` says it."""

from fractions import Fraction

from node.exchange.core.command import Flag, Kind, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import WORLD
from node.exchange.oracle.command import Command
from node.exchange.oracle.leaving import expire, take_in
from node.exchange.oracle.ledger import LIMIT
from node.exchange.oracle.margin import equity, free, give_back, keeps, refill, worth
from node.exchange.oracle.market import MOST_WORTH, Market, reject, tell
from node.exchange.oracle.perpetual import bears, trade
from node.exchange.oracle.refusal import would_take
from node.exchange.oracle.turns import match

_MILLION = 1_000_000


def bankruptcy_price(market: Market, account: int, behind: int) -> int:
    """The worst price at which a position leaves no loss beyond what stands behind it."""
    position, unit = market.positions[account], market.rules.unit
    if position.size > 0:
        return max(1, -(-(position.cost - behind) // (position.size * unit)))
    return (-position.cost + behind) // (-position.size * unit)


def mark(market: Market, command: Command) -> None:
    """A new mark price, and all that are liquidated by it."""
    if command.price <= 0:
        reject(market, command, Reason.MALFORMED)
        return
    if float(command.price) * float(market.rules.unit) >= LIMIT:
        reject(market, command, Reason.OVERFLOW)
        return
    market.mark = command.price
    accounts = range(len(market.ledger.accounts))
    interest = sum(max(0, market.positions[each].size) for each in accounts)
    tell(market, Record.MARK, command.account, 0, price=market.mark, quantity=interest, ref=command.ref)
    for account in accounts:
        if market.status != Status.OPEN:
            break
        if account != WORLD and market.positions[account].size:
            look(market, account)


def look(market: Market, account: int) -> None:
    """Liquidates a position if nothing else brings it to its maintenance; takes back what one has too much."""
    least = keeps(market, account)
    if equity(market, account) >= least:
        give_back(market, account)
        return
    for remedy in (refill, expire_orders, refill):
        remedy(market, account)
        if equity(market, account) >= least:
            return
    purse, quote = market.ledger.accounts[account].free, market.rules.quote
    aside = purse[quote] if market.positions[account].isolated else 0
    purse[quote] -= aside
    liquidate(market, account)
    purse[quote] += aside


def expire_orders(market: Market, account: int) -> None:
    for order in list(market.own_orders[account].values()):
        if order.id in market.orders:  # it may have gone with another one of its group
            expire(market, order, Reason.LIQUIDATED)


def liquidate(market: Market, account: int) -> None:
    """Takes a position from its account: to the book, and what that does not take to others."""
    position = market.positions[account]
    most = worth(market, account) * market.rules.liquidation // _MILLION
    fee = max(0, min(most, equity(market, account), position.margin))
    lots, side = abs(position.size), Side.SELL if position.size > 0 else Side.BUY
    price = bankruptcy_price(market, account, position.margin - fee + free(market, account))
    wanted = would_take(market, side, price)
    if not wanted and not partners(market, account, closing_price(market, account)):
        return
    position.margin -= fee
    market.insurance += fee
    order = take_in(market, closing(account, side, price, lots), 0)
    tell(market, Record.LIQUIDATION, account, order.id, side=side, price=price, quantity=lots, group=fee)
    match(market, order)
    if market.positions[account].size:
        deleverage(market, account)


def closing(account: int, side: int, price: int, lots: int) -> Command:
    """The order that closes a liquidated position."""
    return Command(
        time=0, kind=Kind.NEW, side=side, type=Type.LIMIT, tif=Tif.IOC, selftrade=Selftrade.EXPIRE_MAKER,
        flags=Flag.REDUCE_ONLY, market=0, account=account, trail=0, order=0, ref=0, price=price, quantity=lots,
        trigger=0, display=0, expiry=0,
    )  # fmt: skip


def closing_price(market: Market, account: int) -> int:
    """The price at which a position is closed against others'."""
    has = free(market, account)
    if worth(market, account) < MOST_WORTH and equity(market, account) + has + market.insurance >= 0:
        return market.mark
    return bankruptcy_price(market, account, market.positions[account].margin + has)


def partners(market: Market, account: int, price: int) -> list[int]:
    """Whose positions may be closed against one, at a price."""
    size = market.positions[account].size
    side = Side.BUY if size > 0 else Side.SELL
    able = []
    for each in range(len(market.ledger.accounts)):
        position = market.positions[each]
        lots = min(abs(size), position.reducible(side))
        gain, _ = position.after(side, price, market.rules.unit, lots)
        if lots and (price == market.mark or gain >= 0) and bears(market, each, side, price, lots, held=0):
            able.append(each)
    return able


def deleverage(market: Market, account: int) -> None:
    """Closes what is left of a position against those of others."""
    side = Side.SELL if market.positions[account].size > 0 else Side.BUY
    other_side = Side.BUY if side == Side.SELL else Side.SELL
    purse, quote = market.ledger.accounts[account].free, market.rules.quote
    price = closing_price(market, account)
    while market.positions[account].size and (able := partners(market, account, price)):
        other = max(able, key=lambda each: (rank(market, each), -each))
        lots = min(abs(market.positions[account].size), abs(market.positions[other].size))
        trade(market, account, side, price, lots, held=0, ppm=0)
        if purse[quote] < 0:
            tell(market, Record.INSURANCE, account, 0, quantity=purse[quote])
            market.insurance += purse[quote]
            purse[quote] = 0
        trade(market, other, other_side, price, lots, held=0, ppm=0)
        tell(market, Record.ADL, account, 0, side=side, other_account=other, price=price, quantity=lots)


def rank(market: Market, account: int) -> Fraction:
    """What a position gained for what was paid, times what it is worth for what stands behind it."""
    position, behind = market.positions[account], equity(market, account)
    gain = behind - position.margin
    rate = Fraction(gain, abs(position.cost))
    if gain <= 0:
        return rate
    if not position.isolated and account != WORLD:
        behind += free(market, account)
    return rate * worth(market, account) / max(1, behind)
