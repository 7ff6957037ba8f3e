"""Backtests: what they promise of errors, processes and choices."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.replay.latency import Latency, constant
from node.exchange.tester import examples, spec
from node.exchange.tester import strategy as strategies
from node.exchange.tester.backtest import Plan, Task, grid, many, one, walk_forward
from node.exchange.tester.data import Data, load
from node.exchange.tester.run import Form, Terms
from node.exchange.tester.study import Question, study, write

Write = Callable[[str], Path]
MAKER = Path(examples.__file__ or "").parent / "maker.py"
LATE = Latency(constant(1_000_000), constant(1_000_000), constant(1_000_000))


def plan(strategy: Path, form: Form = Form.PYTHON, *, fallback: bool = False) -> Plan:
    return Plan(strategy, Terms(latency=LATE, maker_ppm=-50, taker_ppm=500), form, fallback)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("def on_event(self, book, event, orders):\n    1 / 0", r"mine\.py:5: ZeroDivisionError"),
        ("def on_event(self, book, event, orders):\n    orders.buy(book.bid + 0.5, 1)", r"mine\.py:5: TypeError"),
        ("def __init__(self, size):\n    pass", r"needs its parameter size"),
        ("def __init__(self):\n    raise ValueError('no')", r"mine\.py:5: ValueError: no"),
        ("events = -1", r"Mine\.events is -1"),
        ("levels = 11", r"Mine\.levels is 11"),
        (
            "def on_event(self, book, event, orders):\n    [orders.buy(1, 1) for _ in range(257)]",
            "more than 256 orders",
        ),
        ("def on_event(self, book, event, orders):\n    [orders.buy(1, 1) for _ in range(200)]", "1024 orders open"),
        ("def on_event(self, book, event, orders)\n    pass", r"mine\.py:4: "),
        ("def __init__(self):\n    raise SystemExit", r"mine\.py:5: SystemExit"),
        ("def on_event(self, book, event, orders):\n    raise SystemExit(0)", r"mine\.py:5: SystemExit"),
        ("raise SystemExit", r"mine\.py:4: SystemExit"),
    ],
)
def test_a_strategy_at_fault_is_told_where(write: Write, made: Data, body: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        one(plan(write(body)), made, Task({}))


def test_parameters_that_there_are_not_are_named(made: Data) -> None:
    with pytest.raises(BadInput, match="has no parameter width; it has size, gap, most, every_ms"):
        one(plan(MAKER), made, Task({"width": 1}))


def test_a_file_is_told_by_its_line_wherever_it_is_called_from(
    write: Write, made: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("def on_event(self, book, event, orders):\n    1 / 0")
    monkeypatch.chdir(path.parent)
    with pytest.raises(BadInput, match=r"mine\.py:5: ZeroDivisionError"):
        one(plan(Path("mine.py")), made, Task({}))
    write("1 / 0")
    with pytest.raises(BadInput, match=r"mine\.py:4: ZeroDivisionError"):
        one(plan(Path("mine.py")), made, Task({}))


DRAWS = """
every = 100_000_000
def on_timer(self, book, time, orders):
    orders.market(BUY, 1 + int(10 * random.random()) + int(10 * np.random.random()))
