"""`fusion backtest`: tries a strategy on a market."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Inputs, Json, Settings

if TYPE_CHECKING:
    from node.exchange.tester.backtest import Plan
    from node.exchange.tester.data import Data
    from node.exchange.tester.study import Study

BRIEF = (
    *("profit", "total_return", "sharpe", "period_sharpe", "period_s", "max_drawdown"),
    *("trades", "maker_ratio", "fill_rate", "fees", "impact"),
    *("slippage_bps", "markout_1s_bps", "markout_10s_bps", "markout_60s_bps", "queue_wait_median_s"),
)
OF_A_PERPETUAL = ("funding", "liquidations", "position")


class Form(StrEnum):
    """What `--form` takes."""

    COMPILED = "compiled"
    PYTHON = "python"


def backtest(
    strategy: Annotated[Path, typer.Argument(help="A strategy's file, or the folder of a module to be traded.")],
    data: Annotated[
        str,
        typer.Option(
            help="What it meets: a feed as in `fusion atom show`, `atom:VENUE` of the event log,"
            " `agents[:COUNT[,TIME]]`, `agents-perpetual[:COUNT[,TIME[,FUNDING]]]` or `made[:COMMANDS]`."
        ),
    ] = "made",
    symbol: Annotated[str | None, typer.Option(help="Which market, where there are several: BTC-USDT.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Of a record, such as 2024-08-08T23:00, UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before this time.")] = None,
    agents: Annotated[
        int, typer.Option(help="So many agents trade around what is recorded, and answer.", min=0, max=10_000)
    ] = 0,
    param: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter.")] = None,
    sweep: Annotated[
        list[str] | None, typer.Option(metavar="NAME=A,B,C", help="Run it with each of these values.")
    ] = None,
    module: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A module whose columns the strategy sees as `book.signals`.")
    ] = None,
    inputs: Inputs = None,
    settings: Settings = None,
    walk_forward: Annotated[
        int, typer.Option(metavar="N", help="Choose on a part of the time, try on the next; N times.", min=0, max=1000)
    ] = 0,
    choose: Annotated[str, typer.Option(metavar="FIGURE", help="Figure of the report that decides.")] = "profit",
    capacity: Annotated[
        str | None, typer.Option(metavar="NAME", help="Show what becomes of it as this parameter, its size, grows.")
    ] = None,
    latency: Annotated[
        str,
        typer.Option(help="`10ms`, `1ms..5ms` by chance, `recorded[:LEAST]`, or `entry=1ms,response=1ms,feed=500us`."),
    ] = "10ms",
    queue: Annotated[
        str, typer.Option(help="Who leaves a recorded level: `risk-averse`, `log` or `power:3`.")
    ] = "risk-averse",
    fees: Annotated[str, typer.Option(metavar="MAKER,TAKER", help="In basis points; below 0 is a rebate.")] = "10,10",
    cash: Annotated[str, typer.Option(help="What the account is worth at the start, quote currency.")] = "100000",
    form: Annotated[Form, typer.Option(help="Compiled into the loop, or as Python.")] = Form.COMPILED,
    fallback: Annotated[bool, typer.Option("--fallback", help="Run as Python what does not compile.")] = False,
    jobs: Annotated[int, typer.Option(help="Processes; 0: one a core.", min=0, max=1024)] = 0,
    seed: Annotated[int, typer.Option(help="Seed of all that is left to chance.", min=0, max=2**31)] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for report.html, .json and trades.csv.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tries a strategy on a market. Its orders meet a real book and move it, after their latency and with fees.

    With --sweep all combinations are tried on all cores, and the report is of the best.
    """
    from cli.output import progress
    from cli.session import Session
    from fusion.errors import BadInput
    from node.exchange.replay.reel import working_folder
    from node.exchange.tester import backtest as tester
    from node.exchange.tester import data as datasets
    from node.exchange.tester import spec
    from node.exchange.tester import strategy as strategies
    from node.exchange.tester import study as studies

    traded = strategy.is_dir()
    if traded and module is not None:
        raise BadInput("a module that is traded is the strategy: leave --module out, or give a strategy's file")
    swept, fixed = _swept(sweep or []), _parameters(param or [])
    plan = _plan(
        None if traded else strategy, latency=latency, fees=fees, cash=cash, queue=queue, form=form, fallback=fallback,
        seed=seed,
    )  # fmt: skip
    kind, model = plan.kind(), spec.queue(queue)
    known = tester.parameters_of(kind)
    if "seed" in known and "seed" not in swept:
        fixed.setdefault("seed", seed)
    if capacity is not None and capacity in known and capacity not in swept:
        fixed.setdefault(capacity, known[capacity])
    asked = studies.Question(tester.grid(swept, fixed), tuple(swept), walk_forward, choose, capacity)
    for choice in asked.choices:
        strategies.make(kind, choice)
    span = spec.span(begin, end)
    home = Session().settings.home
    with progress("backtest") as tell, working_folder(home) as work:
        tell("data", 0.0)
        market = datasets.load(
            data, seed, model, symbol=symbol, span=span, agents=agents, log=home / "atom", folder=work
        )  # fmt: skip
        if spec.is_recorded(latency):
            terms = replace(plan.terms, latency=spec.latency(latency, seed, market.delays))
            plan = replace(plan, terms=terms)
        market, plan = replace(market, past=None), replace(plan, folder=work)
        plan = replace(plan, told={**plan.told, "agents": agents} if agents else plan.told)
        folder = strategy if traded else module
        if folder is not None:
            tell("module", 0.0)
            plan = _with_module(plan, folder, market, inputs or [], settings or [], traded=traded)
        found = studies.study(plan, market, asked, jobs, lambda share: tell("run", share))
    name = strategy.resolve().name if traded else kind.__name__
    paths = [] if out is None else studies.write(found, f"{name} on {market.name}", out)
    _print(found, as_json=as_json)
    for path in paths:
        typer.echo(f"wrote {path}", err=True)


