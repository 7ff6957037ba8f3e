#!/usr/bin/env python
"""What honesty is worth: the chances and money of colluding operators, by formula and by simulation.

.venv/bin/python bench/economics.py            # the tables of docs/economics.md, as Markdown
.venv/bin/python bench/economics.py --json     # simulation beside closed form
.venv/bin/python bench/economics.py --write    # put tables and picture into docs/
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file: the rooms lie beside `bench`

from bench import coalition, simulation
from bench.coalition import FEE, Farm, Game, Scheme
from bench.plot import Line, plot
from bench.seats import drawn, drawn_by_stake, drawn_of_many
from bench.simulation import Estimate
from fusion.market import verdict

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "economics.md"
PICTURE = ROOT / "docs" / "economics.svg"
BEGIN, END = "<!-- bench/economics.py: begin -->", "<!-- end -->"

OPERATORS = 50
COLLUDERS = (5, 10, 16)
ASSURANCE = (0, 10_000, 100_000, 500_000, 900_000, 1_000_000)
PRINTED, QUICK, FULL = 100_000, 200_000, 1_000_000  # jobs that are drawn for a figure
SEED = 20_260_101
POOL = Farm(given=100.0, deposited=10.0, own_jobs=0)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, simulated and by formula."""

    what: str
    unit: str
    closed: float
    simulated: Estimate

    def as_json(self) -> dict[str, object]:
        return {
            "what": self.what,
            "ours": self.simulated.mean,
            "unit": self.unit,
            "peer": "closed form",
            "theirs": self.closed,
            "ratio": self.simulated.mean / self.closed if self.closed else None,
        }


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def __str__(self) -> str:
        lines = [self.head, ("---",) * len(self.head), *self.rows]
        return f"**{self.title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print simulation beside closed form as JSON")
    parser.add_argument("--quick", action="store_true", help=f"draw {QUICK:,} jobs a figure instead of {FULL:,}")
    parser.add_argument("--write", action="store_true", help="write the tables and the picture into docs/")
    options = parser.parse_args()
    if options.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{report()}\n{END}{rest.partition(END)[2]}")
        PICTURE.write_text(picture())
    elif options.json:
        jobs = QUICK if options.quick else FULL
        work = f"{jobs:,} jobs drawn a figure: chances and money of colluding operators; a ratio of 1 is agreement"
        rows = [row.as_json() for row in figures(jobs)]
        sys.stdout.write(json.dumps({"work": work, "rows": rows}, indent=1) + "\n")
    else:
        sys.stdout.write(report() + "\n")


def report() -> str:
    """The tables as docs/economics.md has them."""
    tables = (
        chances(),
        bounds(),
        panels(),
        prices(),
        beside(
            "What adaptive colluders earn per job above honesty, in F", "who, against which job", money_rows(PRINTED)
        ),
        beside("What sock puppets earn each time, in F", "what they do", puppet_rows(PRINTED)),
        beside("What the honest expect of a lie in all of 3 seats, in F", "who", honest_rows(PRINTED)),
    )
    return "\n\n".join(map(str, tables))


def figures(jobs: int) -> Iterator[Row]:
    """Everything that is both simulated and known by formula."""
    yield from seat_rows(jobs)
    yield from stake_rows(jobs)
    yield from money_rows(jobs)
    yield from puppet_rows(jobs)
    yield from honest_rows(jobs)


def chances() -> Table:
    rows = []
    for colluders in COLLUDERS:
        share = colluders / OPERATORS
        row = [per_cent(share)]
        for k, n in ((2, 3), (3, 3), (5, 7), (4, 7)):
            few, many = drawn(OPERATORS, colluders, n)[k:].sum(), drawn_of_many(share, n)[k:].sum()
            row.append(f"{chance(few)} / {chance(many)}")
        rows.append(tuple(row))
    head = ("share of the stake", "2 of 3", "3 of 3", "5 of 7", "4 of 7, a panel")
    return Table(f"Chance of holding seats: {OPERATORS} operators of equal stake / very many", head, rows)


