"""Placing: the commands that requests for orders come to."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from api.exchange import refusal
from api.exchange.catalogue import DEFAULT_SELF_TRADE, DELTAS, ORDER_TYPES, SELF_TRADES, Market
from api.exchange.market_data import MS, SYMBOL
from api.exchange.parameter import Amount, Asked, Choice, Kind, Parameter, Text, Truth, Whole
from node.exchange.core.command import Flag, Selftrade, Side, Tif, Type
from node.exchange.core.command import Kind as Verb
from node.exchange.exchange import Commands, command

LABEL: Final = Text()
_PPM_A_POINT: Final = 100
_SIDE: Final = Choice(("BUY", "SELL"), -1117, "Invalid side.")
_TYPE: Final = Choice(ORDER_TYPES, -1116, "Invalid orderType.")
_TIF: Final = Choice(tuple(each.name for each in Tif), -1115, "Invalid timeInForce.")
_FIELDS: Final[dict[str, Kind]] = {
    "side": _SIDE,
    "type": _TYPE,
    "timeInForce": _TIF,
    "quantity": Amount(),
    "quoteOrderQty": Amount(),
    "price": Amount(),
    "newClientOrderId": LABEL,
    "stopPrice": Amount(),
    "trailingDelta": Whole(1, 10**6),
    "icebergQty": Amount(zero=True),
    "goodTillDate": Whole(1, (2**63 - 1) // MS),
    "reduceOnly": Truth(),
    "strategyId": Whole(),
    "strategyType": Whole(1_000_000),
}
COMMON: Final = (
    SYMBOL,
    Parameter("newOrderRespType", Choice(("ACK", "RESULT", "FULL"))),
    Parameter("selfTradePreventionMode", Choice(SELF_TRADES)),
)
ORDER: Final = (
    *COMMON,
    *(Parameter(name, kind, needed=name in {"side", "type"}) for name, kind in _FIELDS.items()),
)
"""What a new order may say."""
_LIMITS: Final = {"LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}
_WAITING: Final = {"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}


class Names(NamedTuple):
    """The names under which one order of a list has its fields.

    Attributes:
        prefix: `above` for `abovePrice`; "" for an order alone.
        own: fields that are told with the prefix; the others without any.
    """

    prefix: str = ""
    shared: str = ""
    both: frozenset[str] = frozenset()

    def of(self, field: str) -> str:
        prefix = self.shared if field in self.both else self.prefix
        if field == "newClientOrderId" and prefix:
            field = "clientOrderId"
        return f"{prefix}{field[0].upper()}{field[1:]}" if prefix else field

    def parameters(self, needed: Sequence[str] = (), left_out: Sequence[str] = ()) -> tuple[Parameter, ...]:
        """What they may say of that order."""
        return tuple(
            Parameter(self.of(field), kind, needed=field in needed)
            for field, kind in _FIELDS.items()
            if field not in {*left_out, "quoteOrderQty"}
        )


ALONE: Final = Names()


class Placed(NamedTuple):
    """A command and its order's own name."""

    command: Commands
    label: str


