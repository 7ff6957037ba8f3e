from decimal import Decimal

import numpy as np
import pytest

from atom.instrument import Instrument, common_step, rescale, to_float


def test_price_text_has_the_decimals_of_the_tick():
    instrument = Instrument("binance", "BTC-USDT", "BTCUSDT", Decimal("0.01"), Decimal("0.00001"))
    assert instrument.price_text(6168600) == "61686.00"
    assert Instrument("v", "s", "S", Decimal("1E+1"), Decimal(1)).price_text(61) == "610"


def test_floats_are_those_that_the_decimal_text_reads_as():
    ticks = np.array([6168599, 1, 0, 2**53 + 1, 2**62 + 1], dtype=np.int64)
    for step in (Decimal("0.01"), Decimal("0.00000001"), Decimal("0.25"), Decimal("0.05"), Decimal("1E+1")):
        assert to_float(ticks, step).tolist() == [float(int(tick) * step) for tick in ticks]


def test_steps_have_a_common_one():
    assert common_step(Decimal("0.5"), Decimal("0.2")) == Decimal("0.1")
    assert rescale(np.array([3]), Decimal("0.5"), Decimal("0.1")).tolist() == [15]
    with pytest.raises(ValueError, match="no multiple"):
        rescale(np.array([3]), Decimal("0.5"), Decimal("0.2"))
    with pytest.raises(OverflowError, match="64 bits"):
        rescale(np.array([2**60]), Decimal(1), Decimal("0.001"))
