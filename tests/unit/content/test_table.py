import numpy as np
import pytest

from fusion.content import dcbor, unixfs
from fusion.content.store import BlockStore
from fusion.content.table import Schema, Table, add_table, read_schema, read_table, table_files
from fusion.errors import BadInput, ContentError

TABLE: Table = {"ts": np.array([1, 2, 3], dtype=np.int64), "bid": np.array([0.1, np.nan, -0.0])}
FILES = table_files(TABLE, meta={"venue": "simulated", "first": 1})


def test_what_lies_in_the_folder() -> None:
    assert dcbor.decode(FILES["schema.cbor"]) == {
        "rows": 3,
        "columns": [["bid", "<f8"], ["ts", "<i8"]],
        "meta": {"venue": "simulated", "first": 1},
    }
    assert FILES["ts.i8"].hex() == "010000000000000002000000000000000300000000000000"
    assert FILES["bid.f8"].hex() == "9a9999999999b93f" + "000000000000f87f" + "0000000000000000"
    assert read_schema(FILES) == Schema(3, {"bid": "<f8", "ts": "<i8"}, {"venue": "simulated", "first": 1})


def test_is_kept_and_read_again(store: BlockStore) -> None:
    root = add_table(store, TABLE, meta={"venue": "simulated", "first": 1})
    table = read_table(store.read_directory(root))

    assert root == unixfs.directory_cid(FILES)
    assert list(table) == ["bid", "ts"]
    np.testing.assert_array_equal(table["ts"], TABLE["ts"])
    np.testing.assert_array_equal(table["bid"], TABLE["bid"])
    assert not table["bid"].flags.writeable


def test_the_same_numbers_have_the_same_files() -> None:
    odd_nan = np.array([0xFFF8000000000001], dtype=np.uint64).view(np.float64)
    strided = np.array([0.1, 9, odd_nan[0], 9, 0.0])[::2]
    swapped = {"bid": strided.astype(">f8").astype("=f8"), "ts": np.arange(1, 4)}
    swapped["bid"][1] = odd_nan[0]

    assert table_files(swapped, meta={"first": 1, "venue": "simulated"}) == FILES


def test_the_caller_keeps_its_array() -> None:
    column = np.array([-0.0])
    table_files({"x": column})

    assert np.signbit(column[0])


def test_no_rows_are_a_table() -> None:
    assert len(read_table(table_files({"x": np.zeros(0)}))["x"]) == 0


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "at least one column"),
        ({"x": np.zeros(2, dtype=np.float32)}, "type float32"),
        ({"x": np.zeros(2, dtype=bool)}, "type bool"),
        ({"x": np.zeros(2, dtype=">f8")}, "type >f8"),
        ({"x": np.array(["a"], dtype=object)}, "type object"),
        ({"x": np.zeros((2, 2))}, "2 dimensions"),
        ({"x": np.float64(1)}, "0 dimensions"),
        ({"x": np.zeros(2), "y": np.zeros(3)}, "x has 2, y has 3"),
        ({"": np.zeros(2)}, "''"),
        ({"../x": np.zeros(2)}, "'../x'"),
        ({"x" * 65: np.zeros(2)}, "identifier"),
        ({"é": np.zeros(2)}, "identifier"),
    ],
)
def test_what_is_no_table_is_refused(table: Table, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        table_files(table)


def test_a_note_is_text_or_integer() -> None:
    with pytest.raises(BadInput, match="note 'live' of a table has type bool"):
        table_files(TABLE, meta={"live": True})


def schema(**changes: object) -> dict[str, bytes]:
    content = {"rows": 3, "columns": [["bid", "<f8"], ["ts", "<i8"]], "meta": {}} | changes
    return FILES | {"schema.cbor": dcbor.encode(content)}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"module.py": b""},
        FILES | {"schema.cbor": b"\xff"},
        FILES | {"schema.cbor": dcbor.encode([1])},
        FILES | {"extra.f8": b""},
        {path: content for path, content in FILES.items() if path != "ts.i8"},
        FILES | {"ts.i8": bytes(23)},
        FILES | {"ts.i8": bytes(32)},
        FILES | {"bid.f8": np.array([-0.0, 1, 2]).tobytes()},
        FILES | {"bid.f8": np.array([0xFFF8000000000000, 0, 0], dtype=np.uint64).tobytes()},
        schema(rows=-1),
        schema(rows=True),
        schema(rows=3.5),
        schema(rows=1 << 63),
        schema(more=1),
        schema(meta=[]),
        schema(meta={"a": 1.5}),
        schema(meta={"a": True}),
        schema(columns=[]),
        schema(columns=3),
        schema(columns=[["ts", "<i8"], ["bid", "<f8"]]),
        schema(columns=[["bid", "<f8"], ["bid", "<f8"], ["ts", "<i8"]]),
        schema(columns=[["bid", "<f4"], ["ts", "<i8"]]),
        schema(columns=[["../bid", "<f8"], ["ts", "<i8"]]),
        schema(columns=[["bid", "<i8"], ["ts", "<i8"]]),
        schema(columns=["bid", "ts"]),
    ],
)
def test_files_that_lie_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(ContentError) as refused:
        read_table(files)

    assert "\n" not in str(refused.value)
