"""Lists: groups of users' orders on disk, found by their numbers, their times and their names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from node.exchange.service.archive import ALIKE, LABEL, hashes
from node.exchange.service.indexed import Indexed, Wanted
from node.exchange.service.order import Order
from node.exchange.service.table import Rows

_MOST: Final = 3
"""Orders of a group."""
LIST = np.dtype(
    [
        ("id", "<i8"),  # the first order's
        ("time", "<i8"),  # when it was taken, ns UTC
        ("orders", "<i8", _MOST),  # all of them, the first first; 0 where there are no more
        ("label", f"S{LABEL}"),  # its name
        ("account", "<i4"),
        ("market", "<u2"),
    ]
)


class Lists:
    """Groups in the order in which they were taken. Their rows do not tell what became of them: their orders do."""

    def __init__(self, folder: Path) -> None:
        self.table = Indexed(folder, LIST, 1 << 16, [("account", hashes)])

    def listed(self, wanted: Wanted) -> list[list[int]]:
        """The orders' numbers of groups by ascending number."""
        return [_orders(row) for row in self.table.chosen(wanted)]

    def numbered(self, account: int, market: int, numbers: Sequence[int]) -> list[list[int]]:
        """The same of groups of these numbers."""
        return [_orders(row) for row in self.table.numbered(account, market, numbers)]

    def named(self, account: int, market: int, name: str) -> list[list[int]]:
        """The same of the latest of one name."""
        mark = int(hashes(np.array([(name.encode(),)], [("label", f"S{LABEL}")]))[0])
        rows = self.table.chosen(Wanted(account, market, ALIKE, mark=mark))
        return [_orders(row) for row in rows if row["label"] == name.encode()]


def row_of(orders: Sequence[Order]) -> Rows:
    """The row of a group that was just taken, of which these are all orders."""
    first, row = orders[0], np.zeros(1, LIST)
    row["id"], row["time"], row["label"] = first.id, first.time, first.name.encode()
    row["account"], row["market"] = first.account, first.market
    row["orders"][0, : len(orders)] = [each.id for each in orders]
    return row


def _orders(row: Rows) -> list[int]:
    return [number for number in row["orders"].tolist() if number]
