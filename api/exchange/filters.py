"""Filters: what a market's terms say to an order that is only tried. An order that is given is judged by the core."""

from api.exchange.why import refused
from node.exchange.core.command import Flag, Side, Type
from node.exchange.core.journal import Reason
from node.exchange.core.refusal import PARTS
from node.exchange.exchange import Commands
from node.exchange.service.service import Service

_MILLION = 1_000_000
_PRICED = {Type.LIMIT, Type.STOP_LOSS_LIMIT, Type.TAKE_PROFIT_LIMIT}


def check(service: Service, order: Commands) -> None:
    """A Refusal where a market's terms do not let that order be: its size, its worth, its price. Whose it is, and
    whether there is money for it, is not looked at.

    Args:
        order: one command.
    """
    number, kind = int(order["market"][0]), Type(int(order["type"][0]))
    rules, last = service.exchange.markets[number].rules[0], int(service.exchange.markets[number].state["last"][0])
    least, most, notional, unit, band = (int(rules[name]) for name in ("least", "most", "notional", "unit", "band"))
    price = int(order["price"][0]) if kind in _PRICED else _assumed(service, order, kind, last)
    quantity, display = int(order["quantity"][0]), int(order["display"][0])
    worth = price * quantity * unit
    if order["flags"][0] & Flag.BY_QUOTE:
        worth, quantity = quantity, quantity // (price * unit) if price else least
    if not least <= quantity <= most:
        raise refused(Reason.QUANTITY)
    if display and (quantity - 1) // display >= PARTS:
        raise refused(Reason.PARTS)
    if worth < notional and (price or order["flags"][0] & Flag.BY_QUOTE):
        raise refused(Reason.NOTIONAL)
    if kind is Type.LIMIT and band and last and abs(price - last) > last * band // _MILLION:
        raise refused(Reason.BAND)


def _assumed(service: Service, order: Commands, kind: Type, last: int) -> int:
    """The price by which the worth of an order without one is told, as the core does; 0 where there is none."""
    if kind is not Type.MARKET:
        return int(order["trigger"][0]) or last
    depth = service.depth(int(order["market"][0]), 1)
    side = depth.asks if order["side"][0] == Side.BUY else depth.bids
    return int(side[0][0]) if len(side) else 0
