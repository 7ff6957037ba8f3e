"""Laws of the store: however events are cut, rotated, compacted and recovered, what is read is what was brought."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from atom.book import Book
from atom.book.picture import picture
from atom.store import Log, Store
from atom.store.compaction import compact
from atom.venues.simulated import simulate
from tests.unit.atom.store.traffic import pieces

MARKET = simulate(3, 400)
ACTS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(["", "flush", "rotate", "reopen", "compact"])), min_size=1, max_size=8
)


@pytest.fixture(scope="module", autouse=True)
def often():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("atom.store.checkpoint.EVERY", 64)
        patch.setattr("atom.store.parquet.ROWS", 128)
        yield


@given(ACTS, st.integers(-2, 102))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_in_pieces_is_as_at_once(tmp_path_factory, acts, percent):
    folder = tmp_path_factory.mktemp("store")
    log = Log(folder)
    acts = sorted(acts)
    for batch, (_, act) in zip(pieces(MARKET, [share for share, _ in acts]), [*acts, (1, "flush")], strict=True):
        log.take(batch)
        if act in {"flush", "rotate"}:
            getattr(log, act)()
        elif act == "reopen":
            log.close()
            log = Log(folder)
        elif act == "compact":
            list(compact(folder))
    store = Store(folder)
    for close in (False, True):
        if close:
            log.close()
            list(compact(folder))
        back = store.read("simulated", "SIM-USD")
        assert back.book.tobytes() == MARKET.book.tobytes()
        assert back.trade.tobytes() == MARKET.trade.tobytes()
        times = MARKET.book["ts_recv"]
        at = int(times.min() + (int(times.max()) - int(times.min())) * percent // 100)
        after = np.flatnonzero(times > at)
        book = Book()
        book.apply(MARKET.book[: after[0]] if len(after) else MARKET.book)
        assert picture(store.book("simulated", "SIM-USD", at).book).tobytes() == picture(book).tobytes()
