"""Archive: users' closed orders on disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from node.exchange.service.order import Order, Status
from node.exchange.service.table import Rows, Table

LABEL: Final = 64
"""Bytes that a label may have."""
_NUMBERS: Final = [name for name in Order._fields if name not in ("label", "status")]
ORDER = np.dtype([("label", f"S{LABEL}"), ("status", "u1"), *((name, "<i8") for name in _NUMBERS)])
_STATUSES: Final = list(Status)


class Archive:
    """Orders in the order in which they closed."""

    def __init__(self, folder: Path) -> None:
        self.table = Table(folder, ORDER, 1 << 16)

    def append(self, order: Order) -> None:
        self.table.append(rows_of([order]))

    def find(self, account: int, market: int, number: int) -> Order | None:
        """An account's order by its number."""
        found = self.table.newest(lambda rows: _of(rows, account, market) & (rows["id"] == number), 1)
        return orders_of(found)[0] if len(found) else None

    def labelled(self, account: int, market: int, label: str) -> Order | None:
        """An account's newest order of that label."""
        wanted = label.encode()
        found = self.table.newest(lambda rows: _of(rows, account, market) & (rows["label"] == wanted), 1)
        return orders_of(found)[0] if len(found) else None

    def listed(self, account: int, market: int, first: int, limit: int) -> list[Order]:
        """An account's orders of a market from number `first` on, or the newest ones where that is -1; as they closed,
        so that the caller sorts them.
        """
        if first < 0:
            return orders_of(self.table.newest(lambda rows: _of(rows, account, market), limit))
        return orders_of(self.table.oldest(lambda rows: _of(rows, account, market) & (rows["id"] >= first), limit))


def rows_of(orders: Sequence[Order]) -> Rows:
    """Orders as rows."""
    rows = np.zeros(len(orders), ORDER)
    for row, order in zip(rows, orders, strict=True):
        row["label"], row["status"] = order.label.encode(), _STATUSES.index(order.status)
        for name in _NUMBERS:
            row[name] = getattr(order, name)
    return rows


def orders_of(rows: Rows) -> list[Order]:
    """Rows as orders."""
    columns: dict[str, list[Any]] = {name: rows[name].tolist() for name in _NUMBERS}
    columns["label"] = [each.decode() for each in rows["label"].tolist()]
    columns["status"] = [_STATUSES[each] for each in rows["status"].tolist()]
    return [Order(*each) for each in zip(*(columns[name] for name in Order._fields), strict=True)]


def _of(rows: Rows, account: int, market: int) -> Any:
    return (rows["account"] == account) & (rows["market"] == market)
