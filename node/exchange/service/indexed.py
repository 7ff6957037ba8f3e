"""Indexed: a table whose rows are found by account and market, and by number, time and one thing more."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from node.exchange.exchange import Ints
from node.exchange.service.table import Rows, Table, read

EVER: Final = (1 << 63) - 1
_KEY, _ID, _TIME, _MARK, _ROW = range(5)
_MARKETS: Final = 16  # bits of a market's number in a key
_SUFFIX: Final = ".index"
_NOTHING: Final = np.zeros((5, 0), np.int64)


class Wanted(NamedTuple):
    """What is looked for.

    Attributes:
        account, market: whose, and where.
        limit: rows at the most.
        first: the lowest number; -1: the newest rows, any number.
        begin, end: ns UTC, both among them.
        mark: the one thing more; None: any.
    """

    account: int
    market: int
    limit: int
    first: int = -1
    begin: int = 0
    end: int = EVER
    mark: int | None = None


class Indexed(Table):
    """A table with an index beside each file that is full; what is younger is looked through.

    Args:
        by: by whom a row is found: the name of its column with the account, and what tells the one thing more.
    """

    def __init__(
        self, folder: Path, dtype: "np.dtype[Any]", each: int, by: Sequence[tuple[str, Callable[[Rows], Ints]]]
    ) -> None:
        super().__init__(folder, dtype, each)
        self._by = by
        self._known: dict[int, Ints] = {}

    def flush(self) -> None:
        before = self._kept // self._each
        super().flush()
        for number in range(before, self._kept // self._each):
            self._indexed(number)

    def cut(self, count: int) -> None:
        super().cut(count)
        self._known.clear()
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if int(path.stem) + self._each > count:
                path.unlink()

    def chosen(self, wanted: Wanted) -> Rows:
        """Rows by ascending number: the ones with the lowest numbers that are wanted, or with the highest."""
        key = _key(np.int64(wanted.account), np.int64(wanted.market))
        full = self._kept // self._each
        young = [rows for _, rows in self._parts(full * self._each)]
        found = [_among(_of(self._indexed(number), key), wanted) for number in range(full)]
        found += [_among(self._entries(rows, key), wanted) for rows in young]
        # number, part, place
        places = np.concatenate(
            [np.stack([each[_ID], np.full(each.shape[1], part), each[_ROW]]) for part, each in enumerate(found)]
            or [_NOTHING[:3]],
            axis=1,
        )
        places = _limited(places[:, np.argsort(places[0], kind="stable")], wanted)
        rows = np.zeros(places.shape[1], f"V{self._dtype.itemsize}")
        for part in np.unique(places[1]).tolist():
            of = young[part - full] if part >= full else read(self._path(part * self._each), self._dtype)
            here = places[1] == part
            rows[here] = of.view(rows.dtype)[places[2, here]]
        return rows.view(self._dtype)

    def _indexed(self, number: int) -> Ints:
        """The entries of a full file, by key and number; made where they are not there."""
        if number not in self._known:
            path = self._path(number * self._each).with_suffix(_SUFFIX)
            self._known[number] = _mapped(path) if path.exists() else self._build(number, path)
        return self._known[number]

    def _build(self, number: int, path: Path) -> Ints:
        found = self._entries(read(self._path(number * self._each), self._dtype))
        found = np.ascontiguousarray(found[:, np.lexsort((found[_ID], found[_KEY]))])
        passing = path.with_suffix(".part")
        try:
            passing.write_bytes(found.data)
            passing.chmod(0o600)
            passing.replace(path)
        except OSError:  # it can be made again when there is room
            passing.unlink(missing_ok=True)
            return found
        self.unsynced.add(path)
        return _mapped(path)

    def _entries(self, rows: Rows, key: np.int64 | None = None) -> Ints:
        """Of rows that have that key, or of all: key, number, time, the one thing more, place; shape (5, entries)."""
        parts = [_NOTHING]
        for account, mark in self._by:
            keys = _key(rows[account].astype(np.int64), rows["market"].astype(np.int64))
            places = np.arange(len(rows)) if key is None else np.flatnonzero(keys == key)
            some = rows[places]
            parts.append(np.stack([keys[places], some["id"], some["time"], mark(some), places]))
        return np.concatenate(parts, axis=1)


def _mapped(path: Path) -> Ints:
    count = path.stat().st_size // (8 * len(_NOTHING))
    return np.memmap(path, np.int64, "r", shape=(len(_NOTHING), count)) if count else _NOTHING


def _key(account: Any, market: Any) -> Any:
    return np.int64(1 << _MARKETS) * account + market


def _of(found: Ints, key: np.int64) -> Ints:
    begin, end = np.searchsorted(found[_KEY], [key, key + 1])
    return found[:, begin:end]


def _among(found: Ints, wanted: Wanted) -> Ints:
    """The entries that are wanted, by ascending number, each number once."""
    good = (found[_ID] >= wanted.first) & (found[_TIME] >= wanted.begin) & (found[_TIME] <= wanted.end)
    if wanted.mark is not None:
        good &= found[_MARK] == wanted.mark
    found = found[:, good]
    found = found[:, np.argsort(found[_ID], kind="stable")]
    return _limited(found[:, np.diff(found[_ID], prepend=-1) != 0], wanted)


def _limited(found: Ints, wanted: Wanted) -> Ints:
    return found[:, : wanted.limit] if wanted.first >= 0 else found[:, max(0, found.shape[1] - wanted.limit) :]
