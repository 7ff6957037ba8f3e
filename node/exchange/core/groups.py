"""Groups: orders that are taken together, and hang together from then on."""

from typing import Any

import numpy as np

from node.exchange.core import answer, funds, own, placing, ties
from node.exchange.core.command import Flag, Group, Kind, Side, Tif, Type
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Reason
from node.exchange.core.refusal import refusal
from node.exchange.core.state import PAIRED, PENDING, WORKING, Ledger, Market

U = np.uint64
_LEG = int(Kind.LEG)
_OCO, _OTO, _OTOCO = (int(each) for each in Group)
_BUY = int(Side.BUY)
_LIMIT, _MARKET = int(Type.LIMIT), int(Type.MARKET)
_IOC, _FOK = int(Tif.IOC), int(Tif.FOK)
_BY_QUOTE, _REDUCE_ONLY = int(Flag.BY_QUOTE), int(Flag.REDUCE_ONLY)
_OK, _MALFORMED, _FUNDS, _GROUP, _BAND = (
    int(Reason.NONE), int(Reason.MALFORMED), int(Reason.INSUFFICIENT_FUNDS), int(Reason.GROUP), int(Reason.BAND),
)  # fmt: skip


@jit
def size(commands: Any, index: Int) -> Int:
    """How many rows the group has that begins at a row; 1 where it is none."""
    what = commands[U(index)].order
    if what < _OCO or what > _OTOCO:
        return 1
    count = 3 if what == _OTOCO else 2
    if index + count > len(commands):
        return 1
    for at in range(index + 1, index + count):
        if commands[U(at)].kind != _LEG or commands[U(at)].account != commands[U(index)].account:
            return 1
    return count


@jit
def new(market: Market, ledger: Ledger, commands: Any, index: Int, journal: Any, rows: Int) -> Int:
    """The group whose first order is in a row."""
    first = commands[U(index)]
    count = size(commands, index)
    if count == 1:
        return answer.reject(market, first, journal, rows, _MALFORMED)
    failed, refused = _refused(market, ledger, commands, index, count)
    if refused != _OK:
        for at in range(count):
            why = refused if at == failed else _GROUP
            rows = answer.reject(market, commands[U(index + at)], journal, rows, why)
        return rows
    slot = placing.create(market, first, True)
    two = placing.create(market, commands[U(index + 1)], True)
    three = placing.create(market, commands[U(index + 2)], True) if count == 3 else 0
    group = market.nodes[U(slot)].id
    aside = _OK if first.order == _OCO else _GROUP
    rows = answer.ack(market, first, group, group, _OK, journal, rows)
    rows = answer.ack(market, commands[U(index + 1)], market.nodes[U(two)].id, group, aside, journal, rows)
    if count == 3:
        rows = answer.ack(market, commands[U(index + 2)], market.nodes[U(three)].id, group, aside, journal, rows)
    if first.order == _OCO:
        _pair(market, slot, two)
        placing.place_pair(market, ledger, slot)
        return rows
    market.nodes[U(slot)].rare |= WORKING
    market.terms[U(slot)].pending = two
    _await(market, two, slot)
    if count == 3:
        _await(market, three, slot)
        _pair(market, two, three)
    return placing.enter(market, ledger, slot, np.int64(first.selftrade), np.int64(first.tif), journal, rows)


@jit
def _pair(market: Market, one: Int, other: Int) -> None:
    market.nodes[U(one)].rare |= PAIRED
    market.nodes[U(other)].rare |= PAIRED
    market.terms[U(one)].sibling, market.terms[U(other)].sibling = other, one


@jit
def _await(market: Market, slot: Int, working: Int) -> None:
    market.nodes[U(slot)].rare |= PENDING
    market.terms[U(slot)].working = working


@jit
def _refused(market: Market, ledger: Ledger, commands: Any, index: Int, count: Int) -> tuple[Int, Int]:
    """Which order of a group cannot be taken, and why; why is 0 where all can."""
    first = commands[U(index)]
    alone = first.order == _OTO
    waiting: Int = 0
    for at in range(count):
        command = commands[U(index + at)]
        if command.flags & _BY_QUOTE:
            return at, _MALFORMED
        if at == 0 and first.order != _OCO:
            if command.type != _LIMIT:
                return at, _MALFORMED
        elif not alone and not _may_pair(commands, index, count, at):
            return at, _MALFORMED
        refused = refusal(market, ledger, command, False)
        if refused == _BAND and at > 0 and first.order != _OCO:
            refused = _OK  # it is held against the band when its turn comes
        if refused == _OK:
            waiting += command.type > _MARKET
            refused = own.too_many(market, first.account, at + 1, waiting)
        if refused == _OK and (at == 0 or first.order == _OCO):
            refused = placing.misplaced(market, command, first.order == _OCO or command.flags & 1 != 0)
        if refused != _OK:
            return at, refused
    amount = _needed(market, first)
    if first.order == _OCO:
        amount = max(amount, _needed(market, commands[U(index + 1)]))
    enough = funds.has(market, ledger, first.account, np.int64(first.side), amount)
    return 0, _OK if enough else _FUNDS


@jit
def _may_pair(commands: Any, index: Int, count: Int, at: Int) -> "bool | np.bool_":
    """Whether an order may be of an OCO with the one beside it."""
    command, one = commands[U(index + at)], commands[U(index + count - 2)]
    if command.type == _MARKET or command.side != one.side or command.quantity != one.quantity:
        return False
    if command.type == _LIMIT:
        last = at == count - 1
        return command.tif != _IOC and command.tif != _FOK and not (last and one.type == _LIMIT)
    return True


@jit
def _needed(market: Market, command: Any) -> Int:
    if command.flags & _REDUCE_ONLY:
        return 0
    perpetual = market.rules[0].initial != 0
    if (command.side == _BUY or perpetual) and not ties.has_price(command.type):
        return 0
    return funds.need(market, np.int64(command.side), command.price, command.quantity)
