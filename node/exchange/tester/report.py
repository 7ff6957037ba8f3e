"""Report: what a run was worth, from what was written down of it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np

from node.exchange.listing import Listing
from node.exchange.tester import metrics, quality
from node.exchange.tester.book import FILL
from node.exchange.tester.memory import Floats, Ints, Rows
from node.exchange.tester.quality import Value, last_mid
from node.exchange.tester.run import Record

_STEPS: Final = tuple(seconds * 10**9 for seconds in (1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400))
_POINTS: Final = 2000
"""Periods that returns are told from, at most; the shortest step of `_STEPS` that gives no more is taken."""


@dataclass(frozen=True)
class Curves:
    """How it went; all of one length, at equal steps from the begin to the end.

    Attributes:
        time: ns.
        equity, unmoved: quote currency; the second as if the market had gone on as it does without the strategy, and
            every taking order had been filled at that market's best price.
        position: base currency bought less sold.
        mid: quote currency; NaN before there is one.
    """

    time: Ints
    equity: Floats
    unmoved: Floats
    position: Floats
    mid: Floats


@dataclass(frozen=True)
class Report:
    """What a run was worth.

    Attributes:
        listing: of the market.
        facts: figures by name; None where there is nothing to tell from.
        curves: to be drawn.
        trades: of dtype ANSWER: every fill.
        touch: ticks, a row a trade: the best price that it had met in the market without the strategy; its own price
            for a maker.
        digest: hash of what was asked and answered, of the market's prices and of what the account began with.
    """

    listing: Listing
    facts: Mapping[str, Value]
    curves: Curves
    trades: Rows
    touch: Floats
    digest: str


class Worth:
    """Turns a market's whole numbers into money.

    Attributes:
        tick, lot: quote and base currency.
    """

    def __init__(self, record: Record) -> None:
        listing = record.listing
        self.tick, self.lot = float(listing.tick), float(listing.lot)
        self.base, self.quote = 10.0**listing.base.decimals, 10.0**listing.quote.decimals


def report(record: Record, terms: Mapping[str, Value] | None = None, alone: Rows | None = None) -> Report:
    """What a run was worth.

    Args:
        terms: what it was run with; they go in front.
        alone: the best prices (MARK) of the same market without the strategy; None: they are taken to be the same.
    """
    worth = Worth(record)
    trades = record.answers[record.answers["kind"] == FILL]
    marks = record.marks if alone is None else alone
    touch = _touch(marks, trades)
    curves = _curves(record, trades, touch, marks, worth)
    facts: dict[str, Value] = dict(terms or {})
    facts |= _money(record, trades, curves, worth) | _ratios(curves)
    facts |= quality.orders(record, trades) | quality.prices(record, trades)
    clean = {name: _clean(value) for name, value in facts.items()}
    return Report(record.listing, clean, curves, trades, touch, digest(record))


def digest(record: Record) -> str:
    """The hash; the same wherever the same strategy met the same market on the same terms. It is of whole numbers
    alone, as the last digits of a float depend on the machine, and no name, path or clock is in it.
    """
    found = sha256()
    for rows in (record.answers, record.arrived, record.marks):
        found.update(np.ascontiguousarray(rows).data)
    listing = record.listing
    told = [listing.symbol, listing.tick, listing.lot, record.cash, record.begin, record.end]
    found.update(json.dumps([*map(str, told), record.commands, record.events]).encode())
    return found.hexdigest()


def _clean(value: Value) -> Value:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _touch(alone: Rows, trades: Rows) -> Floats:
    """The best price of the other side that a taker had met in the market without the strategy."""
    price = trades["price"].astype(np.float64)
    if not len(alone):
        return price
    at = alone[np.maximum(np.searchsorted(alone["time"], trades["time"], "right") - 1, 0)]
    best = np.where(trades["side"] == 0, at["ask"], at["bid"])
    return np.where((trades["maker"] == 0) & (best > 0) & (at["time"] <= trades["time"]), best, price)


def _curves(record: Record, trades: Rows, touch: Floats, alone: Rows, worth: Worth) -> Curves:
    span = max(1, record.end - record.begin)
    count = max(1, span // next((each for each in _STEPS if span / each <= _POINTS), _STEPS[-1]))
    time: Ints = record.begin + np.arange(count + 1) * (span // count) + np.arange(count + 1) * (span % count) // count
    done = np.searchsorted(trades["time"], time, "right")
    done[0] = 0  # it begins with what it was given, whatever it did at once
    sign = np.where(trades["side"] == 0, 1, -1)
    paid = trades["quote"] / worth.quote
    value = trades["quantity"] * worth.tick * worth.lot
    share = np.where(trades["side"] == 0, 1.0, 1 - trades["fee"] / np.maximum(1, trades["quote"] + trades["fee"]))
    better = paid + sign * (trades["price"] - touch) * value * share  # a seller's fee is a share of what it gets
    quote, spared, base, lots = (
        np.concatenate(([0], np.cumsum(each)))[done]
        for each in (paid, better, trades["base"], sign * trades["quantity"])
    )
    held = base / worth.base * worth.tick
    mid = last_mid(record.marks, time)
    equity, unmoved = (
        float(record.cash) + cash + held * np.where(held != 0, _known(prices), 0.0)
        for cash, prices in ((quote, mid), (spared, last_mid(alone, time)))
    )
    return Curves(time, equity, unmoved, lots * worth.lot, mid * worth.tick)


def _known(mid: Floats) -> Floats:
    """Before the first price, that one."""
    there = np.flatnonzero(np.isfinite(mid))
    return np.where(np.isfinite(mid), mid, mid[there[0]]) if len(there) else np.zeros(len(mid))


def _ratios(curves: Curves) -> dict[str, Value]:
    """Metrics of the returns a period. An account that has lost all has no returns from then on."""
    period = int(curves.time[-1] - curves.time[0]) / (len(curves.time) - 1)
    lost = np.flatnonzero(curves.equity <= 0)
    ruined = int(curves.time[lost[0]]) if len(lost) else None
    returns = np.zeros(0) if len(lost) else np.diff(curves.equity) / curves.equity[:-1]
    found: dict[str, Value] = {"period_s": period / 1e9, "ruined": ruined}
    found |= metrics.of(returns, metrics.YEAR_NS / period)
    if len(lost):
        found["total_return"] = float(curves.equity[-1] / curves.equity[0] - 1)
        found["max_drawdown"] = float(np.min(curves.equity / np.maximum.accumulate(curves.equity)) - 1)
    return found


def _money(record: Record, trades: Rows, curves: Curves, worth: Worth) -> dict[str, Value]:
    value = trades["price"] * worth.tick * trades["quantity"] * worth.lot
    fees = np.where(
        trades["side"] == 0, trades["fee"] / worth.base * trades["price"] * worth.tick, trades["fee"] / worth.quote
    )
    maker = trades["maker"] == 1
    won, unmoved = (float(each[-1] - each[0]) for each in (curves.equity, curves.unmoved))
    position = np.cumsum(np.where(trades["side"] == 0, 1, -1) * trades["quantity"]) * worth.lot
    return {
        "begin": record.begin,
        "end": record.end,
        "commands": record.commands,
        "events": record.events,
        "trades": len(trades),
        "profit": won,
        "profit_without_impact": unmoved,
        "impact": unmoved - won,
        "profit_without_fees": won + float(fees.sum()),
        "fees": float(fees.sum()),
        "maker_fees": float(fees[maker].sum()),
        "taker_fees": float(fees[~maker].sum()),
        "turnover": float(value.sum()),
        "position": float(position[-1]) if len(trades) else 0.0,
        "largest_position": float(np.abs(position).max()) if len(trades) else 0.0,
    }
