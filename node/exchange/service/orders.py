"""Orders: those of users, as the journal tells of them. Agents and the world have none here: they are too many."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import Flag, Group, Kind, Tif, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.exchange import Commands, Ints, Journal
from node.exchange.service.archive import ORDER, orders_of, packed
from node.exchange.service.order import Execution, Order, Report, Status
from node.exchange.service.record import Names
from node.exchange.service.table import Rows
from node.exchange.service.trade import Trades

KEPT: Final = 1000
"""Closed orders of an account that are kept in memory."""
Key = tuple[int, int]
"""A market and an order's number in it."""


_MET: Final = (int(Record.FILL), int(Record.PREVENTED))
_LATER: Final = (int(Record.CANCEL), int(Record.EXPIRE), int(Record.AMEND), int(Record.TRIGGER))
_OF_ORDERS: Final = (*_MET, *_LATER)
_KINDS: Final = np.arange(256)  # a table is looked up much faster than `np.isin` finds out
_IS_MET: Final = np.isin(_KINDS, _MET)
IS_ORDER: Final = np.isin(_KINDS, (Kind.NEW, Kind.GROUP, Kind.LEG))
"""By its kind, whether a command asks for an order."""


class Asked(NamedTuple):
    """What a command says of an order that the journal does not."""

    label: str
    kind: int  # of its group
    name: str  # of its group
    aside: bool  # until the order before it in its group is filled
    selftrade: int
    trigger: int
    trail: int
    display: int
    expiry: int


_NOT_SAID: Final = Asked("", 0, "", aside=False, selftrade=0, trigger=0, trail=0, display=0, expiry=0)


class _Closed(NamedTuple):
    """An order that will not change, and its row on disk, which snapshots take too."""

    order: Order
    row: bytes


