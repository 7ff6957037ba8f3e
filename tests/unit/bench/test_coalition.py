"""What colluders expect: laws that hold whatever the figures, and the two ways of computing them agree."""

from dataclasses import replace

import pytest

from bench import coalition, economics, simulation
from bench.coalition import FEE, Farm, Game, Scheme
from fusion.market import verdict

GAME = Game(operators=50, colluders=10, n=3, k=3, assurance_ppm=500_000, gain=30.0)


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("audited", [0, 500_000, 1_000_000])
def test_the_endings_of_a_job_are_all_there_are(scheme: Scheme, audited: int) -> None:
    for game in (replace(GAME, assurance_ppm=audited, watch=0.2), Game(12, 3, 7, 5, audited)):
        for h in range(min(game.n, game.colluders) + 1):
            if game.can(scheme, h):
                assert sum(each.chance for each in coalition.endings(game, scheme, h)) == pytest.approx(1)


def test_without_colluding_auditors_and_panelists_a_lie_pays_from_the_bound_on_chain_and_the_pay_it_forgoes() -> None:
    game = Game(operators=50, colluders=3, n=3, k=3, assurance_ppm=500_000)
    stated = verdict.bound_of(game.assurance_ppm, game.n, game.lock) / FEE
    forgone = verdict.fee_of(FEE, game.assurance_ppm, game.n).operators / FEE
    assert coalition.threshold(game, Scheme.LIES) == pytest.approx(stated + forgone)


def test_more_colluders_are_tempted_sooner_and_more_assurance_later() -> None:
    by_share = [coalition.threshold(replace(GAME, colluders=each), Scheme.LIES) for each in (3, 5, 10, 16, 25)]
    by_assurance = [
        coalition.threshold(replace(GAME, assurance_ppm=each), Scheme.LIES) for each in range(0, 10**6, 10**5)
    ]
    assert by_share == sorted(by_share, reverse=True)
    assert by_assurance == sorted(by_assurance)


def test_below_every_threshold_nothing_pays_more_than_honesty() -> None:
    least = min(coalition.threshold(GAME, scheme) for scheme in Scheme)
    assert coalition.temptation(replace(GAME, gain=least * 0.99)) == pytest.approx(0, abs=1e-12)
    assert coalition.temptation(replace(GAME, gain=least * 1.01)) > 0


@pytest.mark.parametrize("colluders", [3, 10, 24])
def test_challenging_ones_own_lie_loses_most_of_the_locks(colluders: int) -> None:
    game = Game(50, colluders, 3, 3, 500_000, requests=True)
    lost = coalition.expected(game, Scheme.SELF_CHALLENGES, 3).coalition
    assert lost < -0.9 * 3 * game.lock_multiple


def test_an_own_job_costs_more_than_it_pays() -> None:
    for colluders in (0, 10, 49):
        game = Game(50, colluders, 3, 2, 500_000, requests=True)
        for h in range(max(0, colluders - 47), min(3, colluders) + 1):
            assert coalition.expected(game, Scheme.HONEST, h).coalition < 0


def test_own_assured_jobs_never_pay_for_a_canary() -> None:
    for own_jobs in (1, 20, 200):
        assert coalition.farmed(GAME, Farm(given=1e9, deposited=0.0, own_jobs=own_jobs)) < 0


def test_simulation_and_closed_form_agree() -> None:
    """On fixed seeds, so that a disagreement is one of the rules and not of luck. What is rarer than one job in those
    drawn may not have come up at all."""
    jobs = 40_000
    off = {
        row.what: (row.closed, row.simulated)
        for row in economics.figures(jobs)
        if abs(row.simulated.mean - row.closed) > 4 * row.simulated.error + 4 / jobs
    }
    assert off == {}


def test_colluders_learn_the_scheme_that_the_formula_says_is_best() -> None:
    game = replace(GAME, gain=300.0)
    learned = simulation.learn(game, simulation.draw(game, 100_000, seed=7))
    assert learned == {h: coalition.best(game, h) for h in range(4)}
