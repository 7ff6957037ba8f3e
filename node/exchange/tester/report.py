"""Report: what a run was worth, from what was written down of it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Final

import numpy as np

from node.exchange.listing import Listing
from node.exchange.tester import metrics, quality
from node.exchange.tester.book import ADL, FILL, FUNDING, INSURANCE, LIQUIDATION
from node.exchange.tester.marks import Marks
from node.exchange.tester.memory import ANSWER, ARRIVED, Floats, Ints, Rows
from node.exchange.tester.quality import Value
from node.exchange.tester.run import Record

_STEPS: Final = tuple(seconds * 10**9 for seconds in (1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400))
_MOVES: Final = (FILL, ADL, FUNDING, LIQUIDATION, INSURANCE)
"""Answers that change what the account has."""
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
        mid: quote currency, of the market that the equity is valued by; NaN before there is one.
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


def report(
    record: Record, terms: Mapping[str, Value] | None = None, alone: Marks | None = None, *, answered: bool = False
) -> Report:
    """What a run was worth, by the middle of a market in which the strategy did nothing: nobody is the richer for
    having moved the prices that his own position is valued by.

    Args:
        terms: what it was run with; they go in front.
        alone: the best prices of the same market without the strategy; None: those of the record without its orders.
        answered: somebody answered to what the strategy did, so that `alone` is another market: what is valued by is
            this one without the strategy's own orders.
    """
    worth = Worth(record)
    moves = record.answers[np.isin(record.answers["kind"], _MOVES)]
    filled = moves["kind"] == FILL
    trades, asked = moves[filled], moves[filled & (moves["ref"] != 0)]
    alone = record.marks if alone is None else alone
    fair = record.marks if answered else alone
    touch = _touch(alone, moves)
    curves = _curves(record, moves, touch, (fair, alone), worth)
    facts: dict[str, Value] = dict(terms or {})
    facts |= _money(record, trades, curves, worth) | _positions(moves, worth)
    facts |= _perpetual(moves, worth) if record.listing.initial else {}
    facts |= _ratios(curves) | quality.orders(record, asked) | quality.prices(record, asked, fair)
    clean = {name: _clean(value) for name, value in facts.items()}
    return Report(record.listing, clean, curves, trades, touch[filled], digest(record))


def figures(listing: Listing) -> Sequence[str]:
    """Names of all numbers that a report of a market may have."""
    empty = np.zeros(0, ANSWER), np.zeros(0, ARRIVED)
    facts = report(Record(listing, Decimal(1), *empty, Marks(), 0, 0, 0, 0)).facts
    return [name for name, value in facts.items() if not isinstance(value, str)]


def digest(record: Record) -> str:
    """The hash; the same wherever the same strategy met the same market on the same terms. It is of whole numbers
    alone, as the last digits of a float depend on the machine, and no name, path or clock is in it.
    """
    found = sha256()
    for rows in (record.answers, record.arrived):
        found.update(np.ascontiguousarray(rows).data)
    found.update(record.marks.digest())
    listing = record.listing
    told = [listing.quote.units(record.cash), record.begin, record.end, record.commands, record.events]
    told += [listing.base.decimals, listing.quote.decimals]
    for of in (listing.tick, listing.lot):  # a price is so many ticks: 0.10 is 0.1
        told += of.as_integer_ratio()
    found.update(json.dumps(told).encode())
    return found.hexdigest()


def _clean(value: Value) -> Value:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _touch(alone: Marks, moves: Rows) -> Floats:
    """The best price of the other side that a taker had met in the market without the strategy."""
    price = moves["price"].astype(np.float64)
    at = alone.at(moves["time"])
    best = np.where(moves["side"] == 0, at["ask"], at["bid"])
    took = (moves["kind"] == FILL) & (moves["maker"] == 0)
    return np.where(took & (best > 0), best, price)


def _curves(record: Record, moves: Rows, touch: Floats, marks: tuple[Marks, Marks], worth: Worth) -> Curves:
    """`marks` are what the equity is valued by, and the equity without impact."""
    span = max(1, record.end - record.begin)
    count = max(1, span // next((each for each in _STEPS if span / each <= _POINTS), _STEPS[-1]))
    time: Ints = record.begin + np.arange(count + 1) * (span // count) + np.arange(count + 1) * (span % count) // count
    done = np.searchsorted(moves["time"], time, "right")
    done[0] = 0  # it begins with what it was given, whatever it did at once
    lots = _lots(moves)
    sign = np.where(moves["side"] == 0, 1, -1)
    paid = moves["quote"] / worth.quote
    part = moves["fee"] / np.maximum(1, np.abs(moves["quote"] + moves["fee"]))
    share = np.where(sign > 0, 1 + part if record.listing.initial else 1.0, 1 - part)
    # a fee in the quote asset is a share of the worth
    better = paid + (moves["price"] - touch) * lots * worth.tick * worth.lot * share
    quote, spared, base, position = (
        np.concatenate(([0], np.cumsum(each)))[done] for each in (paid, better, moves["base"], lots)
    )
    held = base / worth.base * worth.tick
    mid = marks[0].last_mid(time)
    price = Marks.last_mark if record.listing.initial else Marks.last_mid
    equity, unmoved = (
        float(record.cash) + cash + held * np.where(held != 0, _known(prices), 0.0)
        for cash, prices in ((quote, price(marks[0], time)), (spared, price(marks[1], time)))
    )
    return Curves(time, equity, unmoved, position * worth.lot, mid * worth.tick)


def _known(mid: Floats) -> Floats:
    """Before the first price, that one."""
    there = np.flatnonzero(np.isfinite(mid))
    return np.where(np.isfinite(mid), mid, mid[there[0]]) if len(there) else np.zeros(len(mid))


def _ratios(curves: Curves) -> dict[str, Value]:
    """Metrics of the returns a period, and `not_annual`: why there are none a year. An account that has lost all has no
    returns from then on.
    """
    span = int(curves.time[-1] - curves.time[0])
    period = span / (len(curves.time) - 1)
    lost = np.flatnonzero(curves.equity <= 0)
    ruined = int(curves.time[lost[0]]) if len(lost) else None
    returns = np.zeros(0) if len(lost) else np.diff(curves.equity) / curves.equity[:-1]
    found: dict[str, Value] = {"period_s": period / 1e9, "ruined": ruined}
    found |= metrics.of(returns, metrics.YEAR_NS / max(period, 1)) | metrics.of_periods(returns)
    found["not_annual"] = None
    if span < metrics.ANNUAL_NS:
        found |= dict.fromkeys(metrics.ANNUAL)
        found["not_annual"] = f"it lasts {span / 1e9:.6g} s, and figures a year are told of a day or more"
    if len(lost):
        found["total_return"] = float(curves.equity[-1] / curves.equity[0] - 1)
        found["max_drawdown"] = float(np.min(curves.equity / np.maximum.accumulate(curves.equity)) - 1)
    return found


def _money(record: Record, trades: Rows, curves: Curves, worth: Worth) -> dict[str, Value]:
    value = trades["price"] * worth.tick * trades["quantity"] * worth.lot
    in_base = (trades["side"] == 0) & (not record.listing.initial)
    fees = np.where(in_base, trades["fee"] / worth.base * trades["price"] * worth.tick, trades["fee"] / worth.quote)
    maker = trades["maker"] == 1
    won, unmoved = (float(each[-1] - each[0]) for each in (curves.equity, curves.unmoved))
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
    }


def _lots(moves: Rows) -> Ints:
    """Lots that each move added to the position, or took from it."""
    lots = np.where(moves["side"] == 0, moves["quantity"], -moves["quantity"])
    return np.where((moves["kind"] == FILL) | (moves["kind"] == ADL), lots, 0)


def _positions(moves: Rows, worth: Worth) -> dict[str, Value]:
    position = np.cumsum(_lots(moves)) * worth.lot
    return {
        "position": float(position[-1]) if len(moves) else 0.0,
        "largest_position": float(np.abs(position).max()) if len(moves) else 0.0,
    }


def _perpetual(moves: Rows, worth: Worth) -> dict[str, Value]:
    """What became of positions but by trades that were asked for."""
    kind = moves["kind"]
    return {
        "funding": float(moves["quote"][kind == FUNDING].sum()) / worth.quote,
        "liquidations": int((kind == LIQUIDATION).sum()),
        "liquidation_fees": float(moves["fee"][kind == LIQUIDATION].sum()) / worth.quote,
        "deleveraged": int((kind == ADL).sum()),
        "insured": float(moves["quote"][kind == INSURANCE].sum()) / worth.quote,
    }
