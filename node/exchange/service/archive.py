"""Archive: users' closed orders on disk."""

import struct
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import numpy as np

from node.exchange.exchange import Ints
from node.exchange.service.indexed import Indexed, Wanted
from node.exchange.service.order import Order, Status
from node.exchange.service.table import Rows

LABEL: Final = 64
"""Bytes that a label may have."""
_TEXTS: Final = ("label", "name")
_NUMBERS: Final = [name for name in Order._fields if name not in (*_TEXTS, "status")]
ORDER = np.dtype([*((name, f"S{LABEL}") for name in _TEXTS), ("status", "u1"), *((name, "<i8") for name in _NUMBERS)])
_PACKED: Final = struct.Struct(f"<{LABEL}s{LABEL}sB{len(_NUMBERS)}q")
_STATUSES: Final = list(Status)
_ODD: Final = np.random.default_rng(1).integers(1 << 62, size=LABEL // 8) * 2 + 1
ALIKE: Final = 8
"""Labels that have one hash and that are looked at."""
_NUMBER_OF: Final = {each: at for at, each in enumerate(_STATUSES)}
_numbers: Final = attrgetter(*_NUMBERS)


class Archive:
    """Orders in the order in which they closed."""

    def __init__(self, folder: Path) -> None:
        self.table = Indexed(folder, ORDER, 1 << 16, [("account", hashes)])

    def find(self, account: int, market: int, number: int) -> Order | None:
        """An account's order by its number."""
        return self.found(account, market, [number]).get(number)

    def found(self, account: int, market: int, numbers: Sequence[int]) -> dict[int, Order]:
        """An account's orders by their numbers."""
        return {each.id: each for each in orders_of(self.table.numbered(account, market, numbers))}

    def groups(self, account: int, market: int, numbers: Sequence[int]) -> dict[int, int]:
        """Of an account's orders the group that each is in, or 0, by their numbers."""
        rows = self.table.numbered(account, market, numbers)
        return dict(zip(rows["id"].tolist(), rows["group"].tolist(), strict=True))

    def labelled(self, account: int, market: int, label: str) -> Order | None:
        """An account's newest order of that label."""
        mark = int(hashes(np.array([(label.encode(),)], [("label", f"S{LABEL}")]))[0])
        found = self.listed(Wanted(account, market, ALIKE, mark=mark))
        return next((each for each in reversed(found) if each.label == label), None)

    def listed(self, wanted: Wanted) -> list[Order]:
        """Orders by ascending number; the time they are found by is when they were taken."""
        return orders_of(self.table.chosen(wanted))


def hashes(rows: Rows) -> Ints:
    """Of the labels that rows have."""
    words = np.ascontiguousarray(rows["label"]).view(np.int64).reshape(len(rows), LABEL // 8)
    made: Ints = (words * _ODD).sum(axis=1)  # it wraps, which is meant
    return made


def packed(order: Order) -> bytes:
    """An order's row; ten times as fast as numpy sets it field by field."""
    texts = order.label.encode(), order.name.encode()
    return _PACKED.pack(*texts, _NUMBER_OF[order.status], *_numbers(order))


def orders_of(rows: Rows) -> list[Order]:
    """Rows as orders."""
    columns: dict[str, list[Any]] = {name: rows[name].tolist() for name in _NUMBERS}
    columns |= {name: [each.decode() for each in rows[name].tolist()] for name in _TEXTS}
    columns["status"] = [_STATUSES[each] for each in rows["status"].tolist()]
    return [Order(*each) for each in zip(*(columns[name] for name in Order._fields), strict=True)]
