"""Matching: an order takes what it meets, best price first, and at one price in turn."""

from node.exchange.core.command import Selftrade, Side, Tif
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import RECORDED, WORLD
from node.exchange.oracle import journal, perpetual
from node.exchange.oracle.leaving import expire, finish, leave_pair
from node.exchange.oracle.market import Market
from node.exchange.oracle.order import Order, Stage


def run(market: Market, order: Order) -> tuple[int, int]:
    """A pass: an order is matched, and its rest is put in the book or expires; the prices of its first and last trade.

    Both are 0 where it had none.
    """
    order.stage = Stage.MATCHED
    if order.tif == Tif.FOK and not can_be_filled(market, order):
        expire(market, order, Reason.NOT_FILLABLE)
        return 0, 0
    prices: list[int] = []
    stopped = take(market, order, prices)
    if not order.left:
        finish(market, order, filled=not stopped)
    elif stopped:
        expire(market, order, stopped)
    elif not order.limited:
        expire(market, order, Reason.NO_LIQUIDITY)
    elif order.tif == Tif.IOC:
        expire(market, order, Reason.IMMEDIATE)
    elif market.perpetual and (why := perpetual.why_no_rest(market, order)):
        expire(market, order, why)
    else:
        rest(market, order)
    return (prices[0], prices[-1]) if prices else (0, 0)


def rest(market: Market, order: Order) -> None:
    """What is left of an order waits in the book, at the end of its queue."""
    market.hold(order, market.needs(order, order.left))
    show(order)
    order.stage = Stage.RESTS
    market.own(order.side).rest(order)


def show(order: Order) -> None:
    """Of an iceberg only so much is seen."""
    total = order.open
    order.left = min(total, order.display or total)
    order.hidden = total - order.left


def take(market: Market, order: Order, prices: list[int]) -> Reason:
    """Lets an order trade with what it meets; why it must not go on, NONE where it may; SELF_TRADE too where nothing is
    left of it, and not by a trade.
    """
    others, before = market.opposite(order.side), market.last
    selftrade = order.selftrade
    if market.perpetual and selftrade == Selftrade.NONE:
        selftrade = Selftrade.EXPIRE_TAKER
    while order.left:
        price = others.best()
        if price is None or (order.limited and not others.meets(order.side, order.price)):
            break
        if not order.limited and too_bad(market, order.side, price, before):
            return Reason.BAND
        wanted = lots(market, order, price)
        if not wanted:
            return Reason.IMMEDIATE
        maker = others.first(price)
        if maker.account == order.account and selftrade != Selftrade.NONE:
            if prevent(market, order, maker, wanted, selftrade):
                return Reason.SELF_TRADE
            continue
        quantity = min(wanted, maker.left)
        if market.perpetual:
            stopped = meet_in_perpetual(market, order, maker, quantity, prices)
            if stopped:
                return stopped
            continue
        payable = quantity if order.limited else affordable(market, order, price, quantity)
        if payable:
            leave_pair_in_book(market, maker)
            trade(market, order, maker, payable)
            prices.append(price)
            after_trade(market, maker)
        if payable < quantity:
            return Reason.INSUFFICIENT_FUNDS
    return Reason.NONE


def meet_in_perpetual(market: Market, order: Order, maker: Order, wanted: int, prices: list[int]) -> Reason:
    """Two orders trade as far as both may, or the maker expires; why the taker must not go on."""
    lots, stopped = perpetual.lots_taken(market, order, maker.price, wanted)
    if not lots:
        return stopped
    quantity = perpetual.lots_given(market, maker, lots)
    if not quantity:
        expire(market, maker, Reason.REDUCE_ONLY)
        return Reason.NONE
    if not perpetual.bears(market, order.account, order.side, maker.price, quantity, held=0):
        return Reason.INSUFFICIENT_FUNDS
    held = market.needs(maker, quantity)
    if not perpetual.bears(market, maker.account, maker.side, maker.price, quantity, held=held):
        if maker.flags & RECORDED:
            return Reason.INSUFFICIENT_FUNDS
        expire(market, maker, Reason.INSUFFICIENT_FUNDS)
        return Reason.NONE
    trade_in_perpetual(market, order, maker, quantity, prices)
    return stopped


def give_in_perpetual(market: Market, world: Order, maker: Order, prices: list[int]) -> int:
    """The world takes from a user's order what both may, or that expires; how much."""
    quantity = perpetual.lots_given(market, maker, min(world.left, maker.left))
    if not quantity:
        expire(market, maker, Reason.REDUCE_ONLY)
        return 0
    both = ((WORLD, world.side, 0), (maker.account, maker.side, market.needs(maker, quantity)))
    if not all(perpetual.bears(market, each, side, maker.price, quantity, held=held) for each, side, held in both):
        expire(market, maker, Reason.INSUFFICIENT_FUNDS)
        return 0
    trade_in_perpetual(market, world, maker, quantity, prices)
    return quantity