class Orders:
    """Users' orders: the open ones, and the latest closed ones.

    Args:
        assets: of each market, numbers of the assets that a buyer and a seller pay their fees in.
        archive: is given the row of every order that closes.
        grouped: is given all orders of every group that is taken.
    """

    def __init__(
        self,
        assets: list[tuple[int, int]],
        archive: Callable[[Rows], None],
        grouped: Callable[[Sequence[Order]], None] = lambda _: None,
    ) -> None:
        self._assets, self._archive, self._grouped = assets, archive, grouped
        self._group: list[Order] = []  # that is being told
        self._asked: dict[int, Asked] = {}
        self._renamed: dict[int, str] = {}
        self._open: dict[int, dict[Key, Order]] = {}
        self._closed: dict[int, OrderedDict[Key, _Closed]] = {}
        self._labels: dict[tuple[int, int, str], int] = {}
        self._users = np.zeros(64, bool)

    def admit(self, account: int) -> None:
        """An account's orders are kept from now on."""
        if account >= len(self._users):
            self._users = np.concatenate([self._users, np.zeros(account + 1, bool)])
        self._users[account] = True
        self._open.setdefault(account, {})
        self._closed.setdefault(account, OrderedDict())

    def theirs(self, trades: Trades) -> "npt.NDArray[np.bool_]":
        """Which trades are of a user."""
        return self._are_users(trades["taker"]) | self._are_users(trades["maker"])

    def _is_user(self, account: int) -> bool:
        return 0 <= account < len(self._users) and bool(self._users[account])

    def _are_users(self, accounts: Ints) -> "npt.NDArray[np.bool_]":
        return self._users[np.clip(accounts, 0, len(self._users) - 1)] & (accounts < len(self._users))

    # What may be asked

    def find(self, account: int, market: int, number: int) -> Order | None:
        """An account's order by its number, open or lately closed."""
        key = (market, number)
        if account not in self._open:
            return None
        closed = self._closed[account].get(key)
        return self._open[account].get(key) or (closed.order if closed else None)

    def labelled(self, account: int, market: int, label: str) -> Order | None:
        """An account's newest order of that label."""
        number = self._labels.get((account, market, label))
        return None if number is None else self.find(account, market, number)

    def open(self, account: int, market: int | None = None) -> list[Order]:
        """An account's open orders, oldest first."""
        return [each for each in self._open.get(account, {}).values() if market in (None, each.market)]

    def closed(self, account: int, market: int) -> list[Order]:
        """An account's lately closed orders of a market, in the order in which they closed."""
        return [each.order for each in self._closed.get(account, {}).values() if each.order.market == market]

    # What happens

    def expect(self, commands: Commands, names: Names) -> None:
        """Orders that will be asked for and what they are called, or will be called once they are amended; a command's
        `ref` is how they are known again.
        """
        for at in np.flatnonzero(commands["kind"] == Kind.AMEND).tolist():
            if names.orders[at] and self._is_user(int(commands["account"][at])):
                self._renamed[int(commands["ref"][at])] = names.orders[at]
        group, name, following = 0, "", iter(names.groups)
        for at in np.flatnonzero(IS_ORDER[commands["kind"]]).tolist():
            row = commands[at]
            if row["kind"] == Kind.GROUP:
                group, name = int(row["order"]), next(following)
            elif row["kind"] == Kind.NEW:
                group, name = 0, ""
            if not self._is_user(int(row["account"])):
                continue
            aside = bool(row["kind"] == Kind.LEG) and group in (Group.OTO, Group.OTOCO)
            told = (int(row[field]) for field in Asked._fields[4:])
            self._asked[int(row["ref"])] = Asked(names.orders[at], group, name, aside, *told)

    def take(self, rows: Journal, times: Ints, trades: Ints) -> list[Report]:
        """The steps that rows tell of users' orders.

        Args:
            rows: of the journal.
            times: when each happened, ns.
            trades: the number of each row's trade.
        """
        chosen = self._chosen(rows)
        told = _records(rows[chosen], times[chosen], trades[chosen])
        last = _lasts(told)
        reports: list[Report] = []
        taken_back = (0, 0)  # a market, and a group in it
        for at, row in enumerate(told):
            if row.kind in _MET:
                reports += self._met(row, maker=False, last=at in last)
                reports += self._met(row, maker=True, last=False)
            elif row.kind == Record.ACK:
                reports.append(self._kept(Record.ACK, self._taken(row), row.time))
                self._gather(reports[-1].order)
            elif row.kind == Record.LIQUIDATION and row.order:
                closing = self._taken(row._replace(tif=Tif.IOC, flags=Flag.REDUCE_ONLY, other=0, other_fee=0))
                reports.append(self._kept(Record.ACK, closing._replace(label=f"autoclose-{closing.id}"), row.time))
            elif row.kind == Record.REJECT:
                self._asked.pop(row.other, None)
                self._renamed.pop(row.other, None)
            elif row.kind in _LATER and (order := self._open[row.account].get((row.market, row.order))):
                kind, group = Record(row.kind), (row.market, order.group)
                if kind is Record.CANCEL:
                    taken_back = group
                elif kind is Record.EXPIRE and row.reason == Reason.GROUP and taken_back == group:
                    kind = Record.CANCEL  # it went because the user took back another of its group
                changed = _changed(order, row, kind)
                if kind is Record.AMEND and row.other in self._renamed:
                    changed = self._named(changed, self._renamed.pop(row.other))
                reports.append(self._kept(kind, changed, row.time))
        return reports

    def _chosen(self, rows: Journal) -> npt.NDArray[np.int64]:
        met = _IS_MET[rows["kind"]]
        return np.flatnonzero(self._are_users(rows["account"]) | (met & self._are_users(rows["other_account"])))

    def _taken(self, row: "_Row") -> Order:
        asked = self._asked.pop(row.other, _NOT_SAID)
        working = 0 if asked.aside or row.type > Type.MARKET else row.time
        return Order(
            row.order, row.market, row.account, asked.label, row.side, row.type, row.tif, row.flags, asked.selftrade,
            row.price, row.quantity, 0, 0, asked.trigger, asked.trail, asked.display, asked.expiry, row.other_fee,
            asked.kind, asked.name, working, 0, Status.NEW, 0, row.time, row.time,
        )  # fmt: skip

    def _named(self, order: Order, label: str) -> Order:
        """An order by another name; the old one is free again."""
        if self._labels.get((order.account, order.market, order.label)) == order.id:
            del self._labels[order.account, order.market, order.label]
        return order._replace(label=label)

    def _gather(self, taken: Order) -> None:
        """Groups are told when all their orders are taken, which happens one after another."""
        if taken.id == taken.group:
            self._group = []
        if taken.group:
            self._group.append(taken)
            if len(self._group) == (3 if taken.kind == Group.OTOCO else 2):
                self._grouped(self._group)

    def _met(self, row: "_Row", *, maker: bool, last: bool) -> list[Report]:
        """What an order met, as its taker or its maker sees it; nothing where that is no user's.

        Args:
            last: whether it met no more then.
        """
        account, number = (row.other_account, row.other) if maker else (row.account, row.order)
        order = self._open.get(account, {}).get((row.market, number))
        if order is None:
            return []
        execution = None
        if row.kind == Record.FILL:
            worth = order.worth + row.price * row.quantity
            order = order._replace(filled=order.filled + row.quantity, worth=worth, updated=row.time)
            bought = (row.side == 0) != maker
            fee, asset = row.other_fee if maker else row.fee, self._assets[row.market][0 if bought else 1]
            execution = Execution(row.trade, row.price, row.quantity, fee, asset, maker)
        else:
            order = order._replace(prevented=order.prevented + row.quantity, updated=row.time)
        left = order.quantity - order.filled - order.prevented
        if last if order.by_quote else left <= 0:
            status, reason = (Status.FILLED, 0) if execution else (Status.EXPIRED, int(Reason.SELF_TRADE))
            order = order._replace(status=status, reason=reason)
        elif order.filled:
            order = order._replace(status=Status.PARTIALLY_FILLED)
        return [self._kept(Record(row.kind), order, row.time, execution)]

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
        row = packed(order)
        closed[order.market, order.id] = _Closed(order, row)
        self._archive(np.frombuffer(row, ORDER))
        if len(closed) > KEPT:
            old = closed.popitem(last=False)[1].order
            if self._labels.get((old.account, old.market, old.label)) == old.id:
                del self._labels[old.account, old.market, old.label]

    # What a snapshot keeps

    def save(self) -> Rows:
        """All that are kept, of dtype ORDER, in an order in which `load` understands them."""
        rows = [one.row for each in self._closed.values() for one in each.values()]
        rows += [packed(order) for each in self._open.values() for order in each.values()]
        return np.frombuffer(b"".join(rows), ORDER)

    def load(self, saved: Rows) -> None:
        for order in orders_of(saved):
            self.admit(order.account)
            key = (order.market, order.id)
            if order.status.open:
                self._open[order.account][key] = order
            else:
                self._closed[order.account][key] = _Closed(order, packed(order))
            self._labels[order.account, order.market, order.label] = order.id


