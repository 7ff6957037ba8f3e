"""Report: what a run was worth, from what was written down of it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeAlias

import numpy as np

from node.exchange.core.command import Kind
from node.exchange.listing import Listing
from node.exchange.tester import metrics
from node.exchange.tester.book import ACK, FILL, REJECT
from node.exchange.tester.memory import Floats, Ints, Rows
from node.exchange.tester.run import Record

Value: TypeAlias = "str | int | float | None"
MARKOUTS: Final = {"1s": 10**9, "10s": 10 * 10**9, "60s": 60 * 10**9}
_STEPS: Final = tuple(seconds * 10**9 for seconds in (1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400))
_POINTS: Final = 2000
"""Periods that returns are told from, at most; the shortest step of `_STEPS` that gives no more is taken."""


@dataclass(frozen=True)
class Curves:
    """How it went; all of one length.

    Attributes:
        time: ns.
        equity, unmoved: quote currency; the second as if every taking order had been filled at the best price it met.
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
        touch: ticks, a row a trade: the best price of the other side when its order arrived; its own price for a maker.
        digest: hash of everything that was asked, answered and told; no clock and no path is in it.
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


def report(record: Record, terms: Mapping[str, Value] | None = None) -> Report:
    """What a run was worth. `terms` are what it was run with; they go in front and into the digest."""
    worth = Worth(record)
    trades = record.answers[record.answers["kind"] == FILL]
    touch = _touch(record, trades)
    curves = _curves(record, trades, touch, worth)
    facts: dict[str, Value] = dict(terms or {})
    facts |= _money(record, trades, touch, curves, worth)
    step = int(curves.time[1] - curves.time[0]) if len(curves.time) > 1 else 1
    returns = np.diff(curves.equity) / curves.equity[:-1]
    facts |= {"period_s": step / 1e9} | metrics.of(returns, metrics.YEAR_NS / step)
    facts |= _orders(record, trades) | _quality(record, trades, worth)
    clean = {name: _clean(value) for name, value in facts.items()}
    return Report(record.listing, clean, curves, trades, touch, digest(record, clean))


def digest(record: Record, facts: Mapping[str, Value]) -> str:
    """The hash; the same wherever and whenever the same strategy met the same market on the same terms."""
    found = sha256()
    for rows in (record.answers, record.arrived, record.marks):
        found.update(np.ascontiguousarray(rows).tobytes())
    told = {name: value.hex() if isinstance(value, float) else value for name, value in facts.items()}
    found.update(json.dumps(told, sort_keys=True).encode())
    return found.hexdigest()


def _clean(value: Value) -> Value:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def mid_at(marks: Rows, times: Ints) -> Floats:
    """The mid price at each time, ticks; NaN where there was none."""
    if not len(marks):
        return np.full(len(times), np.nan)
    place = np.searchsorted(marks["time"], times, "right") - 1
    found = marks[np.maximum(place, 0)]
    known = (place >= 0) & (found["bid"] > 0) & (found["ask"] > 0)
    return np.where(known, 0.5 * (found["bid"] + found["ask"]), np.nan)


def _filled(values: Floats) -> Floats:
    """NaN becomes the value before it."""
    there = np.where(np.isfinite(values), np.arange(len(values)), -1)
    last = np.maximum.accumulate(there) if len(values) else there
    return np.where(last >= 0, values[np.maximum(last, 0)], np.nan)


def _touch(record: Record, trades: Rows) -> Floats:
    """What each trade's order met first."""
    price = trades["price"].astype(np.float64)
    new = record.arrived[np.isin(record.arrived["kind"], (Kind.NEW,))]
    if not len(trades) or not len(new):
        return price
    at = new[np.searchsorted(new["ref"], trades["ref"]).clip(0, len(new) - 1)]
    best = np.where(trades["side"] == 0, at["ask"], at["bid"])
    takes = (trades["maker"] == 0) & (at["ref"] == trades["ref"]) & (best > 0) & (trades["time"] == at["arrived"])
    return np.where(takes, best, price)


def _curves(record: Record, trades: Rows, touch: Floats, worth: Worth) -> Curves:
    span = max(1, record.end - record.begin)
    step = next((each for each in _STEPS if span / each <= _POINTS), _STEPS[-1])
    time = np.unique(np.append(np.arange(record.begin, record.end + 1, step), record.begin + step))
    mid = _filled(mid_at(record.marks, time))
    done = np.searchsorted(trades["time"], time, "right")
    base, quote, lots = (
        np.concatenate(([0], np.cumsum(each)))[done]
        for each in (trades["base"], trades["quote"], np.where(trades["side"] == 0, 1, -1) * trades["quantity"])
    )
    better = np.abs(trades["price"] - touch) * trades["quantity"] * worth.tick * worth.lot
    equity = float(record.cash) + quote / worth.quote + base / worth.base * np.nan_to_num(mid) * worth.tick
    spared = np.concatenate(([0.0], np.cumsum(better)))[done]
    return Curves(time, equity, equity + spared, lots * worth.lot, mid * worth.tick)