def trade_in_perpetual(market: Market, order: Order, maker: Order, quantity: int, prices: list[int]) -> None:
    leave_pair_in_book(market, maker)
    fees = perpetual.settle(market, order, maker, quantity)
    order.left -= quantity
    maker.left -= quantity
    market.last = maker.price
    tell_met(market, Record.FILL, order, maker, quantity, fees=fees)
    prices.append(maker.price)
    after_trade(market, maker)


def too_bad(market: Market, side: int, price: int, last: int) -> bool:
    """Whether an order without a limit stops before a price: it is outside the band, and not for the better."""
    worse = price > last if side == Side.BUY else price < last
    return worse and market.outside_band(price, last)


def lots(market: Market, order: Order, price: int) -> int:
    """What an order still wants, at a price."""
    return order.left // (price * market.rules.unit) if order.by_quote else order.left


def shrink(market: Market, order: Order, price: int, quantity: int) -> None:
    order.left -= quantity * price * market.rules.unit if order.by_quote else quantity


def affordable(market: Market, order: Order, price: int, quantity: int) -> int:
    """Of so many lots those that an account can pay for."""
    ledger, gives = market.ledger, market.gives(order.side)
    if ledger.has(order.account, gives, market.need(order.side, price, quantity)):
        return quantity
    return max(0, ledger.accounts[order.account].free[gives]) // market.need(order.side, price, 1)


def prevent(market: Market, order: Order, maker: Order, wanted: int, selftrade: int) -> bool:
    """An order has met one of its own account; whether it must not go on."""
    if selftrade == Selftrade.DECREMENT:
        leave_pair_in_book(market, maker)
        quantity = min(wanted, maker.left)
        shrink(market, order, maker.price, quantity)
        shrink(market, maker, maker.price, quantity)
        market.hold(maker, maker.held - market.needs(maker, quantity))
        tell_met(market, Record.PREVENTED, order, maker, quantity, fees=(0, 0))
        after_trade(market, maker, filled=False)
        return not order.left
    if selftrade != Selftrade.EXPIRE_TAKER:
        expire(market, maker, Reason.SELF_TRADE)
    return selftrade != Selftrade.EXPIRE_MAKER


def leave_pair_in_book(market: Market, maker: Order) -> None:
    """One of an OCO is traded with: it stands alone from now on, and holds what it needs itself."""
    if maker.group is not None and maker.group.working is None:
        leave_pair(market, maker)
        market.hold(maker, market.needs(maker, maker.open))


def trade(market: Market, taker: Order, maker: Order, quantity: int) -> None:
    """Base for quote at the maker's price. The taker gives what is free, the maker what it holds."""
    ledger, price = market.ledger, maker.price
    gives, amount = market.gives(taker.side), market.need(taker.side, price, quantity)
    gets, other_amount = market.gives(maker.side), market.need(maker.side, price, quantity)
    ledger.pay(taker.account, maker.account, gives, amount, held=False)
    ledger.pay(maker.account, taker.account, gets, other_amount, held=True)
    maker.held -= other_amount
    fee = ledger.charge(taker.account, gets, other_amount, ledger.accounts[taker.account].taker_ppm)
    most = amount if taker.account == WORLD else amount * fee // other_amount
    other_fee = ledger.charge(maker.account, gives, amount, ledger.accounts[maker.account].maker_ppm, most)
    shrink(market, taker, price, quantity)
    maker.left -= quantity
    market.last = price
    tell_met(market, Record.FILL, taker, maker, quantity, fees=(fee, other_fee))


def tell_met(market: Market, kind: Record, taker: Order, maker: Order, quantity: int, *, fees: tuple[int, int]) -> None:
    market.rows.append(
        journal.met(
            kind,
            market.rules.market,
            taker.side,
            accounts=(taker.account, maker.account),
            orders=(taker.id, maker.id),
            terms=(maker.price, quantity),
            fees=fees,
        )
    )


def after_trade(market: Market, maker: Order, *, filled: bool = True) -> None:
    """A maker of which nothing is seen any more shows its next part, behind all others, or is done."""
    if maker.left:
        return
    half = market.own(maker.side)
    half.leave(maker)
    if maker.hidden:
        show(maker)
        half.rest(maker)
        return
    maker.stage = Stage.MATCHED
    finish(market, maker, filled=filled)


def can_be_filled(market: Market, order: Order) -> bool:
    """Whether all of a fill-or-kill order would trade at once."""
    others, left = market.opposite(order.side), order.left
    free = market.ledger.accounts[order.account].free[market.gives(order.side)]
    for maker in others.orders():
        if order.limited and not _reaches(order, maker.price):
            break
        if not order.limited and too_bad(market, order.side, maker.price, market.last):
            break
        if maker.account == order.account and order.selftrade != Selftrade.NONE:
            if order.selftrade == Selftrade.EXPIRE_MAKER:
                continue
            break
        quantity = min(left, maker.open)
        left -= quantity
        free -= market.need(order.side, maker.price, quantity)
        if not left:
            break
    paid = order.limited or order.account == WORLD or free >= 0
    return not left and paid


def _reaches(order: Order, price: int) -> bool:
    return price <= order.price if order.side == Side.BUY else price >= order.price
