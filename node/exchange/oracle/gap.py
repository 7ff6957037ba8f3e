"""Gap: the recorded book is lost, and found in a new picture."""

from node.exchange.core.journal import Status
from node.exchange.oracle.market import Market
from node.exchange.oracle.order import Order
from node.exchange.oracle.recorded import is_recorded, less, uncross


def clear(market: Market) -> None:
    """The recorded book is lost; it is kept in mind what stood before users, also of one lost before in whose place no
    whole picture has come.
    """
    record = market.record
    if record.valid:
        record.cleared = market.sequence
    record.valid = False
    stood = {each.id for half in (market.bids, market.asks) for each in _before_users(list(half.orders()))}
    record.stood_orders |= {
        number for number, told in record.orders.items() if told.order is not None and told.left
        and told.order.id in stood
    }  # fmt: skip
    for half in (market.bids, market.asks):
        for order in list(half.orders()):
            if is_recorded(order):
                level = (half.side, order.price)
                if level in record.levels and order.id in stood:
                    record.stood_levels[level] = record.stood_levels.get(level, 0) + order.left
                less(market, order, order.left)
    record.orders, record.levels, record.pending = {}, {}, []
    record.gone.clear()
    record.guesses.clear()


def _before_users(orders: list[Order]) -> list[Order]:
    """Recorded orders with a user's somewhere behind them at their price."""
    return [
        order for at, order in enumerate(orders)
        if is_recorded(order)
        and any(not is_recorded(each) and each.price == order.price for each in orders[at + 1 :])
    ]  # fmt: skip


def stand(market: Market, prices: list[int]) -> None:
    """The picture is whole: users whom the market has passed are filled by it, at their own prices."""
    record = market.record
    record.valid, record.stood_orders, record.stood_levels = True, set(), {}
    if market.status == Status.OPEN:
        uncross(market, prices)
