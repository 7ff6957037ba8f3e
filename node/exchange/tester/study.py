"""Study: all runs that one question needs, and what they answer together."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from fusion.errors import BadInput, FusionError
from node.exchange.core.command import Side
from node.exchange.tester import page, spec
from node.exchange.tester.backtest import Fold, Parameters, Plan, Progress, Task, deciding, many, score, walk_forward
from node.exchange.tester.data import Data
from node.exchange.tester.metrics import ANNUAL, ANNUAL_NS, PERIODIC
from node.exchange.tester.quality import Value
from node.exchange.tester.report import Report, figures

Row = Mapping[str, Value]
SIZES = (1, 2, 5, 10, 20, 50)
"""Times its parameter that a strategy's capacity is looked at."""
_SHOWN = ("profit", "total_return", "sharpe", "period_sharpe", "max_drawdown", "trades", "fees")
_GROWN = ("impact", "fill_rate")
_EQUITY = 1000  # points of the curves in report.json, at most


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        choices: parameters, each combination that is tried.
        swept: names of those that differ.
        folds: steps of a walk forward; 0: none.
        choose: figure of the report that decides, the greater the better.
        capacity: name of the parameter that is the strategy's size.
    """

    choices: Sequence[Parameters]
    swept: Sequence[str] = ()
    folds: int = 0
    choose: str = "profit"
    capacity: str | None = None


@dataclass(frozen=True)
class Study:
    """What was found.

    Attributes:
        report: of the best choice, or of a walk forward's last step outside.
        choices, folds, capacity: a row each, empty where not asked for.
        digest: hash of the digests of all runs, in whatever order they were asked for.
    """

    report: Report
    choices: Sequence[Row]
    folds: Sequence[Row]
    capacity: Sequence[Row]
    sections: Sequence[str]
    digest: str

    def told(self) -> dict[str, object]:
        """All of it, for JSON."""
        curves = self.report.curves
        every = max(1, -(-len(curves.time) // _EQUITY))
        return {
            **self.report.facts,
            "digest": self.digest,
            "choices": list(self.choices),
            "folds": list(self.folds),
            "capacity": list(self.capacity),
            "curves": {
                "time": curves.time[::every].tolist(),
                "equity": curves.equity[::every].tolist(),
                "equity_without_impact": curves.unmoved[::every].tolist(),
                "position": curves.position[::every].tolist(),
                "mid": [value if np.isfinite(value) else None for value in curves.mid[::every].tolist()],
            },
        }


def study(plan: Plan, data: Data, asked: Question, jobs: int = 0, progress: Progress = lambda share: None) -> Study:
    """Runs what a question needs.

    Raises:
        BadInput: as `backtest.one`, or the question makes no sense.
    """
    _check(asked, data)
    share = 0.5 if asked.capacity else 1.0
    sections, choices, folds, reports = [], [], [], []
    best: Parameters
    if asked.folds:
        found = walk_forward(
            plan, data, asked.choices, asked.folds,
            choose=asked.choose, jobs=jobs, progress=lambda at: progress(at * share),
        )  # fmt: skip
        folds = [_fold(each, asked) for each in found]
        reports = [each for fold in found for each in (fold.inside, fold.outside)]
        report, best = found[-1].outside, found[-1].chosen
        sections.append(page.folds(folds))
    else:
        reports = many(plan, data, [Task(each) for each in asked.choices], jobs, lambda at: progress(at * share))
        scores = [score(each, asked.choose) for each in reports]
        place = scores.index(max(scores))
        report, best = reports[place], asked.choices[place]
        if len(reports) > 1:
            choices = [_row(choice, each, asked) for choice, each in zip(asked.choices, reports, strict=True)]
            sections.append(page.choices(choices))
    capacity: list[Row] = []
    if asked.capacity:
        sizes, grown = _grown(
            plan, data, best, asked.capacity, jobs=jobs, progress=lambda at: progress(share + at * (1 - share))
        )
        capacity = [
            {asked.capacity: size} | _figures(each) | {name: each.facts[name] for name in _GROWN}
            for size, each in zip(sizes, grown, strict=True)
        ]
        sections.append(page.capacity(asked.capacity, sizes, grown))
        reports = [*reports, *grown]
    digest = (
        sha256("".join(sorted(each.digest for each in reports)).encode()).hexdigest()
        if len(reports) > 1
        else report.digest
    )
    return Study(report, choices, folds, capacity, sections, digest)


def _check(asked: Question, data: Data) -> None:
    """BadInput for what can be known to make no sense before anything runs."""
    if asked.choose not in (known := figures(data.listing)):
        raise BadInput(f"--choose {asked.choose}: the report has no such figure; it has {', '.join(known)}")
    lasts = (data.lasts or data.span[1] - 1 - data.span[0]) // (asked.folds + 1)
    if lasts < ANNUAL_NS and asked.choose in set(ANNUAL) - set(PERIODIC):
        raise BadInput(
            f"--choose {asked.choose}: a run lasts {lasts / 1e9:.6g} s, and figures a year are told of a day or more; "
            f"choose one of {', '.join(PERIODIC)}, or profit"
        )
    if asked.folds and len(asked.choices) < 2:
        raise BadInput("a walk forward chooses parameters: sweep at least two")
    if asked.capacity is None:
        return
    value = asked.choices[0].get(asked.capacity)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise BadInput(
            f"--capacity {asked.capacity}: the size has to be a parameter above 0 that is given or has a default; "
            f"it is {value}"
        )


def _grown(
    plan: Plan, data: Data, best: Parameters, name: str, *, jobs: int, progress: Progress
) -> tuple[list[float], list[Report]]:
    """The best choice again with ever greater sizes, and cash that grows with them."""
    size = best[name]
    if isinstance(size, str):
        raise BadInput(f"the size {name} is {size!r}: give a number")
    tasks = [Task(dict(best) | {name: size * times}, scale=times) for times in SIZES]
    return [size * times for times in SIZES], many(plan, data, tasks, jobs, progress)


def _row(choice: Parameters, report: Report, asked: Question) -> Row:
    return {name: spec.shown(choice[name]) for name in asked.swept} | _figures(report)


def _fold(fold: Fold, asked: Question) -> Row:
    row: dict[str, Value] = {name: spec.shown(fold.chosen[name]) for name in asked.swept}
    chosen = deciding(fold.inside, asked.choose)
    row |= {f"{chosen}_inside": fold.inside.facts[chosen]}
    return row | {f"{name}_outside": value for name, value in _figures(fold.outside).items()}


def _figures(report: Report) -> dict[str, Value]:
    return {name: report.facts[name] for name in _SHOWN}


def write(found: Study, title: str, folder: Path) -> list[Path]:
    """Writes report.html, report.json and trades.csv into a folder; where they are.

    Raises:
        FusionError: the folder cannot be written to.
    """
    paths = [folder / name for name in ("report.html", "report.json", "trades.csv")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths[0].write_text(page.page(found.report, title, found.sections), encoding="utf-8")
        paths[1].write_text(json.dumps(found.told(), indent=1) + "\n", encoding="utf-8")
        with paths[2].open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(_trades(found.report))
    except OSError as error:
        raise FusionError(f"the report cannot be written to {folder}: {error.strerror or error}") from error
    return paths


def _trades(report: Report) -> list[list[object]]:
    listing, trades = report.listing, report.trades
    rows: list[list[object]] = [
        [
            "time",
            "order",
            "side",
            "role",
            "price",
            "quantity",
            "fee",
            "fee_asset",
            "best_price",
            "bid_after",
            "ask_after",
        ]
    ]
    for trade, touch in zip(trades, report.touch, strict=True):
        asset = listing.got if trade["side"] == Side.BUY else listing.quote
        rows.append([
            int(trade["time"]), int(trade["ref"]), Side(trade["side"]).name.lower(),
            "maker" if trade["maker"] else "taker", int(trade["price"]) * listing.tick,
            int(trade["quantity"]) * listing.lot, asset.amount(int(trade["fee"])), asset.name,
            int(touch) * listing.tick, int(trade["bid"]) * listing.tick, int(trade["ask"]) * listing.tick,
        ])  # fmt: skip
    return rows