def _money(record: Record, trades: Rows, touch: Floats, curves: Curves, worth: Worth) -> dict[str, Value]:
    last = float(_filled(mid_at(record.marks, np.append(record.marks["time"], record.end)))[-1])
    quote, base = int(trades["quote"].sum()) / worth.quote, int(trades["base"].sum()) / worth.base
    won = quote + (base * last * worth.tick if base else 0.0)
    value = trades["price"] * worth.tick * trades["quantity"] * worth.lot
    fees = np.where(
        trades["side"] == 0, trades["fee"] / worth.base * trades["price"] * worth.tick, trades["fee"] / worth.quote
    )
    maker = trades["maker"] == 1
    spared = float(np.sum(np.abs(trades["price"] - touch) * trades["quantity"]) * worth.tick * worth.lot)
    return {
        "begin": record.begin,
        "end": record.end,
        "commands": record.commands,
        "events": record.events,
        "trades": len(trades),
        "profit": won,
        "profit_without_impact": won + spared,
        "impact": spared,
        "profit_without_fees": won + float(fees.sum()),
        "fees": float(fees.sum()),
        "maker_fees": float(fees[maker].sum()),
        "taker_fees": float(fees[~maker].sum()),
        "turnover": float(value.sum()),
        "position": float(curves.position[-1]) if len(trades) else 0.0,
        "largest_position": float(np.abs(curves.position).max()),
    }


def _orders(record: Record, trades: Rows) -> dict[str, Value]:
    answers, new = record.answers, record.arrived[record.arrived["kind"] == Kind.NEW]
    acked = answers[answers["kind"] == ACK]
    asked = int(acked["quantity"].sum())
    lots, maker = int(trades["quantity"].sum()), trades["maker"] == 1
    resting = trades[maker]
    waits = np.zeros(0)
    if len(resting):
        order = np.argsort(acked["ref"], kind="stable")
        place = np.searchsorted(acked["ref"][order], resting["ref"])
        waits = (resting["time"] - acked["time"][order][place]) / 1e9
    return {
        "orders": len(new),
        "refused": int((answers["kind"] == REJECT).sum()),
        "fill_rate": lots / asked if asked else math.nan,
        "orders_filled": len(np.unique(trades["ref"])) / len(acked) if len(acked) else math.nan,
        "maker_ratio": int(resting["quantity"].sum()) / lots if lots else math.nan,
        "queue_wait_s": float(np.mean(waits)) if len(waits) else math.nan,
        "queue_wait_median_s": float(np.median(waits)) if len(waits) else math.nan,
        "queue_wait_p90_s": float(np.percentile(waits, 90)) if len(waits) else math.nan,
    }


def _quality(record: Record, trades: Rows, worth: Worth) -> dict[str, Value]:
    """In basis points of the price, weighed by quantity; above 0 is good for the strategy."""
    found: dict[str, Value] = {}
    sign = np.where(trades["side"] == 0, 1.0, -1.0)
    for name, later in MARKOUTS.items():
        mid = np.where(trades["time"] + later <= record.end, mid_at(record.marks, trades["time"] + later), np.nan)
        found[f"markout_{name}_bps"] = _weighed(sign * (mid - trades["price"]), trades)
        found[f"maker_markout_{name}_bps"] = _weighed(sign * (mid - trades["price"]), trades, trades["maker"] == 1)
    new = record.arrived[record.arrived["kind"] == Kind.NEW]
    mid = np.full(len(trades), np.nan)
    if len(new):
        at = new[np.searchsorted(new["ref"], trades["ref"]).clip(0, len(new) - 1)]
        known = (at["ref"] == trades["ref"]) & (at["seen_bid"] > 0) & (at["seen_ask"] > 0)
        mid = np.where(known, 0.5 * (at["seen_bid"] + at["seen_ask"]), np.nan)
    found["slippage_bps"] = _weighed(sign * (trades["price"] - mid), trades)
    found["taker_slippage_bps"] = _weighed(sign * (trades["price"] - mid), trades, trades["maker"] == 0)
    return found


def _weighed(moved: Floats, trades: Rows, of: "np.ndarray[Any, Any] | None" = None) -> float:
    known = np.isfinite(moved) if of is None else np.isfinite(moved) & of
    weight = trades["quantity"][known]
    if not weight.sum():
        return math.nan
    return float(np.sum(moved[known] / trades["price"][known] * weight) / weight.sum() * 1e4)
