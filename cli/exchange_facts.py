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
    seed: Annotated[int, typer.Option(help="Seed of the first market; the others follow it.", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="Markets of which medians and ranges are told.", min=1, max=1000)] = 3,
    markets: Annotated[
        int,
        typer.Option(help="Markets into which large orders are sent to measure impact; 0: none.", min=0, max=10_000),
    ] = 24,
    processes: Annotated[int | None, typer.Option(help="Processes that measure; one a core by default.", min=1)] = None,
    html: Annotated[Path | None, typer.Option(help="Where the page with the plots goes.")] = None,
    as_json: Json = False,
) -> None:
    """Measures the stylised facts of the simulated market.

    Heavy tails, clusters of volatility, impact of large orders and more, of several seeds, beside those of a recording,
    with a page of plots. A fact holds where most of the seeds show it within what is known of real markets.
    """
    import os

    from cli.output import progress, rows
    from cli.session import Session
    from fusion.errors import FusionError
    from node.exchange.agents.facts.impact import measure
    from node.exchange.agents.facts.page import page
    from node.exchange.agents.facts.simulated import simulate_many
    from node.exchange.agents.facts.statistics import facts as statistics
    from node.exchange.agents.facts.tape import Tape
    from node.exchange.agents.facts.verdict import FACTS, shown, told
    from node.exchange.agents.mix import mix

    recorded = []
    if feed is not None:
        from atom.feed import open_feed
        from node.exchange.agents.facts.recorded import tape_of

        recorded.append(tape_of(open_feed(feed, symbol=symbol)))
    with progress("facts") as report:
        groups, cores = mix(agents), processes or len(os.sched_getaffinity(0))
        share = 0.5 if markets else 1.0
        simulated = simulate_many(
            *(round(hours * 3600), range(seed, seed + seeds), groups, cores),
            report=lambda done: report("market", share * done),
        )
        impact = None
        if markets:
            report("impact", share)
            impact = measure(range(seed, seed + markets), groups=groups, processes=cores)
    of_impact = impact.told() if impact else {}
    stats = [[statistics(tape) | of_impact for tape in simulated], *([statistics(tape)] for tape in recorded)]
    tapes = [simulated[0], *recorded]
    place = html or (None if as_json else Session().settings.home / "facts.html")
    if place is not None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(page(tapes, stats, impact), encoding="utf-8")
        except OSError as error:
            raise FusionError(f"the page cannot be written to {place}: {error.strerror or error}") from error
    if as_json:
        numbered: list[tuple[Tape, int | None, dict[str, float]]] = [
            (tapes[0], seed + at, each) for at, each in enumerate(stats[0])
        ]
        numbered += [(tape, None, of[0]) for tape, of in zip(recorded, stats[1:], strict=True)]
        rows(
            [
                {"market": tape.name, "seed": number, "seconds": tape.seconds, **_plain(each)}
                for tape, number, each in numbered
            ],
            as_json=True,
        )
    else:
        names = ["simulated", *("recorded" for _ in recorded)]
        rows(
            [
                {"fact": fact.name, "holds": shown(fact, stats[0])}
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
