"""Orders: those of users, as the journal tells of them. Agents and the world have none here: they are too many."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import Flag, Group, Kind, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.core.rules import Rules
from node.exchange.exchange import Commands, Ints, Journal
from node.exchange.service.order import Execution, Order, Report, Status

KEPT: Final = 1000
"""Closed orders of an account that are kept in memory."""
Key = tuple[int, int]
"""A market and an order's number in it."""


class Asked(NamedTuple):
    """What a command says of an order that the journal does not."""

    label: str
    aside: bool  # until the order before it in its group is filled
    selftrade: int
    trigger: int
    trail: int
    display: int
    expiry: int


_NOT_SAID: Final = Asked("", aside=False, selftrade=0, trigger=0, trail=0, display=0, expiry=0)
_PLACING: Final = (Kind.NEW, Kind.GROUP, Kind.LEG)
_OF_TWO: Final = (Record.FILL, Record.PREVENTED)
_ENDS: Final = (Record.FILL, Record.PREVENTED, Record.EXPIRE)


class Orders:
    """Users' orders: the open ones, and the latest closed ones.

    Args:
        assets: numbers of the base and the quote asset of each market.
        archive: is told of every order that closes.
    """

    def __init__(self, assets: list[tuple[int, int]], archive: Callable[[Order], None]) -> None:
        self._assets, self._archive = assets, archive
        self._asked: dict[int, Asked] = {}
        self._open: dict[int, dict[Key, Order]] = {}
        self._closed: dict[int, OrderedDict[Key, Order]] = {}
        self._labels: dict[tuple[int, int, str], int] = {}
        self._users = np.zeros(64, bool)

    def admit(self, account: int) -> None:
        """An account's orders are kept from now on."""
        if account >= len(self._users):
            self._users = np.concatenate([self._users, np.zeros(account + 1, bool)])
        self._users[account] = True
        self._open.setdefault(account, {})
        self._closed.setdefault(account, OrderedDict())

    def follows(self, account: int) -> bool:
        return account < len(self._users) and bool(self._users[account])

    # What may be asked

    def find(self, account: int, market: int, number: int) -> Order | None:
        """An account's order by its number, open or lately closed."""
        key = (market, number)
        if account not in self._open:
            return None
        return self._open[account].get(key) or self._closed[account].get(key)

    def labelled(self, account: int, market: int, label: str) -> Order | None:
        """An account's newest order of that label."""
        number = self._labels.get((account, market, label))
        return None if number is None else self.find(account, market, number)

    def open(self, account: int, market: int | None = None) -> list[Order]:
        """An account's open orders, oldest first."""
        return [each for each in self._open.get(account, {}).values() if market in (None, each.market)]

    def closed(self, account: int, market: int) -> list[Order]:
        """An account's lately closed orders of a market, in the order in which they closed."""
        return [each for each in self._closed.get(account, {}).values() if each.market == market]

    # What happens

    def expect(self, commands: Commands, labels: "list[str]") -> None:
        """Orders that will be asked for; a command's `ref` is how they are known again."""
        first = 0
        for command, label in zip(commands.tolist(), labels, strict=True):
            fields = dict(zip(commands.dtype.names or (), command, strict=True))
            if fields["kind"] == Kind.GROUP:
                first = fields["order"]
            if fields["kind"] in _PLACING:
                fields["aside"] = fields["kind"] == Kind.LEG and first in (Group.OTO, Group.OTOCO)
                self._asked[fields["ref"]] = Asked(*(fields.get(name, label) for name in Asked._fields))

    def take(self, rows: Journal, times: Ints, trades: Ints) -> list[Report]:
        """The steps that rows tell of users' orders.

        Args:
            rows: of the journal.
            times: when each happened, ns.
            trades: the number of each row's trade.
        """
        chosen = self._chosen(rows)
        told = list(zip(_records(rows[chosen]), times[chosen].tolist(), trades[chosen].tolist(), strict=True))
        last = {row.order: at for at, (row, _, _) in enumerate(told) if row.kind in _ENDS}
        reports: list[Report] = []
        for at, (row, time, trade) in enumerate(told):
            reports += self._of_row(row, time, trade, last=last.get(row.order) == at)
        return reports

    def _chosen(self, rows: Journal) -> npt.NDArray[np.int64]:
        users = self._users
        mine = users[np.clip(rows["account"], 0, len(users) - 1)] & (rows["account"] < len(users))
        other = users[np.clip(rows["other_account"], 0, len(users) - 1)] & (rows["other_account"] < len(users))
        return np.flatnonzero(mine | (other & np.isin(rows["kind"], _OF_TWO)))

    def _of_row(self, row: "_Row", time: int, trade: int, *, last: bool) -> Iterator[Report]:
        kind = row.kind
        if kind in _OF_TWO:
            for maker in (False, True):
                if report := self._met(row, time, trade, maker=maker, last=last):
                    yield report
        elif kind == Record.ACK:
            yield self._kept(Record.ACK, self._taken(row, time), time)
        elif kind == Record.REJECT:
            self._asked.pop(row.other, None)
        elif kind in (Record.CANCEL, Record.EXPIRE, Record.AMEND, Record.TRIGGER):
            order = self._open[row.account].get((row.market, row.order))
            if order is not None:
                yield self._kept(Record(kind), _changed(order, row, time), time)

    def _taken(self, row: "_Row", time: int) -> Order:
        said = self._asked.pop(row.other, _NOT_SAID)
        waits = said.aside or row.type > Type.MARKET
        return Order(
            row.order, row.market, row.account, said.label, row.side, row.type, row.tif, row.flags, said.selftrade,
            row.price, row.quantity, 0, 0, 0, said.trigger, said.trail, said.display, said.expiry, row.other_fee,
            0 if waits else time, Status.NEW, 0, time, time,
        )  # fmt: skip

    def _met(self, row: "_Row", time: int, trade: int, *, maker: bool, last: bool) -> Report | None:
        """One of the two orders that met, after it; they traded, or shrank since they are of one account."""
        account, number = (row.other_account, row.other) if maker else (row.account, row.order)
        order = self._open.get(account, {}).get((row.market, number))
        if order is None:
            return None
        if row.kind == Record.PREVENTED:
            shrunk = order._replace(prevented=order.prevented + row.quantity, updated=time)
            if shrunk.filled + shrunk.prevented >= shrunk.quantity:
                shrunk = shrunk._replace(status=Status.EXPIRED, reason=Reason.SELF_TRADE)
            return self._kept(Record.PREVENTED, shrunk, time)
        filled = order.filled + row.quantity
        done = filled + order.prevented >= order.quantity
        if not maker and order.type == Type.MARKET and order.flags & Flag.BY_QUOTE:
            done = last
        status = Status.FILLED if done else Status.PARTIALLY_FILLED
        bought = (row.side == 0) != maker
        fee = row.other_fee if maker else row.fee
        execution = Execution(trade, row.price, row.quantity, fee, self._assets[row.market][0 if bought else 1], maker)
        worth = order.worth + row.price * row.quantity
        after = order._replace(filled=filled, worth=worth, status=status, updated=time)
        return self._kept(Record.FILL, after, time, execution)

    def _kept(self, kind: Record, order: Order, time: int, execution: Execution | None = None) -> Report:
        key, account = (order.market, order.id), order.account
        if order.status.open:
            self._open[account][key] = order
            self._labels[account, order.market, order.label] = order.id
        else:
            self._open[account].pop(key, None)
            self._close(order)
        return Report(kind, order, execution, time)

    def _close(self, order: Order) -> None:
        closed = self._closed[order.account]
        closed[order.market, order.id] = order
        self._archive(order)
        if len(closed) > KEPT:
            _, old = closed.popitem(last=False)
            if self._labels.get((old.account, old.market, old.label)) == old.id:
                del self._labels[old.account, old.market, old.label]

    # What a snapshot keeps

    def save(self) -> list[Order]:
        """All that are kept, in an order in which `load` understands them."""
        closed = [order for each in self._closed.values() for order in each.values()]
        return closed + [order for each in self._open.values() for order in each.values()]

    def load(self, saved: list[Order]) -> None:
        for order in saved:
            self.admit(order.account)
            kept = self._open if order.status.open else self._closed
            kept[order.account][order.market, order.id] = order
            self._labels[order.account, order.market, order.label] = order.id


