"""The same coalition, played out: operators are drawn, jobs audited, challenged and judged, and the money counted.

Nothing here knows a closed form. The coalition learns on one half of the draws which scheme pays at each number of
seats, and plays the other half by that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.coalition import FEE, Books, Ending, Farm, Game, Scheme, books
from bench.seats import PANEL
from fusion.market.verdict import Called

Flags = npt.NDArray[np.bool_]
Money = npt.NDArray[np.float64]
Seats = npt.NDArray[np.int64]
Party = Callable[[Books], float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its standard error."""

    mean: float
    error: float


@dataclass(frozen=True, slots=True)
class Draws:
    """Jobs with everything that chance decides; one row a job.

    Attributes:
        order: operators in the order drawn, seats first, then auditor and panel; whether each is the coalition's.
        audited, watched, dissented: whether the lottery, an outsider, or an honest seat calls for checking.
    """

    order: Flags
    audited: Flags
    watched: Flags
    dissented: Flags

    def __len__(self) -> int:
        return len(self.audited)

    def where(self, rows: slice | Flags) -> "Draws":
        return Draws(self.order[rows], self.audited[rows], self.watched[rows], self.dissented[rows])


def draw(game: Game, jobs: int, seed: int, *, stakes: Money | None = None, held: int | None = None) -> Draws:
    """Draws by weight without replacement: whoever finishes first in a race of exponential times is seated first.

    Args:
        game: the colluders are the first of its operators.
        jobs: how many jobs.
        seed: of the generator.
        stakes: one for each operator; equal where none are given.
        held: of operators with equal stakes, draws only jobs in which that many of the seats are the coalition's.
    """
    chance = np.random.default_rng(seed)
    times = chance.standard_exponential((jobs, game.operators)) / (1.0 if stakes is None else stakes)
    if held is not None:
        times[:, :held] = times[:, game.operators - game.n + held :] = -1.0
    most = min(game.n + 1 + PANEL, game.operators)
    first = np.argpartition(times, most - 1, axis=1)[:, :most] if most < game.operators else np.argsort(times, axis=1)
    order = np.take_along_axis(first, np.argsort(np.take_along_axis(times, first, 1), axis=1), 1)
    luck = chance.random((3, jobs))
    return Draws(order < game.colluders, luck[0] < game.audit, luck[1] < game.watch, luck[2] < game.dissent)


def seated(game: Game, draws: Draws) -> Seats:
    """Seats of the coalition in each job."""
    h: Seats = draws.order[:, : game.n].sum(axis=1)
    return h


def coalition(kept: Books) -> float:
    return kept.coalition


def challenger(kept: Books) -> float:
    return kept.challenger


def requester(kept: Books) -> float:
    return kept.requester


def play(game: Game, draws: Draws, scheme: Scheme, party: Party = coalition) -> Money:
    """JobFees a party keeps of each job. The coalition follows one scheme where its seats allow it, else is honest."""
    h = seated(game, draws)
    allowed = np.array([game.can(scheme, seats) for seats in range(game.n + 1)])[h]
    earned = np.zeros(len(draws))
    for rows, chosen in ((allowed, scheme), (~allowed, Scheme.HONEST)):
        earned[rows] = _priced(game, chosen, _ended(game, draws, chosen, rows), party)
    return earned


def _ended(game: Game, draws: Draws, scheme: Scheme, rows: Flags) -> Seats:
    """Plays the marked jobs to their end; a column is a job."""
    order, seats = draws.order[rows], seated(game, draws)[rows]
    lied = scheme in (Scheme.LIES, Scheme.SELF_CHALLENGES)
    audited = draws.audited[rows] & (scheme is not Scheme.REFUSES)
    auditor = order[:, game.n] & audited
    mismatch = audited & ~auditor & lied
    match scheme:
        case Scheme.HONEST | Scheme.REFUSES:
            challenged = np.zeros(len(order), bool)
        case Scheme.CHALLENGES | Scheme.SELF_CHALLENGES:
            challenged = ~mismatch
        case Scheme.LIES:
            challenged = ~mismatch & (draws.watched[rows] | (draws.dissented[rows] & (seats < game.n)))
    called = np.select([mismatch, challenged], [1, 2], 3 if scheme is Scheme.REFUSES else 0)
    after = np.cumsum(np.pad(order[:, game.n :], ((0, 0), (1, 0))), axis=1)
    late, soon = game.panel(audited=True), game.panel(audited=False)
    panelists = np.where(audited, after[:, late + 1] - after[:, 1], after[:, soon])
    panelists = np.where(called == 0, 0, panelists)
    return np.stack([seats, audited, auditor, called, panelists])


def _priced(game: Game, scheme: Scheme, ended: Seats, party: Party) -> Money:
    """Each ending that came up is paid out once by `books`, then looked up; a column of `ended` is a job."""
    calls = (None, Called.AUDIT, Called.CHALLENGE, Called.NO_QUORUM)
    shape = (game.n + 1, 2, 2, len(calls), PANEL + 1)
    keys = np.ravel_multi_index(tuple(ended), shape)
    prices = np.zeros(np.prod(shape))
    for key in np.unique(keys):
        h, audited, auditor, call, panelists = map(int, np.unravel_index(key, shape))
        ending = Ending(1.0, bool(audited), bool(auditor), calls[call], panelists if call else None)
        prices[key] = party(books(game, scheme, h, ending)) / FEE
    kept: Money = prices[keys]
    return kept


def temptation(game: Game, draws: Draws) -> Estimate:
    """JobFees per job above honesty, of a coalition that learned from the first half what pays in the second."""
    half = len(draws) // 2
    past, future = draws.where(slice(None, half)), draws.where(slice(half, None))
    plan = learn(game, past)
    h = seated(game, future)
    honest = play(game, future, Scheme.HONEST)
    gained = np.zeros(len(future))
    for seats, scheme in plan.items():
        rows = h == seats
        gained[rows] = (play(game, future, scheme) - honest)[rows]
    return estimate(gained)


def learn(game: Game, draws: Draws) -> dict[int, Scheme]:
    """The scheme that paid best at each number of seats that came up."""
    h = seated(game, draws)
    earned = {scheme: play(game, draws, scheme) for scheme in Scheme}
    plan = {}
    for seats in map(int, np.unique(h)):
        paid = {scheme: earned[scheme][h == seats].mean() for scheme in Scheme if game.can(scheme, seats)}
        plan[seats] = max(paid, key=paid.__getitem__)
    return plan


def stakes(amounts: Sequence[float]) -> Money:
    return np.asarray(amounts, dtype=np.float64)


def estimate(values: Money | Flags) -> Estimate:
    """Of a sample of at least two."""
    return Estimate(float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5))


def farm(game: Game, plan: Farm, cycles: int, seed: int) -> Estimate:
    """JobFees a coalition earns of one canary; see `coalition.farmed`."""
    draws = draw(game, cycles * (plan.own_jobs + 1), seed)
    jobs = play(replace(game, requests=True), draws, Scheme.HONEST).reshape(cycles, plan.own_jobs + 1)
    canary = seated(game, draws).reshape(jobs.shape)[:, 0] / game.n
    return estimate(jobs[:, 1:].sum(axis=1) + plan.payback(game) * canary)
