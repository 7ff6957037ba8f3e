"""Groups: orders that are taken together, and hang together from then on."""

from collections.abc import Sequence

from node.exchange.core.command import Group, Kind, Tif, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.oracle.command import Command
from node.exchange.oracle.leaving import take_in
from node.exchange.oracle.market import Market, reject, tell_back
from node.exchange.oracle.order import Order, Stage, Tied
from node.exchange.oracle.refusal import (
    expiry_of,
    need,
    why_filtered,
    why_out_of_band,
    why_too_late,
    why_too_many,
    why_unlikely,
)  # fmt: skip
from node.exchange.oracle.turns import match, place_pair

_SIZES: dict[int, int] = {Group.OCO: 2, Group.OTO: 2, Group.OTOCO: 3}


def rows_of(commands: Sequence[Command], at: int) -> list[Command]:
    """A group's commands, the first of which is at a place; that alone where it is none."""
    first = commands[at]
    rows = list(commands[at : at + _SIZES.get(first.order, 1)])
    whole = len(rows) == _SIZES.get(first.order) and all(
        (each.kind, each.market, each.account) == (Kind.LEG, first.market, first.account) for each in rows[1:]
    )
    return rows if whole else [first]


def new_group(market: Market, commands: list[Command]) -> None:
    """A group is taken or refused as one."""
    first = commands[0]
    if len(commands) == 1:
        reject(market, first, Reason.MALFORMED)
        return
    failed, reason = why_refused(market, commands)
    if reason:
        for each in commands:
            reject(market, each, reason if each is failed else Reason.GROUP)
        return
    orders = [take_in(market, each, expiry_of(market, each)) for each in commands]
    tie(orders, None if first.order == Group.OCO else orders[0])
    for command, order in zip(commands, orders, strict=True):
        aside = Reason.GROUP if order.aside else Reason.NONE
        tell_back(market, Record.ACK, command, order.id, group=orders[0].id, reason=aside)
    if first.order == Group.OCO:
        place_pair(market, orders)
    else:
        match(market, orders[0])


def tie(orders: list[Order], working: Order | None) -> None:
    """Makes a group of orders. All others wait aside for the working one, where there is one."""
    group = Tied(working, list(orders))
    for order in orders:
        order.group = group
        order.aside = working is not None and order is not working
        if order.aside:
            order.stage = Stage.ASIDE


def why_refused(market: Market, commands: list[Command]) -> tuple[Command, Reason]:
    """Which order of a group cannot be taken, and why; NONE where all can."""
    pair = commands[0].order == Group.OCO
    for at, command in enumerate(commands):
        if not may_belong(commands, at):
            return command, Reason.MALFORMED
        reason = why_unlikely(market, command) or why_filtered(market, command)
        now = pair or at == 0
        reason = reason or (why_out_of_band(market, command) if now else Reason.NONE)
        reason = reason or why_too_many(market, commands[: at + 1])
        if now:
            reason = reason or why_too_late(market, command, post_only=pair or command.post_only)
        if reason:
            return command, reason
    first = commands[0]
    needed = max(need(market, each) for each in (commands if pair else commands[:1]))
    if not market.ledger.has(first.account, market.gives(first.side), needed):
        return first, Reason.INSUFFICIENT_FUNDS
    return first, Reason.NONE


def may_belong(commands: list[Command], at: int) -> bool:
    """Whether an order may stand in its place in a group."""
    command, what = commands[at], commands[0].order
    if command.by_quote:
        return False
    if at == 0 and what != Group.OCO:
        return command.type == Type.LIMIT
    return what == Group.OTO or may_pair(command, commands[-2])


def may_pair(command: Command, first: Command) -> bool:
    """Whether an order may be of an OCO with this first one."""
    if command.type == Type.MARKET or (command.side, command.quantity) != (first.side, first.quantity):
        return False
    if command.type != Type.LIMIT:
        return True
    return command.tif not in {Tif.IOC, Tif.FOK} and (command is first or first.type != Type.LIMIT)
