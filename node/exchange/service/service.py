"""Service: an exchange that remembers. What it is asked is kept before it is done, and views tell what came of it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fusion.errors import BadInput
from node.exchange.core.command import Kind
from node.exchange.core.journal import Record
from node.exchange.exchange import Commands, Exchange
from node.exchange.service.batch import Batch, Listener
from node.exchange.service.candles import Candles
from node.exchange.service.clock import Clock
from node.exchange.service.depth import Depth, Levels
from node.exchange.service.order import Order
from node.exchange.service.orders import Orders
from node.exchange.service.tape import Tape
from node.exchange.service.trade import Trades, times
from node.exchange.service.users import Key, User, Users, new_secret


class Service:
    """An exchange as it runs. All of it belongs to one thread.

    Attributes:
        exchange: the markets and the ledger; to be read, and changed through `place` and `submit` alone.
        clock: the exchange's time.
        users: who may trade, and their keys.
        orders: users' orders.
        tapes, candles: trades and candles of each market, by its number.
        listeners: are told of every batch.
        rows: rows of the journal so far.
    """

    def __init__(self, exchange: Exchange, clock: Clock | None = None) -> None:
        self.exchange = exchange
        self.clock = clock or Clock()
        self.users = Users()
        pairs = [(exchange.assets.index(each.base), exchange.assets.index(each.quote)) for each in exchange.listings]
        self.orders = Orders(pairs, self._archive)
        self.tapes = [Tape(number) for number in range(len(exchange.listings))]
        self.candles = [Candles() for _ in exchange.listings]
        self.listeners: list[Listener] = []
        self.rows = 0
        self._levels = [Levels() for _ in exchange.listings]
        self._time = 0
        self._refs = 0
        self._waiting: list[tuple[Commands, Sequence[str], asyncio.Future[Batch]]] = []

    # Commands

    def place(self, commands: Commands, labels: Sequence[str] = ()) -> Batch:
        """Carries out commands of users in order, now; they are kept when this returns.

        Args:
            commands: of dtype COMMAND; `time` and `ref` are set here.
            labels: the user's own name of each command's order; one that is empty is made.

        Raises:
            BadInput: there is no such market, or an open order has that label; nothing was done.
        """
        self._prepare(commands, labels)
        return self._carry_out(commands)

    def submit(self, commands: Commands, labels: Sequence[str] = ()) -> "asyncio.Future[Batch]":
        """Does as `place`, together with all else that is submitted in this turn of the event loop, which is kept in
        one write.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._commit)
        future: asyncio.Future[Batch] = loop.create_future()
        self._waiting.append((commands, labels, future))
        return future

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        for commands, labels, future in waiting:
            if future.cancelled():
                continue
            try:
                future.set_result(self.place(commands, labels))
            except BadInput as error:
                future.set_exception(error)

    def _prepare(self, commands: Commands, labels: Sequence[str]) -> None:
        """Makes commands ready to be kept: what of them is wrong is told here, before anything is done."""
        markets = len(self.exchange.listings)
        if (commands["market"] >= markets).any():
            raise BadInput(f"there is no market {commands['market'].max()}; there are {markets}")
        labels = list(labels) + [""] * (len(commands) - len(labels))
        orders = np.isin(commands["kind"], (Kind.NEW, Kind.GROUP, Kind.LEG))
        for at in np.flatnonzero(orders).tolist():
            account, market = int(commands["account"][at]), int(commands["market"][at])
            order = self.orders.labelled(account, market, labels[at]) if labels[at] else None
            if order is not None and order.status.open:
                raise BadInput(f"an open order has the label {labels[at]!r} already; give another")
        commands["time"] = self._time = max(self.clock.now(), self._time)
        commands["ref"] = np.arange(self._refs + 1, self._refs + 1 + len(commands))
        self._refs += len(commands)
        self.orders.expect(
            commands, [label or f"fusion-{ref}" for label, ref in zip(labels, commands["ref"].tolist(), strict=True)]
        )

    def _carry_out(self, commands: Commands) -> Batch:
        rows = self.exchange.carry_out(commands)
        at = times(rows, int(commands["time"][0]) if len(commands) else self._time)
        made = [tape.take(rows, at) for tape in self.tapes]
        numbers = np.full(len(rows), -1, np.int64)
        for market, trades in enumerate(made):
            self.candles[market].take(trades)
            numbers[(rows["kind"] == Record.FILL) & (rows["market"] == market)] = trades["id"]
        batch = Batch(rows, at, made, self.orders.take(rows, at, numbers))
        self.rows += len(rows)
        for listener in self.listeners:
            listener(batch)
        return batch

    def _archive(self, order: Order) -> None:
        """Keeps an order that has closed."""

    # Views

    def depth(self, market: int, limit: int) -> Depth:
        """The best levels of a market."""
        return self._levels[market].top(self.exchange.markets[market], limit, self.rows)

    def changes(self, market: int) -> Depth:
        """The levels of a market that have changed since the last call. For one caller, who tells everyone."""
        return self._levels[market].changes(self.exchange.markets[market], self.rows)

    def trades_of(self, account: int, market: int, first: int, limit: int) -> Trades:
        """An account's trades of a market from number `first` on, oldest first; the newest ones where `first` is -1."""
        rows = self.tapes[market].recent(1 << 62)
        mine = rows[(rows["taker"] == account) | (rows["maker"] == account)]
        chosen: Trades = mine[mine["id"] >= first][:limit] if first >= 0 else mine[max(0, len(mine) - limit) :]
        return chosen

    def balances(self, account: int) -> list[tuple[int, int]]:
        """What an account has free and locked of each asset, base units."""
        return [(free, locked) for free, locked in self.exchange.ledger.balances[account].tolist()]

    # Users

    def add_user(self, name: str, maker_ppm: int = 1000, taker_ppm: int = 1000) -> User:
        """A new user with an empty account."""
        self.users.check(name)
        self._deed({"do": "user", "name": name, "maker": maker_ppm, "taker": taker_ppm})
        return self.users.named(name)

    def add_key(self, name: str, permissions: Sequence[str] = ("read", "trade", "withdraw")) -> Key:
        """A new key of a user."""
        self.users.named(name)
        code, secret = new_secret(), new_secret()
        self._deed({"do": "key", "code": code, "secret": secret, "user": name, "permissions": list(permissions)})
        return self.users.keys(name)[-1]

    def revoke_key(self, code: str) -> None:
        """Ends a key."""
        self._deed({"do": "revoke", "code": code})

    def _deed(self, deed: dict[str, Any]) -> None:
        _DEEDS[deed["do"]](self, deed)

    def _do_user(self, deed: dict[str, Any]) -> None:
        account = self.exchange.open_account(deed["maker"], deed["taker"])
        self.orders.admit(account)
        self.users.add(deed["name"], account)

    def _do_key(self, deed: dict[str, Any]) -> None:
        self.users.allow(deed["code"], deed["secret"], deed["user"], deed["permissions"])

    def _do_revoke(self, deed: dict[str, Any]) -> None:
        self.users.revoke(deed["code"])


_DEEDS: dict[str, Callable[[Service, dict[str, Any]], None]] = {
    "user": Service._do_user,
    "key": Service._do_key,
    "revoke": Service._do_revoke,
}
