from atom.live import Arrivals

SECOND = 10**9


class Clocks:
    """A clock and the time since the start, both put by hand."""

    def __init__(self):
        self.wall = 1_704_067_200 * SECOND
        self.elapsed = 0
        self.arrivals = Arrivals(lambda: self.wall, lambda: self.elapsed)

    def go(self, nanoseconds, jump=0):
        self.elapsed += nanoseconds
        self.wall += nanoseconds + jump
        return self.arrivals.stamp()


def test_stamps_are_the_clock_s_while_it_goes_on():
    clocks = Clocks()
    assert [clocks.go(SECOND) for _ in range(3)] == [(1_704_067_200 + n) * SECOND for n in (1, 2, 3)]
    assert clocks.arrivals.jumps() == []


def test_no_two_messages_share_a_time():
    clocks = Clocks()
    stamps = [clocks.go(0) for _ in range(5)]
    assert stamps == list(range(stamps[0], stamps[0] + 5))


def test_a_clock_put_back_is_told_and_stamps_go_on_at_half_speed_until_it_has_caught_up():
    clocks = Clocks()
    first = clocks.go(SECOND)
    assert clocks.go(SECOND, jump=-10 * SECOND) == first + SECOND // 2
    assert clocks.go(4 * SECOND) == first + 5 * SECOND // 2
    assert clocks.arrivals.jumps() == [-10 * SECOND]
    assert clocks.arrivals.jumps() == []
    for _ in range(20):
        clocks.go(SECOND)
    assert clocks.arrivals.last == clocks.wall


def test_a_clock_put_forward_is_followed_and_told():
    clocks = Clocks()
    clocks.go(SECOND)
    assert clocks.go(SECOND, jump=3600 * SECOND) == clocks.wall
    assert clocks.arrivals.jumps() == [3600 * SECOND]


def test_a_clock_that_is_slewed_has_not_jumped():
    clocks = Clocks()
    for _ in range(100):
        clocks.go(SECOND, jump=-500_000)
    assert clocks.arrivals.jumps() == []
