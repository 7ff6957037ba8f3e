"""Quality: how well orders were filled. Prices are compared in basis points of the trade's, weighed by quantity."""

import math
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import Kind
from node.exchange.core.journal import Reason
from node.exchange.tester.book import ACK, AMEND, FILL, REJECT, TRIGGER
from node.exchange.tester.marks import Marks
from node.exchange.tester.memory import Floats, Ints, Rows
from node.exchange.tester.run import Record

MARKOUTS: Final = {"1s": 10**9, "10s": 10 * 10**9, "60s": 60 * 10**9}
_NEW: Final = (int(Kind.NEW), int(Kind.GROUP), int(Kind.LEG))
Value: TypeAlias = "str | int | float | None"
"""A figure of a report; None where there is nothing to tell from."""
_Truths: TypeAlias = npt.NDArray[np.bool_]


def orders(record: Record, trades: Rows) -> dict[str, Value]:
    """What became of orders: lots filled of those asked, as maker, and how long these waited, s."""
    answers = record.answers
    acked = answers[answers["kind"] == ACK]
    asked = int(acked["quantity"].sum()) + _more(answers)
    lots, maker = int(trades["quantity"].sum()), trades["maker"] == 1
    resting = trades[maker]
    waits = (resting["time"] - _since(answers, resting)) / 1e9
    return {
        "orders": int(np.isin(record.arrived["kind"], _NEW).sum()),
        "refused": int((answers["kind"] == REJECT).sum()),
        "fill_rate": lots / asked if asked else math.nan,
        "orders_filled": len(np.unique(trades["ref"])) / len(acked) if len(acked) else math.nan,
        "maker_ratio": int(resting["quantity"].sum()) / lots if lots else math.nan,
        "queue_wait_s": float(np.mean(waits)) if len(waits) else math.nan,
        "queue_wait_median_s": float(np.median(waits)) if len(waits) else math.nan,
        "queue_wait_p90_s": float(np.percentile(waits, 90)) if len(waits) else math.nan,
    }


def _more(answers: Rows) -> int:
    """Lots that amendments asked for above what was open."""
    told = answers[np.isin(answers["kind"], (ACK, FILL, AMEND))]
    told = told[np.argsort(told["ref"], kind="stable")]
    raised = np.diff(told["left"])[(np.diff(told["ref"]) == 0) & (told["kind"][1:] == AMEND)]
    return int(np.maximum(raised, 0).sum())


def _since(answers: Rows, resting: Rows) -> Ints:
    """When each fill's order joined the queue: it was taken in, woke, or lost its place by an amendment."""
    moved = (answers["kind"] == AMEND) & (answers["reason"] != Reason.KEPT)
    joined = answers[(answers["kind"] == ACK) | (answers["kind"] == TRIGGER) | moved]
    place = _last_before(joined["ref"], joined["time"], resting["ref"], resting["time"])
    return np.where(place >= 0, joined["time"][place] if len(joined) else resting["time"], resting["time"])


def _last_before(refs: Ints, times: Ints, of: Ints, at: Ints) -> Ints:
    """For each order and time the last row of that order that is not later; -1 where there is none."""
    count = len(refs)
    order = np.lexsort((np.repeat((0, 1), (count, len(of))), np.append(times, at), np.append(refs, of)))
    rows = np.maximum.accumulate(np.where(order < count, np.arange(len(order)), -1))
    found = np.where(rows >= 0, order[np.maximum(rows, 0)], -1)
    asked = order >= count
    place = np.full(len(of), -1, np.int64)
    place[order[asked] - count] = found[asked]
    if count:
        place[(place >= 0) & (refs[np.maximum(place, 0)] != of)] = -1
    return place


def prices(record: Record, trades: Rows, marks: Marks) -> dict[str, Value]:
    """How trades stood to the mid price of `marks`: after them, and to that of when they were asked for."""
    found: dict[str, Value] = {}
    sign = np.where(trades["side"] == 0, 1.0, -1.0)
    maker = trades["maker"] == 1
    before = marks.mid(trades["time"], before=True)
    for name, later in MARKOUTS.items():
        known = trades["time"] + later <= record.end
        mid = np.where(known, marks.mid(trades["time"] + later), np.nan)
        for what, since in (("markout", before), ("realised", trades["price"])):
            found[f"{what}_{name}_bps"] = _weighed(sign * (mid - since), trades)
            found[f"maker_{what}_{name}_bps"] = _weighed(sign * (mid - since), trades, maker)
    slipped = sign * (trades["price"] - _seen(record, trades, marks))
    found["slippage_bps"] = _weighed(slipped, trades, ~maker)
    found["maker_slippage_bps"] = _weighed(slipped, trades, maker)
    return found


def _seen(record: Record, trades: Rows, marks: Marks) -> Floats:
    """The mid price each trade is held against: that of the news which the strategy had when it sent the order or last
    amended it, or that at which the order woke.
    """
    sent = record.arrived[np.isin(record.arrived["kind"], (*_NEW, int(Kind.AMEND)))]
    woke = record.answers[record.answers["kind"] == TRIGGER]
    known = (sent["seen_bid"] > 0) & (sent["seen_ask"] > 0)
    seen = np.where(known, marks.mid(sent["seen"]), np.nan)
    mids = np.append(seen, marks.mid(woke["time"], before=True))
    refs, times = np.append(sent["ref"], woke["ref"]), np.append(sent["arrived"], woke["time"])
    place = _last_before(refs, times, trades["ref"], trades["time"])
    return np.where(place >= 0, mids[place] if len(mids) else np.nan, np.nan)


def _weighed(moved: Floats, trades: Rows, of: "_Truths | None" = None) -> float:
    known: _Truths = np.isfinite(moved) if of is None else np.isfinite(moved) & of
    weight = trades["quantity"][known]
    if not weight.sum():
        return math.nan
    shares: npt.NDArray[Any] = moved[known] / trades["price"][known] * weight
    return float(np.sum(shares) / weight.sum() * 1e4)
