import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from atom.live.pace import Backoff, Pace, Timing, retry_after


def test_waits_grow_to_a_limit_and_are_spread_over_all_of_it():
    longest = []
    for failures in range(10):
        waits = []
        for seed in range(200):
            backoff = Backoff(Timing(first=1, longest=60), Random(seed))
            for _ in range(failures):
                backoff.failed()
            waits.append(backoff.failed())
        longest.append(max(waits))
        assert min(waits) < 0.1 * max(waits)
    assert longest[:4] == pytest.approx([1, 2, 4, 8], rel=0.1)
    assert max(longest) <= 60


def test_after_a_good_time_the_waits_begin_anew():
    backoff = Backoff(Timing(first=1, longest=60), Random(0))
    for _ in range(8):
        backoff.failed()
    backoff.reset()
    assert backoff.failed() <= 1


def test_what_is_sent_stands_apart_and_is_held_back_when_the_venue_wants_it():
    async def main():
        pace, loop, sent = Pace(0.02), asyncio.get_running_loop(), []
        for _ in range(3):
            await pace.turn()
            sent.append(loop.time())
        pace.hold(0.1)
        held = loop.time()
        await pace.turn()
        assert loop.time() - held >= 0.1
        assert all(later - earlier >= 0.02 for earlier, later in pairwise(sent))

    asyncio.run(main())


NOW = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("86400", 86_400),  # a ban for a day
        (None, 30),
        ("Wed, 21 Oct 2026 07:29:30 GMT", 90),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0),
        ("Wed, 21 Oct 2026 07:29:30 -0000", 30),
        ("tomorrow", 30),
        ("-1", 30),
        ("nan", 30),
        ("9" * 400, 259_200),
        ("Wed, 21 Oct 9999 07:28:00 GMT", 259_200),
    ],
)
def test_what_retry_after_asks_for_is_read_within_bounds(told, seconds):
    assert retry_after(told, NOW) == seconds
