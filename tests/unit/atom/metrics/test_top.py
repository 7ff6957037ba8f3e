import math

import numpy as np
import pytest

from atom.metrics import METRICS, top


@pytest.mark.parametrize(
    ("name", "value"), [("mid", 100.5), ("spread", 1.0), ("imbalance", 0.5), ("microprice", 100.75)]
)
def test_by_hand(name, value):
    assert METRICS[name].step(100.0, 101.0, 3.0, 1.0) == value


def test_a_missing_side_is_null_in_all_of_them():
    for metric in METRICS.values():
        assert math.isnan(metric.step(100.0, math.nan, 3.0, math.nan))


def test_without_size_there_is_no_weight():
    assert math.isnan(METRICS["imbalance"].step(100.0, 101.0, 0.0, 0.0))
    assert math.isnan(METRICS["microprice"].step(100.0, 101.0, 0.0, 0.0))


def test_a_table_of_no_rows_has_metrics_of_no_rows():
    table = {name: np.zeros(0) for name in ("bid", "ask", "bid_size", "ask_size")}
    assert all(len(metric.batch(table)) == 0 for metric in METRICS.values())


def test_each_says_its_formula_and_unit():
    for metric in METRICS.values():
        assert metric.unit in {"quote", "1"}
        assert metric.formula.__doc__


def test_all_formulas_share_one_kept_kernel():
    """One that was handed formulas was kept anew by each process, until what was kept could be read no more."""
    table = {name: np.ones(2) for name in top.INPUTS}
    for metric in METRICS.values():
        metric.batch(table)
    assert len(top._column.signatures) == 1
