import pytest

from atom.imports import import_capture
from atom.store import Store
from fusion.errors import CaptureError


def test_a_row_by_hand(by_hand):
    (row,) = import_capture("binance", [by_hand / "spot.txt"])
    assert row.as_dict() == {
        "symbol": "BTC-USDT",
        "messages": 7,
        "unexplained": 0,
        "events": 12,
        "trades": 2,
        "gaps": 0,
        "checksums_ok": 0,
        "checksums_bad": 0,
        "crossed": 0,
        "unknown_deletes": 1,
        "best_bid": "100.2",
        "best_ask": "100.3",
    }


def test_a_book_without_snapshot_has_no_best(by_hand):
    bitcoin, doge = import_capture("binance_futures", [by_hand / "futures.ws.txt"])
    assert (bitcoin.best_bid, doge.best_ask, bitcoin.gaps) == (None, None, 0)


@pytest.mark.parametrize(
    ("venue", "file", "messages", "trades", "bid", "ask"),
    [
        ("binance", "spot", 41_249, 9_757, "61685.99", "61686.00"),
        ("binance_futures", "usdm", 93_954, 21_313, "61659.7", "61659.8"),
    ],
)
def test_real_captures(shared_data, venue, file, messages, trades, bid, ask):
    (row,) = import_capture(venue, [shared_data / "binance_2024" / f"{file}_btcusdt_20240808.gz"])
    assert (row.messages, row.trades, row.best_bid, row.best_ask) == (messages, trades, bid, ask)
    assert (row.unexplained, row.gaps, row.crossed) == (0, 0, 0)


@pytest.mark.parametrize(
    ("venue", "name", "symbols"),
    [
        ("binance", "BINANCE", ["BLZ-ETH", "LRC-BTC", "NKN-USDT", "RUNE-EUR"]),
        (
            "binance_futures",
            "BINANCE_FUTURES",
            ["AKRO-USDT-PERP", "CTK-USDT-PERP", "KEEP-USDT-PERP", "SUSHI-USDT-PERP"],
        ),
    ],
)
def test_real_captures_of_the_other_form(shared_data, venue, name, symbols):
    folder = shared_data / "venues"
    stream, snapshots, instruments = (folder / f"{name}.{part}.xz" for part in ("ws.1.0", "http.0.0", "0"))
    rows = import_capture(venue, [stream], [snapshots, instruments])
    assert [row.symbol for row in rows] == symbols
    assert all((row.unexplained, row.gaps, row.crossed) == (0, 0, 0) for row in rows)
    assert all(row.best_bid is not None and row.best_ask is not None for row in rows)


def test_a_refused_capture_writes_nothing(by_hand, tmp_path):
    path = tmp_path / "cut"
    path.write_bytes((by_hand / "spot.txt").read_bytes()[:-40])
    folder = tmp_path / "events"
    with pytest.raises(CaptureError, match=r"cut:7: the line holds no JSON"):
        import_capture("binance", [path], store=Store(folder))
    assert not folder.exists()


def test_an_accepted_one_is_kept(by_hand, tmp_path):
    import_capture("binance", [by_hand / "spot.txt"], store=Store(tmp_path / "events"))
    assert Store(tmp_path / "events").symbols() == [("binance", "BTC-USDT")]
