"""Commands: what each kind of them does to a market."""

from collections.abc import Callable, Sequence

from node.exchange.core.command import Kind
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import RECORDED, WORLD
from node.exchange.oracle import funding, liquidation, margin, replay
from node.exchange.oracle.amending import amend
from node.exchange.oracle.command import Command
from node.exchange.oracle.groups import new_group, rows_of
from node.exchange.oracle.leaving import end_group, expire, forget, stand_aside, take_in
from node.exchange.oracle.market import Market, reject, tell, tell_back
from node.exchange.oracle.order import WAITING, Order
from node.exchange.oracle.refusal import expiry_of, why_refused
from node.exchange.oracle.turns import match, run_queue
from node.exchange.oracle.waiting import need_while_waiting, wait

_PERPETUAL = frozenset((Kind.MARK, Kind.FUNDING, Kind.INSURE, Kind.MARGIN, Kind.ISOLATE))
_LATEST = 1 << 62
"""No time is later."""


def carry_out(market: Market, commands: Sequence[Command], at: int) -> int:
    """Does what a command asks, after all that is due by its time, and then what it has woken.

    Returns:
        how many commands that was: a group is several.
    """
    command, count = commands[at], 1
    pass_time(market, min(command.time, _LATEST))
    if command.kind == Kind.GROUP:
        group = rows_of(commands, at)
        count = len(group)
        new_group(market, group)
    else:
        strange = command.kind in _PERPETUAL and not market.perpetual
        verb = malformed if strange else _VERBS.get(command.kind, malformed)
        verb(market, command)
    run_queue(market)
    return count


def pass_time(market: Market, until: int) -> None:
    """Lets everything happen that is due, the earlier first: of one time a pause's end, then orders by id."""
    while True:
        expiry = market.ends[0][0] if market.ends else until + 1
        resume = until + 1 if market.resume is None else market.resume
        if min(expiry, resume) > until:
            break
        market.time = max(market.time, min(expiry, resume))
        if resume <= expiry:
            market.status, market.resume = Status.OPEN, None
            tell(market, Record.STATUS, 0, 0, quantity=Status.OPEN, reason=Reason.TIME)
            replay.reopen(market)
        else:
            expire(market, market.orders[market.ends[0][1]], Reason.TIME)
        run_queue(market)
    market.time = max(market.time, until)


def new(market: Market, command: Command) -> None:
    """An order is taken or refused; it waits for its price, or takes what it meets, and its rest rests or is gone."""
    reason = why_refused(market, command)
    if reason:
        reject(market, command, reason)
        return
    order = take_in(market, command, expiry_of(market, command))
    tell_back(market, Record.ACK, command, order.id)
    if order.type in WAITING:
        market.hold(order, need_while_waiting(market, order))
        wait(market, order)
    else:
        match(market, order)


def cancel(market: Market, command: Command) -> None:
    """The owner takes an order out."""
    order = market.orders.get(command.order)
    if order is None or order.account != command.account or order.flags & RECORDED:
        reject(market, command, Reason.UNKNOWN_ORDER)
    else:
        take_out(market, order, command.ref)


def cancel_all(market: Market, command: Command) -> None:
    """All orders of an account are taken out, or of everyone."""
    everyone = command.kind == Kind.MASS_CANCEL
    accounts = sorted(market.own_orders) if everyone else [command.account]
    found = [each for account in accounts for each in market.own_orders[account].values()]
    if not found:
        reject(market, command, Reason.UNKNOWN_ORDER)
    for order in found:
        if order.id in market.orders:  # it may have gone with another one of its group
            take_out(market, order, command.ref)


def take_out(market: Market, order: Order, ref: int) -> None:
    """An order goes as asked, and gives back what it holds; the rest of its group expires."""
    tell(
        market, Record.CANCEL, order.account, order.id,
        side=order.side, price=order.price, quantity=order.open, ref=ref,
    )  # fmt: skip
    stand_aside(market, order)
    forget(market, order)
    end_group(market, order)


def transfer(market: Market, command: Command) -> None:
    """An account gets something from the world, or gives it back."""
    ledger = market.ledger
    known = 0 <= command.account < len(ledger.accounts) and 0 <= command.order < ledger.assets
    if not known or command.account == WORLD or command.quantity <= 0:
        reject(market, command, Reason.MALFORMED)
        return
    amount = command.quantity if command.kind == Kind.DEPOSIT else -command.quantity
    if not ledger.transfer(command.account, command.order, amount):
        reject(market, command, Reason.INSUFFICIENT_FUNDS)
        return
    tell(market, Record.BALANCE, command.account, command.order, quantity=amount, ref=command.ref)


def set_status(market: Market, command: Command) -> None:
    """No orders are taken from now on, or again."""
    market.status = Status.HALTED if command.kind == Kind.HALT else Status.OPEN
    market.resume = None
    tell(market, Record.STATUS, command.account, 0, quantity=market.status, ref=command.ref)
    if market.status == Status.OPEN:
        replay.reopen(market)


def nothing(market: Market, command: Command) -> None:
    """Time has passed."""


def malformed(market: Market, command: Command) -> None:
    reject(market, command, Reason.MALFORMED)


_VERBS: dict[int, Callable[[Market, Command], None]] = {
    Kind.NEW: new,
    Kind.CANCEL: cancel,
    Kind.AMEND: amend,
    Kind.DEPOSIT: transfer,
    Kind.WITHDRAW: transfer,
    Kind.TIMER: nothing,
    Kind.HALT: set_status,
    Kind.RESUME: set_status,
    Kind.CANCEL_ALL: cancel_all,
    Kind.MASS_CANCEL: cancel_all,
    **dict.fromkeys(replay.KINDS, replay.carry_out),
    Kind.MARK: liquidation.mark,
    Kind.FUNDING: funding.fund,
    Kind.INSURE: margin.insure,
    Kind.MARGIN: margin.move,
    Kind.ISOLATE: margin.isolate,
}