def _plan(
    strategy: Path | None, *, latency: str, fees: str, cash: str, queue: str, form: Form, fallback: bool, seed: int
) -> "Plan":  # fmt: skip
    from node.exchange.tester import run, spec
    from node.exchange.tester.backtest import Plan
    from node.exchange.tester.target import Target

    maker, taker = spec.fees(fees)
    terms = run.Terms(
        cash=spec.amount(cash, "--cash"), maker_ppm=maker, taker_ppm=taker, latency=spec.latency(latency, seed)
    )
    told: dict[str, str | int | float | None] = {
        "strategy": "target" if strategy is None else strategy.stem,
        "latency": latency,
        "fees_bps": fees,
        "cash": cash,
        "queue": queue,
        "seed": seed,
    }
    return Plan(strategy or Target, terms, run.Form(form.value), fallback, told=told, seed=seed)


def _with_module(
    plan: "Plan", folder: Path, market: "Data", inputs: Sequence[str], settings: Sequence[str], *, traded: bool
) -> "Plan":
    """The plan with a module's columns, computed here in the sandbox."""
    from cli.bundles import local_code
    from cli.session import Session
    from cli.values import pairs, parse_settings
    from fusion.errors import BadInput
    from node.exchange.tester import signals

    session = Session()
    bundle, code = local_code(folder, session.content)
    found = signals.columns(session.runtime, code, market, parse_settings(settings), pairs(inputs, "--input"))
    if traded and signals.POSITION not in found.names:
        raise BadInput(
            f"{bundle.manifest.name} returns {', '.join(found.names)} and no column {signals.POSITION}, so it cannot be"
            " traded as it is: give a strategy's file, and the module with --module"
        )
    told = {**plan.told, "module": f"{bundle.manifest.name} {bundle.manifest.version}", "module_cid": str(bundle.cid)}
    told |= {"settings": ",".join(sorted(settings)), "columns": ",".join(found.names)}
    return replace(plan, signals=found, told=told)


def _parameters(texts: Sequence[str]) -> "dict[str, int | float | bool | str]":
    from cli.values import pairs
    from node.exchange.tester import spec

    return {name: spec.value(text) for name, text in pairs(texts, "--param").items()}


def _swept(texts: Sequence[str]) -> "dict[str, list[int | float | bool | str]]":
    from cli.values import pairs
    from node.exchange.tester import spec

    return {name: [spec.value(part) for part in text.split(",")] for name, text in pairs(texts, "--sweep").items()}


def _print(found: "Study", *, as_json: bool) -> None:
    from cli.output import record, rows

    if as_json:
        record(found.told(), as_json=True)
        return
    for table in (found.choices, found.folds, found.capacity):
        if table:
            rows([_short(row) for row in table], as_json=False)
            print()
    facts = found.report.facts
    names = [*BRIEF, *(OF_A_PERPETUAL if "funding" in facts else ()), *(("not_annual",) if facts["not_annual"] else ())]
    told = {name: facts[name] for name in names}
    record(_short(told) | {"digest": found.digest}, as_json=False)


def _short(row: Mapping[str, str | int | float | None]) -> dict[str, object]:
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in row.items()}
