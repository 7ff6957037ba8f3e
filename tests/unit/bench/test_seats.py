"""The chances of a draw, against counting every order in which operators can be drawn."""

from itertools import permutations

import numpy as np
import pytest

from bench.seats import drawn, drawn_by_stake, drawn_of_many, panel_of


def counted(colluding: list[float], honest: list[float], seats: int) -> list[float]:
    stakes = colluding + honest
    chances = [0.0] * (seats + 1)
    for order in permutations(range(len(stakes)), seats):
        chance, left = 1.0, sum(stakes)
        for place in order:
            chance *= stakes[place] / left
            left -= stakes[place]
        chances[sum(place < len(colluding) for place in order)] += chance
    return chances


@pytest.mark.parametrize(
    ("colluding", "honest", "seats"),
    [
        ([5.0, 1.0, 0.2], [2.0, 3.0, 1.0, 7.0], 3),
        ([50.0, 1.0], [2.0, 3.0, 0.1, 0.1, 4.0], 4),
        ([5.0], [2.0, 3.0, 1.0, 0.1], 3),
    ],
)
def test_a_draw_by_stake_is_exact(colluding: list[float], honest: list[float], seats: int) -> None:
    assert drawn_by_stake(colluding, honest, seats) == pytest.approx(counted(colluding, honest, seats), abs=1e-9)


def test_equal_stakes_are_hypergeometric() -> None:
    assert drawn_by_stake([2.0] * 10, [2.0] * 40, 7) == pytest.approx(drawn(50, 10, 7), abs=1e-12)


def test_stake_split_over_many_operators_is_binomial() -> None:
    assert drawn(200_000, 40_000, 7) == pytest.approx(drawn_of_many(0.2, 7), abs=1e-5)


def test_the_chances_that_the_design_states() -> None:
    assert drawn_of_many(0.2, 3)[2:].sum() == pytest.approx(0.104)
    assert drawn_of_many(0.2, 3)[3] == pytest.approx(0.008)
    assert drawn_of_many(0.2, 7)[5:].sum() == pytest.approx(0.00467, abs=5e-6)


def test_chances_sum_to_one() -> None:
    for chances in (drawn(50, 16, 7), drawn_of_many(0.33, 5), drawn_by_stake([1.0, 9.0], [3.0] * 8, 5)):
        assert np.all(chances >= -1e-12)
        assert chances.sum() == pytest.approx(1)


def test_panels_are_odd_and_of_three_to_seven() -> None:
    assert [panel_of(eligible) for eligible in (0, 2, 3, 4, 5, 6, 7, 8, 100)] == [0, 0, 3, 3, 5, 5, 7, 7, 7]