class _Row(NamedTuple):
    """A row of the journal as Python reads it fastest; fields that share their place are told once."""

    kind: int
    side: int
    reason: int
    account: int
    market: int
    type: int
    tif: int
    flags: int
    other_account: int
    order: int
    other: int
    price: int
    quantity: int
    fee: int
    other_fee: int
    time: int
    trade: int


def _records(rows: Journal, times: Ints, trades: Ints) -> list[_Row]:
    columns: list[list[Any]] = [rows[name].tolist() for name in _Row._fields[:-2]]
    return [_Row(*each) for each in zip(*columns, times.tolist(), trades.tolist(), strict=True)]


def _lasts(rows: list[_Row]) -> set[int]:
    """Places of the last thing that each taker met, those left out that then lost a rest that is worth a lot."""
    lasts: set[int] = set()
    following: dict[Key, _Row] = {}
    for at in range(len(rows) - 1, -1, -1):
        row = rows[at]
        if row.kind in _MET:
            then = following.get((row.market, row.order))
            if then is None or (
                then.kind not in _MET and (then.kind != Record.EXPIRE or then.reason == Reason.IMMEDIATE)
            ):
                lasts.add(at)
        if row.kind in _OF_ORDERS:
            following[row.market, row.order] = row
    return lasts


def _changed(order: Order, row: _Row, kind: Record) -> Order:
    """An order after it was cancelled, expired, amended or woke."""
    if kind is Record.AMEND:
        quantity = order.filled + order.prevented + row.quantity
        return order._replace(price=row.price, quantity=quantity, updated=row.time)
    if kind is Record.TRIGGER:
        waits = row.reason == Reason.GROUP and order.type > Type.MARKET
        return order._replace(working=0 if waits else row.time, updated=row.time)
    status = Status.CANCELED if kind is Record.CANCEL else Status.EXPIRED
    return order._replace(status=status, reason=row.reason, updated=row.time)
