"""The order-book metrics by hand, and on real traffic."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from atom import open_feed
from atom.events import Action, Flag, Side
from atom.metrics import BookMetrics, Parameters, book_metrics
from atom.reader import read_capture
from atom.window import quotes, with_metrics
from fusion.errors import BadInput
from tests.property.test_metric_laws import cut, head, joined, same
from tests.unit.atom.metrics.notes import INSTRUMENT, events
from tests.unit.atom.metrics.plain_metrics import Plain

SECOND = 10**9
WHOLE = Flag.SNAPSHOT | Flag.LAST
BID, ASK = Side.BID, Side.ASK


def told(book, trade=(), *, of=INSTRUMENT):
    """Rows of the book are second, flags, action, side, price, size, order; of trades second, side, price, size."""
    made = events(
        book=[(round(row[0] * SECOND), *row[2:]) for row in book],
        trade=[(round(row[0] * SECOND), *row[1:]) for row in trade],
        of=of,
    )
    made.book["flags"] = [row[1] for row in book]
    return made


PICTURE = [(1.0, WHOLE, Action.ADD, BID, 1000, 300, 1), (1.0, Flag.LAST, Action.ADD, ASK, 1002, 100, 2)]


def last(book, trade=(), **chosen):
    """The metrics of the last period that ended."""
    ends = (99.0, Flag.LAST, Action.ADD, BID, 1, 1, 99)
    periods = book_metrics(told([*PICTURE, *book, ends], trade), Parameters(**chosen)).periods
    return {name: column[-1] for name, column in periods.items()}


def test_the_book_by_hand():
    book = told([*PICTURE, (1.0, Flag.LAST, Action.ADD, ASK, 1003, 200, 3)])
    values = {name: column[-1] for name, column in book_metrics(book, Parameters(depths=(11, 20))).messages.items()}
    assert values["ts"] == SECOND
    assert (values["mid"], values["spread"]) == (100.1, 100.2 - 100.0)
    assert values["imbalance"] == 0.5
    assert values["microprice"] == (100.0 * 1 + 100.2 * 3) / 4
    assert values["imbalance_levels"] == 0.0
    assert values["imbalance_orders"] == -1 / 3
    # 11 bps of the mid are 1.1011 ticks, 20 bps are 2.002
    assert [values[f"{side}_depth_{bps}"] for bps in (11, 20) for side in ("bid", "ask")] == [3.0, 1.0, 3.0, 3.0]


def test_order_flow_imbalance_by_hand():
    flow = [
        (2.1, Flag.LAST, Action.ADD, BID, 1000, 50, 4),  # more at the bid: + 0.5
        (2.2, Flag.LAST, Action.ADD, BID, 1001, 20, 5),  # a higher bid: + 0.2
        (2.3, Flag.LAST, Action.CANCEL, BID, 1001, 0, 5),  # gone again: - 0.2
        (2.4, Flag.LAST, Action.FILL, ASK, 1002, 40, 2),  # less at the ask: + 0.4
        (2.5, Flag.LAST, Action.ADD, ASK, 1001, 10, 6),  # a lower ask: - 0.1
    ]
    values = last(flow)
    assert (values["ts"], values["whole"]) == (3 * SECOND, 1)
    assert values["ofi"] == 0.8
    assert [values[f"{name}s"] for name in ("insert", "update", "delete")] == [3, 1, 1]
    assert [values[f"{name}_ratio"] for name in ("insert", "update", "delete")] == [0.6, 0.2, 0.2]


def test_volume_and_vpin_by_hand():
    trades = [(2.1, BID, 1002, 70), (2.2, ASK, 1000, 50), (2.3, Side.NONE, 1001, 60), (2.4, BID, 1002, 50)]
    values = last([(2.0, Flag.LAST, Action.ADD, BID, 9, 1, 9)], trades, vpin_volume=Decimal(1), vpin_buckets=2)
    assert (values["buy_volume"], values["sell_volume"]) == (1.2, 0.5)
    assert values["taker_ratio"] == 1.2 / 0.5
    # buckets of 100 lots: 70 bought and 30 sold; 20 sold, 60 of nobody, 20 bought; 30 are left
    assert values["vpin"] == (0.4 + 0.0) / 2


def test_kyle_s_lambda_and_volatility_by_hand():
    book, trades = [], []
    mids = [1001, 1002, 1001, 1003]
    for second, volume in ((2, 100), (3, -50), (4, 200)):
        mid = mids[second - 1]
        trades.append((second + 0.1, BID if volume > 0 else ASK, mid, abs(volume)))
        for side, price, order in ((BID, mid - 1, 1), (ASK, mid + 1, 2)):
            flags = Flag(0) if side == BID else Flag.LAST
            book.append((second + 0.2, flags, Action.MODIFY, side, price, 100, order))
    values = last(book, trades, kyle_periods=3, volatility_periods=3)
    changes, volumes = np.array([0.1, -0.1, 0.2]), np.array([1.0, -0.5, 2.0])
    assert values["kyle_lambda"] == pytest.approx(np.polyfit(volumes, changes, 1)[0], rel=1e-9)
    returns = np.diff(np.log([100.1, 100.2, 100.1, 100.3]))
    assert values["realised_volatility"] == pytest.approx(np.sqrt((returns**2).sum()), rel=1e-12)


def test_queue_positions_by_order_are_exact():
    queue = [
        (1.1, Flag.LAST, Action.ADD, BID, 1000, 200, 4),
        (2.1, Flag.LAST, Action.ADD, BID, 1000, 900, 5),  # behind
        (2.2, Flag.LAST, Action.FILL, BID, 1000, 100, 1),  # ahead
        (2.3, Flag.LAST, Action.MODIFY, BID, 1000, 250, 4),  # grows, and so goes to the end
    ]
    assert last(queue)["queue_bid"] == 2.0
    assert last([*queue, (2.4, Flag.LAST, Action.CANCEL, BID, 1000, 0, 1)])["queue_bid"] == 0.0


def test_queue_positions_by_price_are_estimated():
    flags = Flag.LAST | Flag.BY_PRICE
    book = [
        (1.0, WHOLE | Flag.BY_PRICE, Action.ADD, BID, 1000, 300, 0),
        (1.0, flags, Action.ADD, ASK, 1002, 100, 0),
        (2.0, flags, Action.ADD, BID, 1000, 400, 0),  # 100 came behind
        (2.2, flags, Action.ADD, BID, 1000, 200, 0),  # of the 200 gone 80 were traded, the others are a share of 320
        (3.0, flags, Action.ADD, BID, 900, 1, 0),
    ]
    values = book_metrics(told(book, [(2.1, ASK, 1000, 80)])).periods
    assert values["queue_bid"][1] == (3.0 - 0.8) * (200 / 320)
    assert values["queue_ask"][1] == 1.0


@pytest.mark.parametrize(
    ("second", "traded", "left", "ahead"),
    [
        (2.1, 80, 280, 2.2),  # traded more than the level lost: the others came behind
        (2.2, 80, 220, 2.2),  # at once: the trade comes before what it made of the book
        (2.1, 400, 50, 0.0),
        (2.1, 0, 100, 1.0),
    ],
)
def test_a_queue_by_price_and_trades(second, traded, left, ahead):
    flags = Flag.LAST | Flag.BY_PRICE
    book = [
        (1.0, WHOLE | Flag.BY_PRICE, Action.ADD, BID, 1000, 300, 0),
        (1.0, flags, Action.ADD, ASK, 1002, 100, 0),
        (2.0, flags, Action.ADD, BID, 900, 1, 0),
        (2.2, flags, Action.ADD, BID, 1000, left, 0),
        (2.3, flags, Action.ADD, BID, 900, 2, 0),
        (3.0, flags, Action.ADD, BID, 900, 1, 0),
    ]
    values = book_metrics(told(book, [(second, ASK, 1000, traded)])).periods
    assert values["queue_bid"][1] == pytest.approx(ahead, rel=1e-12)


def test_a_trade_that_fills_all_buckets_over_and_over():
    values = last(
        [(2.0, Flag.LAST, Action.ADD, BID, 9, 1, 9)],
        [(2.1, BID, 1002, 2**53 - 1), (2.2, ASK, 1002, 3)],
        vpin_volume=Decimal("0.02"),
        vpin_buckets=3,
    )
    # 2**53 - 1 leaves one bought in the last bucket: one sold beside it, then two sold
    assert values["vpin"] == (1.0 + 0.0 + 1.0) / 3


def test_clusters_by_hand():
    more = [
        (2.1, Flag.LAST, Action.ADD, BID, 999, 100, 4),
        (2.2, Flag.LAST, Action.ADD, BID, 990, 700, 5),  # 109.9 bps below the mid of 1001
        (2.3, Flag.LAST, Action.ADD, BID, 989, 900, 6),  # 119.9
        (2.4, Flag.LAST, Action.ADD, BID, 981, 900, 7),  # 199.8: its bucket is beyond the range
    ]
    values = last(more, cluster_range=150, cluster_width=50)
    assert (values["cluster_bid_distance"], values["cluster_bid_share"]) == (125.0, 1600 / 2000)
    assert (values["cluster_ask_distance"], values["cluster_ask_share"]) == (25.0, 1.0)


def test_the_profile_by_hand():
    metrics = BookMetrics(INSTRUMENT, Parameters(cluster_range=150, cluster_width=50))
    assert {len(column) for column in metrics.profile().values()} == {0}
    metrics.update(told([*PICTURE, (2.1, Flag.LAST, Action.ADD, BID, 990, 700, 5)]))
    assert {name: column.tolist() for name, column in metrics.profile().items()} == {
        "distance": [25.0, 75.0, 125.0],
        "bid": [3.0, 0.0, 7.0],
        "ask": [1.0, 0.0, 0.0],
    }
    metrics.update(told([(2.2, Flag.LAST, Action.CLEAR, 0, 0, 0, 0)]))
    assert {len(column) for column in metrics.profile().values()} == {0}


@pytest.mark.parametrize(("price", "size"), [(2**47, 1), (-(2**47), 1), (1, 2**53)])
def test_numbers_too_large_to_be_exact_are_refused(price, size):
    with pytest.raises(BadInput, match="metrics are exact below"):
        book_metrics(told([(1.0, WHOLE, Action.ADD, BID, price, size, 1)]))
    with pytest.raises(BadInput, match="metrics are exact below"):
        book_metrics(told(PICTURE, [(1.0, BID, price, size)]))


@pytest.mark.parametrize("by_price", [True, False])
def test_the_largest_numbers_are_exact(by_price):
    flags = WHOLE | (Flag.BY_PRICE if by_price else Flag(0))
    best, size = 2**47 - 3, 2**53 - 1
    book = [(1.0, flags, Action.ADD, BID, best, size, 1), (1.0, flags, Action.ADD, ASK, best + 2, size, 2)]
    made = told([*book, (2.0, flags, Action.ADD, BID, 1, 1, 3), (3.0, flags, Action.ADD, BID, 2, 1, 4)])
    parameters = Parameters(depths=(9_999,), cluster_range=9_999, cluster_width=9_999)
    values, plain = book_metrics(made, parameters), Plain(made, parameters)
    for table, rows in zip(values, (plain.messages, plain.periods), strict=True):
        for name, column in table.items():
            if name != "spread":  # a difference of two floats
                np.testing.assert_allclose(
                    column, [row.get(name, math.nan) for row in rows], rtol=1e-9, atol=1e-15, err_msg=name
                )


def test_a_gap_makes_null_and_windows_begin_anew():
    book = told(PICTURE).book
    seconds = []
    for second in range(1, 12):
        rows = told([(second, *row[1:]) for row in PICTURE]).book
        if second not in (1, 6):
            rows = rows[1:]
        seconds.append(rows)
    lost = told([(5.5, Flag.LAST, Action.CLEAR, 0, 0, 0, 0)]).book
    made = replace(told(PICTURE), book=np.concatenate([*seconds[:5], lost, *seconds[5:]]))
    made.book["sequence"] = np.arange(len(made.book))
    values = book_metrics(made, Parameters(volatility_periods=2, kyle_periods=3)).periods
    assert values["whole"].tolist() == [0, 1, 1, 1, 0, 0, 1, 1, 1, 1]
    # the mid is null after the gap, and volatility needs two whole periods again
    assert np.isnan(values["mid"]).tolist() == [False] * 4 + [True] + [False] * 5
    assert np.isnan(values["realised_volatility"]).tolist() == [True, True, False, False] + [True] * 3 + [False] * 3
    assert np.isnan(values["ofi"]).tolist() == (values["whole"] == 0).tolist()
    assert len(book) == 2


def test_a_mid_that_has_no_logarithm_makes_volatility_begin_anew():
    mids = {1: 10, 2: 11, 3: 12, 4: -5, 5: 10, 6: 11, 7: 12, 8: 12}
    book = []
    for second, mid in mids.items():
        flags = WHOLE if second == 1 else Flag(0)
        book.append((second, flags, Action.MODIFY, BID, mid - 1, 1, 1))
        book.append((second, Flag.LAST, Action.MODIFY, ASK, mid + 1, 1, 2))
    values = book_metrics(told(book), Parameters(volatility_periods=2)).periods
    assert values["whole"].tolist() == [0, 1, 1, 1, 1, 1, 1]
    np.testing.assert_array_equal(np.isnan(values["realised_volatility"]), [True, True, False, True, True, True, False])


def test_a_silent_period_has_no_row():
    book = [*PICTURE, *((second, Flag.LAST, Action.ADD, BID, 9, 1, 9) for second in (2.5, 500.5, 501.5))]
    assert book_metrics(told(book)).periods["ts"].tolist() == [2 * SECOND, 3 * SECOND, 501 * SECOND]


def test_the_top_is_that_of_the_quotes():
    recording = open_feed("simulated:5")
    values = book_metrics(recording.events, clock="venue").messages
    table = with_metrics(quotes(recording))
    at = np.searchsorted(values["ts"], table["ts"], side="right") - 1
    for name in ("mid", "spread", "imbalance", "microprice"):
        assert values[name][at].tobytes() == table[name].tobytes()


def test_what_does_not_fit_is_refused():
    metrics = BookMetrics(INSTRUMENT)
    with pytest.raises(BadInput, match="came to the metrics of"):
        metrics.update(told(PICTURE, of=replace(INSTRUMENT, symbol="ETH-USDT-PERP")))
    with pytest.raises(BadInput, match="no parts of"):
        metrics.update(told(PICTURE, of=replace(INSTRUMENT, tick=INSTRUMENT.tick * 2)))
    published = told(PICTURE)
    published.book["flags"] |= np.uint16(Flag.NO_ARRIVAL)
    with pytest.raises(BadInput, match="choose the venue's clock"):
        metrics.update(published)
    assert len(book_metrics(published, clock="venue").messages["ts"]) == 2


def test_while_no_time_is_known_there_is_no_period():
    made = told(PICTURE)
    made.book["ts_event"] = 0
    values = book_metrics(made, clock="venue")
    assert values.messages["ts"].tolist() == [0, 0]
    assert len(values.periods["ts"]) == 0


@pytest.mark.parametrize(
    ("venue", "file", "http"),
    [
        ("binance_futures", "binance_2024/usdm_btcusdt_20240808.gz", None),
        ("binance", "binance_2024/spot_btcusdt_20240808.gz", None),
        (
            "independent_reserve",
            "venues/INDEPENDENT_RESERVE.ws.1.0.xz",
            "venues/INDEPENDENT_RESERVE.http.0.0.xz",
        ),
    ],
)
def test_real_traffic_tells_the_same_bits_in_pieces(shared_data, venue, file, http):
    recordings = read_capture(venue, [shared_data / file], [shared_data / http] if http else []).recordings
    for recording in recordings:
        made = recording.events
        whole, metrics, before, pieces = book_metrics(made), BookMetrics(made.instrument), (0, 0), []
        for place in arrived(made, 50):
            pieces.append(metrics.update(cut(head(made, *place), *before)))
            before = place
        same(joined(pieces), whole)
        ends = np.flatnonzero(made.book["flags"] & Flag.LAST)
        early = head(made, *next(place for place in arrived(made, 1_000) if place[0] > ends[:50][-1]))
        plain = Plain(early, Parameters())
        for table, rows in zip(book_metrics(early), (plain.messages, plain.periods), strict=True):
            for name, column in table.items():
                expected = np.array([row.get(name, math.nan) for row in rows], dtype=np.float64)
                np.testing.assert_allclose(column, expected, rtol=1e-9, atol=1e-12, err_msg=name)


def arrived(made, pieces):
    """How many rows and trades had arrived at so many times on end."""
    tables = [np.maximum.accumulate(rows["ts_recv"]) for rows in (made.book, made.trade)]
    first, last = (edge(rows[at] for rows in tables if len(rows)) for edge, at in ((min, 0), (max, -1)))
    ends = first + (last - first) * np.arange(1, pieces + 1) // pieces
    return [tuple(int(np.searchsorted(rows, end, side="right")) for rows in tables) for end in ends]
