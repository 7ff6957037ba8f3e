"""Indexed: a table whose rows are found by account and market, and by number, time and one thing more."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from node.exchange.exchange import Ints
from node.exchange.service import disk
from node.exchange.service.table import Rows, Table, read

EVER: Final = (1 << 63) - 1
_KEY, _ID, _TIME, _MARK, _ROW, _MARKS, _AT = range(7)
_BEGIN, _END, _LOW, _HIGH = range(1, 5)
_MARKETS: Final = 16  # bits of a market's number in a key
_SUFFIX: Final = ".index"
_NOTHING: Final = np.zeros((7, 0), np.int64)
_MAPPED: Final = 16
"""Indexes on disk that a table has open at a time: each takes a descriptor."""


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
    """A table with an index beside each file that is full, which `index` makes. What is younger has indexes in memory,
    each more than twice as long as the next, so that a row is sorted in a few times only.

    An index has, sorted by key and number: key, number, time, the one thing more, place; and by key, the one thing more
    and number: that thing, and where its entry is. Shape (7, entries). Of one on disk is known which keys it has, where
    the entries of each begin and end, and their lowest and highest number: shape (5, keys).

    Args:
        by: by whom a row is found: the name of its column with the account, and what tells the one thing more.
    """

    def __init__(
        self, folder: Path, dtype: "np.dtype[Any]", each: int, by: Sequence[tuple[str, Callable[[Rows], Ints]]]
    ) -> None:
        super().__init__(folder, dtype, each)
        self._by = by
        self._open: OrderedDict[int, Ints] = OrderedDict()
        self._keys: list[Ints] = []
        self._young: list[Ints] = []
        self._base = self._seen = 0  # the first row that is young, and the first one that is in no index yet

    def index(self) -> None:
        """Makes the indexes that full files have not, or not whole. It may be called in a thread of its own, but in
        one: until they are there, others go by what is in memory.

        Raises:
            StorageFull: there is no room.
        """
        for number in range(self._kept // self._each):
            if not self._is_whole(number):
                first = number * self._each
                disk.put(self._beside(number), self._made(read(self._path(first), self._dtype), first).tobytes())

    def cut(self, count: int) -> None:
        super().cut(count)
        self._open.clear()
        self._keys, self._young, self._base, self._seen = [], [], 0, 0
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if int(path.stem) + self._each > count:
                path.unlink()

    def chosen(self, wanted: Wanted) -> Rows:
        """Rows by ascending number: the ones with the lowest numbers that are wanted, or with the highest."""
        most = wanted.limit * len(self._by)
        found_in = self._of(wanted.account, wanted.market, wanted.first)
        parts = [_among(index, begin, end, wanted, most) for index, begin, end in found_in]
        found = np.concatenate([_NOTHING[[_ID, _ROW]], *parts], axis=1)
        found = found[:, np.argsort(found[0], kind="stable")]
        found = found[:, np.diff(found[0], prepend=-1) != 0]  # one may be of both its sides
        places = found[1]
        return self._at(places[: wanted.limit] if wanted.first >= 0 else places[max(0, len(places) - wanted.limit) :])

    def numbered(self, account: int, market: int, numbers: Sequence[int]) -> Rows:
        """The rows of these numbers that are there."""
        looked, places = np.unique(np.array(numbers, np.int64)), [_NOTHING[_ROW]]
        if not len(looked):
            return self._at(places[0])
        for index, begin, end in self._of(account, market, looked[0], looked[-1]):
            known = index[_ID, begin:end]
            at = np.searchsorted(known, looked)
            at = at[at < len(known)]
            places.append(index[_ROW, begin:end][at[known[at] == looked[: len(at)]]])
        return self._at(np.unique(np.concatenate(places)))

    def _of(self, account: int, market: int, low: int, high: int = EVER) -> Iterator[tuple[Ints, int, int]]:
        """All indexes that may have numbers from `low` to `high`, each with where the entries of an account and a
        market begin and end.
        """
        key = _key(np.int64(account), np.int64(market))
        while len(self._keys) < self._kept // self._each and self._is_whole(len(self._keys)):
            self._keys.append(_ends(self._on_disk(len(self._keys))))
        for number, keys in enumerate(self._keys):
            at = int(np.searchsorted(keys[_KEY], key))
            if at < keys.shape[1] and keys[_KEY, at] == key and keys[_LOW, at] <= high and keys[_HIGH, at] >= low:
                yield self._on_disk(number), int(keys[_BEGIN, at]), int(keys[_END, at])
        for index in self._latest(len(self._keys) * self._each):
            begin, end = np.searchsorted(index[_KEY], [key, key + 1]).tolist()
            if begin < end:
                yield index, begin, end

    def _latest(self, base: int) -> list[Ints]:
        """Indexes of the rows from `base` on."""
        if base != self._base:
            self._young = [left for each in self._young if (left := _without(each, base)).shape[1]]
            self._base, self._seen = base, max(base, self._seen)
        for first, rows in self._parts(self._seen):
            fresh = rows[max(0, self._seen - first) :]
            if len(fresh):
                self._young.append(self._made(fresh, self._seen))
                self._seen += len(fresh)
        while len(self._young) > 1 and self._young[-2].shape[1] <= 2 * self._young[-1].shape[1]:
            last = self._young.pop()
            self._young[-1] = _sorted(np.concatenate([self._young[-1], last], axis=1)[:_MARKS])
        return self._young

    def _at(self, places: Ints) -> Rows:
        """The rows of these places, in that order."""
        rows = np.zeros(len(places), f"V{self._dtype.itemsize}")
        files = places // self._each
        for number in np.unique(files[places < self._base]).tolist():
            here = files == number
            of = read(self._path(number * self._each), self._dtype)
            rows[here] = of.view(rows.dtype)[places[here] - number * self._each]
        if (places >= self._base).any():
            for first, of in self._parts(self._base):
                here = (places >= first) & (places < first + len(of))
                rows[here] = of.view(rows.dtype)[places[here] - first]
        return rows.view(self._dtype)

    def _beside(self, number: int) -> Path:
        return self._path(number * self._each).with_suffix(_SUFFIX)

    def _is_whole(self, number: int) -> bool:
        path = self._beside(number)
        return path.exists() and path.stat().st_size == len(_NOTHING) * len(self._by) * self._each * 8

    def _on_disk(self, number: int) -> Ints:
        """The index of a full file."""
        if number not in self._open:
            shape = len(_NOTHING), len(self._by) * self._each
            self._open[number] = np.asarray(np.memmap(self._beside(number), np.int64, "r", shape=shape))
            if len(self._open) > _MAPPED:
                self._open.popitem(last=False)
        self._open.move_to_end(number)
        return self._open[number]

    def _made(self, rows: Rows, first: int) -> Ints:
        """The index of rows, the first of which has that place."""
        parts, places = [], np.arange(first, first + len(rows))
        for account, mark in self._by:
            keys = _key(rows[account].astype(np.int64), rows["market"].astype(np.int64))
            parts.append(np.stack([keys, rows["id"], rows["time"], mark(rows), places]))
        return _sorted(np.concatenate(parts, axis=1))


def _sorted(found: Ints) -> Ints:
    """The index of entries: key, number, time, the one thing more, place."""
    found = found[:, np.lexsort((found[_ID], found[_KEY]))]
    at = np.lexsort((found[_MARK], found[_KEY]))  # it is stable: of one mark the numbers ascend
    made: Ints = np.ascontiguousarray(np.concatenate([found, found[_MARK, at][None], at[None]]))
    return made


def _ends(index: Ints) -> Ints:
    """The keys of an index, where the entries of each begin and end, and their lowest and highest number."""
    begin = np.flatnonzero(np.diff(index[_KEY], prepend=-1))
    end = np.append(begin[1:], index.shape[1])
    return np.stack([index[_KEY, begin], begin, end, index[_ID, begin], index[_ID, end - 1]])


def _without(index: Ints, base: int) -> Ints:
    """An index less its rows before `base`; nothing has to be sorted for that."""
    stays = index[_ROW] >= base
    left = index[:, stays]
    at = index[_AT][stays[index[_AT]]]
    left[_AT] = (np.cumsum(stays) - 1)[at]
    left[_MARKS] = index[_MARK, at]
    return left


def _key(account: Any, market: Any) -> Any:
    return np.int64(1 << _MARKETS) * account + market


def _among(index: Ints, begin: int, end: int, wanted: Wanted, most: int) -> Ints:
    """Number and place of the entries between `begin` and `end` that are wanted, by ascending number; `most` of them
    from the end of the numbers that is wanted. Only those are read where time does not matter.
    """
    entries: Ints | slice
    if wanted.mark is None:
        first = begin + int(np.searchsorted(index[_ID, begin:end], wanted.first))
        entries, times, count = slice(first, end), index[_TIME, first:end], end - first
    else:
        marks = index[_MARKS, begin:end]
        start, stop = np.searchsorted(marks, wanted.mark), np.searchsorted(marks, wanted.mark, "right")
        entries = index[_AT, begin + start : begin + stop]
        entries = entries[np.searchsorted(index[_ID][entries], wanted.first) :]
        times, count = index[_TIME][entries], len(entries)
    if wanted.begin > 0 or wanted.end < EVER:
        good = np.flatnonzero((times >= wanted.begin) & (times <= wanted.end))
    else:
        good = np.arange(min(count, most)) + (0 if wanted.first >= 0 else max(0, count - most))
    good = good[:most] if wanted.first >= 0 else good[max(0, len(good) - most) :]
    places = good + entries.start if isinstance(entries, slice) else entries[good]
    chosen: Ints = index[[[_ID], [_ROW]], places]
    return chosen