def bounds() -> Table:
    """What a unanimous lie must be worth, on chain and against colluders that also audit and sit on panels."""
    rows = []
    for ppm in ASSURANCE:
        game = Game(OPERATORS, 0, 3, 3, ppm)
        fee, stated = verdict.fee_of(FEE, ppm, 3), verdict.bound_of(ppm, 3, game.lock)
        against = [coalition.threshold(replace(game, colluders=each), Scheme.LIES) for each in COLLUDERS]
        bound = "any" if stated == verdict.UNBOUNDED else fees(stated / FEE)
        rows.append(
            (per_cent(game.audit), per_cent(fee.pool / FEE), per_cent(fee.seat / FEE), bound, *map(fees, against))
        )
    head = ("d", "A of F", "s of F", "boundOf", *(f"against {per_cent(each / OPERATORS)}" for each in COLLUDERS))
    return Table("A lie in all of 3 seats pays from, S = 10 F", head, rows)


def panels() -> Table:
    """Schemes that play for the panel; what is asked of d hardly matters to them."""
    rows = []
    for colluders in COLLUDERS:
        game = Game(OPERATORS, colluders, 3, 3, 500_000)
        captured = drawn(OPERATORS - 3, colluders, 7)[4:].sum()
        rows.append(
            (
                per_cent(colluders / OPERATORS),
                chance(captured),
                fees(coalition.threshold(game, Scheme.CHALLENGES)),
                fees(coalition.threshold(replace(game, lock_multiple=100), Scheme.CHALLENGES)),
                fees(coalition.threshold(game, Scheme.REFUSES)),
                fees(coalition.threshold(replace(game, n=7, k=7), Scheme.REFUSES)),
            )
        )
    head = (
        "share",
        "panel of 7 captured",
        "challenge, S = 10 F",
        "challenge, S = 100 F",
        "refuse, 3 of 3",
        "refuse, 7 of 7",
    )
    return Table("Playing for the panel pays from, d = 50 %", head, rows)


def prices() -> Table:
    """The jobFee to pay for a job of a given value, so that no scheme pays: a part of that value."""
    rows = []
    for k in (3, 2):
        for ppm in ASSURANCE[2:]:
            games = [Game(OPERATORS, colluders, 3, k, ppm) for colluders in COLLUDERS]
            asked = [1 / min(coalition.threshold(game, scheme) for scheme in Scheme) for game in games]
            rows.append((f"{k} of 3", per_cent(ppm / verdict.WHOLE), *map(per_cent, asked)))
    head = ("seats", "d", *(f"against {per_cent(each / OPERATORS)}" for each in COLLUDERS))
    return Table("The jobFee that makes honesty pay, as part of the job's value, S = 10 F", head, rows)


def beside(title: str, first: str, rows: Iterable[Row]) -> Table:
    """Formula and simulation side by side."""
    shown = [
        (row.what, signed(row.closed), f"{signed(row.simulated.mean)} ± {row.simulated.error:.3f}") for row in rows
    ]
    return Table(title, (first, "formula", "simulated"), shown)


def seat_rows(jobs: int) -> Iterator[Row]:
    for colluders in COLLUDERS:
        share = per_cent(colluders / OPERATORS)
        game = Game(OPERATORS, colluders, 7, 4, 0)
        order = simulation.draw(game, jobs, SEED).order
        for k, n in ((2, 3), (3, 3), (5, 7), (4, 7)):
            held = order[:, :n].sum(axis=1) >= k
            closed = float(drawn(OPERATORS, colluders, n)[k:].sum())
            yield Row(
                f"{k} of {n} seats with {share} of {OPERATORS} equal stakes",
                "chance",
                closed,
                simulation.estimate(held),
            )


def stake_rows(jobs: int) -> Iterator[Row]:
    """The same share of the stake in few hands, in many, and against a whale."""
    for name, colluding, others in (
        ("20 % of the stake in 2 of 20 hands", [2.25] * 2, [1.0] * 18),
        ("20 % of the stake in 12 of 20 hands", [1 / 6] * 12, [1.0] * 8),
        ("20 % of the stake in 4 of 20 hands, half of the rest in one", [1.0] * 4, [8.0] + [8 / 15] * 15),
    ):
        game = Game(len(colluding) + len(others), len(colluding), 3, 3, 0)
        stakes = simulation.stakes(colluding + others)
        held = simulation.seated(game, simulation.draw(game, jobs, SEED, stakes=stakes)) >= 2
        closed = float(drawn_by_stake(colluding, others, 3)[2:].sum())
        yield Row(f"2 of 3 seats with {name}", "chance", closed, simulation.estimate(held))


