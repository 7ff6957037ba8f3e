"""Views: what the journal tells, in the forms in which it is asked for."""

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from node.exchange.core.journal import Record
from node.exchange.core.state import FREE
from node.exchange.exchange import Exchange, Journal
from node.exchange.holding import Holding, holding
from node.exchange.service.batch import Batch
from node.exchange.service.candles import Candles
from node.exchange.service.depth import Depth, Levels
from node.exchange.service.indexed import Wanted
from node.exchange.service.lists import row_of
from node.exchange.service.order import Order
from node.exchange.service.orders import Orders
from node.exchange.service.store import Store
from node.exchange.service.table import Rows
from node.exchange.service.tape import KEPT, Tape
from node.exchange.service.trade import TRADE, Count, Trades, times


class Views:
    """Everything that is made of the journal's rows, and of the exchange that wrote them.

    Args:
        store: where it is kept; None: nowhere.

    Attributes:
        exchange: the markets and the ledger.
        orders: users' orders.
        tapes, candles: of each market, by its number.
        rows: rows so far.
        time: of the newest one, ns UTC.
    """

    def __init__(self, exchange: Exchange, store: Store | None = None) -> None:
        self.exchange, self._store = exchange, store
        pairs = [(exchange.assets.index(each.got), exchange.assets.index(each.quote)) for each in exchange.listings]
        self.orders = Orders(pairs, self._archived, self._grouped)
        self.tapes = [Tape(number) for number in range(len(pairs))]
        self.candles = [Candles() for _ in pairs]
        self._levels = [Levels() for _ in pairs]
        self.rows = 0
        self.time = 0
        self._times = np.zeros(len(pairs), np.int64)
        self._none = [np.zeros(0, TRADE) for _ in pairs]

    def take(self, rows: Journal) -> Batch:
        """Goes on with the next rows."""
        at = times(rows, self._times)
        traded = rows["kind"] == Record.FILL
        numbers, made = np.full(len(rows), -1, np.int64), self._none
        if traded.any():
            made = [tape.take(rows, at) for tape in self.tapes]
            for market, trades in enumerate(made):
                self.candles[market].take(trades)
                numbers[traded & (rows["market"] == market)] = trades["id"]
        batch = Batch(rows, at, made, self.orders.take(rows, at, numbers))
        self.rows += len(rows)
        self.time = max(self.time, int(self._times.max()))
        return batch

    def _archived(self, row: Rows) -> None:
        if self._store is not None:
            self._store.archive.table.append(row)

    def _grouped(self, orders: Sequence[Order]) -> None:
        if self._store is not None:
            self._store.lists.table.append(row_of(orders))

    def depth(self, market: int, limit: int) -> Depth:
        """The best levels of a market."""
        return self._levels[market].top(self.exchange.markets[market], limit, self.rows)

    def changes(self, market: int) -> Depth:
        """The levels of a market that have changed since the last call. For one caller, who tells everyone."""
        return self._levels[market].changes(self.exchange.markets[market], self.rows)

    def balances(self, account: int) -> list[tuple[int, int]]:
        """What an account has free and locked of each asset, base units."""
        return [(free, locked) for free, locked in self.exchange.ledger.balances[account].tolist()]

    def holdings(self, account: int) -> list[Holding]:
        """An account's positions in perpetuals; one that is not isolated has all behind it that is free."""
        markets = [each for each in self.exchange.markets if len(each.positions)]
        held = [(each, each.positions[account].tolist()) for each in markets]
        free = self.exchange.ledger.balances[account, :, FREE].tolist()
        return [
            holding(market, account, 0 if isolated else max(0, free[int(market.rules["quote"][0])]))
            for market, (size, _, _, isolated) in held
            if size
        ]

    def order(self, account: int, market: int, number: int) -> Order | None:
        """An account's order by its number, however old."""
        found = self.orders.find(account, market, number)
        return found or (self._store.archive.find(account, market, number) if self._store else None)

    def groups(self, account: int, market: int, numbers: Collection[int]) -> dict[int, int]:
        """Of an account's orders, however old, the group that each is in, or 0, by their numbers."""
        known = {number: self.orders.find(account, market, number) for number in numbers}
        found = {number: each.group for number, each in known.items() if each is not None}
        if self._store is not None and len(found) < len(known):
            found |= self._store.archive.groups(account, market, [each for each in known if each not in found])
        return found

    def lists_of(self, wanted: Wanted) -> list[list[Order]]:
        """An account's groups of orders of a market by ascending number, however old; the first order has the group's
        number, and the time that it is found by is when that was taken.
        """
        account, market, limit, first, begin, end, _ = wanted
        if self._store is not None:
            return self._whole(account, market, self._store.lists.listed(wanted))
        known = [each for each in self._late_lists(account, market) if each[0].id >= first]
        known = [each for each in known if begin <= each[0].time <= end]
        return known[:limit] if first >= 0 else known[max(0, len(known) - limit) :]

    def lists_numbered(self, account: int, market: int, numbers: Sequence[int]) -> list[list[Order]]:
        """An account's groups of orders of these numbers, however old; those that there are, by ascending number."""
        if self._store is not None:
            return self._whole(account, market, self._store.lists.numbered(account, market, numbers))
        return [each for each in self._late_lists(account, market) if each[0].id in numbers]

    def lists_named(self, account: int, market: int, name: str) -> list[list[Order]]:
        """An account's latest groups of orders of one name, however old, by ascending number; one of them at most is
        open.
        """
        if self._store is not None:
            return self._whole(account, market, self._store.lists.named(account, market, name))
        return [each for each in self._late_lists(account, market) if each[0].name == name]

    def _whole(self, account: int, market: int, lists: Sequence[Sequence[int]]) -> list[list[Order]]:
        """Groups of orders of these numbers."""
        known = {number: self.orders.find(account, market, number) for each in lists for number in each}
        old = [number for number, each in known.items() if each is None]
        if self._store is not None and old:
            known |= self._store.archive.found(account, market, old)
        whole = [[order for number in each if (order := known[number])] for each in lists]
        return [each for each in whole if each]

    def _late_lists(self, account: int, market: int) -> list[list[Order]]:
        """Those that are in memory."""
        found: dict[int, list[Order]] = {}
        for each in self.orders.closed(account, market) + self.orders.open(account, market):
            if each.group:
                found.setdefault(each.group, []).append(each)
        lists = [sorted(each, key=attrgetter("id")) for each in found.values()]
        return sorted((each for each in lists if each[0].id == each[0].group), key=lambda each: each[0].id)

    def labelled(self, account: int, market: int, label: str) -> Order | None:
        """An account's newest order of a label, however old."""
        found = self.orders.labelled(account, market, label)
        return found or (self._store.archive.labelled(account, market, label) if self._store else None)

    def orders_of(self, wanted: Wanted) -> list[Order]:
        """An account's orders of a market by ascending number, however old; times are when they were taken."""
        account, market, limit, first, begin, end, _ = wanted
        old = self._store.archive.listed(wanted) if self._store else []
        late = self.orders.closed(account, market) + self.orders.open(account, market)
        merged = {each.id: each for each in [*old, *late] if each.id >= first and begin <= each.time <= end}
        ordered = [merged[number] for number in sorted(merged)]
        return ordered[:limit] if first >= 0 else ordered[max(0, len(ordered) - limit) :]

    def trades_of(self, wanted: Wanted) -> Trades:
        """An account's trades of a market by ascending number, however old; the mark is an order's number."""
        if self._store is not None:
            return self._store.trades.chosen(wanted)
        account, market, limit, first, begin, end, order = wanted
        rows = self.tapes[market].recent(1 << 62)
        mine = np.zeros(len(rows), bool)
        for side in ("taker", "maker"):
            mine |= (rows[side] == account) & ((rows[f"{side}_order"] == order) if order is not None else True)
        found: Trades = rows[mine & (rows["id"] >= first) & (rows["time"] >= begin) & (rows["time"] <= end)]
        return found[:limit] if first >= 0 else found[max(0, len(found) - limit) :]

    def save(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """All of it, as arrays and as what JSON can tell."""
        arrays = {"orders": self.orders.save()}
        for market, (tape, candles) in enumerate(zip(self.tapes, self.candles, strict=True)):
            arrays[f"tape-{market}"] = tape.recent(KEPT)
            arrays |= {f"candles-{market}-{span}": rows for span, rows in candles.save().items()}
        arrays |= {**self.exchange.save(), "times": self._times.copy()}
        return arrays, {"rows": self.rows, "time": self.time, "trades": [list(tape.count) for tape in self.tapes]}

    def load(self, arrays: Mapping[str, npt.NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Goes on where `save` was called."""
        self.exchange.load(arrays)
        self._times = arrays["times"].copy()
        self.rows, self.time = facts["rows"], facts["time"]
        self.orders.load(arrays["orders"])
        for market, (tape, candles) in enumerate(zip(self.tapes, self.candles, strict=True)):
            tape.restore(Count(*facts["trades"][market]), arrays[f"tape-{market}"])
            prefix = f"candles-{market}-"
            candles.load({name.removeprefix(prefix): rows for name, rows in arrays.items() if name.startswith(prefix)})
