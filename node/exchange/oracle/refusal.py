"""Refusal: why an order is not taken. Funds come before the market's filters, as on Binance."""

from collections.abc import Sequence

from node.exchange.core.command import Flag, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Reason, Status
from node.exchange.core.state import FIRST_USER, WORLD
from node.exchange.oracle.command import REDUCE_ONLY, Command
from node.exchange.oracle.ledger import LIMIT
from node.exchange.oracle.market import Market
from node.exchange.oracle.order import LIMITS, STOPS, WAITING

_SIDES, _TYPES, _TIFS, _SELFTRADES = (frozenset(each) for each in (Side, Type, Tif, Selftrade))
_FLAGS = frozenset((0, Flag.POST_ONLY, Flag.BY_QUOTE, Flag.POST_ONLY | Flag.BY_QUOTE))
_AT_ONCE = frozenset((Tif.IOC, Tif.FOK))
_MILLION = 1_000_000
_DAY = 86_400_000_000_000
_PARTS = 100


def why_refused(market: Market, command: Command) -> Reason:
    """NONE for an order that may be taken, alone."""
    post_only = command.post_only
    return (
        why_unlikely(market, command)
        or why_not_affordable(market, command)
        or why_filtered(market, command)
        or why_out_of_band(market, command)
        or why_too_many(market, [command] if may_stand(command) else [])
        or why_too_late(market, command, post_only=post_only)
    )


def why_unlikely(market: Market, command: Command) -> Reason:
    """What cannot be, or not now, or is beyond what is reckoned with."""
    if not well_formed(market, command):
        return Reason.MALFORMED
    if market.status != Status.OPEN:
        return Reason.HALTED
    return Reason.NONE if fits(market, command) else Reason.OVERFLOW


def well_formed(market: Market, command: Command) -> bool:
    """Whether every field says something, and all of them together."""
    return (
        command.side in _SIDES
        and command.type in _TYPES
        and command.tif in _TIFS
        and command.selftrade in _SELFTRADES
        and (command.flags & ~REDUCE_ONLY if market.perpetual else command.flags) in _FLAGS
        and not (market.perpetual and (command.by_quote or command.tif == Tif.FOK))
        and 0 <= command.account < len(market.ledger.accounts)
        and command.quantity > 0
        and (_limit_makes_sense(command) if command.type in LIMITS else _market_makes_sense(command))
        and (_trigger_makes_sense(command) if command.type in WAITING else not (command.trigger or command.trail))
        and (command.tif != Tif.GTD or command.expiry > market.time)
    )


def _limit_makes_sense(command: Command) -> bool:
    """It has a price; one that takes at once hides nothing and does not refuse to take."""
    if command.tif in _AT_ONCE and (command.display or command.post_only):
        return False
    return command.price > 0 and command.display >= 0 and not command.by_quote


def _market_makes_sense(command: Command) -> bool:
    """It hides nothing and takes, and stands no longer than it waits; by quote, it is for now, and for what it gets."""
    if command.by_quote and (command.type != Type.MARKET or command.tif == Tif.FOK):
        return False
    ends = command.type == Type.MARKET and command.tif in {Tif.GTD, Tif.DAY}
    return not (ends or command.display or command.post_only)


def _trigger_makes_sense(command: Command) -> bool:
    return command.trigger >= 0 and 0 <= command.trail < _MILLION and bool(command.trigger or command.trail)


def price_of(market: Market, command: Command) -> int:
    """What its worth is told by: its limit, its trigger, or the best price that it meets; 0 where there is none."""
    if command.type in LIMITS:
        return command.price
    if command.type in WAITING:
        return command.trigger or market.last
    return market.opposite(command.side).best() or 0


def lots_of(market: Market, command: Command) -> int | None:
    """How many it is for; None where the price is not known that tells."""
    if not command.by_quote:
        return command.quantity
    price = price_of(market, command)
    return command.quantity // (price * market.rules.unit) if price else None


def worth_of(market: Market, command: Command) -> int | None:
    """In base units of the quote asset; None where no price tells."""
    if command.by_quote:
        return command.quantity
    price = price_of(market, command)
    return price * command.quantity * market.rules.unit if price else None


def fits(market: Market, command: Command) -> bool:
    """Whether what an order is worth, and how large it is, stays below the limit of what is reckoned with."""
    if command.by_quote:
        lots = lots_of(market, command) or 0
        return float(command.quantity) < LIMIT and float(lots) * float(market.rules.lot) < LIMIT
    return fits_in(market, price_of(market, command), command.quantity)