def _changed(order: Order, row: "_Row", time: int) -> Order:
    """An order after it was cancelled, expired or amended, or woke."""
    if row.kind == Record.AMEND:
        quantity = order.filled + order.prevented + row.quantity
        return order._replace(price=row.price, quantity=quantity, updated=time)
    if row.kind == Record.TRIGGER:
        waits = row.reason == Reason.GROUP and order.type > Type.MARKET
        return order._replace(working=0 if waits else time, updated=time)
    status = Status.CANCELED if row.kind == Record.CANCEL else Status.EXPIRED
    return order._replace(status=status, reason=row.reason, updated=time)


class _Row(NamedTuple):
    """A row of the journal as Python reads it fastest; fields that share their place are told once."""

    kind: int
    side: int
    reason: int
    flags: int
    account: int
    market: int
    type: int
    tif: int
    other_account: int
    order: int
    other: int
    price: int
    quantity: int
    fee: int
    other_fee: int


def _records(rows: Journal) -> list[_Row]:
    columns: list[list[Any]] = [rows[name].tolist() for name in _Row._fields]
    return [_Row(*each) for each in zip(*columns, strict=True)]


def assets(rules: list[Rules]) -> list[tuple[int, int]]:
    """Numbers of the base and the quote asset of each market."""
    return [(each.base, each.quote) for each in rules]
