"""The simulated market looks like a real one: signs and loose ranges, on one small run that is the same everywhere."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from atom.feed import open_feed
from fusion.errors import BadInput
from node.exchange.agents.facts.impact import measure
from node.exchange.agents.facts.page import page
from node.exchange.agents.facts.recorded import tape_of
from node.exchange.agents.facts.simulated import simulate
from node.exchange.agents.facts.statistics import facts
from node.exchange.agents.facts.tape import Tape
from node.exchange.agents.facts.verdict import FACTS, shown, told


@pytest.fixture(scope="module")
def tape() -> Tape:
    return simulate(5400, seed=1)


@pytest.fixture(scope="module")
def stats(tape: Tape) -> dict[str, float]:
    return facts(tape)


def test_tails_are_heavy_and_grow_lighter_with_the_span(stats: dict[str, float]) -> None:
    assert stats["kurtosis_1"] > 2
    assert 2 < stats["hill_1"] < 5
    assert stats["kurtosis_60"] < stats["kurtosis_1"]


def test_returns_are_not_correlated_and_their_sizes_are(stats: dict[str, float]) -> None:
    assert abs(stats["return_acf_1"]) < 0.12
    assert stats["return_acf"] < 0.04
    assert stats["abs_acf_1"] > 0.15
    assert stats["abs_acf_10"] > 0.08
    assert stats["abs_acf_60"] > 0.02


def test_signs_persist_and_trades_bounce(stats: dict[str, float]) -> None:
    assert stats["sign_acf_1"] > stats["sign_acf_10"] > 0.03
    assert stats["bounce"] < -0.05


def test_there_is_always_a_book(tape: Tape, stats: dict[str, float]) -> None:
    assert np.isfinite(tape.mids).mean() > 0.999
    assert 0 < stats["spread_ppm"] < 60
    assert stats["takers_s"] > 5


def test_large_orders_move_the_price_less_than_in_proportion() -> None:
    found = measure(range(3), sizes=(32.0, 128.0))
    assert found.peak[0] > 5e-5
    assert found.peak[0] < found.peak[1] < 3 * found.peak[0]
    assert found.share[1] == pytest.approx(4 * found.share[0])


def test_page_stands_alone(tape: Tape, stats: dict[str, float]) -> None:
    other = tape_of(open_feed("simulated:3"))
    text = page([tape, other], [[stats], [facts(other)]], None)
    assert text.count("<svg") == 8
    assert not re.search(r"nan|inf\b|<script|https?://(?!www\.w3\.org)", text)
    assert all(fact.name in text for fact in FACTS)


def test_facts_are_told_in_words(stats: dict[str, float]) -> None:
    lines = {fact.name: told(fact, [stats]) for fact in FACTS}
    assert "excess kurtosis" in lines["heavy tails"]
    assert lines["impact is concave"] == "too short to tell"  # nobody measured it
    assert not next(fact for fact in FACTS if fact.name == "impact is concave").shown_by(stats)
    assert json.dumps(lines)


def test_a_fact_holds_where_most_seeds_show_it_and_its_figures_are_medians_with_their_range() -> None:
    tails = FACTS[0]
    markets = [{"kurtosis_1": value, "hill_1": 3.0} for value in (9.0, 0.5, 4.0)]
    assert shown(tails, markets) == "yes (2 of 3)"
    assert shown(tails, markets[1:2]) == "no"
    assert told(tails, markets) == "excess kurtosis 4.0 (0.5 to 9.0), tail exponent 3.0"


def test_a_recording_that_is_too_short_is_refused() -> None:
    recording = open_feed("simulated:3")
    events = replace(recording.events, book=recording.events.book[:2000])
    with pytest.raises(BadInput, match="takes 120 or more"):
        tape_of(replace(recording, events=events))
