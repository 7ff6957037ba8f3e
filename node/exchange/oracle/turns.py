"""Turns: one order after another is matched, with all that each of them wakes."""

from node.exchange.core.command import Type
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.oracle.leaving import expire, leave_pair
from node.exchange.oracle.market import Market, tell
from node.exchange.oracle.matching import rest, run
from node.exchange.oracle.order import Order, Stage
from node.exchange.oracle.refusal import would_take
from node.exchange.oracle.waiting import need_while_waiting, passed, price_came, tell_woken, wait, wake

_MILLION = 1_000_000


def match(market: Market, order: Order) -> None:
    """A pass, and what its prices bring about."""
    before = market.last
    first, last = run(market, order)
    if not first:
        return
    price_came(market, first)
    price_came(market, last)
    look_for_a_break(market, before or first)


def look_for_a_break(market: Market, before: int) -> None:
    """Pauses a market whose price has gone too far within a window."""
    rules = market.rules
    if not rules.breaker or market.status != Status.OPEN:
        return
    if not market.reference or market.time >= market.window:
        market.reference, market.window = before, market.time + rules.window
    if abs(market.last - market.reference) <= market.reference * rules.breaker // _MILLION:
        return
    market.status, market.resume, market.reference = Status.PAUSED, market.time + rules.pause, 0
    tell(market, Record.STATUS, 0, 0, quantity=Status.PAUSED, reason=Reason.BREAKER)


def run_queue(market: Market) -> None:
    """Orders that woke have their turn, until none is left or the market does not take orders."""
    while market.queue and market.status == Status.OPEN:
        order = market.queue.popleft()
        if order.aside:
            place_followers(market, order)
        else:
            market.hold(order, 0)
            start(market, order)


def start(market: Market, order: Order) -> None:
    """An order that waited is matched, if its limit is still one that the market takes."""
    order.stage = Stage.MATCHED
    if order.limited and market.outside_band(order.price, market.last):
        expire(market, order, Reason.BAND)
    elif order.post_only and would_take(market, order.side, order.price):
        expire(market, order, Reason.WOULD_TAKE)
    else:
        match(market, order)


def place_followers(market: Market, first: Order) -> None:
    """The order that these waited for was filled: they are put in their places."""
    orders = list(first.group.orders) if first.group else [first]
    for order in orders:
        order.aside = False
        order.stage = Stage.MATCHED
        tell_woken(market, order, market.last, Reason.GROUP)
    needed = max(need_while_waiting(market, order) for order in orders)
    if not market.ledger.has(first.account, market.gives(first.side), needed):
        expire(market, first, Reason.INSUFFICIENT_FUNDS)
    elif len(orders) == 1:
        place(market, first)
    elif not any(goes_its_own_way(market, order) for order in orders):
        place_pair(market, orders)


def place(market: Market, order: Order) -> None:
    """One order stands where it belongs, or is matched."""
    if order.type in {Type.LIMIT, Type.MARKET}:
        start(market, order)
        return
    market.hold(order, need_while_waiting(market, order))
    wait(market, order)
    if not order.trail and market.last and passed(order, market.last):
        wake(market, order, market.last)


def goes_its_own_way(market: Market, order: Order) -> bool:
    """Whether one of an OCO need not wait, so that the pair is none; it has gone that way then."""
    if order.type != Type.LIMIT:
        if order.trail or not passed(order, market.last):
            return False
        leave_pair(market, order)
        place(market, order)
        return True
    if market.outside_band(order.price, market.last):
        expire(market, order, Reason.BAND)
        return True
    if not would_take(market, order.side, order.price):
        return False
    if not order.post_only:
        leave_pair(market, order)
    start(market, order)
    return True


def place_pair(market: Market, orders: list[Order]) -> None:
    """Both of an OCO stand in their places and hold the greater of what each would."""
    needs = [need_while_waiting(market, order) for order in orders]
    for order in orders:
        if order.type == Type.LIMIT:
            rest(market, order)
            market.hold(order, 0)
        else:
            wait(market, order)
    market.hold(orders[0], max(needs))
