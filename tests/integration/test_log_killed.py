"""`kill -9` at 50,000 events a second: at most the unflushed second is lost, and every file is readable."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from atom.events import Action, StatusKind
from atom.store import Log, Store
from tests.integration.live_log import BATCH, batch


@pytest.mark.parametrize("seconds", [2, 6])
def test_a_recorder_that_is_killed(tmp_path, seconds):
    root = Path(__file__).resolve().parents[2]
    recorder = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.live_log", tmp_path],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with recorder:
        flushed = [int(recorder.stdout.readline()) for _ in range(seconds)][-1]
        recorder.send_signal(signal.SIGKILL)
        flushed = max([flushed, *(int(line) for line in recorder.stdout if line.endswith("\n"))])
    check(tmp_path, flushed)
    with Log(tmp_path):
        pass
    check(tmp_path, flushed)
    files = list(tmp_path.glob("venue=*/**/*.parquet"))
    assert all(pq.read_metadata(path).num_rows for path in files)
    pattern = f"{tmp_path}/venue=*/symbol=S00*/type=book/date=*/*.parquet"
    counted = duckdb.sql(f"select symbol, count(*), count(distinct sequence) from '{pattern}' group by all").fetchall()
    assert len(counted) == 10
    assert all(rows == distinct + 1 >= flushed * BATCH for _, rows, distinct in counted)  # and the CLEAR of the crash


def check(folder, flushed):
    """A symbol's rows are those that were brought, in order, up to the last flush or the second after it; then its book
    ends, whether another recorder has begun since or not.
    """
    for symbol in (0, 123, 499):
        back = Store(folder).read("simulated", f"S{symbol:03d}")
        rows = back.book[:-1]
        assert flushed * BATCH <= len(rows) <= (flushed + 20) * BATCH
        expected = np.concatenate([batch(number, symbol).book for number in range(len(rows) // BATCH)])
        assert rows.tobytes() == expected.tobytes()
        assert back.book["action"][-1] == Action.CLEAR
        assert [one.kind for one in back.status] == [StatusKind.CRASH]
        assert not Store(folder).book("simulated", f"S{symbol:03d}", 2**62).book.valid
