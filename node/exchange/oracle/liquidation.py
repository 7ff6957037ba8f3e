"""Liquidation: mark prices, funding and the insurance fund, as `core.liquidation` says it."""

from node.exchange.core.command import Flag, Kind, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import HOUSE, WORLD
from node.exchange.oracle.command import Command
from node.exchange.oracle.leaving import expire, place_of, take_in
from node.exchange.oracle.ledger import LIMIT
from node.exchange.oracle.market import Market, reject, tell
from node.exchange.oracle.perpetual import bears, make_up, trade
from node.exchange.oracle.turns import match

_MILLION, _BILLION = 1_000_000, 1_000_000_000


def worth_of(market: Market, account: int) -> int:
    """Of a position at the mark; 0 where it is beyond what is reckoned with."""
    size, unit = abs(market.positions[account].size), market.rules.unit
    return size * market.mark * unit if float(size) * float(market.mark) * float(unit) < LIMIT else 0


def equity_of(market: Market, account: int) -> int:
    position, worth = market.positions[account], worth_of(market, account)
    return position.margin + (worth if position.size > 0 else -worth) - position.cost


def bankruptcy_price(market: Market, account: int) -> int:
    """The worst price at which a position leaves no loss beyond its margin."""
    position, unit = market.positions[account], market.rules.unit
    if position.size > 0:
        return max(1, -(-(position.cost - position.margin) // (position.size * unit)))
    return (-position.cost + position.margin) // (-position.size * unit)


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
        worth = worth_of(market, account)
        if account == WORLD or not worth:
            continue
        least = worth * market.rules.maintenance // _MILLION
        if equity_of(market, account) < least and not market.positions[account].isolated:
            refill(market, account, worth * market.rules.initial // _MILLION)
        if equity_of(market, account) < least:
            liquidate(market, account)


def refill(market: Market, account: int, wanted: int) -> None:
    """Gives a position of what is free, as far as that goes, so that its equity is what is wanted."""
    free = market.ledger.accounts[account].free[market.rules.quote]
    amount = min(free, wanted - equity_of(market, account))
    if amount > 0:
        put(market, account, amount, ref=0)


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
    market.positions[command.account].isolated = bool(command.quantity)
    tell(market, Record.ISOLATED, command.account, 0, quantity=command.quantity, ref=command.ref)


def liquidate(market: Market, account: int) -> None:
    """Takes a position from its account: to the book, and what that does not take to others."""
    for order in sorted(market.orders.values(), key=place_of):
        if order.account == account and order.id in market.orders:
            expire(market, order, Reason.LIQUIDATED)
    position = market.positions[account]
    most = worth_of(market, account) * market.rules.liquidation // _MILLION
    fee = max(0, min(most, equity_of(market, account), position.margin))
    position.margin -= fee
    market.insurance += fee
    price, lots = bankruptcy_price(market, account), abs(position.size)
    side = Side.SELL if position.size > 0 else Side.BUY
    if price > 0:
        order = take_in(market, closing(account, side, price, lots), 0)
        tell_liquidated(market, account, order.id, price, fee)
        match(market, order)
    else:
        tell_liquidated(market, account, 0, price, fee)
    deleverage(market, account)


def closing(account: int, side: int, price: int, lots: int) -> Command:
    """The order that closes a liquidated position."""
    return Command(
        time=0, kind=Kind.NEW, side=side, type=Type.LIMIT, tif=Tif.IOC, selftrade=Selftrade.EXPIRE_MAKER,
        flags=Flag.REDUCE_ONLY, market=0, account=account, trail=0, order=0, ref=0, price=price, quantity=lots,
        trigger=0, display=0, expiry=0,
    )  # fmt: skip


def tell_liquidated(market: Market, account: int, order: int, price: int, fee: int) -> None:
    size = market.positions[account].size
    lots, side = abs(size), Side.SELL if size > 0 else Side.BUY
    tell(market, Record.LIQUIDATION, account, order, side=side, price=price, quantity=lots, group=fee)


def deleverage(market: Market, account: int) -> None:
    """Closes what is left of a position against those of others."""
    position = market.positions[account]
    if not position.size:
        return
    price, missing = market.mark, -equity_of(market, account)
    if 0 < missing <= market.insurance:
        market.insurance -= missing
        position.margin += missing
        tell(market, Record.INSURANCE, account, 0, quantity=-missing)
    elif missing > 0:
        price = max(1, bankruptcy_price(market, account))
    side = Side.SELL if position.size > 0 else Side.BUY
    other_side = Side.BUY if side == Side.SELL else Side.SELL
    while left := abs(market.positions[account].size):
        able = [
            each
            for each in range(len(market.ledger.accounts))
            if (lots := min(left, market.positions[each].reducible(other_side)))
            and bears(market, each, other_side, price, lots, held=0)
        ]
        if not able:
            break
        other = min(able, key=lambda each: (loss_rank(market, each), each))
        lots = min(left, abs(market.positions[other].size))
        trade(market, account, side, price, lots, held=0, ppm=0)
        trade(market, other, other_side, price, lots, held=0, ppm=0)
        tell(market, Record.ADL, account, 0, side=side, other_account=other, price=price, quantity=lots)


def loss_rank(market: Market, account: int) -> int:
    """The lower, the more a lot of a position gained, among those of its side."""
    position = market.positions[account]
    entry = abs(position.cost) // abs(position.size)
    return entry if position.size > 0 else -entry


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
