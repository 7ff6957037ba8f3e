"""`fusion exchange facts`: does the simulated market look like a real one?"""

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json

Hours = Annotated[float, typer.Option(help="Hours of the simulated market.", min=0.1, max=240)]
Agents = Annotated[int, typer.Option(help="Agents in it.", min=10, max=100_000)]


def facts(
    feed: Annotated[
        str | None, typer.Option(help="A recording beside it: `<venue>:<file>`.", envvar="FUSION_FEED")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Which one, where the recording holds several.")] = None,
    hours: Hours = 4.0,
    agents: Agents = 100,
    seed: Annotated[int, typer.Option(help="Seed of the market.", min=0)] = 0,
    markets: Annotated[
        int,
        typer.Option(help="Markets into which large orders are sent to measure impact; 0: none.", min=0, max=10_000),
    ] = 24,
    processes: Annotated[int | None, typer.Option(help="Processes that measure; one a core by default.", min=1)] = None,
    html: Annotated[Path | None, typer.Option(help="Where the page with the plots goes.")] = None,
    as_json: Json = False,
) -> None:
    """Measures the stylised facts of the simulated market.

    Heavy tails, clusters of volatility, impact of large orders and more, beside those of a recording, with a page of
    plots.
    """
    import os

    from cli.output import progress, rows
    from cli.session import Session
    from fusion.errors import FusionError
    from node.exchange.agents.facts.impact import measure
    from node.exchange.agents.facts.page import page
    from node.exchange.agents.facts.simulated import simulate
    from node.exchange.agents.facts.statistics import facts as statistics
    from node.exchange.agents.facts.verdict import FACTS, told
    from node.exchange.agents.mix import mix

    tapes = []
    if feed is not None:
        from atom.feed import open_feed
        from node.exchange.agents.facts.recorded import tape_of

        tapes.append(tape_of(open_feed(feed, symbol=symbol)))
    with progress("facts") as report:
        groups = mix(agents)
        share = 0.5 if markets else 1.0
        tapes.insert(0, simulate(round(hours * 3600), seed, groups, report=lambda done: report("market", share * done)))
        stats = [statistics(each) for each in tapes]
        impact = None
        if markets:
            report("impact", share)
            impact = measure(markets, groups=groups, processes=processes or os.cpu_count() or 1)
            stats[0] |= impact.told()
    place = html or (None if as_json else Session().settings.home / "facts.html")
    if place is not None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(page(tapes, stats, impact), encoding="utf-8")
        except OSError as error:
            raise FusionError(f"the page cannot be written to {place}: {error.strerror or error}") from error
    if as_json:
        rows(
            [
                {"market": tape.name, "seconds": tape.seconds, **_plain(each)}
                for tape, each in zip(tapes, stats, strict=True)
            ],
            as_json=True,
        )
    else:
        names = ["simulated", *("recorded" for _ in tapes[1:])]
        rows(
            [
                {"fact": fact.name, "holds": "yes" if fact.shown_by(stats[0]) else "no"}
                | {name: told(fact, each) for name, each in zip(names, stats, strict=True)}
                for fact in FACTS
            ],
            as_json=False,
        )
    if place is not None:
        typer.echo(f"plots: {place}", err=True)


def _plain(stats: dict[str, float]) -> dict[str, float | None]:
    """NaN is no JSON."""
    return {name: round(value, 6) if isfinite(value) else None for name, value in stats.items()}
