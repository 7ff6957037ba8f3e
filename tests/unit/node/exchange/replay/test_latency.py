"""Latency: delays are known by time, number and seed alone, and no message overtakes another."""

import numpy as np
import pytest

from atom.events import Flag, empty
from fusion.errors import BadInput
from node.exchange.replay import latency


def rows(*delays: int) -> np.ndarray:
    made = empty("book", len(delays))
    made["ts_event"] = np.arange(len(delays)) * 1000
    made["ts_recv"] = made["ts_event"] + delays
    return made


def test_a_constant_is_the_same_for_every_message() -> None:
    assert {int(latency.delay(latency.constant(250), n, n * 7)) for n in range(9)} == {250}
    assert all(latency.delay(each, 1, 1) == 0 for each in latency.none())


def test_a_recorded_delay_holds_until_the_next() -> None:
    of = latency.recorded(rows(5, 9, 9, 2))
    assert [int(latency.delay(of, 0, at)) for at in (-1, 0, 999, 1000, 2500, 3000, 10**18)] == [5, 5, 5, 9, 9, 2, 2]
    later = latency.recorded(rows(5, 9, 9, 2), clock="recv")
    assert [int(latency.delay(later, 0, at)) for at in (5, 1008, 1009, 3002)] == [5, 5, 9, 2]


def test_a_recorder_whose_clock_is_behind_is_told_so() -> None:
    with pytest.raises(BadInput, match="up to 40 ns before they happened"):
        latency.recorded(rows(-40, 10))
    assert latency.recorded(rows(-40, 10), least=100).delays.tolist() == [100, 150]


def test_rows_without_both_times_tell_no_delay() -> None:
    made = rows(1, 2)
    made["flags"] = Flag.NO_ARRIVAL
    with pytest.raises(BadInput, match="choose a constant"):
        latency.recorded(made)
    with pytest.raises(BadInput, match="at least 0 ns, not -1"):
        latency.constant(-1)
    with pytest.raises(BadInput, match="at least one"):
        latency.sampled(np.zeros(0, np.int64), 1)
    with pytest.raises(BadInput, match="not 'local'"):
        latency.recorded(rows(1), clock="local")


def test_samples_are_by_seed_and_number_and_all_of_them_come() -> None:
    of = latency.sampled(np.array([30, 10, 20]), seed=4)
    drawn = [int(latency.delay(of, n, 0)) for n in range(3000)]
    assert drawn == [int(latency.delay(of, n, 99)) for n in range(3000)]
    assert min(map(drawn.count, (10, 20, 30))) > 900
    other = latency.sampled(np.array([30, 10, 20]), seed=5)
    assert drawn != [int(latency.delay(other, n, 0)) for n in range(3000)]


def test_no_message_overtakes_the_one_before() -> None:
    of = latency.sampled(np.array([1, 1000]), seed=0)
    last, arrivals = 0, []
    for number in range(200):
        last = int(latency.arrival(of, number, number * 10, last))
        arrivals.append(last)
    assert arrivals == sorted(arrivals)
    assert all(at > n * 10 for n, at in enumerate(arrivals))
