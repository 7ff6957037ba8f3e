"""Liquidation: mark prices, funding and the insurance fund, as `core.liquidation` says it."""

from node.exchange.core.command import Flag, Kind, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import HOUSE, WORLD
from node.exchange.oracle.command import Command
from node.exchange.oracle.leaving import expire, take_in
from node.exchange.oracle.ledger import LIMIT
from node.exchange.oracle.market import MOST_WORTH, Market, reject, tell
from node.exchange.oracle.perpetual import bears, make_up, trade
from node.exchange.oracle.refusal import would_take
from node.exchange.oracle.turns import match

_MILLION, _BILLION = 1_000_000, 1_000_000_000


def worth_of(market: Market, account: int) -> int:
    """Of a position at the mark."""
    return market.worth(abs(market.positions[account].size))


def equity_of(market: Market, account: int) -> int:
    position, worth = market.positions[account], worth_of(market, account)
    return position.margin + (worth if position.size > 0 else -worth) - position.cost


def bankruptcy_price(market: Market, account: int, behind: int) -> int:
    """The worst price at which a position leaves no loss beyond what stands behind it."""
    position, unit = market.positions[account], market.rules.unit
    if position.size > 0:
        return max(1, -(-(position.cost - behind) // (position.size * unit)))
    return (-position.cost + behind) // (-position.size * unit)


def free_of(market: Market, account: int) -> int:
    return market.ledger.accounts[account].free[market.rules.quote]


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
    """Liquidates a position if nothing else brings it to its maintenance."""
    least = worth_of(market, account) * market.rules.maintenance // _MILLION
    for remedy in (refill, expire_orders, refill):
        if equity_of(market, account) >= least:
            return
        remedy(market, account)
    if equity_of(market, account) >= least:
        return
    free, quote = market.ledger.accounts[account].free, market.rules.quote
    aside = free[quote] if market.positions[account].isolated else 0
    free[quote] -= aside
    liquidate(market, account)
    free[quote] += aside


def refill(market: Market, account: int) -> None:
    """Gives a position that is not isolated of what is free, as far as that goes."""
    wanted = worth_of(market, account) * market.rules.initial // _MILLION
    amount = min(free_of(market, account), wanted - equity_of(market, account))
    if amount > 0 and not market.positions[account].isolated:
        put(market, account, amount, ref=0)


def expire_orders(market: Market, account: int) -> None:
    for order in list(market.own_orders[account].values()):
        if order.id in market.orders:  # it may have gone with another one of its group
            expire(market, order, Reason.LIQUIDATED)


def put(market: Market, account: int, amount: int, *, ref: int) -> None:
    """Makes margin of what is free."""
    market.ledger.accounts[account].free[market.rules.quote] -= amount
    market.positions[account].margin += amount
    tell(market, Record.MARGIN, account, 0, quantity=amount, ref=ref)


def move_margin(market: Market, command: Command) -> None:
    """An account gives a position margin, or takes some that it does not need."""
    ledger, account, amount = market.ledger, command.account, command.quantity
    known = 0 <= account < len(ledger.accounts) and account != WORLD
    if not known or not amount or not market.positions[account].size:
        reject(market, command, Reason.MALFORMED)
        return
    worth = worth_of(market, account)
    spare = equity_of(market, account) - worth * market.rules.initial // _MILLION
    movable = min(market.positions[account].margin, spare) if worth else 0
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


def liquidate(market: Market, account: int) -> None:
    """Takes a position from its account: to the book, and what that does not take to others."""
    position = market.positions[account]
    most = worth_of(market, account) * market.rules.liquidation // _MILLION
    fee = max(0, min(most, equity_of(market, account), position.margin))
    lots, side = abs(position.size), Side.SELL if position.size > 0 else Side.BUY
    price = bankruptcy_price(market, account, position.margin - fee + free_of(market, account))
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
    worth, free = worth_of(market, account), free_of(market, account)
    if worth < MOST_WORTH and equity_of(market, account) + free + market.insurance >= 0:
        return market.mark
    return bankruptcy_price(market, account, market.positions[account].margin + free)


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
    free, quote = market.ledger.accounts[account].free, market.rules.quote
    price = closing_price(market, account)
    while market.positions[account].size and (able := partners(market, account, price)):
        other = max(able, key=lambda each: (rank(market, each), -each))
        lots = min(abs(market.positions[account].size), abs(market.positions[other].size))
        trade(market, account, side, price, lots, held=0, ppm=0)
        if free[quote] < 0:
            tell(market, Record.INSURANCE, account, 0, quantity=free[quote])
            market.insurance += free[quote]
            free[quote] = 0
        trade(market, other, other_side, price, lots, held=0, ppm=0)
        tell(market, Record.ADL, account, 0, side=side, other_account=other, price=price, quantity=lots)


def rank(market: Market, account: int) -> float:
    """What a position gained for what was paid, times what it is worth for what stands behind it."""
    position, equity = market.positions[account], equity_of(market, account)
    gain = equity - position.margin
    rate = float(gain) / float(abs(position.cost))
    if gain <= 0:
        return rate
    if not position.isolated and account != WORLD:
        equity += free_of(market, account)
    return rate * (float(worth_of(market, account)) / float(equity))


def fund(market: Market, command: Command) -> None:
    """One side pays the other."""
    if not market.mark or abs(command.quantity) > _BILLION:
        reject(market, command, Reason.MALFORMED)
        return
    pays = 1 if command.quantity > 0 else -1
    positions = [each for each in range(len(market.ledger.accounts)) if worth_of(market, each)]
    paying = [each for each in positions if market.positions[each].size * pays > 0]
    paid = [each for each in positions if market.positions[each].size * pays < 0]
    sizes = sum(abs(market.positions[each].size) for each in paid)
    moved = dict.fromkeys(positions, 0)
    for account in paying if sizes else ():
        moved[account] = -give(market, account, worth_of(market, account) * abs(command.quantity) // _BILLION)
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


def insure(market: Market, command: Command) -> None:
    """An account gives to the insurance fund."""
    ledger, amount = market.ledger, command.quantity
    if not 0 <= command.account < len(ledger.accounts) or amount <= 0:
        reject(market, command, Reason.MALFORMED)
        return
    free = ledger.accounts[command.account].free
    owes = float(free[market.rules.quote]) - float(amount) <= -LIMIT
    if float(market.insurance) + float(amount) >= LIMIT or owes:
        reject(market, command, Reason.OVERFLOW)
    elif not ledger.has(command.account, market.rules.quote, amount):
        reject(market, command, Reason.INSUFFICIENT_FUNDS)
    else:
        free[market.rules.quote] -= amount
        market.insurance += amount
        tell(market, Record.INSURANCE, command.account, 0, quantity=amount, ref=command.ref)
