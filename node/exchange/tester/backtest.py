"""Backtest: a strategy's runs, one or many, on this machine's cores. What comes of them does not depend on how many."""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise, product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from fusion.errors import BadInput, Retryable
from node.exchange.tester import spec
from node.exchange.tester.book import FILL
from node.exchange.tester.chance import seeded
from node.exchange.tester.data import Data, keep
from node.exchange.tester.marks import Marks
from node.exchange.tester.metrics import ANNUAL, PERIODIC
from node.exchange.tester.native import NotCompiled
from node.exchange.tester.quality import Value
from node.exchange.tester.report import Report, report
from node.exchange.tester.run import NO_SIGNALS, Form, Record, Run, Signals, Terms
from node.exchange.tester.strategy import Strategy, load, make

Parameter: TypeAlias = "str | int | float | bool"
Parameters: TypeAlias = Mapping[str, Parameter]
Progress: TypeAlias = Callable[[float], None]
LEAST = 10**9
"""ns; shorter parts of a walk forward tell nothing."""
_FIRST = 0.6
"""Of a run and the second one without its strategy, the first one's share of the time."""


class WorkerLost(Retryable):
    """A process that ran a part of a backtest is gone."""


@dataclass(frozen=True)
class Plan:
    """What all runs have in common.

    Attributes:
        strategy: its file, or the class itself where it is one of ours.
        terms: what it meets.
        form: how it runs.
        fallback: whether what does not compile is run as Python.
        signals: columns of modules.
        told: what the report says of all this.
        seed: of the chance that the strategy draws.
        folder: on whose disk a run keeps the best prices; None: where the system has room for what passes.
    """

    strategy: Path | type[Strategy]
    terms: Terms = field(default_factory=Terms)
    form: Form = Form.COMPILED
    fallback: bool = False
    signals: Signals = NO_SIGNALS
    told: Mapping[str, Value] = field(default_factory=dict)
    seed: int = 0
    folder: Path | None = None

    def kind(self) -> type[Strategy]:
        """The strategy's class, loaded anew: what a run left in its file's own variables is gone in the next."""
        return load(self.strategy) if isinstance(self.strategy, Path) else self.strategy


@dataclass(frozen=True)
class Task:
    """One run: with which parameters, on which rows of the data, with how many times the cash."""

    parameters: Parameters
    first: int = 0
    last: int | None = None
    scale: int = 1


class Untouched:
    """The best prices of markets that no strategy has touched; remembers those of the last one."""

    def __init__(self) -> None:
        self._part: tuple[int, int | None] | None = None
        self._marks: Marks | None = None

    def known(self, task: Task) -> bool:
        """Whether those of the part of the data that a task is about have been looked at."""
        return self._marks is not None and self._part == (task.first, task.last)

    def marks(self, data: Data, task: Task, folder: Path | None, progress: Progress) -> Marks:
        """Those of the part of the data that a task is about; `folder` as of `Run`."""
        if self._marks is None or not self.known(task):
            self._marks = None  # those of another part need no room any more
            plan = Plan(Strategy, folder=folder)
            still = _run(plan, data, Task({}, task.first, task.last), Form.PYTHON, progress)
            self._part, self._marks = (task.first, task.last), still.marks
        return self._marks


def one(
    plan: Plan, data: Data, task: Task, progress: Progress = lambda share: None, untouched: Untouched | None = None
) -> Report:
    """Runs a task here.

    Args:
        untouched: of this data; None: it is looked at anew.

    Raises:
        BadInput: the strategy, its parameters or the data will not do.
    """
    untouched = untouched or Untouched()
    part = 1.0 if untouched.known(task) else _FIRST

    def run(share: float) -> None:
        progress(share * part)

    try:
        record = _run(plan, data, task, plan.form, run)
    except NotCompiled:
        if not plan.fallback:
            raise
        record = _run(plan, data, task, Form.PYTHON, run)
    told = dict(plan.told) | {"data": data.name}
    told |= {f"param.{name}": spec.shown(value) for name, value in sorted(task.parameters.items())}
    traded = bool((record.answers["kind"] == FILL).any())
    alone = None
    if traded:
        alone = untouched.marks(data, task, plan.folder, lambda share: progress(part + share * (1 - part)))
    progress(1.0)
    return report(record, told, alone, answered=data.agents > 0)


def _run(plan: Plan, data: Data, task: Task, form: Form, progress: Progress) -> Record:
    with seeded(plan.seed):
        return _ran(plan, data, task, form, progress)


def _ran(plan: Plan, data: Data, task: Task, form: Form, progress: Progress) -> Record:
    strategy = make(plan.kind(), task.parameters)
    scene = data.scene(task.first, task.last)
    terms = replace(plan.terms, cash=plan.terms.cash * task.scale)
    run = Run(scene.exchange, strategy, terms, form, plan.signals, folder=plan.folder)
    run.fund(scene.begin, scene.price)
    return run.go(scene.commands, progress, source=scene.source, span=(scene.begin, scene.end))