"""


@pytest.mark.parametrize("form", Form)
def test_what_a_strategy_draws_follows_the_seed(write: Write, made: Data, form: Form) -> None:
    path = write(DRAWS)
    path.write_text("import random\nimport numpy as np\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    drawn = Plan(strategies.load(path), plan(path).terms, form)
    seeds = [one(replace(drawn, seed=seed), made, Task({})).digest for seed in (1, 1, 2)]
    assert seeds[0] == seeds[1] != seeds[2]


def test_a_whole_number_is_a_float_where_one_is_meant(write: Write, made: Data) -> None:
    path = write("def __init__(self, gap: float = 0.5):\n    self.gap = gap\n    assert type(gap) is float")
    assert one(plan(path), made, Task({"gap": 1})).facts["trades"] == 0


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (spec.fees, "inf,1"),
        (spec.fees, "nan,1"),
        (spec.latency, "9999999h"),
        (spec.latency, "2200000h"),
        (spec.queue, "power:²"),
        (load, "agents:60,9999999h"),
    ],
)
def test_terms_that_cannot_be_are_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(BadInput):
        read(text)


UNCOMPILED = "def on_event(self, book, event, orders):\n    open('x') if book.bid < 0 else None"


def test_what_does_not_compile_runs_as_python_only_when_asked(write: Write, made: Data) -> None:
    path = write(UNCOMPILED)
    with pytest.raises(BadInput, match=r"mine\.py:5: it does not compile: .*--form python"):
        one(plan(path, Form.COMPILED), made, Task({}))
    assert one(plan(path, Form.COMPILED, fallback=True), made, Task({})).facts["trades"] == 0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("def __init__(self):\n    self.seen = []", "Mine.seen is a list, which a compiled strategy cannot keep"),
        (
            "def on_event(self, book, event, orders):\n    orders.buy(book.mid, 1)",
            "orders.buy: price is a whole number",
        ),
    ],
)
def test_why_it_does_not_compile_is_told(write: Write, made: Data, body: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        one(plan(write(body), Form.COMPILED), made, Task({}))


def test_results_do_not_depend_on_the_number_of_processes(made: Data, tmp_path: Path) -> None:
    tasks = [Task(choice) for choice in grid({"gap": [0, 1, 2]}, {"every_ms": 50})]
    alone, together = (many(plan(MAKER), made, tasks, jobs) for jobs in (1, 2))
    assert [each.digest for each in alone] == [each.digest for each in together]
    assert len({each.digest for each in alone}) == 3
    told = (
        "import sys; from pathlib import Path; from node.exchange.tester.backtest import *; "
        "from node.exchange.tester.data import load; from node.exchange.tester.run import Terms, Form; "
        "from node.exchange.replay.latency import Latency, constant; "
        "late = Latency(constant(1000000), constant(1000000), constant(1000000)); "
        "plan = Plan(Path(sys.argv[1]), Terms(latency=late, maker_ppm=-50, taker_ppm=500), Form.PYTHON); "
        "print(one(plan, load('made:6000', 1), Task({'gap': 2, 'every_ms': 50})).digest)"
    )
    moved = tmp_path / "maker.py"
    moved.write_bytes(MAKER.read_bytes())
    found = subprocess.run([sys.executable, "-c", told, str(moved)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == alone[2].digest


def test_compiled_results_do_not_depend_on_the_number_of_processes(made: Data) -> None:
    tasks = [Task(choice) for choice in grid({"gap": [0, 2]}, {"every_ms": 50})]
    compiled = plan(MAKER, Form.COMPILED)
    alone, together = (many(compiled, made, tasks, jobs) for jobs in (1, 2))
    assert [each.digest for each in alone] == [each.digest for each in together]
    assert alone[0].digest != alone[1].digest


def test_a_walk_forward_chooses_on_one_part_and_reports_the_next(made: Data) -> None:
    choices = grid({"gap": [0, 5]}, {"every_ms": 50})
    folds = walk_forward(plan(MAKER), made, choices, 2, jobs=1)
    times = made.span
    begin, span = times[0], times[1] - times[0]
    for part, fold in enumerate(folds):
        inside = [
            one(
                plan(MAKER), made, Task(choice, *made.between(begin + span * part // 3, begin + span * (part + 1) // 3))
            )
            for choice in choices
        ]
        assert fold.inside.facts["profit"] == max(float(each.facts["profit"] or 0) for each in inside)
        assert int(fold.inside.facts["end"] or 0) < int(fold.outside.facts["begin"] or 0)
        assert fold.outside.facts["param.gap"] == fold.chosen["gap"]


def test_a_study_is_written_whole(made: Data, tmp_path: Path) -> None:
    asked = Question(grid({"gap": [0, 1]}, {"size": 0.001, "every_ms": 50}), ("gap",), capacity="size")
    found = study(plan(MAKER), made, asked, jobs=1)
    page, facts, trades = write(found, "Maker & more", tmp_path / "out")
    text = page.read_text()
    assert "<h1>Maker &amp; more</h1>" in text
    assert "The same strategy with 1, 2, 5, 10, 20, 50 times its size, and as many times the cash." in text
    assert "There are no figures a year: it lasts 5.99" in text
    assert ("Sharpe ratio, a period" in text, "Sharpe ratio, a year" in text) == (True, False)
    assert ("<th>period sharpe</th>" in text, "<th>sharpe</th>" in text) == (True, False)
    assert "http" not in text.replace("http://www.w3.org", "")
    assert str(tmp_path) not in text + facts.read_text()
    assert [row["size"] for row in found.capacity] == [0.001 * times for times in (1, 2, 5, 10, 20, 50)]
    assert len(trades.read_text().splitlines()) == 1 + int(found.report.facts["trades"] or 0)
    assert found.digest == study(plan(MAKER), made, asked, jobs=1).digest


def test_profit_is_what_the_ledger_says(made: Data) -> None:
    report = one(Plan(MAKER, Terms(cash=Decimal(1000), latency=LATE), Form.PYTHON), made, Task({"every_ms": 20}))
    trades, listing = report.trades, report.listing
    base = sum(listing.base.amount(int(each)) for each in trades["base"])
    quote = sum(listing.quote.amount(int(each)) for each in trades["quote"])
    assert len(trades) > 10
    last = report.curves.mid[-1]
    assert report.facts["profit"] == pytest.approx(float(quote) + float(base) * last, abs=0.01)
    assert report.facts["profit_without_impact"] == pytest.approx(report.facts["profit"])  # a maker moves nothing
    assert report.facts["maker_ratio"] == 1


def test_a_large_order_pays_for_its_impact(write: Write, made: Data) -> None:
    path = write(
        "levels, sent = 5, 0\n"
        "def on_event(self, book, event, orders):\n"
        "    if book.asks[3][1] and not self.sent:\n"
        "        self.sent = orders.market(BUY, book.asks[0][1] + book.asks[1][1] + book.asks[2][1])"
    )
    report = one(plan(path), made, Task({}))
    prices = report.trades["price"]
    assert len(set(prices)) > 1
    unit = float(report.listing.tick * report.listing.lot)
    paid = float(sum((prices - prices[0]) * report.trades["quantity"])) * unit
    assert report.facts["impact"] == pytest.approx(paid)
    assert paid > 0


def test_progress_is_told_of_the_second_run_too() -> None:
    shares: list[float] = []
    assert one(plan(MAKER), load("agents:20,5s", seed=3), Task({"every_ms": 50}), shares.append).facts["trades"]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert min(sum(share > 0.6 for share in shares), sum(share < 0.6 for share in shares)) > 50


def test_what_is_valued_by_is_what_the_market_does_alone(write: Write, made: Data) -> None:
    """However a strategy moves the market that it is in, by what it takes or by what it leaves there."""
    path = write(
        "def on_event(self, book, event, orders):\n"
        "    if event.kind == TRADE and book.ask_size and orders.open < 50:\n"
        "        orders.limit(BUY, book.ask, book.ask_size, IOC)\n"
        "        orders.limit(BUY, book.ask - 1, 1)"
    )
    loud = one(plan(path), made, Task({}))
    still = one(plan(write("pass")), made, Task({}))
    assert int(loud.facts["trades"] or 0) > 100
    assert np.array_equal(still.curves.mid, loud.curves.mid, equal_nan=True)


@pytest.mark.parametrize(("cash", "times"), [(9_999_999_999, 50), (10**12, 1)])
def test_more_cash_than_can_be_reckoned_with_is_refused(made: Data, cash: int, times: int) -> None:
    with pytest.raises(
        BadInput, match=r"cannot begin with .* 64 bits of its 8 decimals hold 23,058,430,092; give less"
    ):
        one(Plan(MAKER, Terms(cash=Decimal(cash)), Form.PYTHON), made, Task({}, scale=times))


def test_parts_of_a_walk_forward_last(made: Data) -> None:
    with pytest.raises(BadInput, match=r"lasts 5\.99 s: a walk forward of 6 has 7 parts of 1 s at least"):
        walk_forward(plan(MAKER), made, grid({"gap": [0, 5]}, {}), 6)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_told_as_text(write: Write, made: Data, value: float) -> None:
    path = write("events = 0\ndef __init__(self, x: float = 1.0):\n    pass")
    found = study(plan(path), made, Question(grid({"x": [value, 1]}, {}), ("x",)), jobs=1).told()
    told = json.loads(json.dumps(found, allow_nan=False))
    assert [row["x"] for row in told["choices"]] == [str(value), 1]
    assert told["param.x"] == str(value)
    with pytest.raises(BadInput, match="has to be a parameter above 0"):
        study(plan(path), made, Question(grid({}, {"x": value}), capacity="x"), jobs=1)


def test_a_short_run_is_chosen_by_the_ratio_of_a_period(made: Data) -> None:
    """Which puts runs of one length in the order in which those a year would."""
    asked = Question(grid({"gap": [0, 2, 5]}, {"every_ms": 50}), ("gap",), choose="sharpe")
    found = study(plan(MAKER), made, asked, jobs=1)
    assert [row["sharpe"] for row in found.choices] == [None] * 3
    ratios = [float(row["period_sharpe"] or 0) for row in found.choices]
    assert len(set(ratios)) == 3
    assert found.report.facts["param.gap"] == (0, 2, 5)[ratios.index(max(ratios))]
    walked = study(plan(MAKER), made, replace(asked, folds=2), jobs=1)
    assert all("period_sharpe_inside" in row for row in walked.folds)  # it says what decided


@pytest.mark.parametrize(
    ("choose", "why"),
    [
        (
            "calmar",
            r"calmar: a run lasts 5.99.* s, and figures a year are told of a day or more; choose one of .*sharpe",
        ),
        ("sharp", "sharp: the report has no such figure; it has begin, .*period_sharpe"),
        ("not_annual", "has no such figure"),
        ("funding", "has no such figure"),
    ],
)
def test_what_cannot_decide_is_refused_before_anything_runs(write: Write, made: Data, choose: str, why: str) -> None:
    path = write("def on_event(self, book, event, orders):\n    1 / 0")
    with pytest.raises(BadInput, match=why):
        study(plan(path), made, Question([{}], choose=choose), jobs=1)


def test_agents_answer_to_a_strategy(write: Write) -> None:
    data = load("agents:20,5s", seed=3)
    still = one(plan(write("pass")), data, Task({}))
    loud = one(
        plan(write("def on_event(self, book, event, orders):\n    orders.market(BUY, 5000) if not book.open else 0")),
        data, Task({}),
    )  # fmt: skip
    assert still.facts["trades"] == 0
    assert int(loud.facts["trades"] or 0) > 0
    assert loud.facts["commands"] != still.facts["commands"]
    assert not np.array_equal(still.curves.mid, loud.curves.mid)  # it is valued where it was, and not by another market
    assert one(plan(write("pass")), data, Task({})).digest == still.digest


def test_a_record_is_traded_in_its_own_ticks() -> None:
    data = load("simulated:1")
    report = one(plan(MAKER), data, Task({"size": 0.1}))
    assert (data.listing.symbol, data.listing.tick) == ("SIM-USD", Decimal("0.01"))
    assert int(report.facts["trades"] or 0) > 10


@pytest.mark.parametrize(
    "name",
    ["nothing", "made:0", "made:2", "made:x", "agents:0", "agents:60,0s", "agents:5,1x", "binance"]
    + [f"agents-perpetual:{terms}" for terms in ("0", "5,1x", "5,1m,30s", "5,1m,25h", "5,1m,5m,5m")],
)
def test_data_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        load(name)
