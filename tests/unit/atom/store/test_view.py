"""One moment of a store: no row twice, none missing, whatever goes on meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from atom.store import Log, Store, names, query, segments
from atom.store.compaction import compact
from atom.store.names import Name
from atom.store.view import steadily
from fusion.errors import CaptureError, Retryable
from tests.unit.atom.store.traffic import pieces


def test_a_reader_beside_a_recorder_and_a_compaction(tmp_path, market):
    """What it sees is always a beginning of what was brought, and no shorter than what it saw before."""

    def record():
        with Log(tmp_path) as log:
            for place, batch in enumerate(pieces(market, 40)):
                log.take(batch)
                if place % 3 == 1:
                    log.rotate()
                if place % 7 == 5:
                    list(compact(tmp_path))
                log.flush()

    store, seen, queried, whole = Store(tmp_path), 0, 0, market.book.tobytes()
    with ThreadPoolExecutor(1) as pool:
        recorder = pool.submit(record)
        while not recorder.done():
            if not store.symbols():
                continue
            read = store.read("simulated", "SIM-USD", kinds=("book",)).book.tobytes()
            assert whole.startswith(read)
            assert len(read) >= seen
            seen = len(read)
            if list(tmp_path.glob("venue=*/symbol=*/type=trade/*/*.parquet")):
                ((rows, trades),) = query.query(tmp_path, "select count(*), count(distinct trade_id) from trade").rows()
                assert rows == trades >= queried
                queried = rows
        recorder.result()
    assert store.read("simulated", "SIM-USD").book.tobytes() == whole


def test_the_log_is_read_once_for_many_questions_and_again_when_it_has_grown(tmp_path, market, monkeypatch):
    """A page of the API asks for symbols, spans and rows; a segment may have millions of them."""
    made, read = segments.batches, []

    def counted(content, name, *, open_=False):
        read.append(name)
        return made(content, name, open_=open_)

    monkeypatch.setattr(segments, "batches", counted)
    store = Store(tmp_path)
    with Log(tmp_path) as log:
        for number, batch in enumerate(pieces(market, 3), 1):
            log.take(batch)
            log.flush()
            first = store.read("simulated", "SIM-USD")
            assert store.symbols() == [("simulated", "SIM-USD")]
            again = store.read("simulated", "SIM-USD")
            assert again.book.tobytes() == first.book.tobytes()
            assert len(again.book) == number * len(market.book) // 3
            assert len(read) == number


def test_files_that_never_rest_are_told(tmp_path):
    def gone(_):
        raise FileNotFoundError

    with pytest.raises(Retryable, match="come and go faster than they can be read"):
        steadily(tmp_path, gone)


def test_the_order_of_files(tmp_path):
    """Imports by their first arrival; live ones by segment, though a clock was put back."""
    told = [Name(50, 60), Name(100, 110, (1, 1)), Name(40, 90, (2, 2)), Name(95, 99), Name(120, 130, (3, 4))]
    inside = [Name(120, 125, (3, 3)), Name(126, 130, (4, 4))]
    paths = [tmp_path / "date=1970-01-01" / str(name) for name in (*told, *inside)]
    found = [file.name for file in names.files(paths)]
    assert found == [told[0], told[3], told[1], told[2], told[4]]
    assert [file.name for file in names.files(paths, held=[3, 4])] == [told[0], told[3], told[1], told[2]]


def test_a_name_of_another_form_is_refused(tmp_path):
    with pytest.raises(CaptureError, match=r"mine.parquet is no file of this store: a name is FIRST-LAST"):
        names.files([tmp_path / "mine.parquet"])
