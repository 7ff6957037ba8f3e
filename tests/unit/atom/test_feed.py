import pytest

from atom import open_feed
from atom.window import quotes, window_files
from fusion.errors import BadInput, CaptureError


def test_the_simulated_venue_is_seeded():
    assert window_files(open_feed("simulated").events) == window_files(open_feed("simulated:0").events)
    assert window_files(open_feed("simulated").events) != window_files(open_feed("simulated:1").events)


def test_the_simulated_venue_opens_when_it_is_told_to():
    usual, later = (quotes(open_feed(feed), rows=50) for feed in ("simulated:3", "simulated:3@1800000000"))
    assert later["ts"][0] == 1_800_000_000 * 10**9
    assert (later["ts"] - usual["ts"] == later["ts"][0] - usual["ts"][0]).all()
    assert all((later[name] == usual[name]).all() for name in ("bid", "ask", "bid_size", "ask_size"))


def test_a_recording_by_venue_and_file(by_hand):
    assert open_feed(f"binance:{by_hand / 'spot.txt'}").messages == 7


def test_a_symbol_is_chosen_where_there_are_several(by_hand):
    feed = f"binance_futures:{by_hand / 'futures.ws.txt'}"
    assert open_feed(feed, symbol="DOGE-USDT-240628").trades == 1
    with pytest.raises(BadInput, match="holds BTC-USDT-PERP, DOGE-USDT-240628; choose one"):
        open_feed(feed)
    with pytest.raises(BadInput, match="'X' is not among them"):
        open_feed(feed, symbol="X")


@pytest.mark.parametrize(
    "feed",
    [
        "",
        "binance",
        "binance:",
        "nyse",
        "nyse:file",
        "simulated:",
        "simulated:x",
        "simulated:-1",
        "simulated:²",
        "simulated:1@",
        "simulated:1@x",
        "simulated:@1",
        "simulated:1@9000000001",
    ],
)
def test_malformed_feeds_are_refused(feed):
    with pytest.raises(BadInput) as caught:
        open_feed(feed)
    assert "\n" not in str(caught.value)


def test_the_known_venues_are_named():
    with pytest.raises(BadInput, match="known are simulated, binance, binance_delivery"):
        open_feed("nyse:file")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CaptureError, match=r"none\.gz cannot be read"):
        open_feed(f"binance:{tmp_path / 'none.gz'}")


@pytest.mark.parametrize(("venue", "file"), [("binance", "spot"), ("binance_futures", "usdm")])
def test_real_recordings_give_quotes(shared_data, venue, file):
    table = quotes(open_feed(f"{venue}:{shared_data / 'binance_2024' / f'{file}_btcusdt_20240808.gz'}"))
    assert len(table["ts"]) > 1_000
    assert (table["bid"] < table["ask"]).all()
    assert (table["ts"][1:] >= table["ts"][:-1]).all()