def many(
    plan: Plan, data: Data, tasks: Sequence[Task], jobs: int = 0, progress: Progress = lambda share: None
) -> list[Report]:
    """Runs tasks on so many processes, 0: one a core. The reports are in the tasks' order.

    Raises:
        BadInput: as `one`, for any of them.
    """
    jobs = min(len(tasks), jobs or len(os.sched_getaffinity(0)))
    if jobs <= 1:
        untouched = Untouched()
        return [
            one(plan, data, task, lambda share, at=at: progress((at + share) / len(tasks)), untouched)  # type: ignore[misc]  # `at` is bound here
            for at, task in enumerate(tasks)
        ]
    with _workers(plan, data, jobs) as run:
        waiting = {run(task): at for at, task in enumerate(tasks)}
        done: dict[int, Report] = {}
        for future in as_completed(waiting):
            try:
                done[waiting[future]] = future.result()
            except BrokenProcessPool as error:
                raise WorkerLost(
                    "a process of the backtest was ended from outside, most often as memory ran out: use fewer --jobs"
                ) from error
            progress(len(done) / len(tasks))
    return [done[at] for at in range(len(tasks))]


@contextmanager
def _workers(plan: Plan, data: Data, jobs: int) -> Iterator[Callable[[Task], Future[Report]]]:
    with TemporaryDirectory(prefix="fusion-backtest-") as folder:
        begin = partial(_begin, plan, keep(data, Path(folder)))
        with ProcessPoolExecutor(jobs, get_context("spawn"), begin) as pool:
            try:
                yield lambda task: pool.submit(_work, task)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


_mine: list[tuple[Plan, Data, Untouched]] = []


def _begin(plan: Plan, data: Data) -> None:
    _mine.append((plan, data, Untouched()))


def _work(task: Task) -> Report:
    plan, data, untouched = _mine[0]
    return one(plan, data, task, untouched=untouched)


def grid(sweep: Mapping[str, Sequence[Parameter]], fixed: Parameters) -> list[Parameters]:
    """Every combination of the swept values, with the fixed ones; the last swept parameter changes quickest."""
    return [dict(fixed) | dict(zip(sweep, each, strict=True)) for each in product(*sweep.values())]


@dataclass(frozen=True)
class Fold:
    """A step of a walk forward.

    Attributes:
        chosen: the parameters that did best before.
        inside, outside: the report on the part they were chosen on, and on the part after it.
    """

    chosen: Parameters
    inside: Report
    outside: Report


def walk_forward(
    plan: Plan, data: Data, choices: Sequence[Parameters], folds: int, *,
    choose: str = "profit", jobs: int = 0, progress: Progress = lambda share: None,
) -> list[Fold]:  # fmt: skip
    """Cuts the time into `folds` + 1 equal parts. On each but the last all choices run, and the best runs on the next.

    Args:
        choose: the figure of the report that decides; the greater is the better, of equal ones the first choice wins.
    """
    begin, span = data.span[0], data.span[1] - data.span[0]
    if span < (folds + 1) * LEAST:
        raise BadInput(
            f"{data.name} lasts {span / LEAST:.3g} s: a walk forward of {folds} has {folds + 1} parts of 1 s at least"
        )
    edges = [begin + span * part // (folds + 1) for part in range(folds + 2)]
    rows = [data.between(start, end) for start, end in pairwise(edges)]
    for part, (first, last) in enumerate(rows):
        if first == last:
            raise BadInput(f"part {part + 1} of {folds + 1} of {data.name} has no events: walk forward in fewer steps")
    with TemporaryDirectory(prefix="fusion-backtest-", dir=data.commands.folder) as folder:
        ready = data.stopped([first for first, _ in rows], Path(folder))
        return _walk(plan, ready, choices, rows, choose=choose, jobs=jobs, progress=progress)


def _walk(
    plan: Plan, data: Data, choices: Sequence[Parameters], rows: Sequence[tuple[int, int]], *,
    choose: str, jobs: int, progress: Progress,
) -> list[Fold]:  # fmt: skip
    """Walks over parts of the data, each from one row on and before another."""
    folds = len(rows) - 1
    tasks = [Task(choice, *part) for part in rows[:-1] for choice in choices]
    found = many(plan, data, tasks, jobs, lambda share: progress(share * 0.8))
    best = []
    for part in range(folds):
        scores = [score(each, choose) for each in found[part * len(choices) : (part + 1) * len(choices)]]
        best.append(scores.index(max(scores)))
    outside = many(
        plan, data, [Task(choices[at], *rows[part + 1]) for part, at in enumerate(best)], jobs,
        lambda share: progress(0.8 + share * 0.2),
    )  # fmt: skip
    return [Fold(choices[at], found[part * len(choices) + at], outside[part]) for part, at in enumerate(best)]


def deciding(of: Report, choose: str) -> str:
    """The figure that `choose` means for a report: where it tells none a year, that of a period which puts runs of one
    length in the same order. BadInput where there is none.
    """
    if choose not in of.facts or isinstance(of.facts[choose], str):
        raise BadInput(f"--choose {choose}: the report has no such figure; profit and sharpe are some")
    if of.facts["not_annual"] is None or choose not in ANNUAL:
        return choose
    if choose not in PERIODIC:
        raise BadInput(f"--choose {choose}: {of.facts['not_annual']}; choose one of {', '.join(PERIODIC)}, or profit")
    return PERIODIC[choose]


def score(of: Report, choose: str) -> float:
    """The figure of a report that decides; minus infinity where there is nothing to tell it from."""
    value = of.facts[deciding(of, choose)]
    return float(value) if isinstance(value, int | float) else float("-inf")


def parameters_of(strategy: type[Strategy]) -> dict[str, Parameter]:
    """The parameters of a strategy that have a default, and it."""
    found = inspect.signature(strategy).parameters.values()
    return {each.name: each.default for each in found if each.default is not each.empty}
