"""Tables: every kind of row has a column for each field of its JSON, as CSV and as Parquet."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from api.tables import COLUMNS, as_csv, as_parquet
from atom.events import empty
from atom.stream import messages
from atom.stream.messages import ADMIN


@pytest.mark.parametrize("kind", ADMIN)
def test_a_row_of_every_kind_is_told_whole(kind: str) -> None:
    rows = empty(kind, 1)
    rows["ts_recv"] = 1_704_067_200 * 10**9
    for name, first in (("unit", 1), ("crowd", 1), ("action", 1)):
        if name in (rows.dtype.names or ()):
            rows[name] = first
    (row,) = [json.loads("{" + line[1:]) for line in messages.notes(kind, rows)]
    assert list(row) == list(COLUMNS[kind])
    (told,) = csv.DictReader(io.StringIO(as_csv(kind, [row]).decode()))
    assert told == {name: "" if value is None else str(value) for name, value in row.items()}
    table = pq.read_table(io.BytesIO(as_parquet(kind, [row])))
    assert table.column_names == list(row)
    assert table["ts_recv"][0].value == int(row["ts_recv"])
