"""Candles: a market's trades by spans of time, and its last 24 hours."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fusion.errors import BadInput
from node.exchange.service.trade import Trades

CANDLE = np.dtype(
    [
        ("time", "<i8"),  # when it opens, ns UTC
        ("open", "<i8"),  # ticks
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),  # lots
        ("worth", "<i8"),  # ticks times lots
        ("trades", "<i8"),
        ("taken", "<i8"),  # lots that were bought by takers
        ("taken_worth", "<i8"),
        ("first", "<i8"),  # number of its first trade
    ]
)
Rows = npt.NDArray[Any]
"""Rows of dtype CANDLE."""
SECOND: Final = 1_000_000_000
_MINUTE, _HOUR, _DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
_SERIES: Final = {SECOND: 1 << 12, _MINUTE: 1 << 15, _HOUR: 1 << 15, _DAY: 1 << 14}
"""Spans that are kept, and how many of each."""
INTERVALS: Final = {
    "1s": SECOND, "1m": _MINUTE, "3m": 3 * _MINUTE, "5m": 5 * _MINUTE, "15m": 15 * _MINUTE, "30m": 30 * _MINUTE,
    "1h": _HOUR, "2h": 2 * _HOUR, "4h": 4 * _HOUR, "6h": 6 * _HOUR, "8h": 8 * _HOUR, "12h": 12 * _HOUR,
    "1d": _DAY, "3d": 3 * _DAY, "1w": 7 * _DAY, "1M": 0,
}  # fmt: skip
"""Spans that may be asked for, ns; a month is as long as it is."""
_MONDAY: Final = 4 * _DAY  # the first one after 1970 began; weeks begin there
_SUMS: Final = ("volume", "worth", "trades", "taken", "taken_worth")


class Ticker(NamedTuple):
    """A market's last 24 hours; prices in ticks, 0 where there was no trade.

    Attributes:
        opened, closed: ns UTC.
        before: price of the last trade before them.
        first: number of the first trade, -1 where there was none.
    """

    opened: int
    closed: int
    open: int
    high: int
    low: int
    last: int
    before: int
    volume: int
    worth: int
    trades: int
    first: int


class Candles:
    """One market's. A span without trades has none here; `read` puts one there."""

    def __init__(self) -> None:
        self._series = {span: _Series(span, kept) for span, kept in _SERIES.items()}

    def take(self, trades: Trades) -> None:
        """Goes on with new trades, in order."""
        if len(trades):
            made = _of_trades(trades)
            for each in self._series.values():
                made = _joined(made, made["time"] // each.span * each.span)
                each.take(made)

    def read(self, interval: str, begin: int, end: int, limit: int) -> Rows:
        """Candles that open in `[begin, end]` (ns), at most `limit`: the first ones where `begin` is above 0, else the
        newest. Spans without trades repeat the last price, up to `end`. BadInput for an interval that is not served.
        """
        span = INTERVALS.get(interval)
        if span is None:
            raise BadInput(f"an interval is one of {', '.join(INTERVALS)}, not {interval[:20]!r}")
        base = max(each for each in _SERIES if (span or _DAY) % each == 0)
        rows = self._series[base].rows
        if not len(rows) or limit < 1:
            return rows[:0]
        if span:
            return _spans(rows, interval, begin, end, limit)
        months = _joined(rows, _opening(rows["time"], interval))
        chosen = months[(months["time"] >= begin) & (months["time"] <= end)]
        return chosen[:limit] if begin > 0 else chosen[-limit:]

    def ticker(self, now: int) -> Ticker:
        """The 24 hours before `now`, to the minute."""
        rows = self._series[_MINUTE].rows
        opened = now - _DAY
        cut = int(np.searchsorted(rows["time"], opened - opened % _MINUTE, side="right"))
        before = int(rows["close"][cut - 1]) if cut else 0
        day = rows[cut:]
        if not len(day):
            return Ticker(opened, now, before, before, before, before, before, 0, 0, 0, -1)
        volume, worth, trades = (int(day[name].sum()) for name in ("volume", "worth", "trades"))
        return Ticker(
            opened, now, int(day["open"][0]), int(day["high"].max()), int(day["low"].min()), int(day["close"][-1]),
            before, volume, worth, trades, int(day["first"][0]),
        )  # fmt: skip

    def save(self) -> dict[str, Rows]:
        return {str(span): each.rows.copy() for span, each in self._series.items()}

    def load(self, saved: dict[str, Rows]) -> None:
        for span, each in self._series.items():
            each.rows = saved[str(span)]


class _Series:
    """Candles of one span, the newest `kept` of them at the least."""

    def __init__(self, span: int, kept: int) -> None:
        self.span, self._kept = span, kept
        self.rows: Rows = np.zeros(0, CANDLE)
        self._room: Rows = np.zeros(0, CANDLE)

    def take(self, made: Rows) -> None:
        if len(self.rows) and self.rows["time"][-1] >= made["time"][0]:
            last = np.concatenate([self.rows[-1:], made[:1]])
            last["time"] = self.rows["time"][-1]
            self.rows[-1:] = _joined(last, last["time"])
            made = made[1:]
        if len(made):
            self._append(made)

    def _append(self, made: Rows) -> None:
        """In the room behind the rows, which doubles; beyond twice what is kept the oldest half goes."""
        count = len(self.rows)
        if count + len(made) > len(self._room) or self.rows.base is not self._room:
            keep = self.rows[-self._kept :] if count >= 2 * self._kept else self.rows
            self._room = np.zeros(2 * (len(keep) + len(made)) + 16, CANDLE)
            self._room[: len(keep)] = keep
            count = len(keep)
        self._room[count : count + len(made)] = made
        self.rows = self._room[: count + len(made)]


def _spans(rows: Rows, interval: str, begin: int, end: int, limit: int) -> Rows:
    """Candles of an even span, with one for each that had no trades."""
    span = INTERVALS[interval]
    oldest, newest, after = _opening(np.array([rows["time"][0], end, begin - 1]), interval).tolist()
    start = max(oldest, after + span) if begin > 0 else max(oldest, newest - (limit - 1) * span)
    last = min(newest, start + (limit - 1) * span)
    if start > last:
        return rows[:0]
    first, past = np.searchsorted(rows["time"], [start, last + span]).tolist()
    some = rows[max(0, first - 1) : past]  # with one before, which has the price that is repeated
    return _filled(_joined(some, _opening(some["time"], interval)), np.arange(start, last + 1, span))


def _filled(rows: Rows, opens: npt.NDArray[np.int64]) -> Rows:
    """Candles that open then, none before the first of `rows`."""
    before = np.searchsorted(rows["time"], opens, side="right") - 1
    made = rows[before]
    quiet = made["time"] != opens
    for name in ("open", "high", "low"):
        made[name] = np.where(quiet, made["close"], made[name])
    for name in _SUMS:
        made[name] = np.where(quiet, 0, made[name])
    made["first"] = np.where(quiet, -1, made["first"])
    made["time"] = opens
    return made


def _of_trades(trades: Trades) -> Rows:
    """A candle a trade."""
    made = np.zeros(len(trades), CANDLE)
    made["time"], made["first"], made["trades"] = trades["time"], trades["id"], 1
    for name in ("open", "high", "low", "close"):
        made[name] = trades["price"]
    made["volume"], made["worth"] = trades["quantity"], trades["price"] * trades["quantity"]
    made["taken"], made["taken_worth"] = (np.where(trades["side"] == 0, made[name], 0) for name in ("volume", "worth"))
    return made


def _joined(rows: Rows, opens: npt.NDArray[np.int64]) -> Rows:
    """Neighbours that open together, in one."""
    if not len(rows):
        return rows
    first = np.flatnonzero(np.concatenate([[True], opens[1:] != opens[:-1]]))
    made = rows[first]
    made["time"] = opens[first]
    made["high"] = np.maximum.reduceat(rows["high"], first)
    made["low"] = np.minimum.reduceat(rows["low"], first)
    made["close"] = rows["close"][np.concatenate([first[1:], [len(rows)]]) - 1]
    for name in _SUMS:
        made[name] = np.add.reduceat(rows[name], first)
    return made


def _opening(times: npt.NDArray[np.int64], interval: str) -> npt.NDArray[np.int64]:
    """When the spans open in which times lie, ns UTC; weeks on Mondays, months on their first day."""
    span = INTERVALS[interval]
    if interval == "1M":
        return times.astype("datetime64[ns]").astype("datetime64[M]").astype("datetime64[ns]").astype(np.int64)
    shift = _MONDAY if interval == "1w" else 0
    return (times - shift) // span * span + shift


def closing(opened: int, interval: str) -> int:
    """The last ns of the span that opens then."""
    if span := INTERVALS[interval]:
        return opened + span - 1
    day = datetime.fromtimestamp(opened // SECOND, UTC)
    following = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
    return int(following.timestamp()) * SECOND - 1
