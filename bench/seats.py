"""How likely it is that colluding operators are drawn: closed forms of a stake-weighted draw without replacement."""

from collections.abc import Sequence
from math import comb

import numpy as np
import numpy.typing as npt

Chances = npt.NDArray[np.float64]

PANEL = 7  # most seats of a panel
NODES = 400  # of the quadrature: the integrand is a smooth function on [0, 1]


def panel_of(eligible: int) -> int:
    """Seats of a panel drawn from that many: odd, 3 to 7; zero where there are too few."""
    size = min(PANEL, eligible)
    size -= 1 - size % 2
    return size if size >= 3 else 0


def drawn(operators: int, colluders: int, seats: int) -> Chances:
    """Chance of each number of colluders among the seats, of operators with equal stakes: hypergeometric."""
    ways = comb(operators, seats)
    return np.array([comb(colluders, h) * comb(operators - colluders, seats - h) / ways for h in range(seats + 1)])


def drawn_of_many(share: float, seats: int) -> Chances:
    """The same where the stake is split over very many operators: binomial, the worst for honesty."""
    return np.array([comb(seats, h) * share**h * (1 - share) ** (seats - h) for h in range(seats + 1)])


def drawn_by_stake(colluding: Sequence[float], honest: Sequence[float], seats: int) -> Chances:
    """The same for any stakes, exact but for a quadrature.

    A draw by weight without replacement is a race: operator i finishes at an exponential time of rate stake_i, and
    the first are seated. With u = exp(-t) the chance that i has finished is 1 - u**stake_i, and the chance of h
    colluders among the first n is the flow into the state (h, n - h) from either side, integrated over time.
    """
    total = sum(colluding) + sum(honest)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    # u = v**p with a power large enough that the densest rates are smooth at both ends.
    power = 2 * max(1.0, total / min(*colluding, *honest, total)) ** 0.5
    v = (nodes + 1) / 2
    u, du = v**power, power * v ** (power - 1) * weights / 2
    few, few_rate = _finished(np.asarray(colluding) / total, u, seats)
    many, many_rate = _finished(np.asarray(honest) / total, u, seats)
    into_few, into_many = _flow(few_rate), _flow(many_rate)
    return np.array(
        [(du * (into_few[h] * many[seats - h] + few[h] * into_many[seats - h])).sum() for h in range(seats + 1)]
    )


def _finished(rates: Chances, u: Chances, most: int) -> tuple[Chances, Chances]:
    """Chance that exactly j of a group have finished, for j to `most`, and its derivative in u; rows are j."""
    counts = np.zeros((most + 1, u.size))
    counts[0] = 1.0
    slopes = np.zeros_like(counts)
    for rate in rates:
        waiting, slope = u**rate, rate * u ** (rate - 1)
        slopes = slopes * waiting + counts * slope + _shift(slopes * (1 - waiting) - counts * slope)
        counts = counts * waiting + _shift(counts * (1 - waiting))
    return counts, slopes


def _flow(slopes: Chances) -> Chances:
    """Rate at which a group enters each count as u falls: what all lower counts lose."""
    return _shift(np.cumsum(slopes, axis=0))


def _shift(rows: Chances) -> Chances:
    return np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
