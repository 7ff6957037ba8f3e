"""What may be chosen of the order-book metrics."""

from decimal import Decimal

import pytest

from atom.metrics import PARAMETERS, Parameters
from fusion.errors import BadInput


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": 999_999},
        {"period": 86_400 * 10**9 + 1},
        {"period": 1e9},
        {"levels": 0},
        {"levels": True},
        {"depths": ()},
        {"depths": (0,)},
        {"depths": (5, 1)},
        {"depths": (5, 5)},
        {"depths": (10_000,)},
        {"vpin_volume": Decimal(0)},
        {"vpin_volume": Decimal("NaN")},
        {"vpin_volume": Decimal("Infinity")},
        {"vpin_volume": 0.5},
        {"vpin_buckets": 0},
        {"kyle_periods": 2},
        {"volatility_periods": 0},
        {"cluster_range": 0},
        {"cluster_width": 10_000},
    ],
)
def test_what_is_out_of_bounds_is_refused(wrong):
    with pytest.raises(BadInput, match=next(iter(wrong))):
        Parameters(**wrong)


def test_bounds_themselves_are_within():
    for name, one in PARAMETERS.items():
        for value in (one.least, one.most):
            if one.most is not None:
                Parameters(**{name: (value,) if name == "depths" else value})


def test_a_bucket_is_at_least_one_lot_and_fits():
    assert Parameters(vpin_volume=Decimal("0.3")).bucket(Decimal("0.1")) == 3
    assert Parameters(vpin_volume=Decimal("0.01")).bucket(Decimal("0.1")) == 1
    with pytest.raises(BadInput, match="lots of"):
        Parameters().bucket(Decimal("1e-18"))
