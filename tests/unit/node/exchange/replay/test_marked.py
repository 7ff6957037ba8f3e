"""Marked: the commands of a record stay what they are, and mark prices and fundings come among them at their times."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from atom.events import FUNDING, MARK_PRICE, Flag, Rows
from atom.instrument import Instrument
from atom.venues.simulated import simulate
from node.exchange.core.command import Kind
from node.exchange.exchange import Commands, Exchange
from node.exchange.replay.history import is_perpetual, listing_of
from node.exchange.replay.marked import marked
from node.exchange.replay.shown import mid
from node.exchange.replay.tape import Tape

SECOND = 10**9
EVENTS = simulate(4, 3000)
OF = listing_of(EVENTS.instrument)
BLOCKS = [block.copy() for block in Tape(OF, 0, [EVENTS]).blocks()]
RECORD: Commands = np.concatenate(BLOCKS[1:])
BEGIN, END = int(RECORD["time"][0]), int(RECORD["time"][-1])


def told(told: Iterable[Mapping[str, Rows]] = (), blocks: list[Commands] | None = None) -> Commands:
    """All commands."""
    return np.concatenate(list(marked([RECORD] if blocks is None else blocks, OF, told)))


def of(rows: Commands, kind: Kind) -> list[tuple[int, int]]:
    """(time, price or rate) of a kind."""
    found = rows[rows["kind"] == kind]
    return [(int(each["time"]), int(each["price"] or each["quantity"])) for each in found]


def prices(*told: tuple[int, float]) -> dict[str, Rows]:
    """What a venue tells of its mark price: (time, price)."""
    rows = np.zeros(len(told), MARK_PRICE)
    rows["ts_event"], rows["price"] = zip(*told, strict=True)
    rows["ts_recv"] = rows["ts_event"] + 5_000_000
    return {"mark_price": rows}


def rates(*told: tuple[int, float, int], late: int = 5_000_000) -> dict[str, Rows]:
    """What it tells of fundings: (time, rate, next time)."""
    rows = np.zeros(len(told), FUNDING)
    rows["ts_event"], rows["rate"], rows["next_ts"] = zip(*told, strict=True)
    rows["ts_recv"] = rows["ts_event"] + late
    return {"funding": rows}


def test_the_record_stays_what_it_is_and_time_never_goes_back() -> None:
    rows = told([prices((BEGIN + SECOND, 100.0)) | rates((BEGIN + 1, 0.001, BEGIN + SECOND))])
    assert rows[(rows["kind"] != Kind.MARK) & (rows["kind"] != Kind.FUNDING)].tobytes() == RECORD.tobytes()
    assert (np.diff(rows["time"]) >= 0).all()


def test_where_no_mark_price_is_recorded_it_is_the_middle_of_the_book_after_each_second() -> None:
    marks = of(told(), Kind.MARK)
    assert len(marks) > 10
    exchange, done = Exchange([OF]), 0
    for time, price in marks:
        end = int(np.searchsorted(RECORD["time"], time, "right"))
        exchange.carry_out(RECORD[done:end])
        done = end
        assert time % SECOND == 0
        assert price == mid(exchange)
    assert [time for time, _ in marks] == list(range(-(-BEGIN // SECOND) * SECOND, END, SECOND))


def test_after_a_long_silence_there_is_one_mark_price_for_all_of_it() -> None:
    later = RECORD.copy()
    later["time"][len(later) // 2 :] += 3600 * SECOND
    times = [time for time, _ in of(told(blocks=[later]), Kind.MARK)]
    gaps = np.diff(times)
    assert 3590 * SECOND < gaps.max() <= 3600 * SECOND
    assert (gaps == SECOND).sum() == len(gaps) - 1


def test_the_venues_own_mark_price_takes_the_place_of_the_middle_from_its_first_on() -> None:
    tick, first = float(OF.tick), BEGIN // SECOND * SECOND + 3 * SECOND + 7
    venue = [(first + at * SECOND // 2, (5000 + at) * tick) for at in range(4)]
    marks = of(told([prices(*venue[:1]), {}, prices(*venue[1:])]), Kind.MARK)
    assert marks[-4:] == [(time, 5000 + at) for at, (time, _) in enumerate(venue)]
    assert [time for time, _ in marks[:-4]] == list(range(-(-BEGIN // SECOND) * SECOND, first, SECOND))


def test_of_what_was_told_before_the_record_begins_the_last_mark_price_counts() -> None:
    tick = float(OF.tick)
    early = prices((BEGIN - 2 * SECOND, 50 * tick), (BEGIN - SECOND, 60 * tick), (END + SECOND, 70 * tick))
    rows = told([early | rates((BEGIN - 9, 0.001, BEGIN - 5))])
    assert of(rows, Kind.MARK) == [(BEGIN, 60)]
    assert of(rows, Kind.FUNDING) == []
    assert rows["kind"][0] != Kind.MARK


def test_what_is_no_price_is_left_out() -> None:
    tick = float(OF.tick)
    venue = prices((BEGIN + 1, float("nan")), (BEGIN + 2, -1.0), (BEGIN + 3, 1e300), (BEGIN + 4, 9 * tick))
    assert of(told([venue]), Kind.MARK)[-1:] == [(BEGIN + 4, 9)]
    assert {time for time, _ in of(told([venue]), Kind.MARK)} <= {BEGIN, BEGIN + 4}


def test_a_funding_comes_when_it_was_announced_at_the_last_rate_told_before() -> None:
    due, after = BEGIN + 2 * SECOND, BEGIN + 4 * SECOND
    foretold = [(BEGIN + 1, 0.001, due), (due - 9, -0.0002, due), (due + 1, 0.003, after), (due + 5, 0.004, after)]
    beyond = (after + 1, 0.005, END + SECOND)
    expected = [(due, -200_000), (after, 4_000_000)]
    assert of(told([rates(*foretold, beyond)]), Kind.FUNDING) == expected
    assert of(told([rates(*foretold[:2]), rates(*foretold[2:], beyond)]), Kind.FUNDING) == expected
    assert of(told([rates(*foretold)]), Kind.FUNDING) == expected, "the stream may end before the record does"


def test_a_funding_of_history_comes_once_and_one_that_is_paid_all_along_never() -> None:
    due = BEGIN + 2 * SECOND
    foretold, history = rates((BEGIN + 1, 0.001, due)), rates((due + 3, 0.002, 0), late=0)
    assert of(told([foretold, history]), Kind.FUNDING) == [(due + 3, 2_000_000)]
    assert of(told([rates((due, 0.002, 0))]), Kind.FUNDING) == []


def test_where_the_venue_tells_no_time_the_arrival_counts() -> None:
    venue = prices((0, 9 * float(OF.tick)))
    venue["mark_price"]["ts_recv"], venue["mark_price"]["flags"] = BEGIN + 77, Flag.NO_EVENT_TIME
    assert of(told([venue]), Kind.MARK)[-1] == (BEGIN + 77, 9)


@pytest.mark.parametrize("size", [1, 7, 500])
def test_it_is_the_same_however_the_record_is_cut(size: int) -> None:
    tick = float(OF.tick)
    outside = [prices((BEGIN + 4 * SECOND, 5000 * tick)), rates((BEGIN + 1, 0.001, BEGIN + SECOND)), {}]
    blocks = [RECORD[at : at + size] for at in range(0, len(RECORD), size)]
    empty = RECORD[:0]
    assert told(outside, [blocks[0], empty, *blocks[1:], empty]).tobytes() == told(outside).tobytes()


@pytest.mark.parametrize(
    ("venue", "symbol", "expected"),
    [
        ("binance_futures", "BTC-USDT-PERP", True),
        ("bybit", "BTC-USDC-PERP", True),
        ("fusion", "BTCPERP-USDT", True),
        ("fusion", "BTC-USDT", False),
        ("binance", "BTC-USDT", False),
        ("binance_futures", "BTC-USDT-240927", False),
        ("deribit", "BTC-USD-PERP", False),
        ("okx", "BTC-USDT-PERP", False),
        ("simulated", "SIM", False),
    ],
)
def test_a_linear_perpetual_by_the_base_asset_is_one(venue: str, symbol: str, expected: bool) -> None:
    instrument = Instrument(venue, symbol, symbol, Decimal("0.1"), Decimal("0.001"))
    assert is_perpetual(instrument) is expected
    assert is_perpetual(replace(instrument, venue="unknown")) is False
