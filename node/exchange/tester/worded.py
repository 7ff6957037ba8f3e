"""Worded: how commands are said to an exchange with Binance's spot API, and what it says where it refuses them.

What would be said otherwise than it is meant is not said at all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from node.exchange.core.command import Flag, Group, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Reason
from node.exchange.listing import Listing

_MS: Final = 1_000_000
_POINT: Final = 100  # ppm
_PRICED: Final = (Type.LIMIT, Type.STOP_LOSS_LIMIT, Type.TAKE_PROFIT_LIMIT)
_LEGS: Final[dict[int, tuple[tuple[str, str], ...]]] = {
    Group.OCO: (("above", ""), ("below", "")),
    Group.OTO: (("working", "working"), ("pending", "pending")),
    Group.OTOCO: (("working", "working"), ("pendingAbove", "pending"), ("pendingBelow", "pending")),
}
"""What the fields of a group's orders begin with, and of those that two orders share. The first of a pair is `above`
wherever its price is: by that their order is the same as in a backtest."""
_SHARED: Final = {"side", "quantity"}
_REASONS: Final = {
    "Filter failure: LOT_SIZE": Reason.QUANTITY,
    "Filter failure: NOTIONAL": Reason.NOTIONAL,
    "Filter failure: PERCENT_PRICE_BY_SIDE": Reason.BAND,
    "Filter failure: ICEBERG_PARTS": Reason.PARTS,
    "Filter failure: MAX_NUM_ORDERS": Reason.ORDERS,
    "Filter failure: MAX_NUM_ALGO_ORDERS": Reason.WAITING,
    "Account has insufficient balance for requested action.": Reason.INSUFFICIENT_FUNDS,
    "Market is closed.": Reason.HALTED,
    "Order would immediately match and take.": Reason.WOULD_TAKE,
    "Stop price would trigger immediately.": Reason.WOULD_TRIGGER,
    "Order would not be filled at once.": Reason.NOT_FILLABLE,
    "The orders of a list do not go together.": Reason.GROUP,
    "What the order says does not go together.": Reason.MALFORMED,
    "Unknown order sent.": Reason.UNKNOWN_ORDER,
}


class Request(NamedTuple):
    """What is asked, of where."""

    path: str
    asked: dict[str, str]


def placed(commands: Sequence[Any], names: Sequence[str], symbol: str, listing: Listing) -> Request | None:
    """A new order, or the orders of a group, of these names; None where the API has no word for it."""
    said = [_said(command, name, listing) for command, name in zip(commands, names, strict=True)]
    asked = {
        "symbol": symbol,
        "newOrderRespType": "ACK",
        "selfTradePreventionMode": Selftrade(commands[0]["selftrade"]).name,
    }
    if len(commands) == 1:
        return None if said[0] is None else Request("order", asked | said[0])
    group = Group(commands[0]["order"])
    for fields, (prefix, shared) in zip(said, _LEGS[group], strict=True):
        if fields is None:
            return None
        for field, value in fields.items():
            name = _prefixed(field, shared if field in _SHARED else prefix)
            if asked.setdefault(name, value) != value:
                return None  # a pair has one side and one quantity
    return Request(f"orderList/{group.name.lower()}", asked)


def orders(commands: Sequence[Any]) -> int:
    """How many orders the group has that these begin with; 1 where it is none."""
    legs = _LEGS.get(int(commands[0]["order"]), ())
    return len(legs) if 0 < len(legs) <= len(commands) else 1


def replaced(command: Any, name: str, symbol: str, listing: Listing) -> Request | None:
    """An order that takes the place of the open one of its name."""
    said = placed([command], [name], symbol, listing)
    if said is None:
        return None
    more = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": name}
    return Request("order/cancelReplace", said.asked | more)


def reason(told: Mapping[str, Any]) -> Reason:
    """Why something was refused; NONE where the line says nothing that the core knows."""
    data = told.get("data") or {}
    steps = [data.get(step) or {} for step in ("cancelResponse", "newOrderResponse")]
    return next((_REASONS[each["msg"]] for each in [*steps, told] if each.get("msg") in _REASONS), Reason.NONE)


def _said(command: Any, name: str, listing: Listing) -> dict[str, str] | None:
    """The fields of one order."""
    if not _sayable(command):
        return None
    what, tif, post_only = Type(command["type"]), Tif(command["tif"]), command["flags"] & Flag.POST_ONLY
    asked = {
        "side": Side(command["side"]).name,
        "type": "LIMIT_MAKER" if post_only else what.name,
        "quantity": f"{int(command['quantity']) * listing.lot:f}",
        "newClientOrderId": name,
    }
    if command["price"]:
        asked["price"] = f"{int(command['price']) * listing.tick:f}"
    if what in _PRICED and not post_only:
        asked["timeInForce"] = tif.name
    if tif is Tif.GTD:
        asked["goodTillDate"] = str(int(command["expiry"]) // _MS)
    if command["trigger"]:
        asked["stopPrice"] = f"{int(command['trigger']) * listing.tick:f}"
    if command["trail"]:
        asked["trailingDelta"] = str(int(command["trail"]) // _POINT)
    if command["display"]:
        asked["icebergQty"] = f"{int(command['display']) * listing.lot:f}"
    return asked


def _sayable(command: Any) -> bool:
    """Whether the API has words for all that an order says."""
    if not (command["side"] in set(Side) and command["type"] in set(Type) and command["tif"] in set(Tif)):
        return False
    stands = command["tif"] == Tif.GTC
    if command["flags"] & ~Flag.POST_ONLY or command["trail"] % _POINT:
        return False
    if command["flags"]:
        return bool(command["type"] == Type.LIMIT and stands)
    return bool(stands or command["type"] in _PRICED)


def _prefixed(field: str, prefix: str) -> str:
    if not prefix:
        return field
    field = "clientOrderId" if field == "newClientOrderId" else field
    return f"{prefix}{field[0].upper()}{field[1:]}"