def money_rows(jobs: int) -> Iterator[Row]:
    for colluders, n, k, ppm, gain in (
        (10, 3, 3, 100_000, 2.0),
        (10, 3, 3, 100_000, 5.0),
        (10, 3, 3, 500_000, 20.0),
        (10, 3, 3, 500_000, 40.0),
        (10, 3, 2, 500_000, 20.0),
        (10, 3, 2, 500_000, 40.0),
        (10, 7, 5, 900_000, 40.0),
        (5, 3, 3, 900_000, 150.0),
        (16, 3, 2, 500_000, 10.0),
    ):
        game = Game(OPERATORS, colluders, n, k, ppm, gain=gain)
        what = f"{per_cent(colluders / OPERATORS)}, {k} of {n}, d = {per_cent(game.audit)}, G = {gain:g} F"
        yield Row(what, "F", coalition.temptation(game), simulation.temptation(game, simulation.draw(game, jobs, SEED)))


def puppet_rows(jobs: int) -> Iterator[Row]:
    for colluders in COLLUDERS:
        share = per_cent(colluders / OPERATORS)
        game = Game(OPERATORS, colluders, 3, 3, 500_000, requests=True)
        for name, scheme, h in (
            ("run an own job honestly, with all seats", Scheme.HONEST, 3),
            ("lie with all seats and challenge it, in an own job", Scheme.SELF_CHALLENGES, 3),
            ("challenge the right result of an own job, with no seat", Scheme.CHALLENGES, 0),
        ):
            draws = simulation.draw(game, jobs, SEED, held=h)
            closed = coalition.expected(game, scheme, h).coalition
            yield Row(f"{share}: {name}", "F", closed, simulation.estimate(simulation.play(game, draws, scheme)))
        for name, plan in (
            ("a canary paid back of what others deposited", POOL),
            ("a canary after 20 own jobs", replace(POOL, deposited=0.0, own_jobs=20)),
        ):
            cycles = jobs // (10 * (plan.own_jobs + 1))
            yield Row(f"{share}: {name}", "F", coalition.farmed(game, plan), simulation.farm(game, plan, cycles, SEED))


def honest_rows(jobs: int) -> Iterator[Row]:
    for colluders in COLLUDERS:
        share = per_cent(colluders / OPERATORS)
        lied = Game(OPERATORS, colluders, 3, 2, 0, watch=1.0)
        draws = simulation.draw(lied, jobs, SEED, held=3)
        for name, party in (
            ("an outsider who challenges it", simulation.challenger),
            ("its requester, beside the right result", simulation.requester),
        ):
            closed = party(coalition.expected(lied, Scheme.LIES, 3))
            simulated = simulation.estimate(simulation.play(lied, draws, Scheme.LIES, party))
            yield Row(f"{share} lie: {name}", "F", closed, simulated)


def picture() -> str:
    """The least gain that tempts, by assurance: on chain and against shares of the stake."""
    steps = [round(verdict.WHOLE * step / 100) for step in (1, 2, 5, *range(10, 100, 5), 98, 99)]
    stated = [(ppm / verdict.WHOLE, verdict.bound_of(ppm, 3, 10 * FEE) / FEE) for ppm in steps]
    lines = [Line("boundOf", stated, dashed=True)]
    for colluders in COLLUDERS:
        least = []
        for ppm in steps:
            game = Game(OPERATORS, colluders, 3, 2, ppm)
            least.append(
                (ppm / verdict.WHOLE, min(coalition.threshold(game, s) for s in (Scheme.LIES, Scheme.CHALLENGES)))
            )
        lines.append(Line(f"against {per_cent(colluders / OPERATORS)}", least))
    return plot("The least gain that tempts (in F), by assurance d; 3 seats, S = 10 F", lines)


def per_cent(part: float) -> str:
    return f"{100 * part:.3g} %"


def chance(part: float) -> str:
    return f"{100 * part:.2g} %" if part < 0.001 else f"{100 * part:.3g} %"


def fees(amount: float) -> str:
    if amount == float("inf"):
        return "never"
    return f"{amount + 0.0:.3g} F" if amount < 1000 else f"{amount:,.0f} F"


def signed(amount: float) -> str:
    return f"{round(amount, 3) + 0.0:+.3f}"


if __name__ == "__main__":
    main()
