"""The log: what was flushed is there, once, whatever happens to the recorder."""

from atom.store import Log, Store
from tests.unit.atom.store.traffic import pieces


def same(store, market):
    back = store.read(market.instrument.venue, market.instrument.symbol)
    assert back.book.tobytes() == market.book.tobytes()
    assert back.trade.tobytes() == market.trade.tobytes()
    return back


def test_what_was_flushed_is_read_before_and_after_it_is_parquet(tmp_path, market):
    with Log(tmp_path) as log:
        for batch in pieces(market, 9):
            log.take(batch)
        log.flush()
        assert not list(tmp_path.rglob("*.parquet"))
        same(Store(tmp_path), market)
        assert Store(tmp_path).symbols() == [("simulated", "SIM-USD")]
    assert list(tmp_path.rglob("*.parquet"))
    same(Store(tmp_path), market)
    assert not list(tmp_path.rglob("*.part"))