def fits_in(market: Market, price: int, quantity: int) -> bool:
    worth = float(price) * float(quantity) * float(market.rules.unit)
    return worth < LIMIT and float(quantity) * float(market.rules.lot) < LIMIT


def need(market: Market, command: Command) -> int:
    """What an account must have for it, in base units of the asset that it gives."""
    if market.perpetual:
        return _margin_needed(market, command)
    if command.side == Side.SELL:
        return (lots_of(market, command) or 0) * market.rules.lot
    if command.type in WAITING and command.type not in LIMITS:
        return 0
    return worth_of(market, command) or 0


def _margin_needed(market: Market, command: Command) -> int:
    """The same in a perpetual."""
    waits = command.type in WAITING and command.type not in LIMITS
    if command.reduce_only or waits:
        return 0
    return market.need(command.side, price_of(market, command), command.quantity)


def asked(market: Market, command: Command) -> int:
    """What must be free for an order that stands alone; in a perpetual one that does not wait closes for nothing."""
    price = price_of(market, command)
    at_once = market.perpetual and command.type not in WAITING and not command.reduce_only
    if not at_once or command.account == WORLD or not price:
        return need(market, command)
    opened = max(0, command.quantity - market.positions[command.account].reducible(command.side))
    return opened * market.takes(command.side, price)


def why_not_affordable(market: Market, command: Command) -> Reason:
    has = market.ledger.has(command.account, market.gives(command.side), asked(market, command))
    return Reason.NONE if has else Reason.INSUFFICIENT_FUNDS


def why_filtered(market: Market, command: Command) -> Reason:
    """What the market takes no order by."""
    return why_out_of_size(market, lots_of(market, command), command.display, worth_of(market, command))


def why_out_of_size(market: Market, lots: int | None, display: int, worth: int | None) -> Reason:
    """What it says to lots, to so many parts of them, and to what they are worth; to None nothing."""
    rules = market.rules
    if lots is not None and not rules.least <= lots <= rules.most:
        return Reason.QUANTITY
    if lots is not None and display and -(-lots // display) > _PARTS:
        return Reason.PARTS
    if worth is not None and worth < rules.notional:
        return Reason.NOTIONAL
    return Reason.NONE


def why_out_of_band(market: Market, command: Command) -> Reason:
    """The price of one that would rest now."""
    outside = command.type == Type.LIMIT and market.outside_band(command.price, market.last)
    return Reason.BAND if outside else Reason.NONE


def may_stand(command: Command) -> bool:
    """Whether it may be open after it came, where it stands alone."""
    return command.type in WAITING or (command.type == Type.LIMIT and command.tif not in _AT_ONCE)


def why_too_many(market: Market, commands: Sequence[Command]) -> Reason:
    """Whether a user has as many open orders as it may, with these; the house and the world may have any number."""
    if not commands or commands[0].account < FIRST_USER:
        return Reason.NONE
    rules, mine = market.rules, market.own_orders[commands[0].account].values()
    if rules.orders and len(mine) + len(commands) > rules.orders:
        return Reason.ORDERS
    waiting = sum(each.type in WAITING for each in commands)
    if rules.waiting and waiting and sum(each.type in WAITING for each in mine) + waiting > rules.waiting:
        return Reason.WAITING
    return Reason.NONE


def why_too_late(market: Market, command: Command, *, post_only: bool) -> Reason:
    """What the price has come to already."""
    if command.type in WAITING and not command.trail and has_come(market, command):
        return Reason.WOULD_TRIGGER
    if post_only and command.type == Type.LIMIT and would_take(market, command.side, command.price):
        return Reason.WOULD_TAKE
    return Reason.NONE


def has_come(market: Market, command: Command) -> bool:
    """Whether the last price is one that a waiting order waits for."""
    falls = (command.type in STOPS) == (command.side == Side.SELL)
    return bool(market.last) and (market.last <= command.trigger if falls else market.last >= command.trigger)


def would_take(market: Market, side: int, price: int) -> bool:
    return market.opposite(side).meets(side, price)


def expiry_of(market: Market, command: Command) -> int:
    """When an order ends by itself, ns; 0: never."""
    if command.tif == Tif.GTD:
        return command.expiry
    return (market.time // _DAY + 1) * _DAY if command.tif == Tif.DAY else 0
