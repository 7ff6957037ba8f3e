"""An exchange's clock goes as fast as it is told, and never to a time that it cannot hold."""

import pytest

from fusion.errors import BadInput
from node.exchange.service.clock import END, FASTEST, Clock


def test_at_the_end_it_stands_still() -> None:
    clock = Clock(END - 1, FASTEST)
    while clock.now() < END:
        pass
    assert clock.now() == END
    assert END + 366 * 86_400 * 10**9 < 1 << 62, "what ends a year later fits as well"


@pytest.mark.parametrize("speed", [-1e-9, FASTEST * 1.01, float("nan"), float("inf"), 10**400])
def test_a_speed_that_it_cannot_have_is_refused(speed: float) -> None:
    with pytest.raises(BadInput, match="a speed is from 0"):
        Clock(0, speed)


def test_there_is_no_speed_below_zero() -> None:
    assert str(Clock(0, -0.0).speed) == "0.0"
