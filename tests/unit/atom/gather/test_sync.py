import pytest

from atom.gather.sync import Step, Sync


def test_a_delta_may_reach_back_over_the_snapshot_once():
    sync = Sync(chained=True)
    sync.snapshot(100)
    assert sync.delta(95, 105) is Step.APPLY
    assert sync.delta(105, 110) is Step.APPLY
    assert sync.last == 110


@pytest.mark.parametrize("chained", [True, False])
def test_what_the_book_holds_is_stale_and_changes_nothing(chained):
    sync = Sync(chained=chained)
    sync.snapshot(100)
    assert sync.delta(90, 100) is Step.STALE
    assert sync.delta(100, 101) is Step.APPLY
    assert sync.delta(100, 101) is Step.REPEATED
    assert sync.last == 101


@pytest.mark.parametrize("chained", [True, False])
def test_a_missing_update_ends_the_sync(chained):
    sync = Sync(chained=chained)
    sync.snapshot(100)
    assert sync.delta(101, 105) is Step.GAP
    assert not sync.synced


def test_an_overlap_is_a_gap_only_where_deltas_name_the_one_before():
    for chained, step in ((True, Step.GAP), (False, Step.APPLY)):
        sync = Sync(chained=chained)
        sync.snapshot(100)
        assert sync.delta(100, 105) is Step.APPLY
        assert sync.delta(103, 108) is step


def test_times_order_changes_and_do_not_count_them():
    """Many changes may have one time; and a clock that was ahead may go back, which makes no change old."""
    sync = Sync(timed=True)
    sync.snapshot(100)
    assert [sync.delta(0, time) for time in (99, 100, 105, 105, 104, 200)] == [
        Step.STALE,
        Step.STALE,
        Step.APPLY,
        Step.APPLY,
        Step.APPLY,
        Step.APPLY,
    ]


def test_what_follows_a_picture_that_nobody_numbered_is_taken_as_it_comes():
    sync = Sync(chained=False)
    sync.snapshot(None)
    assert sync.synced
    assert sync.delta(41, 42) is Step.APPLY
    assert sync.delta(43, 44) is Step.GAP