def new_order(market: Market, asked: Asked, account: int, names: Names = ALONE, verb: Verb = Verb.NEW) -> Placed:
    """The command for an order as asked for; a Refusal where what is said does not go together."""
    kind = asked.text(names.of("type"))
    _check(kind, asked, names)
    scale, fields = market.scale, _Reader(asked, names)
    flags = Flag(0)
    quantity, by_quote = fields.amount("quantity"), fields.amount("quoteOrderQty")
    if by_quote is not None:
        flags |= Flag.BY_QUOTE
        count = scale.quote_units(by_quote, names.of("quoteOrderQty"))
    else:
        count = scale.lots(quantity, names.of("quantity")) if quantity is not None else 0
    if kind == "LIMIT_MAKER":
        flags |= Flag.POST_ONLY
    if asked.whole(names.of("reduceOnly")):
        flags |= Flag.REDUCE_ONLY
    price, stop, shown = fields.amount("price"), fields.amount("stopPrice"), fields.amount("icebergQty")
    trail = asked.whole(names.of("trailingDelta"))
    if trail and not DELTAS[0] <= trail <= DELTAS[1]:
        raise refusal.of_filter("TRAILING_DELTA")
    row = command(
        kind=verb,
        side=Side[asked.text(names.of("side"))],
        type=Type.LIMIT if kind == "LIMIT_MAKER" else Type[kind],
        tif=Tif[asked.text(names.of("timeInForce"), "GTC")],
        selftrade=Selftrade[asked.text("selfTradePreventionMode", DEFAULT_SELF_TRADE)],
        flags=flags,
        market=market.number,
        account=account,
        price=scale.ticks(price, names.of("price")) if price is not None else 0,
        quantity=count,
        trigger=scale.ticks(stop, names.of("stopPrice")) if stop is not None else 0,
        trail=trail * _PPM_A_POINT,
        display=scale.lots(shown, names.of("icebergQty")) if shown else 0,
        expiry=asked.whole(names.of("goodTillDate")) * MS,
    )
    return Placed(row, asked.text(names.of("newClientOrderId")))


def joined(parts: Sequence[Placed]) -> tuple[Commands, list[str]]:
    """Commands that are carried out together, and their orders' names."""
    return np.concatenate([each.command for each in parts]), [each.label for each in parts]


def of_order(verb: Verb, market: Market, account: int, order: int, **fields: int) -> Commands:
    """A command about an order that there is."""
    return command(kind=verb, market=market.number, account=account, order=order, **fields)


class _Reader:
    def __init__(self, asked: Asked, names: Names) -> None:
        self._asked, self._names = asked, names

    def amount(self, field: str) -> Any:
        return self._asked.amount(self._names.of(field))


def _check(kind: str, asked: Asked, names: Names) -> None:
    """That all is said that an order of that type needs, and nothing that it cannot have."""

    def said(field: str) -> bool:
        return names.of(field) in asked

    needed = {"quantity"} if kind != "MARKET" else set()
    if kind in _LIMITS:
        needed |= {"price", "timeInForce"}
    if kind == "LIMIT_MAKER":
        needed.add("price")
    for field in sorted(needed):
        if not said(field):
            raise refusal.missing(names.of(field))
    if kind in _WAITING:
        if not (said("stopPrice") or said("trailingDelta")):
            raise refusal.missing(names.of("stopPrice"))
    elif said("stopPrice") or said("trailingDelta"):
        raise refusal.not_required(names.of("stopPrice" if said("stopPrice") else "trailingDelta"))
    if kind == "MARKET" and said("quantity") == said("quoteOrderQty"):
        if said("quantity"):
            raise refusal.combination("Combination of optional parameters invalid.")
        raise refusal.missing("quantity")
    if kind != "MARKET" and said("quoteOrderQty"):
        raise refusal.not_required("quoteOrderQty")
    _check_terms(kind, asked, names)


def _check_terms(kind: str, asked: Asked, names: Names) -> None:
    """That it has a price only where it waits at one, and stands no longer or less than it may."""

    def said(field: str) -> bool:
        return names.of(field) in asked

    if kind not in _LIMITS:
        if kind != "LIMIT_MAKER" and said("price"):
            raise refusal.not_required(names.of("price"))
        if said("timeInForce") and asked.text(names.of("timeInForce")) != "GTC":
            raise refusal.not_required(names.of("timeInForce"))
    tif = asked.text(names.of("timeInForce"), "GTC")
    if asked.amount(names.of("icebergQty")) and (kind not in {*_LIMITS, "LIMIT_MAKER"} or tif in {"IOC", "FOK"}):
        raise refusal.not_required(names.of("icebergQty"))
    if (tif == "GTD") != said("goodTillDate"):
        raise refusal.missing("goodTillDate") if tif == "GTD" else refusal.not_required("goodTillDate")
