"""The first-party modules against plain computations of what their docstrings state."""

from pathlib import Path

import numpy as np
import pytest

from fusion.content.bundle import Bundle
from sandbox.code import ModuleCode
from sandbox.outcome import ModuleError, Result
from sandbox.verify import market, verify

FOLDER = Path(__file__).parents[3] / "modules"
NAMES = ("ema", "order_book_imbalance", "microprice_signal", "microprice_score")


def code(name: str) -> ModuleCode:
    bundle = Bundle.load(FOLDER / name)
    requires = {required.name: code(required.name) for required in bundle.manifest.requires}
    return ModuleCode(bundle.cid, bundle.files, bundle.manifest.entry, requires)


def run(runtime, name, inputs, **settings):
    outcome = runtime.run(code(name), inputs, settings)
    assert isinstance(outcome, Result), outcome
    return outcome.outputs


def plain_ema(series, span):
    """The recursion of the docstring, row by row."""
    weight, average, rows = 2 / (span + 1), np.nan, []
    for value in series:
        if np.isfinite(value):
            average = value if np.isnan(average) else weight * value + (1 - weight) * average
        rows.append(average)
    return np.array(rows)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_sound(runtime, name):
    report = verify(runtime, code(name))
    assert report.problems == ()


@pytest.mark.parametrize(
    ("name", "requires"),
    [("microprice_signal", {"ema", "order_book_imbalance"}), ("microprice_score", {"microprice_signal"})],
)
def test_requires_are_locked_to_the_bundles_beside(name, requires) -> None:
    manifest = Bundle.load(FOLDER / name).manifest
    assert {required.name for required in manifest.requires} == requires
    for required in manifest.requires:
        upstream = Bundle.load(FOLDER / required.name)
        assert required.cid == upstream.cid
        assert required.version == upstream.manifest.version


@pytest.mark.parametrize("span", [1, 2, 20, 500])
def test_ema(runtime, span):
    price = market(runtime.describe(code("ema")), 2000)["price"]
    found = run(runtime, "ema", {"price": price}, span=span)["value"]
    np.testing.assert_allclose(found, plain_ema(price, span), rtol=1e-12)


def test_ema_with_gaps(runtime):
    price = np.array([np.nan, np.inf, 1.0, np.nan, 2.0, -np.inf, 4.0])
    found = run(runtime, "ema", {"price": price}, span=3)["value"]
    np.testing.assert_allclose(found, [np.nan, np.nan, 1.0, 1.0, 1.5, 1.5, 2.75], rtol=1e-12)


def test_ema_refuses_a_span_below_one(runtime):
    outcome = runtime.run(code("ema"), {"price": np.ones(3)}, {"span": 0})
    assert isinstance(outcome, ModuleError)
    assert outcome.error == "ValueError"
    assert "span is 0: give 1 or more rows" in outcome.message


def test_imbalance(runtime):
    sizes = {
        "bid_size": np.array([3.0, 1.0, 0.0, 5.0, 0.0, -1.0, np.nan, np.inf, 5e-324]),
        "ask_size": np.array([1.0, 3.0, 2.0, 0.0, 0.0, 2.0, 1.0, 1.0, 5e-324]),
    }
    found = run(runtime, "order_book_imbalance", sizes)["value"]
    np.testing.assert_array_equal(found, [0.5, -0.5, -1, 1, np.nan, np.nan, np.nan, np.nan, 0])


def test_microprice(runtime):
    inputs = market(runtime.describe(code("microprice_signal")), 1000)
    bid, ask, bid_size, ask_size = (inputs[name] for name in ("bid", "ask", "bid_size", "ask_size"))
    outputs = run(runtime, "microprice_signal", inputs, span=1, band=0.0)
    middle = (bid + ask) / 2
    micro = (ask * bid_size + bid * ask_size) / (bid_size + ask_size)
    np.testing.assert_allclose(outputs["value"], 1e4 * (micro - middle) / middle, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(outputs["position"], (bid_size - ask_size) / (bid_size + ask_size), rtol=1e-12)
    smooth = run(runtime, "microprice_signal", inputs, span=20, band=0.2)
    pressure = plain_ema((bid_size - ask_size) / (bid_size + ask_size), 20)
    np.testing.assert_allclose(smooth["value"], 1e4 * pressure * (ask - bid) / (ask + bid), rtol=1e-10, atol=1e-12)
    strength = np.sign(pressure) * np.maximum(abs(pressure) - 0.2, 0) / 0.8
    np.testing.assert_allclose(smooth["position"], strength, rtol=1e-10, atol=1e-12)
    assert (smooth["position"] == 0).any()
    assert abs(smooth["position"]).max() <= 1


def test_microprice_takes_no_part_where_there_is_no_quote(runtime):
    inputs = {
        "bid": np.array([np.nan, 10.0, 11.0, 0.0, 10.0]),
        "ask": np.array([10.0, 11.0, 10.0, 11.0, 11.0]),
        "bid_size": np.array([9.0, 3.0, 9.0, 9.0, 1.0]),
        "ask_size": np.array([1.0, 1.0, 1.0, 1.0, 3.0]),
    }
    outputs = run(runtime, "microprice_signal", inputs, span=3, band=0.2)
    assert np.isnan(outputs["value"]).tolist() == [True, False, True, True, False]
    assert outputs["position"].tolist() == [0.0, pytest.approx(0.375), 0.0, 0.0, 0.0]


def test_microprice_refuses_a_band_of_one(runtime):
    inputs = market(runtime.describe(code("microprice_signal")), 10)
    outcome = runtime.run(code("microprice_signal"), inputs, {"band": 1.0})
    assert isinstance(outcome, ModuleError)
    assert "band is 1.0" in outcome.message


def test_microprice_score(runtime):
    inputs = market(runtime.describe(code("microprice_score")), 300)
    inputs["bid"][100] = np.nan  # neither the row nor the one after it counts
    found = run(runtime, "microprice_score", inputs, span=5, band=0.1)["score"]

    position = run(runtime, "microprice_signal", inputs, span=5, band=0.1)["position"]
    bid, ask = inputs["bid"], inputs["ask"]
    earned = []
    for row in range(1, 300):
        middle, before = (bid[row] + ask[row]) / 2, (bid[row - 1] + ask[row - 1]) / 2
        if row not in (100, 101):
            traded = abs(position[row - 1] - position[row - 2]) if row > 1 else 0.0
            paid = traded * (ask[row - 1] - bid[row - 1]) / 2
            earned.append((position[row - 1] * (middle - before) - paid) / before)
    assert found.shape == ()
    assert len(earned) == 297
    assert found == pytest.approx(np.sqrt(297) * np.mean(earned) / np.std(earned), rel=1e-9)


def test_microprice_score_of_no_trade_and_of_no_data(runtime):
    ones = np.ones(4)
    quotes = {"bid": 1 * ones, "ask": 2 * ones, "bid_size": ones, "ask_size": ones}
    assert run(runtime, "microprice_score", quotes)["score"] == 0.0
    outcome = runtime.run(code("microprice_score"), quotes | {"bid": 3 * ones}, {})
    assert isinstance(outcome, ModuleError)
    assert "0 rows count: give at least 2 beside the first" in outcome.message
